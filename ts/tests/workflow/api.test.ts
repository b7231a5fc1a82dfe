import { beforeAll, describe, expect, test } from "bun:test";
import Long from "long";
import { msNumberToTs } from "../../src/common/time";
import type { InitializeWorkflow } from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import {
  activityCompleted,
  activityFailed,
  type Outcome,
  payload,
  resultOf,
  signal,
  startMs,
  TestThread,
  update,
  value,
} from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("api.ts", { activityNames: ["check", "work"] });
});

const seconds = (count: number) => ({ seconds: Long.fromNumber(count) });

/** Answer to the first query of an outcome. */
function answer({ commands }: Outcome): any {
  return value(commands[0]?.respondToQuery?.succeeded?.response);
}

describe("activities by name", () => {
  test("scheduleActivity and scheduleLocalActivity", async () => {
    const run = thread.run("byName");
    const { commands } = await run.start();
    expect(commands[0]?.scheduleActivity).toMatchObject({
      seq: 1,
      activityType: "charge",
      startToCloseTimeout: seconds(10),
      taskQueue: "test-queue",
    });
    expect(commands[0]?.scheduleActivity?.arguments?.map(value)).toEqual([1, { two: 2 }]);
    expect(commands[1]?.scheduleLocalActivity).toMatchObject({
      seq: 2,
      activityType: "check",
      scheduleToCloseTimeout: seconds(20),
      attempt: 1,
    });
    expect(commands[1]?.scheduleLocalActivity?.arguments?.map(value)).toEqual([3]);
    expect(resultOf(await run.activate(activityCompleted(1, "charged"), activityCompleted(2, "checked")))).toEqual([
      "charged",
      "checked",
    ]);
  });
});

describe("options of commands", () => {
  test.each([
    ["TRY_CANCEL", undefined],
    ["WAIT_CANCELLATION_COMPLETED", 1],
    ["ABANDON", 2],
  ] as const)("of activities, all of them; cancelled by %s", async (cancellationType, code) => {
    const { commands } = await thread.run("activityOptions", cancellationType).start();
    const { scheduleActivity, userMetadata } = commands[0]!;
    expect(scheduleActivity).toMatchObject({
      activityId: "own-id",
      taskQueue: "other-queue",
      heartbeatTimeout: seconds(1),
      startToCloseTimeout: seconds(2),
      scheduleToStartTimeout: seconds(3),
      scheduleToCloseTimeout: seconds(4),
      retryPolicy: {
        backoffCoefficient: 1.5,
        initialInterval: seconds(1),
        maximumAttempts: 7,
        maximumInterval: seconds(9),
        nonRetryableErrorTypes: ["Broken"],
      },
      doNotEagerlyExecute: true,
      versioningIntent: 2,
      priority: { priorityKey: 2, fairnessKey: "tenant", fairnessWeight: 1.5 },
    });
    expect(scheduleActivity?.cancellationType).toBe(code);
    expect(value(userMetadata?.summary)).toBe("charges **a card**");
  });

  test("of local activities, all of them", async () => {
    const { scheduleLocalActivity, userMetadata } = (await thread.run("localActivityOptions").start()).commands[0]!;
    expect(scheduleLocalActivity).toMatchObject({
      startToCloseTimeout: seconds(2),
      scheduleToStartTimeout: seconds(3),
      scheduleToCloseTimeout: seconds(4),
      retryPolicy: { maximumAttempts: 2 },
      localRetryThreshold: seconds(30),
      cancellationType: 2,
    });
    expect(value(userMetadata?.summary)).toBe("checks");
  });

  test("of children, all of them", async () => {
    const { startChildWorkflowExecution: child, userMetadata } = (await thread.run("childOptions").start())
      .commands[0]!;
    expect(child).toMatchObject({
      workflowId: "child-id",
      workflowType: "child",
      taskQueue: "other-queue",
      namespace: "default",
      cancellationType: 1,
      parentClosePolicy: 3,
      workflowIdReusePolicy: 3,
      workflowExecutionTimeout: seconds(3),
      workflowRunTimeout: seconds(2),
      workflowTaskTimeout: seconds(1),
      retryPolicy: { maximumAttempts: 3 },
      cronSchedule: "@daily",
      versioningIntent: 1,
      priority: { priorityKey: 4 },
    });
    expect(child?.input?.map(value)).toEqual(["a", 1]);
    expect(value(child?.memo?.why)).toBe("test");
    expect(value(child?.searchAttributes?.indexedFields?.CustomerId)).toBe("c1");
    expect([value(userMetadata?.summary), value(userMetadata?.details)]).toEqual(["summary", "details"]);
  });

  test.each([
    ["ABANDON", undefined],
    ["TRY_CANCEL", 1],
    ["WAIT_CANCELLATION_COMPLETED", 2],
    ["WAIT_CANCELLATION_REQUESTED", 3],
    [undefined, 2],
  ] as const)(
    "of children: cancellation type %s, and an id from the run's randomness",
    async (cancellationType, code) => {
      const { startChildWorkflowExecution } = (
        await thread.run("childCancellation", ...(cancellationType === undefined ? [] : [cancellationType])).start()
      ).commands[0]!;
      expect(startChildWorkflowExecution?.cancellationType).toBe(code);
      expect(startChildWorkflowExecution?.workflowId).toBe((await thread.result("uuids"))[0]);
      expect(startChildWorkflowExecution?.taskQueue).toBe("test-queue");
    },
  );

  test("of continuing as new, all of them", async () => {
    const command = (await thread.run("continueOptions").start()).commands[0]?.continueAsNewWorkflowExecution;
    expect(command).toMatchObject({
      workflowType: "next",
      taskQueue: "next-queue",
      workflowRunTimeout: seconds(2),
      workflowTaskTimeout: seconds(1),
      backoffStartInterval: seconds(90),
      versioningIntent: 2,
      initialVersioningBehavior: 1,
    });
    expect(command?.arguments?.map(value)).toEqual(["x", 1]);
    expect(value(command?.memo?.round)).toBe(2);
    expect(value(command?.searchAttributes?.indexedFields?.CustomerId)).toBe("c2");
    const ramping = (await thread.run("continueRamping").start()).commands[0]?.continueAsNewWorkflowExecution;
    expect(ramping).toMatchObject({
      workflowType: "continueRamping",
      taskQueue: "test-queue",
      initialVersioningBehavior: 2,
    });
  });
});

