/** Activities in a MockActivityEnvironment, without a Worker. */

import { describe, expect, test } from "bun:test";
import {
  ApplicationFailure,
  activityInfo,
  CancelledFailure,
  CompleteAsyncError,
  Context,
  cancellationDetails,
  cancellationSignal,
  getClient,
  heartbeat,
  log,
  metricMeter,
  sleep,
} from "../../src/activity";
import { Client, Connection, GrpcStatus } from "../../src/client";
import { ActivityCancellationDetails, IllegalStateError, type MetricMeter, type MetricTags } from "../../src/common";
import { defaultActivityInfo, MockActivityEnvironment } from "../../src/testing";
import { DefaultLogger, type LogEntry } from "../../src/worker";
import { rejection } from "../worker/support";

/** A logger, and what it was told. */
function recordingLogger(): { logger: DefaultLogger; entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  return { logger: new DefaultLogger("DEBUG", (entry) => entries.push(entry)), entries };
}

const silent = { logger: new DefaultLogger("ERROR") };

describe("run", () => {
  test("calls the function with its arguments in an activity's context, and resolves to its result", async () => {
    const environment = new MockActivityEnvironment({ attempt: 7 });
    const result = await environment.run(
      async (a: number, b: string) => {
        expect(Context.current()).toBe(environment.context);
        return `${a}${b}${activityInfo().attempt}`;
      },
      1,
      "x",
    );
    expect(result).toBe("1x7");
    expect(environment.context.info).toEqual({ ...defaultActivityInfo, attempt: 7 });
    expect(() => Context.current()).toThrow();
  });

  test("rejects with what the function throws, whatever it is", async () => {
    const environment = new MockActivityEnvironment({}, silent);
    for (const error of [
      new Error("plain"),
      ApplicationFailure.nonRetryable("final"),
      new CompleteAsyncError(),
      "no error",
      undefined,
    ]) {
      const outcome = await environment
        .run(async () => Promise.reject(error))
        .then(
          () => "resolved",
          (reason) => ({ reason }),
        );
      expect(outcome).toEqual({ reason: error });
      expect((outcome as { reason: unknown }).reason).toBe(error);
    }
  });

  test("the default info is that of an activity of a Workflow", () => {
    expect(defaultActivityInfo).toMatchObject({
      activityId: "test",
      activityType: "unknown",
      attempt: 1,
      inWorkflow: true,
      isLocal: false,
      namespace: "test",
      taskQueue: "test",
      workflowExecution: { workflowId: "test", runId: "00000000-0000-0000-0000-000000000000" },
    });
    expect(defaultActivityInfo.base64TaskToken).toBe(Buffer.from(defaultActivityInfo.taskToken).toString("base64"));
  });
});

test("heartbeats are events", async () => {
  const environment = new MockActivityEnvironment();
  const details: unknown[] = [];
  environment.on("heartbeat", (each) => details.push(each));
  await environment.run(async () => {
    heartbeat(6);
    heartbeat({ nine: 9 });
    heartbeat();
  });
  expect(details).toEqual([6, { nine: 9 }, undefined]);
});

describe("cancel", () => {
  test("aborts the signal and rejects what waits; the activity sees reason and details", async () => {
    const environment = new MockActivityEnvironment({}, silent);
    environment.on("heartbeat", () => environment.cancel("PAUSED", new ActivityCancellationDetails({ paused: true })));
    const error = await rejection(
      environment.run(async () => {
        expect(cancellationSignal().aborted).toBe(false);
        expect(cancellationDetails()).toBeUndefined();
        heartbeat();
        expect(cancellationSignal().aborted).toBe(true);
        expect(cancellationDetails()?.paused).toBe(true);
        await sleep("1 hour");
      }),
    );
    // As the function threw it: what a Worker makes of it for the server is another matter.
    expect(error).toBeInstanceOf(CancelledFailure);
    expect(error.message).toBe("PAUSED");
  });

  test("by default it was requested, and holds for later functions", async () => {
    const environment = new MockActivityEnvironment({}, silent);
    environment.cancel();
    for (let run = 0; run < 2; run++) {
      const error = await rejection(environment.run(() => Context.current().cancelled));
      expect(error).toBeInstanceOf(CancelledFailure);
      expect(error.message).toBe("CANCELLED");
      expect(environment.context.cancellationDetails?.cancelRequested).toBe(true);
    }
  });
});

