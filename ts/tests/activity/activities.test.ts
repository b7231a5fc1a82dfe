import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Context } from "../../src/activity";
import { defaultPayloadConverter, type PayloadCodec } from "../../src/common";
import { decode } from "../../src/common/encoding";
import { DefaultLogger, type LogEntry } from "../../src/worker";
import { release, started } from "../worker/fixtures/activities";
import { causes, makeWorker, rejection, withWorker } from "../worker/support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("arguments and results", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("callActivity", "echo", 1, "two", { three: [3] }, null)).toEqual([
      1,
      "two",
      { three: [3] },
      null,
    ]);
    expect(await execute("greeting", "Ada")).toBe("Hello, Ada!");
  }));

test("info", () =>
  withWorker(async ({ start, taskQueue }) => {
    const handle = await start("callActivity", ["info"]);
    const info: any = await handle.result();
    expect(info).toMatchObject({
      activityType: "info",
      attempt: 1,
      inWorkflow: true,
      isLocal: false,
      namespace: "default",
      startToCloseTimeoutMs: 60_000,
      taskQueue,
      workflowType: "callActivity",
      workflowExecution: { workflowId: handle.workflowId },
    });
    expect(info.tokenLength).toBeGreaterThan(0);
    expect(info.retryPolicy).toMatchObject({ maximumAttempts: 3 });
    expect(Math.abs(info.scheduledTimestampMs - Date.now())).toBeLessThan(60_000);
  }));

test("a failed attempt is retried", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("callActivity", "failUntil", 3)).toBe(3);
  }));

test("the last attempt's failure reaches the caller with its causes", () =>
  withWorker(async ({ execute }) => {
    const [workflow, activity, failure, cause] = causes(
      await rejection(execute("callActivity", "fail", "broken", true)),
    );
    expect(workflow.name).toBe("WorkflowFailedError");
    expect(activity).toMatchObject({ name: "ActivityFailure", activityType: "fail" });
    expect(failure).toMatchObject({
      name: "ApplicationFailure",
      message: "broken",
      type: "Custom",
      nonRetryable: true,
      details: ["detail", 1],
    });
    expect(cause).toMatchObject({ name: "TemporalFailure", message: "the cause" });
  }));

test("details of the last heartbeat reach the next attempt", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("callActivity", "resume")).toEqual({ progress: 42 });
  }));

test("heartbeats that are still being converted when the attempt fails reach the next one, later ones don't", () => {
  const ended = Promise.withResolvers<void>();
  const slow: PayloadCodec = {
    async encode(payloads) {
      // Until the activity has failed and gone on nevertheless.
      if (payloads.some(({ data }) => decode(data!).includes("before"))) await ended.promise;
      return payloads;
    },
    decode: async (payloads) => payloads,
  };
  const activities = {
    async failsEarly(): Promise<unknown> {
      const context = Context.current();
      if (context.info.attempt > 1) return context.info.heartbeatDetails;
      context.heartbeat("before, first");
      context.heartbeat("before, last");
      setImmediate(() => {
        context.heartbeat("after");
        ended.resolve();
      });
      throw new Error("interrupted");
    },
  };
  return withWorker(async ({ execute }) => expect(await execute("callActivity", "failsEarly")).toBe("before, last"), {
    activities,
    dataConverter: { payloadCodecs: [slow] },
  });
});

test("cancellation through heartbeats: promise, signal, details", () =>
  withWorker(async ({ start }) => {
    const handle = await start("cancelActivity", ["describeCancellation"]);
    await started(handle.workflowId);
    await handle.signal("cancelNow");
    expect(await handle.result()).toEqual({
      result: {
        isCancelledFailure: true,
        message: "CANCELLED",
        sameReason: true,
        details: {
          cancelRequested: true,
          notFound: false,
          paused: false,
          reset: false,
          timedOut: false,
          workerShutdown: false,
        },
      },
    });
  }));

test.each(["waitForCancellation", "abortable"])(
  "an activity that confirms its cancellation is cancelled: %s",
  (activity) =>
    withWorker(async ({ start }) => {
      const handle = await start("cancelActivity", [activity]);
      await started(handle.workflowId);
      await handle.signal("cancelNow");
      expect(await handle.result()).toEqual({ cancelled: true });
    }),
);

test("timeouts", () =>
  withWorker(async ({ execute }) => {
    for (const [workflow, timeoutType] of [
      ["activityTimeout", "START_TO_CLOSE"],
      ["heartbeatTimeout", "HEARTBEAT"],
    ] as const) {
      const failure = causes(await rejection(execute(workflow))).at(-1);
      expect(failure).toMatchObject({ name: "TimeoutFailure", timeoutType });
    }
  }));

test("an activity that this Worker doesn't know is tried again, as another one may know it; the failure names it and those that are known", () =>
  withWorker(async ({ execute }) => {
    const [, activity, failure] = causes(await rejection(execute("callActivity", "unknownActivity")));
    expect(activity.retryState).toBe("MAXIMUM_ATTEMPTS_REACHED");
    expect(failure).toMatchObject({ type: "NotFoundError", nonRetryable: false });
    expect(failure.message).toContain("unknownActivity");
    expect(failure.message).toContain('"greet"');
  }));