describe("time", () => {
  test("sleep with a summary; setTimeout and clearTimeout are timers of the service", async () => {
    const run = thread.run("times");
    const { commands, kinds } = await run.start();
    expect(kinds).toEqual(["startTimer", "startTimer", "startTimer", "cancelTimer"]);
    expect(commands[3]?.cancelTimer?.seq).toBe(1);
    expect(commands[2]?.startTimer).toMatchObject({
      seq: 3,
      startToFireTimeout: { seconds: Long.ONE, nanos: 500_000_000 },
    });
    expect(value(commands[2]?.userMetadata?.summary)).toBe("a short nap");
    await run.activate({ fireTimer: { seq: 2 } });
    expect(resultOf(await run.activate({ fireTimer: { seq: 3 } }))).toEqual(["timeout", "slept"]);
  });

  test("no timer is shorter than a millisecond", async () => {
    const { commands } = await thread.run("negativeSleep").start();
    expect(commands[0]?.startTimer?.startToFireTimeout?.nanos).toBe(1_000_000);
  });
});

test("inWorkflowContext() is true while code of a run runs, and false otherwise", async () => {
  expect(await thread.result("contexts")).toEqual([true, true]);
  const { inWorkflowContext, workflowInfo } = await import("../../src/workflow");
  expect(inWorkflowContext()).toBe(false);
  expect(() => workflowInfo()).toThrow("Workflow.workflowInfo(...) may only be used from a Workflow Execution.");
});

