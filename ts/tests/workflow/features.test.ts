import { beforeAll, describe, expect, test } from "bun:test";
import Long from "long";
import { payload, resultOf, signal, TestThread, value } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("features.ts");
});

describe("conditions and triggers", () => {
  test("a condition with a timeout says which came first and cancels its timer", async () => {
    const run = thread.run("conditions");
    await run.start();
    const opened = await run.activate(signal("add", 1));
    expect(opened.kinds).toEqual(["cancelTimer", "startTimer"]);
    expect(resultOf(await run.activate({ fireTimer: { seq: 2 } }))).toEqual([true, false]);
  });

  test("a condition goes on that one job makes true and the next one of the activation false again", async () => {
    const run = thread.run("momentary");
    await run.start();
    expect((await run.activate(signal("add", 2), signal("add", 3))).kinds).toEqual([]);
    expect(resultOf(await run.activate(signal("add", 1), signal("add", 2)))).toBe(2);
    expect(resultOf(await thread.run("momentaryAtStart").start())).toBe(false);
  });

  test("a trigger can be awaited more than once", async () => {
    expect(resultOf(await thread.run("trigger").start([signal("add", 3)]))).toBe(9);
  });
});

describe("patches", () => {
  test("are active in new runs and recorded once", async () => {
    const run = thread.run("patches");
    const { commands } = await run.start();
    expect(commands.slice(0, 3).map(({ setPatchMarker }) => setPatchMarker)).toEqual([
      { patchId: "a" },
      { patchId: "b" },
      { patchId: "c", deprecated: true },
    ]);
    const done = await run.activate({ fireTimer: { seq: 1 } });
    expect(done.commands[0]?.setPatchMarker?.patchId).toBe("d");
    expect(resultOf(done)).toEqual([true, true, true, true, true]);
  });

  test("are what the history says in replays, and may become active after them", async () => {
    const run = thread.run("patches");
    run.replaying = true;
    const { commands, kinds } = await run.start([{ notifyHasPatch: { patchId: "b" } }]);
    expect(kinds).toEqual(["setPatchMarker", "startTimer"]);
    expect(commands[0]?.setPatchMarker?.patchId).toBe("b");
    run.replaying = false;
    expect(resultOf(await run.activate({ fireTimer: { seq: 1 } }))).toEqual([false, false, true, true, true]);
  });
});

describe("other workflows", () => {
  test("children are started, signalled and waited for", async () => {
    const run = thread.run("children");
    const { commands } = await run.start();
    const { input, ...rest } = commands[0]!.startChildWorkflowExecution!;
    expect(input?.map(value)).toEqual([1]);
    expect(rest).toMatchObject({
      seq: 1,
      namespace: "default",
      workflowId: "child-1",
      workflowType: "child",
      taskQueue: "test-queue",
      parentClosePolicy: 2,
      cancellationType: 2,
    });
    expect(value(commands[0]?.userMetadata?.summary)).toBe("one");
    const started = await run.activate({
      resolveChildWorkflowExecutionStart: { seq: 1, succeeded: { runId: "child-run" } },
    });
    expect(started.commands[0]?.signalExternalWorkflowExecution).toMatchObject({
      seq: 1,
      childWorkflowId: "child-1",
      signalName: "add",
    });
    await run.activate({ resolveSignalExternalWorkflow: { seq: 1 } });
    const second = await run.activate({
      resolveChildWorkflowExecution: { seq: 1, result: { completed: { result: payload("first") } } },
    });
    expect(second.commands[0]?.startChildWorkflowExecution?.workflowId).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const done = await run.activate(
      { resolveChildWorkflowExecutionStart: { seq: 2, succeeded: { runId: "r" } } },
      { resolveChildWorkflowExecution: { seq: 2, result: { completed: { result: payload("second") } } } },
    );
    expect(resultOf(done)).toEqual(["child-run", "first", "second"]);
  });

  test("a child whose id is taken can't be started", async () => {
    const run = thread.run("childAlreadyStarted");
    await run.start();
    const failed = { workflowId: "taken", workflowType: "child", cause: 1 };
    expect(resultOf(await run.activate({ resolveChildWorkflowExecutionStart: { seq: 1, failed } }))).toEqual([
      "WorkflowExecutionAlreadyStartedError",
      "taken",
    ]);
  });

  test("external workflows are signalled and cancelled", async () => {
    const run = thread.run("external");
    const workflowExecution = { namespace: "default", workflowId: "other-workflow", runId: "other-run" };
    expect((await run.start()).commands[0]?.signalExternalWorkflowExecution).toMatchObject({
      seq: 1,
      signalName: "hello",
      workflowExecution,
    });
    const cancelling = await run.activate({ resolveSignalExternalWorkflow: { seq: 1 } });
    expect(cancelling.commands[0]?.requestCancelExternalWorkflowExecution).toMatchObject({ seq: 1, workflowExecution });
    expect(resultOf(await run.activate({ resolveRequestCancelExternalWorkflow: { seq: 1 } }))).toBe("told");
  });
});

