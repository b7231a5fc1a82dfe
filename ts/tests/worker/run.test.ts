import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { activityInfo, getClient } from "../../src/activity";
import { CombinedWorkerRunError, GracefulShutdownPeriodExpiredError, type WorkerOptions } from "../../src/worker";
import { eventually } from "../support/eventually";
import * as activities from "./fixtures/activities";
import { causes, type Fixture, makeWorker, rejection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

describe("run and runUntil", () => {
  test("run ends at shutdown, runUntil at the end of a promise or function, for which it may wait on", async () => {
    const { worker } = await makeWorker();
    const running = worker.run();
    worker.shutdown();
    expect(await running).toBeUndefined();
    expect(await (await makeWorker()).worker.runUntil(Promise.resolve("of the promise"))).toBe("of the promise");
    const late = await makeWorker();
    const after = Promise.withResolvers<string>();
    const waiting = late.worker.runUntil(() => after.promise, { promiseCompletionTimeout: "1 minute" });
    late.worker.shutdown();
    await eventually(
      async () => late.worker.getState(),
      (state) => state === "STOPPED",
    );
    after.resolve("after the Worker");
    expect(await waiting).toBe("after the Worker");
  });

  test("a Worker that fails while the promise fails too: both errors", async () => {
    const { worker, start } = await makeWorker({ shutdownForceTime: 50 });
    const inner = new Error("inner");
    const id = randomUUID();
    const error = await rejection(
      worker.runUntil(async () => {
        await start("callOnce", ["waitForRelease"], { workflowId: id });
        await activities.started(id);
        throw inner;
      }),
    );
    expect(error).toBeInstanceOf(CombinedWorkerRunError);
    expect(error.cause.innerError).toBe(inner);
    expect(error.cause.workerError).toBeInstanceOf(GracefulShutdownPeriodExpiredError);
    activities.release(id);
  });
});

describe("options of the sandbox", () => {
  test("threads, realms, the time limit and sources in stack traces", () =>
    withWorker(
      async ({ worker, start, execute }) => {
        expect(worker.options).toMatchObject({
          workflowThreadPoolSize: 2,
          reuseV8Context: false,
          isolateExecutionTimeoutMs: 5_000,
        });
        const results = await Promise.all(Array.from({ length: 6 }, (_, index) => execute("greeting", String(index))));
        expect(results).toEqual(Array.from({ length: 6 }, (_, index) => `Hello, ${index}!`));
        const handle = await start("steps", [1]);
        const { sources, stacks }: any = await handle.query("__enhanced_stack_trace");
        const file = stacks[0].locations[0].file_path;
        expect(file).toEndWith("fixtures/workflows.ts");
        expect(sources[file][0].content).toContain("export async function steps(");
        await handle.signal("step");
        await handle.result();
      },
      { reuseV8Context: false, showStackTraceSources: true },
    ));

  test("by default one thread, one realm, and no sources", () =>
    withWorker(async ({ worker, start }) => {
      expect(worker.options).toMatchObject({
        workflowThreadPoolSize: 1,
        reuseV8Context: true,
        isolateExecutionTimeoutMs: 5_000,
      });
      const handle = await start("steps", [1]);
      expect(((await handle.query("__enhanced_stack_trace")) as any).sources).toEqual({});
      await handle.terminate();
    }));
});

test("interceptors of the client, of activities and of Workflows, and plugins that add more", async () => {
  const calls: string[] = [];
  const intercepting: Partial<WorkerOptions> = {
    interceptors: {
      client: {
        workflow: [
          { start: async (input: any, next: any) => (calls.push(`client ${input.workflowType}`), next(input)) },
        ],
      },
      activityInbound: [() => ({ execute: async (input, next) => (calls.push("activityInbound"), next(input)) })],
      activity: [() => ({ inbound: { execute: async (input, next) => (calls.push("activity"), next(input)) } })],
      workflowModules: [`${import.meta.dir}/../plugin/fixtures/interceptors.ts`],
    },
    plugins: [
      {
        name: "more",
        configureWorker: (options) => {
          const added = () => ({
            inbound: { execute: async (input: any, next: any) => (calls.push("activity of the plugin"), next(input)) },
          });
          const { interceptors = {} } = options;
          return { ...options, interceptors: { ...interceptors, activity: [...(interceptors.activity ?? []), added] } };
        },
      },
    ],
    activities: {
      greet: async () => {
        const { taskQueue } = activityInfo();
        return getClient().workflow.execute("logs", { taskQueue, workflowId: randomUUID() });
      },
    },
  };
  await withWorker(async ({ execute }) => {
    expect(await execute("greeting", "x")).toBe("undefined (intercepted) (intercepted)");
  }, intercepting);
  expect(calls).toEqual(["activityInbound", "activity", "activity of the plugin", "client logs"]);
});

describe("workflowFailureErrorTypes", () => {
  const changedPath = `${import.meta.dir}/fixtures/changed-workflows.ts`;

  test("errors of named classes fail the Workflows of that type, or of all", () =>
    withWorker(
      async ({ execute, start }) => {
        const [failed, failure] = causes(await rejection(execute("throwsPlainError")));
        expect([failed.name, failure.message]).toEqual(["WorkflowFailedError", "a bug in the workflow"]);
        // Of another type, only what is named for all counts: a ReferenceError is no TypeError.
        const handle = await start("callFetch");
        expect(causes(await rejection(handle.result()))[1].message).toContain("fetch");
      },
      { workflowFailureErrorTypes: { throwsPlainError: ["Error"], "*": ["DeterminismViolationError"] } },
    ));

  const configurations: Record<string, string[]>[] = [{ "*": ["NondeterminismError"] }, { changes: ["Error"] }];
  test.each(configurations)(
    "code that doesn't fit its history fails the Workflow: %p",
    async (workflowFailureErrorTypes) => {
      const taskQueue = `test-${randomUUID()}`;
      const handle = await withWorker(
        async ({ start }) => {
          const started = await start("changes");
          // Until the task that the activity's result brought about is done.
          await eventually(
            async () => (await started.fetchHistory()).events ?? [],
            (events) =>
              events.some((event) => event.activityTaskCompletedEventAttributes) &&
              events.at(-1)?.workflowTaskCompletedEventAttributes !== undefined,
          );
          return started;
        },
        { taskQueue, maxCachedWorkflows: 0 },
      );
      await withWorker(
        async ({ client }) => {
          const changed = client.workflow.getHandle(handle.workflowId);
          await changed.signal("step");
          const [failed, failure] = causes(await rejection(changed.result()));
          expect(failed.name).toBe("WorkflowFailedError");
          expect(failure.message).toMatch(/nondetermin|TMPRL1100/i);
        },
        { taskQueue, maxCachedWorkflows: 0, workflowsPath: changedPath, workflowFailureErrorTypes },
      );
    },
  );
});

describe("on a server", () => {
  let fixture: Fixture;
  let running: Promise<void>;
  beforeAll(async () => {
    fixture = await makeWorker();
    running = fixture.worker.run();
  });
  afterAll(async () => {
    fixture.worker.shutdown();
    await running;
  });

  /** Names of the events of a Workflow, those of its own tasks left out. */
  async function events(handle: { fetchHistory(): Promise<any> }): Promise<string[]> {
    const { events } = await handle.fetchHistory();
    const names: string[] = events.map((event: object) =>
      Object.keys(event).find((key) => key.endsWith("EventAttributes")),
    );
    return names.filter((name) => !name.startsWith("workflowTask")).map((name) => name.replace("EventAttributes", ""));
  }

  test.each([
    ["ABANDON", []],
    ["TRY_CANCEL", ["activityTaskCancelRequested"]],
    ["WAIT_CANCELLATION_COMPLETED", ["activityTaskCancelRequested", "activityTaskCanceled"]],
  ] as const)("an activity is cancelled by %s", async (type, expected) => {
    const handle = await fixture.start("cancelActivityBy", [type, "waitForCancellation"]);
    await activities.started(handle.workflowId);
    await handle.signal("cancelNow");
    expect(await handle.result()).toBe("cancelled");
    const names = await events(handle);
    expect(names.filter((name) => name.includes("Cancel"))).toEqual([...expected]);
  });

  test.each([
    ["ABANDON", []],
    ["TRY_CANCEL", ["requestCancelExternalWorkflowExecutionInitiated"]],
    [
      "WAIT_CANCELLATION_REQUESTED",
      ["requestCancelExternalWorkflowExecutionInitiated", "externalWorkflowExecutionCancelRequested"],
    ],
    [
      "WAIT_CANCELLATION_COMPLETED",
      [
        "requestCancelExternalWorkflowExecutionInitiated",
        "externalWorkflowExecutionCancelRequested",
        "childWorkflowExecutionCanceled",
      ],
    ],
  ] as const)("a child is cancelled by %s", async (type, expected) => {
    const childId = randomUUID();
    const handle = await fixture.start("cancelChild", [type, childId]);
    await eventually(
      () => events(handle),
      (names) => names.includes("childWorkflowExecutionStarted"),
    );
    await handle.signal("cancelNow");
    expect(await handle.result()).toBe("cancelled");
    const names = await events(handle);
    // What has happened at the least; the rest may come before the parent's end too.
    const cancelling = names.filter((name) => name.toLowerCase().includes("cancel"));
    expect(cancelling.slice(0, expected.length)).toEqual([...expected]);
    const child = fixture.client.workflow.getHandle(childId);
    if (type === "ABANDON") expect([cancelling, (await child.describe()).status.name]).toEqual([[], "RUNNING"]);
    // A request that the parent doesn't wait for may be lost when it ends.
    if (type === "ABANDON" || type === "TRY_CANCEL") await child.terminate().catch(() => {});
    else expect((await rejection(child.result())).cause.name).toBe("CancelledFailure");
  });

  test("a run that is reset draws as before up to there and differently after it, and keeps its patches", async () => {
    const handle = await fixture.start("draws");
    // Answered after the first task, so that the signal makes a second one.
    await handle.query("__stack_trace");
    await handle.signal("step");
    const first = (await handle.result()) as unknown[];
    const { events: history } = await handle.fetchHistory();
    const completed = history!.findLast((event) => event.workflowTaskCompletedEventAttributes !== undefined);
    const { runId } = await fixture.client.workflowService.resetWorkflowExecution({
      namespace: "default",
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      reason: "test",
      requestId: randomUUID(),
      workflowTaskFinishEventId: completed!.eventId,
      resetReapplyType: 1,
    });
    const again = fixture.client.workflow.getHandle(handle.workflowId, runId);
    const second = (await again.result()) as unknown[];
    expect(second[2]).toEqual([true, true, true]);
    expect([second[0] === first[0], second[1] === first[1]]).toEqual([true, false]);
  });
});
