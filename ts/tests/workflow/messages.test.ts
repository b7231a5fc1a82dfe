import { beforeAll, describe, expect, test } from "bun:test";
import { payload, resultOf, signal, TestThread, update, value } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("features.ts");
});

describe("signals", () => {
  test("are handled before the workflow goes on, in order", async () => {
    const run = thread.run("messages", 2);
    await run.start();
    const outcome = await run.activate(signal("add", 1), signal("add", 2));
    expect(resultOf(outcome)).toEqual([1, 2]);
    expect(outcome.completion.successful?.usedInternalFlags).toEqual([2]);
  });

  test("that come first wait for their handler, and then for a default handler", async () => {
    const run = thread.run("lateHandlers");
    await run.start([signal("unknown", "a"), signal("add", 1), signal("add", 2)]);
    const result = resultOf(await run.activate({ fireTimer: { seq: 1 } }));
    expect(result).toEqual([["add", 1], ["add", 2], "between", ["unknown", "a"]]);
  });

  test("can't be handled under reserved names", async () => {
    const { failure } = await thread.run("reserved", "__temporal_mine").start();
    expect(failure?.message).toBe("Cannot use signal name: '__temporal_mine', with reserved prefix: '__temporal_'");
  });
});

describe("updates", () => {
  test("are accepted at once and completed when their handler is done", async () => {
    const run = thread.run("messages", 1);
    await run.start();
    const accepted = await run.activate(update("change", "u1", 5));
    expect(accepted.kinds).toEqual(["updateResponse", "startTimer"]);
    expect(accepted.commands[0]?.updateResponse).toMatchObject({ protocolInstanceId: "instance-u1", accepted: {} });
    const done = await run.activate({ fireTimer: { seq: 1 } });
    expect(done.kinds).toEqual(["updateResponse", "completeWorkflowExecution"]);
    expect(value(done.commands[0]?.updateResponse?.completed)).toBe(1);
    expect(resultOf(done)).toEqual([5]);
  });

  test("are rejected by their validator", async () => {
    const run = thread.run("messages", 1);
    await run.start();
    const { commands } = await run.activate(update("change", "u1", -1));
    expect(commands[0]?.updateResponse?.rejected?.message).toBe("-1 is negative");
    expect(commands).toHaveLength(1);
  });

  test("aren't validated again in replays", async () => {
    const run = thread.run("messages", 9);
    await run.start();
    const job = update("change", "u1", -1);
    const { commands } = await run.activate({ doUpdate: { ...job.doUpdate, runValidator: false } });
    expect(commands[0]?.updateResponse?.accepted).toEqual({});
  });

  test("are rejected when their validator tries to change the workflow", async () => {
    const run = thread.run("messages", 1);
    await run.start();
    const { commands } = await run.activate(update("change", "u1", 99));
    expect(commands[0]?.updateResponse?.rejected?.message).toBe(
      "sleep(...) can't be used in the validator of update 'change': it must not change the Workflow",
    );
    const next = await run.activate(update("change", "u2", 1));
    expect(next.commands[1]?.startTimer?.seq).toBe(1);
  });

  test("without a handler are rejected at the end of the activation", async () => {
    const run = thread.run("messages", 1);
    const { commands } = await run.start([update("nobody", "u1")]);
    expect(commands[0]?.updateResponse?.rejected?.message).toBe("No registered handler for update: nobody");
  });

  test("go to the default handler, which knows the update", async () => {
    const { commands } = await thread.run("defaults").start([update("anything", "u7", 1, 2)]);
    expect(commands[0]?.updateResponse?.accepted).toEqual({});
    expect(value(commands[1]?.updateResponse?.completed)).toEqual(["anything", [1, 2], "u7"]);
  });

  test("fail with a Temporal failure, and fail the task with any other error", async () => {
    const run = thread.run("updateFailures");
    const failed = await run.start([update("fail", "u1", "application")]);
    expect(failed.commands.at(-1)?.updateResponse?.rejected).toMatchObject({
      message: "no",
      applicationFailureInfo: { type: "Refused", nonRetryable: true },
    });
    expect((await run.activate(update("fail", "u2", "mistake"))).failure?.message).toBe("a mistake");
  });
});