describe("workflowInfo()", () => {
  const start: Partial<InitializeWorkflow> = {
    searchAttributes: {
      indexedFields: {
        CustomerId: {
          ...payload("c1"),
          metadata: { ...payload("c1").metadata, type: new TextEncoder().encode("Keyword") },
        },
      },
    },
    memo: { fields: { why: payload("test") } },
    parentWorkflowInfo: { workflowId: "parent", runId: "parent-run", namespace: "parents" },
    rootWorkflow: { workflowId: "root", runId: "root-run" },
    lastCompletionResult: { payloads: [payload({ last: true })] },
    continuedFailure: { message: "broke last time", applicationFailureInfo: { type: "Broken" } },
    firstExecutionRunId: "first-run",
    originalExecutionRunId: "original-run",
    continuedFromExecutionRunId: "previous-run",
    startTime: msNumberToTs(startMs - 5_000),
    workflowExecutionTimeout: seconds(60),
    workflowExecutionExpirationTime: msNumberToTs(startMs + 55_000),
    workflowRunTimeout: seconds(30),
    workflowTaskTimeout: seconds(9),
    retryPolicy: { maximumAttempts: 4, backoffCoefficient: 2 },
    attempt: 3,
    cronSchedule: "0 * * * *",
    cronScheduleToScheduleInterval: seconds(3600),
    priority: { priorityKey: 2, fairnessKey: "tenant", fairnessWeight: 1 },
  };

  test("has every field that a start can have", async () => {
    const run = thread.run("info");
    expect(resultOf(await run.start([], start))).toEqual({
      workflowId: "test-workflow",
      runId: run.runId,
      workflowType: "info",
      searchAttributes: { CustomerId: ["c1"] },
      typed: [["CustomerId", "KEYWORD", "c1"]],
      memo: { why: "test" },
      parent: { workflowId: "parent", runId: "parent-run", namespace: "parents" },
      root: { workflowId: "root", runId: "root-run" },
      lastResult: { last: true },
      lastFailure: [true, "broke last time"],
      historyLength: 3,
      historySize: 300,
      continueAsNewSuggested: false,
      targetWorkerDeploymentVersionChanged: false,
      taskQueue: "test-queue",
      namespace: "default",
      firstExecutionRunId: "first-run",
      originalExecutionRunId: "original-run",
      continuedFromExecutionRunId: "previous-run",
      times: [startMs - 5_000, startMs + 1_000, startMs + 55_000],
      executionTimeoutMs: 60_000,
      runTimeoutMs: 30_000,
      taskTimeoutMs: 9_000,
      retryPolicy: { maximumAttempts: 4, backoffCoefficient: 2, nonRetryableErrorTypes: [] },
      attempt: 3,
      cronSchedule: "0 * * * *",
      cronScheduleToScheduleInterval: 3_600_000,
      currentBuildId: "",
      priority: { priorityKey: 2, fairnessKey: "tenant", fairnessWeight: 1 },
      replaying: [false, false],
      unsafe: '{"isReplaying":false,"isReplayingHistoryEvents":false}',
      real: ["number", true, 36, true],
    });
  });

  test("changes with the tasks: length, size, suggestions, deployment version", async () => {
    const run = thread.run("changingInfo");
    await run.start();
    run.task = {
      continueAsNewSuggested: true,
      suggestContinueAsNewReasons: [1, 2, 3],
      targetWorkerDeploymentVersionChanged: true,
      deploymentVersionForCurrentTask: { deploymentName: "shop", buildId: "v2" },
    };
    await run.activate({ fireTimer: { seq: 1 } });
    run.task = {};
    expect(resultOf(await run.activate({ fireTimer: { seq: 2 } }))).toEqual([
      [3, 300, false, null, false],
      [null, ""],
      [6, 600, true, ["HISTORY_SIZE_TOO_LARGE", "TOO_MANY_HISTORY_EVENTS", "TOO_MANY_UPDATES"], true],
      [{ deploymentName: "shop", buildId: "v2" }, "v2"],
    ]);
  });

  test("tells replays from live queries", async () => {
    const run = thread.run("changingInfo");
    run.replaying = true;
    await run.start();
    expect(answer(await run.query("replaying"))).toEqual([true, false]);
    const replayed = thread.run("info");
    replayed.replaying = true;
    expect(resultOf(await replayed.start()).replaying).toEqual([true, true]);
  });
});

describe("handlers", () => {
  test("allHandlersFinished and currentUpdateInfo", async () => {
    const run = thread.run("handlers");
    await run.start();
    const { commands } = await run.activate(signal("slow"), update("describe", "u1", "text"));
    expect(commands[0]?.updateResponse?.accepted).toEqual({});
    const done = await run.activate({ fireTimer: { seq: 1 } });
    expect(value(done.commands[0]?.updateResponse?.completed)).toEqual(["text", { id: "u1", name: "describe" }]);
    expect(resultOf(done)).toEqual([true, null, { id: "u1", name: "describe" }, false, "signal done"]);
    // Each kind of handler counts by itself.
    const signalled = thread.run("handlers");
    await signalled.start([signal("slow")]);
    expect(resultOf(await signalled.activate({ fireTimer: { seq: 1 } }))).toEqual([true, null, false, "signal done"]);
    const updated = thread.run("handlers");
    await updated.start([update("describe", "u2", "text")]);
    expect(resultOf(await updated.activate({ fireTimer: { seq: 1 } })).at(-1)).toBe(false);
  });

  test("with the policy ABANDON are cut off without a warning", async () => {
    const run = thread.run("abandonsQuietly");
    await run.start();
    await run.activate(signal("slow"), update("slow", "u1"));
    const { kinds, logs } = await run.activate({ fireTimer: { seq: 1 } });
    expect(kinds).toEqual(["completeWorkflowExecution"]);
    expect(logs?.filter(({ level }) => level === "WARN")).toEqual([]);
  });
});

describe("setWorkflowOptions", () => {
  test("takes a function, called in the run; classes of failures hold for what extends them", async () => {
    const { kinds, completion } = await thread.run("declaredByGetter").start();
    expect(kinds).toEqual(["failWorkflowExecution"]);
    expect(completion.successful?.versioningBehavior).toBe(2);
  });

  test("an error of a declared class fails an update's workflow, and a signal's", async () => {
    for (const job of [update("fail", "u1"), signal("fail")]) {
      const run = thread.run("declaredForUpdates");
      expect((await run.start()).completion.successful?.versioningBehavior).toBe(1);
      expect((await run.activate(job)).kinds.at(-1)).toBe("failWorkflowExecution");
    }
  });
});