describe("options", () => {
  test("interceptors are called around the function, and for log attributes", async () => {
    const { logger, entries } = recordingLogger();
    const calls: string[] = [];
    const environment = new MockActivityEnvironment(
      { activityType: "tested" },
      {
        logger,
        interceptors: [
          (context) => ({
            inbound: {
              async execute(input, next) {
                calls.push(`${context.info.activityType} before`);
                const result = await next({ ...input, args: [...input.args, "added"] });
                calls.push("after");
                return `${result}!`;
              },
            },
            outbound: { getLogAttributes: (input, next) => next({ ...input, intercepted: true }) },
          }),
        ],
      },
    );
    const result = await environment.run(async (...args: string[]) => {
      log.info("from the activity", { own: 1 });
      return args.join();
    }, "given");
    expect(result).toBe("given,added!");
    expect(calls).toEqual(["tested before", "after"]);
    expect(entries.map(({ message }) => message)).toEqual([
      "Activity started",
      "from the activity",
      "Activity completed",
    ]);
    expect(entries[1]!.meta).toMatchObject({
      activityType: "tested",
      intercepted: true,
      own: 1,
      sdkComponent: "activity",
    });
    expect(entries[2]!.meta).toMatchObject({ intercepted: true, sdkComponent: "worker" });
  });

  test("the logger is told how the function ended, as by a Worker", async () => {
    const ending = async (fn: () => Promise<unknown>, cancelWith?: ActivityCancellationDetails) => {
      const { logger, entries } = recordingLogger();
      const environment = new MockActivityEnvironment({}, { logger });
      if (cancelWith !== undefined) environment.cancel("CANCELLED", cancelWith);
      await rejection(environment.run(fn));
      const { level, message } = entries.at(-1)!;
      return `${level} ${message}`;
    };
    const cancelled = () => Context.current().cancelled;
    const aborted = async () => Context.current().cancellationSignal.throwIfAborted();
    expect(await ending(async () => Promise.reject(new Error("x")))).toBe("WARN Activity failed");
    expect(await ending(async () => Promise.reject(ApplicationFailure.create({ category: "BENIGN" })))).toBe(
      "DEBUG Activity failed",
    );
    expect(await ending(async () => Promise.reject(new CompleteAsyncError()))).toBe(
      "DEBUG Activity will complete asynchronously",
    );
    expect(await ending(cancelled, new ActivityCancellationDetails({ cancelRequested: true }))).toBe(
      "DEBUG Activity completed as cancelled",
    );
    expect(await ending(aborted, new ActivityCancellationDetails({}))).toBe("DEBUG Activity completed as cancelled");
    expect(await ending(cancelled, new ActivityCancellationDetails({ reset: true }))).toBe("DEBUG Activity reset");
    expect(await ending(cancelled, new ActivityCancellationDetails({ paused: true }))).toBe("DEBUG Activity paused");
    expect(await ending(async () => Promise.reject(new CancelledFailure("not asked for")))).toBe(
      "WARN Activity failed",
    );
  });

  test("metrics carry the activity's tags, and those of interceptors", async () => {
    const values: [name: string, value: number, tags: MetricTags | undefined][] = [];
    const meter: MetricMeter = {
      createCounter: (name) => ({
        kind: "counter",
        valueType: "int",
        name,
        add: (value, tags) => void values.push([name, value, tags]),
        withTags: () => meter.createCounter(name),
      }),
      createHistogram: () => {
        throw new Error("not used");
      },
      createGauge: () => {
        throw new Error("not used");
      },
      withTags: () => meter,
    };
    const environment = new MockActivityEnvironment(
      { activityType: "tested" },
      {
        metricMeter: meter,
        interceptors: [() => ({ outbound: { getMetricTags: (tags, next) => next({ ...tags, intercepted: true }) } })],
      },
    );
    await environment.run(async () => metricMeter.createCounter("calls").add(2, { own: "tag" }));
    expect(values).toEqual([
      ["calls", 2, { namespace: "test", taskQueue: "test", activityType: "tested", intercepted: true, own: "tag" }],
    ]);
  });

  test("the client is the activity's, and still of use when the activity is cancelled", async () => {
    const connection = Connection.lazy({ address: "127.0.0.1:1" });
    const client = new Client({ connection });
    const environment = new MockActivityEnvironment({}, { client, ...silent });
    await environment.run(async () => {
      environment.cancel();
      expect(cancellationSignal().aborted).toBe(true);
      expect(getClient()).toBe(client);
      // The call is made, and finds nobody.
      const error = await rejection(getClient().workflow.getHandle("other").terminate());
      expect(error.cause).toMatchObject({ code: GrpcStatus.UNAVAILABLE });
    });
    await connection.close();
  });

  test("without a client there is none", async () => {
    expect(await rejection(new MockActivityEnvironment({}, silent).run(async () => getClient()))).toBeInstanceOf(
      IllegalStateError,
    );
  });
});
