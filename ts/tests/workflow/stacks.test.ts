/** Stacks of errors, as Workflow code itself reads them and as others get them: they name the sources. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestThread } from "./support";

const file = join(import.meta.dir, "fixtures/stacks.ts");
const commonjs = join(import.meta.dir, "fixtures/stacks-commonjs.cjs");
const linesOf = (path: string) => readFileSync(path, "utf8").split("\n");

/** The places in a stack that are in a file, as the texts of their lines. */
function lines(stack: string, path = file): string[] {
  const places = stack.matchAll(new RegExp(`[ (]${path}:(\\d+):(\\d+)\\)?$`, "gm"));
  return [...places].map(([, line]) => linesOf(path)[Number(line) - 1]!.trim());
}

/** The first frame. */
const top = (stack: string) => stack.split("\n").find((line) => line.startsWith("    at "))!;

describe.each([
  ["runs that share a realm", {}],
  ["runs with realms of their own", { reuseRealm: false }],
])("%s", (_, options) => {
  test("read the places of their sources", async () => {
    const thread = await TestThread.open("stacks.ts", options);
    const {
      commonjs: packaged,
      "of-the-sdk": sdk,
      ...stacks
    } = (await thread.result("read")) as Record<string, string>;
    expect(Object.keys(stacks)).toHaveLength(10);
    for (const [name, stack] of Object.entries(stacks))
      expect([name, lines(stack)[0]]).toEqual([name, expect.stringMatching(new RegExp(`// ${name}$`))]);
    for (const [name, stack] of Object.entries(stacks))
      if (name !== "sorted") expect([name, top(stack)]).toEqual([name, expect.stringContaining(file)]);
    expect(lines(packaged!, commonjs)[0]).toEndWith("// commonjs");
    expect(lines(sdk!)[0]).toEndWith("// of-the-sdk");
    // Not by what the code was called.
    for (const stack of [...Object.values(stacks), packaged!, sdk!]) expect(stack.split("\n").at(-1)).toContain(file);
  });
});

test("the column is that of the expression", async () => {
  const thread = await TestThread.open("stacks.ts");
  const { made } = (await thread.result("read")) as Record<string, string>;
  const [, line, column] = /stacks\.ts:(\d+):(\d+)/.exec(made!)!;
  expect(linesOf(file)[Number(line) - 1]!.slice(Number(column) - 1)).toStartWith("new Error");
});

test("what begins a stack is the name and the message", async () => {
  const thread = await TestThread.open("stacks.ts");
  const stacks = (await thread.result("read")) as Record<string, string>;
  const heads = Object.fromEntries(Object.entries(stacks).map(([name, stack]) => [name, stack.split("\n")[0]]));
  expect(heads).toMatchObject({
    made: "Error: a",
    captured: "Error: a",
    "with-name": "WithName: a",
    target: "Error",
    above: "Error: a",
    later: "Error: later",
    "of-the-sdk": "ApplicationFailure: a",
  });
});

test("a failure has the stack that the code has read", async () => {
  const thread = await TestThread.open("stacks.ts");
  const { commands } = await thread.run("readAndFail").start();
  const { message, stackTrace } = commands[0]!.failWorkflowExecution!.failure!;
  expect(lines(message!)).toHaveLength(1);
  expect(stackTrace).toBe(message!);
});

test("queries and log records too", async () => {
  const thread = await TestThread.open("stacks.ts");
  const run = thread.run("readInQuery");
  await run.start();
  const { commands } = await run.query("stack");
  const answer = commands[0]!.respondToQuery!.succeeded!.response!;
  expect(lines(JSON.parse(Buffer.from(answer.data!).toString()))[0]).toEndWith("// query");
  const { logs } = await thread.run("logs").start();
  const { stack } = logs!.find(({ message }) => message === "trouble")!.attributes as { stack: string };
  expect(lines(stack)[0]).toEndWith("// logs");
});

test("the stack trace query names the lines where a Workflow waits", async () => {
  const thread = await TestThread.open("stacks.ts");
  const run = thread.run("waits");
  await run.start();
  const { commands } = await run.query("__stack_trace");
  const text = JSON.parse(Buffer.from(commands[0]!.respondToQuery!.succeeded!.response!.data!).toString()) as string;
  const waiting = text.split("\n\n").map((stack) => lines(stack)[0]);
  expect(waiting).toEqual([
    expect.stringMatching(/waits for a timer$/),
    expect.stringMatching(/waits for a condition$/),
  ]);
});

test("places in text that the code evaluates are not taken for places in the bundle", async () => {
  const thread = await TestThread.open("stacks.ts");
  expect(top(await thread.result("evaluates"))).toMatch(/file:\/\/\S*workflow-bundle\.js:101:\d+\)$/);
});

test("without a source map they name lines of the bundle", async () => {
  const code = `exports.read = async () => {\n  return new Error("a").stack;\n};`;
  const thread = await TestThread.withCode(code);
  expect(top(await thread.result("read"))).toContain("workflow-bundle.js:2:");
});

test("a function of the run's own makes what it likes, of captured ones too", async () => {
  const thread = await TestThread.open("stacks.ts");
  const [made, target, places, before, again] = await thread.result("prepares");
  expect([made, target, places, before]).toEqual(["mine", "mine", ["makesOne", "capturesOne"], "function"]);
  expect(lines(again)[0]).toEndWith("// prepares");
});

test("a captured stack is a property like any other", async () => {
  const thread = await TestThread.open("stacks.ts");
  expect(await thread.result("assigns")).toEqual(["assigned", [], true, "Error: b"]);
});
