import { expect, setDefaultTimeout, test } from "bun:test";
import { causes, rejection, taskFailure, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("one activity", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("greeting", "World")).toBe("Hello, World!");
  }));

test("signals, queries and updates", () =>
  withWorker(async ({ start }) => {
    const handle = await start("counter", [1]);
    await handle.signal("add", 4);
    expect(await handle.query("total")).toBe(5);
    expect(await handle.executeUpdate("multiply", { args: [3] })).toBe(15);
    const refused = causes(await rejection(handle.executeUpdate("multiply", { args: [0] })));
    expect(refused.at(-1).message).toContain("not by zero");
    await handle.signal("finish");
    expect(await handle.result()).toBe(15);
  }));

test("a query of a closed Workflow replays it", () =>
  withWorker(async ({ start }) => {
    const handle = await start("counter", [7]);
    await handle.signal("finish");
    await handle.result();
    expect(await handle.query("total")).toBe(7);
  }));

test("timers and conditions with timeout", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("timers", 20)).toEqual(["first", "second", "false"]);
  }));

test("child Workflows", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("parent", ["a", "b"])).toEqual(["Hello, a!", "Hello, b!"]);
  }));

test("continue as new", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("countDown", 3)).toBe("done");
  }));

test("patches", () =>
  withWorker(async ({ execute }) => {
    expect(await execute("withPatch")).toBe("Hello, patched!");
  }));

test("cancellation, with a cleanup that isn't cancelled", () =>
  withWorker(async ({ start }) => {
    const handle = await start("cancellable");
    await handle.cancel();
    const [workflow, cause] = causes(await rejection(handle.result()));
    expect(workflow.name).toBe("WorkflowFailedError");
    expect(cause.name).toBe("CancelledFailure");
    const { events } = await handle.fetchHistory();
    expect(events?.filter((event) => event.activityTaskCompletedEventAttributes !== undefined)).toHaveLength(1);
  }));

test("failures on purpose fail the Workflow, with details", () =>
  withWorker(async ({ execute }) => {
    const [, failure] = causes(await rejection(execute("fails")));
    expect(failure).toMatchObject({
      name: "ApplicationFailure",
      message: "on purpose",
      type: "Planned",
      details: [{ why: "test" }],
    });
  }));

test("random numbers and the clock are deterministic: a replay sees the same", () =>
  withWorker(
    async ({ start }) => {
      const handle = await start("identity");
      const result = (await handle.result()) as { uuid: string; random: number; now: number; type: string };
      expect(result.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
      expect(result.random).toBeWithin(0, 1);
      expect(result.type).toBe("identity");
    },
    { maxCachedWorkflows: 0 },
  ));

test("an unknown Workflow type fails the task, naming those that are known", () =>
  withWorker(async ({ start }) => {
    const handle = await start("noSuchWorkflow");
    const failure = await taskFailure(handle);
    expect(failure.message).toContain("noSuchWorkflow");
    expect(failure.cause?.message).toContain("greeting");
    await handle.terminate();
  }));

test("a plain error fails the task, not the Workflow", () =>
  withWorker(async ({ start }) => {
    const handle = await start("throwsPlainError");
    expect((await taskFailure(handle)).message).toBe("a bug in the workflow");
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await handle.terminate();
  }));

test("a call of fetch fails the task, naming it", () =>
  withWorker(async ({ start }) => {
    const handle = await start("callFetch");
    expect((await taskFailure(handle)).message).toContain("fetch");
    await handle.terminate();
  }));

test("an endless loop is reported as a deadlock, and the Worker lives on", () =>
  withWorker(async ({ start, execute }) => {
    const handle = await start("loopForever", [], { workflowTaskTimeout: "30s" });
    expect((await taskFailure(handle)).message).toMatch(/deadlock|time/i);
    await handle.terminate();
    expect(await execute("greeting", "after")).toBe("Hello, after!");
  }));