describe("logs, metrics and sinks", () => {
  test("leave a run once, also from queries and updates", async () => {
    const run = thread.run("outputs");
    const first = await run.start();
    expect(first.logs?.map(({ message }) => message)).toEqual(["Workflow started", "at start"]);
    expect(first.logs?.[1]?.attributes).toMatchObject({
      sdkComponent: "workflow",
      workflowType: "outputs",
      runId: run.runId,
      answer: 42,
    });
    const tags = { workflowType: "outputs", tenant: "t1" };
    expect(first.sinkCalls?.map(({ fn, args }) => [fn, ...args])).toEqual([
      ["addMetricCounterValue", "orders", "1", "all orders", 2, { ...tags, kind: "new" }],
      ["recordMetricHistogramValue", "amount", "float", "EUR", undefined, 1.5, tags],
      ["setMetricGaugeValue", "open", "int", undefined, undefined, 3, tags],
      ["write", "first"],
    ]);
    const asked = await run.query("audit");
    expect([
      asked.logs?.map(({ message }) => message),
      asked.sinkCalls?.map(({ args, replaying }) => [args, replaying]),
    ]).toEqual([["from the query"], [[["query"], false]]]);
    const touched = await run.activate(update("touch", "u1"));
    expect(touched.logs?.[0]).toMatchObject({
      message: "from the update",
      attributes: { updateId: "u1", updateName: "touch" },
    });
  });

  test("are silent in replays; sinks are called, for those that want that", async () => {
    const run = thread.run("outputs");
    run.replaying = true;
    const { logs, sinkCalls } = await run.start();
    expect(logs).toEqual([]);
    expect(sinkCalls).toEqual([{ sink: "ledger", fn: "write", args: ["first"], replaying: true }]);
    run.replaying = false;
    expect((await run.activate({ fireTimer: { seq: 1 } })).logs?.map(({ message }) => message)).toEqual([
      "later",
      "Workflow completed",
    ]);
  });

  test("a metric's value can't be negative", async () => {
    expect((await thread.run("negativeMetric").start()).failure?.message).toBe(
      "MetricCounter value must be non-negative (got -1)",
    );
  });
});

describe("flags of the SDK", () => {
  const used = ({ completion }: Outcome) => completion.successful?.usedInternalFlags;

  test("that a task goes by are recorded in its completion", async () => {
    const run = thread.run("flagged");
    expect(used(await run.start([signal("poke")]))).toEqual([2]);
    // Scopes with a timeout go by the first.
    expect(used(await run.activate({ fireTimer: { seq: 1 } }))).toEqual([2, 1]);
  });

  test("of a history hold in its replay, those of the OpenTelemetry interceptors included, and no others", async () => {
    for (const flags of [[], [1], [2], [1, 2, 3, 4, 5, 6]]) {
      const run = thread.run("flagged");
      run.replaying = true;
      run.flags = flags;
      await run.start([signal("poke")]);
      const outcome = await run.activate({ fireTimer: { seq: 1 } });
      expect(used(outcome) ?? []).toEqual(flags);
      // Without the first flag the timer of the scope is left alone.
      expect(outcome.kinds.includes("cancelTimer")).toBe(flags.includes(1));
    }
    const unknown = thread.run("flagged");
    unknown.flags = [7];
    expect((await unknown.start()).failure?.message).toStartWith("Unknown SDK flag 7");
  });
});

test("errors have their classes, names and causes", async () => {
  const run = thread.run("errors");
  await run.start();
  await run.activate(activityFailed(1, "no money"));
  await run.activate({ resolveChildWorkflowExecutionStart: { seq: 1, succeeded: { runId: "r" } } });
  const failure = {
    message: "Child Workflow execution failed",
    childWorkflowExecutionFailureInfo: {
      workflowType: { name: "child" },
      workflowExecution: { workflowId: "w", runId: "r" },
    },
    cause: { message: "stopped", canceledFailureInfo: {} },
  };
  const { list, classes, others } = resultOf(
    await run.activate({ resolveChildWorkflowExecution: { seq: 1, result: { failed: { failure } } } }),
  );
  expect(list).toEqual([
    ["CancelledFailure", "Cancellation scope cancelled", true, true, "Cancellation scope cancelled", null],
    ["ContinueAsNew", "Workflow continued as new", false, false, "Workflow continued as new", null],
    ["ActivityFailure", "Activity task failed", false, true, "no money", "ApplicationFailure"],
    ["ChildWorkflowFailure", "Child Workflow execution failed", true, true, "stopped", "CancelledFailure"],
  ]);
  expect(classes).toEqual([true, true, true, true]);
  expect(others).toEqual([false, false, "text", "outer"]);
});
