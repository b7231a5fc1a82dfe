import { beforeAll, describe, expect, test } from "bun:test";
import { resultOf, TestThread } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("isolation.ts");
});

/** Runs two runs of a Workflow side by side, each with one timer. */
async function sideBySide(workflow: string, on = thread): Promise<[any, any]> {
  const runs = [on.run(workflow, "first"), on.run(workflow, "second")] as const;
  for (const run of runs) await run.start();
  return [
    resultOf(await runs[0].activate({ fireTimer: { seq: 1 } })),
    resultOf(await runs[1].activate({ fireTimer: { seq: 1 } })),
  ];
}

describe("runs don't see each other's", () => {
  test("modules", async () => {
    expect(await sideBySide("moduleState")).toEqual([
      [1, ["first"]],
      [1, ["second"]],
    ]);
  });

  test("globals", async () => {
    const expected = (text: string) => ({
      before: ["undefined", "undefined", false],
      plain: [text, `polyfill ${text}`, text, text],
      after: "undefined",
      self: true,
    });
    expect(await sideBySide("globals")).toEqual([expected("first"), expected("second")]);
  });

  test("globals that the thread would see", async () => {
    const before = await thread.evaluate(
      "Object.getOwnPropertyNames(globalThis).filter((name) => globalThis[name] !== undefined).sort().join()",
    );
    await sideBySide("globals");
    const after = await thread.evaluate(
      "Object.getOwnPropertyNames(globalThis).filter((name) => globalThis[name] !== undefined).sort().join()",
    );
    expect(after).toBe(before);
    expect(await thread.evaluate("typeof process + typeof crypto.randomUUID + typeof fetch")).toBe(
      "objectfunctionfunction",
    );
  });

  test("globals of code that isn't strict", async () => {
    // An octal number of the old form keeps the bundle out of strict mode.
    const sloppy = await TestThread.withCode(`
      exports.sloppy = async function (text) {
        var before = typeof undeclared === "undefined" ? "none" : undeclared;
        undeclared = text;
        await require("temporal-bun-sdk/workflow").sleep(1);
        return [before, undeclared, 010];
      };
    `);
    const before = await sloppy.evaluate("Object.getOwnPropertyNames(globalThis).length");
    expect(await sideBySide("sloppy", sloppy)).toEqual([
      ["none", "first", 8],
      ["none", "second", 8],
    ]);
    expect(await sloppy.evaluate("globalThis.undeclared")).toBeUndefined();
    expect(await sloppy.evaluate("Object.getOwnPropertyNames(globalThis).length")).toBeLessThanOrEqual(before + 2);
  });

  test("code, which is strict as modules are", async () => {
    const strict = await TestThread.withCode("exports.strict = async function () { undeclared = 1; };");
    expect((await strict.run("strict").start()).failure?.message).toContain("undeclared");
  });

  test("changes to what is shared, while classes that extend it can have their own", async () => {
    expect(await thread.result("intrinsics")).toEqual({ errors: [], own: ["own", "own"], plain: [1] });
  });
});

describe("what isn't deterministic", () => {
  test.each([
    ["fetch", "fetch can't be used in Workflow code: make requests in an Activity"],
    ["globalThis.fetch", "fetch can't be used in Workflow code: make requests in an Activity"],
    ["WebSocket", "WebSocket can't be used in Workflow code: open connections in an Activity"],
    ["Worker", "Worker can't be used in Workflow code: Workflow code runs on one thread; do heavy work in an Activity"],
    ["setInterval", "setInterval can't be used in Workflow code: use sleep() in a loop"],
    [
      "WeakRef",
      "WeakRef can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
    ],
    [
      "FinalizationRegistry",
      "FinalizationRegistry can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
    ],
    [
      "process",
      "'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
    ],
    ["Bun", "'Bun' isn't available in Workflow code: do it in an Activity"],
    ["crypto.randomUUID", "'crypto' isn't available in Workflow code: use uuid4() or Math.random()"],
    ["performance", "'performance' isn't available in Workflow code: take times with Date"],
    ["setImmediate", "'setImmediate' isn't available in Workflow code: use setTimeout(callback) or sleep()"],
    ["AbortSignal.timeout", "timeout(...) can't be used in Workflow code: use CancellationScope.withTimeout(...)"],
    [
      "require",
      'require("fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
    ],
  ])("fails the task, saying what to do instead: %s", async (name, message) => {
    const run = thread.run("forbidden", name);
    const { failure } = await run.start();
    expect(failure?.message).toContain(message);
    await run.evict();
  });

  test("isn't found by code that looks for it", async () => {
    const { detected, plain } = await thread.result("features");
    expect(detected).toEqual({
      process: "undefined",
      Bun: "undefined",
      crypto: "undefined",
      performance: "undefined",
      setImmediate: "undefined",
      window: "undefined",
      fetch: "function",
      setTimeout: "function",
      URL: "function",
      AbortController: "function",
      TextEncoder: "function",
      structuredClone: "function",
    });
    expect(plain).toEqual(["undefined", "undefined", "undefined", "undefined", "undefined"]);
  });
});

test("assert, url, TextEncoder and AsyncLocalStorage work", async () => {
  const run = thread.run("allowed");
  await run.start();
  expect(resultOf(await run.activate({ fireTimer: { seq: 1 } }))).toEqual(["value", null, "/a", "ü", "one is not two"]);
});

test("an error of import() is of the realm that asked, where each run has its own", async () => {
  const code = `exports.asks = async () => {
    try { await (0, eval)("import('node:fs')"); } catch (error) { return [error instanceof Error, error.name]; }
  };`;
  const own = await TestThread.withCode(code, { reuseRealm: false });
  const runs = [own.run("asks"), own.run("asks")];
  for (const run of runs) expect(resultOf(await run.start())).toEqual([true, "DeterminismViolationError"]);
});
