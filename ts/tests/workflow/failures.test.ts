import { beforeAll, describe, expect, test } from "bun:test";
import { run } from "../support/process";
import { activityCompleted, resultOf, TestThread, value } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("features.ts");
});

async function thrown(what: string, on = thread) {
  const run = on.run("throws", what);
  await run.start();
  return run.activate({ fireTimer: { seq: 1 } });
}

describe("an error that leaves a workflow", () => {
  test("fails it, if it is a Temporal failure", async () => {
    const { commands, kinds } = await thrown("application");
    expect(kinds).toEqual(["failWorkflowExecution"]);
    const failure = commands[0]!.failWorkflowExecution!.failure!;
    expect(failure).toMatchObject({
      message: "on purpose",
      source: "TypeScriptSDK",
      applicationFailureInfo: { type: "Purpose" },
    });
    expect(failure.applicationFailureInfo?.details?.payloads?.map(value)).toEqual([1]);
  });

  test("fails the task, if it is any other error, with places in the source", async () => {
    const { failure } = await thrown("mistake");
    expect(failure).toMatchObject({ message: "a mistake" });
    expect(failure?.stackTrace).toMatch(
      /^TypeError: a mistake\n +at throws \(\S*\/tests\/workflow\/fixtures\/features\.ts:\d+:\d+\)$/,
    );
  });

  test("fails the task, if it is no error at all", async () => {
    expect((await thrown("string")).failure?.message).toStartWith("just text");
  });

  test("fails the workflow, if its class was declared by the worker", async () => {
    const declared = await TestThread.open("features.ts", { failureErrorTypes: { throws: ["CustomError"] } });
    expect((await thrown("custom", declared)).kinds).toEqual(["failWorkflowExecution"]);
    expect((await thrown("mistake", declared)).failure?.message).toBe("a mistake");
    const all = await TestThread.open("features.ts", { failureErrorTypes: { "*": ["Error"] } });
    expect((await thrown("mistake", all)).kinds).toEqual(["failWorkflowExecution"]);
  });

  test("fails the workflow, if its class was declared by the workflow", async () => {
    const { kinds, completion } = await thread.run("declaredFailure").start();
    expect(kinds).toEqual(["failWorkflowExecution"]);
    expect(completion.successful?.versioningBehavior).toBe(1);
  });
});

test("a result without a payload fails the task", async () => {
  expect((await thread.run("unconvertible").start()).failure?.message).toStartWith("Unable to convert () =>");
});

describe("a rejected promise", () => {
  test("that nobody handles fails the task", async () => {
    // In a process of its own, because `bun test` takes such promises for errors of the test.
    const { output } = await run([process.execPath, `${import.meta.dir}/fixtures/unhandled-process.ts`]);
    const [first, second] = JSON.parse(output);
    expect(first).toMatchObject({
      message: "Unhandled Promise rejection: Error: nobody listens",
      cause: "nobody listens",
    });
    expect(second).toEqual({ kinds: ["startTimer"] });
  });

  test("that is handled within the activation is fine", async () => {
    expect(await thread.result("handledLater")).toBe("somebody listens");
  });
});

describe("what can't be activated", () => {
  test("an unknown workflow type fails the task, naming those that there are", async () => {
    const { failure } = await thread.run("unknown").start();
    expect(failure?.message).toBe(
      "Failed to initialize workflow of type 'unknown': no such function is exported by the workflow bundle",
    );
    expect(failure?.cause?.message).toStartWith("Registered workflow types: activityOptions, badOptions, ");
    expect((await thread.run("toString").start()).failure?.message).toContain("no such function");
  });

  test("an export that is no function", async () => {
    const broken = await TestThread.withCode("module.exports = { text: 'x', fine: async () => 1 };");
    expect((await broken.run("text").start()).failure).toMatchObject({
      message: "Failed to initialize workflow of type 'text': expected a function, but got: 'string'",
      cause: { message: "Registered workflow types: fine" },
    });
  });

  test("the default export serves every other type", async () => {
    const open = await TestThread.withCode(
      "module.exports = { default: async () => require('@temporalio/workflow').workflowInfo().workflowType };",
    );
    expect(await open.result("anything")).toBe("anything");
  });

  test("a bundle that throws", async () => {
    const broken = await TestThread.withCode("throw new Error('broken bundle');");
    expect((await broken.run("any").start()).failure?.message).toBe("broken bundle");
  });

  test("a bundle that doesn't parse is refused at once", async () => {
    expect(TestThread.withCode("function (")).rejects.toThrow("SyntaxError");
  });

  test("a run that isn't in memory", async () => {
    const run = thread.run("oneActivity");
    expect((await run.activate(activityCompleted(1))).failure?.message).toContain(
      `run ${run.runId}, which isn't in memory`,
    );
    expect((await run.evict()).completion.successful).toBeDefined();
  });

  test("an activation without time or jobs", async () => {
    const run = thread.run("oneActivity", "x");
    expect((await thread.activate({ runId: run.runId })).failure?.message).toContain("isn't in memory");
    await run.start();
    expect((await thread.activate({ runId: run.runId, jobs: [{ fireTimer: { seq: 1 } }] })).failure?.message).toContain(
      "timestamp",
    );
  });

  test("a history with flags of a newer SDK", async () => {
    const run = thread.run("oneActivity", "x");
    run.flags = [77];
    expect((await run.start()).failure?.message).toStartWith("Unknown SDK flag 77");
  });

  test("jobs that don't belong together", async () => {
    const { failure } = await thread.run("oneActivity", "x").start([{ fireTimer: { seq: 1 } }]);
    expect(failure?.message).toBe("Received initializeWorkflow together with fireTimer in the same activation");
  });
});

test("a run that was evicted starts again from nothing", async () => {
  const run = thread.run("oneActivity", "again");
  expect((await run.start()).commands[0]?.scheduleActivity?.seq).toBe(1);
  await run.evict();
  expect((await run.start()).commands[0]?.scheduleActivity?.seq).toBe(1);
  expect(resultOf(await run.activate(activityCompleted(1, "x")))).toBe("result: x");
});
