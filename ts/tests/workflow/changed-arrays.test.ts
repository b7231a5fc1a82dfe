/**
 * Runs that break arrays and promises for themselves. The library works on in their turn: it gives the commands that
 * it would give otherwise, or the Workflow Task fails, but nothing is lost without a word.
 */
import { expect, test } from "bun:test";
import { activityCompleted, type Job, type Outcome, signal, TestThread, update } from "./support";

const functions = Object.getOwnPropertyNames(Array.prototype).filter(
  (name) => name !== "constructor" && typeof Array.prototype[name as keyof unknown[]] === "function",
);
const broken = ["() => undefined", "() => []", "() => 'text'", "() => { throw new Error('broken'); }"];
const acts = [
  "",
  ...functions.flatMap((name) => broken.map((fn) => `Array.prototype.${name} = ${fn}`)),
  "Object.getPrototypeOf([].values()).next = () => ({ done: true })",
  "Array.prototype[Symbol.iterator] = function* () {}",
  "Array.prototype.constructor = null",
  // Not then(): the engine itself calls it, where a promise is resolved with another one.
  ...["catch", "finally"].map((name) => `Promise.prototype.${name} = () => undefined`),
  ...["0", "1"].map(
    (index) => `Object.defineProperty(Array.prototype, '${index}', { set() {}, get: () => 'x', configurable: true })`,
  ),
];

const code = `
  const { CancellationScope, condition, defineQuery, defineSignal, defineUpdate, executeChild, log, patched, proxyActivities,
    proxySinks, setHandler, sleep, Trigger, upsertMemo } = require("temporal-bun-sdk/workflow");
  const { act } = proxyActivities({ startToCloseTimeout: 1000 });
  const acts = [${acts.map((act) => `() => { ${act} }`)}];
  exports.broken = async (number) => {
    let told;
    let state = 0;
    acts[number]();
    setHandler(defineSignal("tell"), (text) => { told ??= text; });
    setHandler(defineQuery("ask"), (text) => "asked " + text);
    const validator = (value) => { if (value === 9) throw new Error("refused"); };
    setHandler(defineUpdate("change"), async (value) => { await sleep(3); state = value; return "changed"; }, { validator });
    log.info("x", { a: [1, 2] });
    proxySinks().a.b(1, [2]);
    const acted = act(1, "two");
    const scope = new CancellationScope();
    const cancelled = (async () => {
      try { await scope.run(() => sleep(4000)); } catch (error) { return error.name; }
    })();
    await sleep(1000);
    scope.cancel();
    const trigger = new Trigger();
    setTimeout((a, b) => trigger.resolve(a + b), 7, 1, 2);
    const first = [await cancelled, await acted].length + (await acted);
    const inTime = await condition(() => state === 5, 1000);
    await condition(() => told !== undefined);
    const sum = await trigger;
    upsertMemo({ a: 1 });
    executeChild("kid", { args: [1, 2], workflowId: "kid" });
    const isPatched = patched("p");
    await condition(() => state === 6);
    return first + inTime + told + sum + isPatched;
  };`;

const asked: Job = { queryWorkflow: { queryId: "q", queryType: "ask" } };
const activations: Job[][] = [
  [{ fireTimer: { seq: 2 } }],
  [asked],
  [activityCompleted(1, "done")],
  [update("change", "u1", 5), update("unknown", "u2")],
  [{ fireTimer: { seq: 3 } }],
  [{ fireTimer: { seq: 5 } }],
  [signal("tell", "told"), signal("other")],
  [update("change", "u3", 9), update("change", "u4", 6)],
  [asked],
  [{ fireTimer: { seq: 6 } }],
];

/** What comes of the activations, until a Workflow Task fails. */
async function courseOf(thread: TestThread, act: number): Promise<string[]> {
  const run = thread.run("broken", act);
  const course: string[] = [];
  const note = ({ commands, failure }: Outcome) => {
    const withoutStack = (key: string, value: unknown) => (key === "stackTrace" ? undefined : value);
    course.push(failure === undefined ? JSON.stringify(commands, withoutStack) : "failed");
    return failure === undefined;
  };
  if (note(await run.start())) {
    for (const jobs of activations) if (!note(await run.activate(...jobs))) break;
  }
  await run.evict();
  return course;
}

test("what a run makes of arrays and promises loses no command, and harms no other run", async () => {
  const thread = await TestThread.withCode(code);
  const right = await courseOf(thread, 0);
  expect(right.at(-1)).toContain("completeWorkflowExecution");
  const wrong: object[] = [];
  const failing: string[] = [];
  for (const [number, act] of acts.entries()) {
    const course = await courseOf(thread, number);
    const failed = course.indexOf("failed");
    const expected = failed < 0 ? right : [...right.slice(0, failed), "failed"];
    if (!Bun.deepEquals(course, expected)) wrong.push({ act, course });
    if (failed >= 0) failing.push(act);
  }
  expect(wrong).toEqual([]);
  // What the library encodes by works whatever was broken; these belong to what it does in the run's turn.
  const mayFail = /\.(?:join|slice|some|filter|constructor) =|'[01]'/;
  expect(failing.filter((act) => !mayFail.test(act))).toEqual([]);
  expect(await courseOf(thread, 0)).toEqual(right);
}, 60_000);