describe("queries", () => {
  test("are answered without changing the run", async () => {
    const run = thread.run("messages", 3);
    await run.start([signal("add", 4), signal("add", 5)]);
    const { commands, kinds } = await run.query("total");
    expect(kinds).toEqual(["respondToQuery"]);
    expect(value(commands[0]?.respondToQuery?.succeeded?.response)).toBe(9);
  });

  test("go to the default handler", async () => {
    const run = thread.run("defaults");
    await run.start();
    expect(value((await run.query("anything", 1)).commands[0]?.respondToQuery?.succeeded?.response)).toEqual([
      "anything",
      [1],
    ]);
  });

  test.each([
    [
      "missing",
      "Workflow did not register a handler for missing. Registered queries: [__stack_trace __enhanced_stack_trace __temporal_workflow_metadata async throws commands unconvertible]",
    ],
    ["async", "Query handlers should not return a Promise"],
    ["throws", "no answer"],
    ["commands", "Activity 'work' can't be used in the handler of query 'commands': it must not change the Workflow"],
    ["unconvertible", "Unable to convert () => 1 to payload"],
  ])("fail alone: %s", async (name, message) => {
    const run = thread.run("badQueries");
    await run.start();
    const { commands, failure } = await run.query(name);
    expect(failure).toBeUndefined();
    expect(commands).toHaveLength(1);
    expect(commands[0]?.respondToQuery?.failed?.message).toBe(message);
  });

  test("describe the workflow", async () => {
    const run = thread.run("messages", 3);
    await run.start();
    const metadata = value(
      (await run.query("__temporal_workflow_metadata")).commands[0]?.respondToQuery?.succeeded?.response,
    );
    expect(metadata.definition).toMatchObject({
      type: "messages",
      signalDefinitions: [{ name: "add" }],
      updateDefinitions: [{ name: "change" }],
    });
    expect(metadata.definition.queryDefinitions).toContainEqual({ name: "total", description: "sum of all" });
  });

  test("tell where the workflow waits, in terms of the source", async () => {
    const run = thread.run("stacks");
    await run.start();
    const text: string = value((await run.query("__stack_trace")).commands[0]?.respondToQuery?.succeeded?.response);
    const [first, second] = text.split("\n\n");
    expect(first).toMatch(
      /^ +at waitsInside \(\S*fixtures\/features\.ts:\d+:\d+\)\n +at stacks \(\S*features\.ts:\d+:\d+\)$/,
    );
    expect(second).toMatch(/^ +at stacks \(\S*features\.ts:\d+:\d+\)$/);
    const enhanced = value(
      (await run.query("__enhanced_stack_trace")).commands[0]?.respondToQuery?.succeeded?.response,
    );
    expect(enhanced.stacks[0].locations[0]).toMatchObject({ function_name: "waitsInside", internal_code: false });
    expect(enhanced.sources).toEqual({});
  });
});

test("handlers that the end of the run cuts off are reported", async () => {
  const { logs, kinds } = await thread
    .run("unfinished")
    .start([signal("add", 1), signal("add", 1), update("change", "u1", 1)]);
  expect(kinds).toEqual(["updateResponse", "completeWorkflowExecution"]);
  const warnings = logs?.filter(({ level }) => level === "WARN").map(({ message }) => message) ?? [];
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toStartWith("[TMPRL1102] Workflow finished while an update handler was still running. ");
  const notDisabled = "unfinished (and warnings were not disabled for their handler):";
  expect(warnings[0]).toEndWith(` The following updates were ${notDisabled} [{"name":"change","id":"u1"}]`);
  expect(warnings[1]).toEndWith(` The following signals were ${notDisabled} [{"name":"add","count":2}]`);
});

test("a payload that can't be decoded fails the task", async () => {
  const run = thread.run("messages", 1);
  await run.start();
  const broken = { ...payload(1), data: new TextEncoder().encode("{") };
  expect((await run.activate({ signalWorkflow: { signalName: "add", input: [broken] } })).failure?.message).toContain(
    "JSON",
  );
});