describe("continue as new", () => {
  test("goes on as itself", async () => {
    const { commands, kinds } = await thread.run("continues", 2).start();
    expect(kinds).toEqual(["continueAsNewWorkflowExecution"]);
    const command = commands[0]!.continueAsNewWorkflowExecution!;
    expect(command).toMatchObject({ workflowType: "continues", taskQueue: "test-queue" });
    expect(command.arguments?.map(value)).toEqual([1]);
  });

  test("takes options", async () => {
    const command = (await thread.run("continues", 0).start()).commands[0]!.continueAsNewWorkflowExecution!;
    expect(command).toMatchObject({
      workflowType: "somethingElse",
      taskQueue: "elsewhere",
      workflowRunTimeout: { seconds: Long.fromNumber(86_400) },
    });
    expect(value(command.memo?.reason)).toBe("done");
  });
});

test("memo and search attributes can be changed, and workflowInfo() shows it", async () => {
  const run = thread.run("properties");
  const outcome = await run.start([], { memo: { fields: { gone: payload(1), kept: payload(2) } } });
  expect(outcome.kinds).toEqual([
    "modifyWorkflowProperties",
    "upsertWorkflowSearchAttributes",
    "completeWorkflowExecution",
  ]);
  expect(resultOf(outcome)).toEqual({
    memo: { kept: 2, note: "hello" },
    searchAttributes: { CustomKeyword: ["value"], CustomInt: [3] },
    typed: 2,
    workflowId: "test-workflow",
    runId: run.runId,
    historyLength: 3,
    attempt: 1,
    taskQueue: "test-queue",
  });
  const metadata = value(
    (await run.query("__temporal_workflow_metadata")).commands[0]?.respondToQuery?.succeeded?.response,
  );
  expect(metadata.currentDetails).toBe("in the middle");
});

describe("logs, sinks and metrics", () => {
  test("leave the workflow", async () => {
    const run = thread.run("talks");
    const { logs, sinkCalls } = await run.start();
    expect(logs?.map(({ level, message }) => [level, message])).toEqual([
      ["DEBUG", "Workflow started"],
      ["INFO", "hello"],
    ]);
    expect(logs?.[1]?.attributes).toEqual({
      sdkComponent: "workflow",
      namespace: "default",
      taskQueue: "test-queue",
      workflowId: "test-workflow",
      runId: run.runId,
      workflowType: "talks",
      answer: 42,
    });
    expect(sinkCalls).toEqual([
      { sink: "audit", fn: "write", args: ["once", { count: 1 }], replaying: false },
      {
        sink: "__temporal_metrics",
        fn: "addMetricCounterValue",
        args: ["calls", "1", "how many", 3, { workflowType: "talks", kind: "test" }],
        replaying: false,
      },
    ]);
  });

  test("are quiet in replays, except for sinks, about which the worker decides", async () => {
    const run = thread.run("talks");
    run.replaying = true;
    const { logs, sinkCalls } = await run.start();
    expect(logs).toEqual([]);
    expect(sinkCalls?.map(({ sink, replaying }) => [sink, replaying])).toEqual([["audit", true]]);
    run.replaying = false;
    expect((await run.activate({ fireTimer: { seq: 1 } })).logs?.map(({ message }) => message)).toEqual([
      "bye",
      "Workflow completed",
    ]);
  });

  test("below the level of the host aren't made", async () => {
    const quiet = await TestThread.open("features.ts", { logLevel: "WARN" });
    expect((await quiet.run("talks").start()).logs).toEqual([]);
  });
});
