import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/process";
import { testConnection } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

/** What the program printed: what came of each Workflow, by its type, and what was logged. */
const outcomes = new Map<string, Record<string, unknown>>();
const logged: Record<string, unknown>[] = [];
let state: unknown;

beforeAll(async () => {
  const { connection, namespace } = await testConnection();
  const program = `${import.meta.dir}/fixtures/refused-process.ts`;
  const { output } = await run([process.execPath, program, connection.options.address, namespace]);
  for (const line of output.trim().split("\n")) {
    const { type, ...rest } = JSON.parse(line) as Record<string, unknown>;
    if (type !== undefined) outcomes.set(type as string, rest);
    else if ("logged" in rest) logged.push(rest);
    else ({ state } = rest);
  }
});

const empty = "At least one workflow command in the completion contained an empty variant";
const undecoded = (what: string) => new RegExp(`not an encoded ${what} completion: .*recursion limit reached`);

test.each([
  ["emptyCommand", expect.stringContaining(empty), ["CompleteWorkflowExecution", "Empty"]],
  ["deepFailure", expect.stringMatching(undecoded("workflow activation")), ["FailWorkflowExecution"]],
])("of the Workflow %s fails its task, and is logged with the commands", (type, text, commands) => {
  expect(outcomes.get(type)).toEqual({ message: text, failure: "CompletionRefused" });
  expect(logged).toContainEqual(
    expect.objectContaining({
      logged: "A Workflow Task failed because its completion can't be used",
      workflowType: type,
      workflowId: expect.stringContaining(`${type}-`),
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      commands,
      error: text,
    }),
  );
});

test.each([
  ["deepActivity", expect.stringMatching(undecoded("activity task"))],
  ["asyncLocal", expect.stringContaining("Local activities cannot be completed async")],
])("of an activity of the Workflow %s fails the attempt, and is logged", (type, text) => {
  expect(outcomes.get(type)).toEqual({ result: text });
  const message = "A task failed because its completion can't be used: activity";
  expect(logged).toContainEqual(
    expect.objectContaining({ logged: message, taskToken: expect.any(String), error: text }),
  );
});

test("of a Nexus request fails it as one that can be made again, and is logged", () => {
  expect(outcomes.get("deepOperation")).toEqual({ result: "again" });
  const error = expect.stringMatching(/Nexus task completion: .*recursion limit reached/);
  const message = "A task failed because its completion can't be used: nexus";
  expect(logged).toContainEqual(expect.objectContaining({ logged: message, error }));
});

test("neither ends the Worker nor hurts other runs", () => {
  expect(outcomes.get("innocent")).toEqual({ result: "innocent" });
  expect(state).toBe("STOPPED");
});