test("the default activity takes what has no name", () =>
  withWorker(
    async ({ execute }) => expect(await execute("callActivity", "unknownActivity", 1)).toBe("unknownActivity(1)"),
    {
      activities: { default: async (...args: unknown[]) => `${Context.current().info.activityType}(${args.join()})` },
    },
  ));

test("a result that can't be converted fails the attempt", () =>
  withWorker(async ({ execute }) => {
    const failure = causes(await rejection(execute("callOnce", "returnUnserialisable"))).at(-1);
    expect(failure.name).toBe("ApplicationFailure");
    expect(failure.message).toMatch(/convert|cyclic|circular/i);
  }));

test("heartbeat details that can't be converted cancel the activity, which fails", () =>
  withWorker(async ({ execute }) => {
    const failure = causes(await rejection(execute("callOnce", "heartbeatUnserialisable"))).at(-1);
    expect(failure).toMatchObject({ name: "ApplicationFailure", message: "HEARTBEAT_DETAILS_CONVERSION_FAILED" });
  }));

test("local activities, with retries", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("callLocal", "info")).toMatchObject({ isLocal: true, activityType: "info" });
    expect(await execute("callLocal", "failUntil", 3)).toBe(3);
  }));

test("asynchronous completion by token", () =>
  withWorker(async ({ start, client }) => {
    const handle = await start("callActivity", ["completeLater"]);
    const { info } = await started(handle.workflowId);
    await client.workflowService.respondActivityTaskCompleted({
      namespace: "default",
      taskToken: info.taskToken,
      result: { payloads: [defaultPayloadConverter.toPayload("from outside")] },
    });
    expect(await handle.result()).toBe("from outside");
  }));

test("the Worker's client: for the same namespace, and still of use to an activity that was cancelled", () =>
  withWorker(async ({ start, execute }) => {
    const other = await start("steps", [1]);
    await other.signal("step");
    expect(await execute("callActivity", "awaitOther", other.workflowId)).toBe(1);
    const endless = await start("steps", [1]);
    const waiting = await start("cancelActivity", ["awaitOther", endless.workflowId]);
    await started(waiting.workflowId);
    await waiting.signal("cancelNow");
    const { result } = (await waiting.result()) as { result?: unknown };
    // With the signal a call ends when the activity is cancelled.
    expect(result).toMatch(/cancel/i);
    expect(await rejection(endless.result())).toMatchObject({ cause: { message: "cleaned up" } });
  }));

test("interceptors: arguments, log attributes, order", async () => {
  const records: LogEntry[] = [];
  const calls: string[] = [];
  const around = (name: string) => () => ({
    inbound: {
      async execute(input: any, next: any) {
        calls.push(`${name} before`);
        const result = await next({ ...input, args: [...input.args, name] });
        calls.push(`${name} after`);
        return result;
      },
    },
    outbound: { getLogAttributes: (input: any, next: any) => next({ ...input, [name]: true }) },
  });
  const logger = new DefaultLogger("INFO", (entry) => records.push(entry));
  await withWorker(
    async ({ execute }) => {
      expect(await execute("callActivity", "echo", 0)).toEqual([0, "outer", "inner"]);
      await execute("callActivity", "logSomething");
    },
    {
      interceptors: {
        activity: [
          around("outer"),
          (context) => {
            // The context's logger may be replaced.
            if (context.info.activityType === "logSomething") context.log = logger;
            return around("inner")();
          },
        ],
      },
    },
  );
  expect(calls.slice(0, 4)).toEqual(["outer before", "inner before", "inner after", "outer after"]);
  expect(records.map(({ message, meta }) => [message, meta])).toEqual([["from the activity", { answer: 42 }]]);
});

test("running activities are cancelled when the Worker shuts down", async () => {
  const { worker, start } = await makeWorker();
  const running = worker.run();
  const handle = await start("callOnce", ["describeCancellation"]);
  const context = await started(handle.workflowId);
  worker.shutdown();
  expect((await rejection(context.cancelled)).message).toBe("WORKER_SHUTDOWN");
  expect(context.cancellationSignal.aborted).toBe(true);
  expect(context.cancellationDetails).toMatchObject({ workerShutdown: true });
  await running;
  await handle.terminate();
});

test("the grace period lets activities end by themselves", async () => {
  const id = `grace-${randomUUID()}`;
  const taskQueue = `test-${randomUUID()}`;
  let state = "";
  await withWorker(
    async ({ start, worker }) => {
      await start("callOnce", ["waitForRelease"], { workflowId: id });
      const context = await started(id);
      worker.shutdown();
      state = worker.getState();
      release(id);
      expect(context.cancellationSignal.aborted).toBe(false);
    },
    { shutdownGraceTime: "1 minute", taskQueue },
  );
  expect(state).toBe("DRAINING");
  // The result was recorded before the Worker stopped: another one finishes the Workflow without running the activity
  // again.
  await withWorker(async ({ client }) => expect(await client.workflow.getHandle(id).result()).toBe("released"), {
    taskQueue,
    activities: {},
  });
});

test("there is no context outside of activities", () => {
  expect(() => Context.current()).toThrow("Activity context not initialized");
});
