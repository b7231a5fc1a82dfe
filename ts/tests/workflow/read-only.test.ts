import { beforeAll, describe, expect, test } from "bun:test";
import { type Outcome, resultOf, type TestRun, TestThread, update, value } from "./support";

/** What a query's handler, its interceptor or a validator does, and what it is refused with. */
const acts: Record<string, [code: string, refusal: string]> = {
  "a timer": ["w.sleep(1)", "sleep(...) can't be used"],
  setTimeout: ["setTimeout(() => undefined, 1)", "setTimeout(...) can't be used"],
  "an activity": ["w.proxyActivities({ startToCloseTimeout: 1000 }).act()", "Activity 'act' can't be used"],
  "a local activity": [
    "w.proxyLocalActivities({ startToCloseTimeout: 1000 }).act()",
    "Local activity 'act' can't be used",
  ],
  "a child": ["w.startChild('child')", "startChild(...) can't be used"],
  "a signal": ["w.getExternalWorkflowHandle('other').signal('poke')", "signal(...) can't be used"],
  "a cancellation of another": ["w.getExternalWorkflowHandle('other').cancel()", "cancel() can't be used"],
  "a memo": ["w.upsertMemo({ a: 1 })", "upsertMemo(...) can't be used"],
  "a condition": ["w.condition(() => false)", "condition(...) can't be used"],
  "the cancellation of a scope": ["scope.cancel()", "Cancellation of a scope can't be used"],
  "a handler": ["w.setHandler(w.defineSignal('late'), () => undefined)", "setHandler(...) can't be used"],
};

const code = `
const w = require("temporal-bun-sdk/workflow");
const acts = {
  ${Object.entries(acts)
    .map(([name, [text]]) => `${JSON.stringify(name)}: (scope) => ${text},`)
    .join("\n  ")}
};
let refused;
exports.asked = async function () {
  const scope = new w.CancellationScope();
  // Under bun test a rejected promise that nobody handles would end the thread.
  const act = (name) => { Promise.resolve(acts[name](scope)).catch((error) => { refused = error.message; }); };
  const actLater = (name) => queueMicrotask(() => act(name));
  w.setHandler(w.defineQuery("now"), (name) => act(name));
  w.setHandler(w.defineQuery("later"), (name) => actLater(name));
  w.setHandler(w.defineQuery("refused"), () => refused);
  w.setHandler(w.defineUpdate("checks"), () => "accepted", { validator: (name) => act(name) });
  await w.sleep(1);
  await w.sleep(2);
  return scope.consideredCancelled;
};`;

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.withCode(code);
});

/** Why a query failed, or what the Workflow was told when it looked. */
async function refusalOf(run: TestRun, { commands }: Outcome): Promise<string> {
  const failure = commands[0]?.respondToQuery?.failed?.message;
  if (failure !== undefined) return failure!;
  const { commands: answers } = await run.query("refused");
  return value(answers[0]?.respondToQuery?.succeeded?.response);
}

/** The run goes on as if nothing had been asked. */
async function goesOn(run: TestRun): Promise<void> {
  expect((await run.activate({ fireTimer: { seq: 1 } })).kinds).toEqual(["startTimer"]);
  expect(resultOf(await run.activate({ fireTimer: { seq: 2 } }))).toBe(false);
  await run.evict();
}

describe("what must not change the Workflow", () => {
  test.each(Object.entries(acts))("a query is refused %s, now and in a microtask", async (name, [, refusal]) => {
    for (const query of ["now", "later"]) {
      const run = thread.run("asked");
      expect((await run.start()).kinds).toEqual(["startTimer"]);
      const outcome = await run.query(query, name);
      expect(outcome.kinds).toEqual(["respondToQuery"]);
      expect(await refusalOf(run, outcome)).toContain(refusal);
      await goesOn(run);
    }
  });

  test.each(Object.entries(acts))("a validator is refused %s", async (name, [, refusal]) => {
    const run = thread.run("asked");
    await run.start();
    const { commands } = await run.activate(update("checks", "u", name));
    const rejected = commands[0]?.updateResponse?.rejected?.message;
    expect(commands.every(({ updateResponse }) => updateResponse !== undefined)).toBe(true);
    expect(rejected ?? (await refusalOf(run, await run.query("refused")))).toContain(refusal);
    await goesOn(run);
  });
});
