import { beforeAll, describe, expect, test } from "bun:test";
import { type Outcome, resultOf, signal, TestThread, update } from "./support";

const limit = 100;
const message =
  `[TMPRL1101] Potential deadlock detected: the workflow didn't yield within ${limit} ms. ` +
  "Workflow code must not loop without awaiting or compute for long; move such work to an Activity";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("deadlock.ts");
});

/** Why the task of an activation that loops failed. Activations that don't loop are made without the limit. */
async function interruption(activate: () => Promise<Outcome>, on = thread): Promise<string | null | undefined> {
  return (await on.limited(limit, activate)).failure?.message;
}

describe("a workflow that loops forever", () => {
  test.each(["synchronously", "in microtasks", "while catching", "in a scope"])(
    "%s is interrupted and fails its task",
    async (how) => {
      const before = thread.run("fine");
      await before.start();
      const looping = thread.run("loops", how);
      expect(await interruption(() => looping.start())).toBe(message);
      // The thread goes on, with runs from before and with new ones, and nothing of the interrupted run sticks to them.
      expect(resultOf(await before.activate({ fireTimer: { seq: 1 } }))).toEqual([true, true]);
      const after = thread.run("fine");
      await after.start();
      expect(resultOf(await after.activate({ fireTimer: { seq: 1 } }))).toEqual([true, true]);
      expect((await looping.evict()).completion.successful).toBeDefined();
    },
  );

  test("leaves no asynchronous context to what the thread does next", async () => {
    const looping = thread.run("loopsInUpdate");
    await looping.start();
    const after = thread.run("whereami");
    // Sent at once, so that the thread goes on without a new turn of its event loop.
    const [interrupted, outcome] = await Promise.all([
      interruption(() => looping.activate(update("loop", "u1"))),
      after.start(),
    ]);
    expect(interrupted).toBe(message);
    expect(resultOf(outcome)).toEqual({ cancellable: true });
  });

  test("in a handler is forgotten, so that the next try starts from its beginning", async () => {
    const run = thread.run("loopsLater");
    await run.start();
    expect(await interruption(() => run.activate(signal("go")))).toBe(message);
    expect((await run.activate({ fireTimer: { seq: 1 } })).failure?.message).toContain("isn't in memory");
    expect((await run.start()).kinds).toEqual(["startTimer"]);
  });

  test("while the bundle is evaluated is interrupted too", async () => {
    const broken = await TestThread.withCode("for (;;);");
    expect(await interruption(() => broken.run("any").start(), broken)).toBe(message);
    expect(await interruption(() => broken.run("any").start(), broken)).toBe(message);
  });

  test("is not entered again, whose failure converter may loop or take too long as well", async () => {
    const broken = await TestThread.withCode(`
      exports.__temporalFailureConverter = { errorToFailure() { for (;;); } };
      exports.any = async () => { for (;;); };
    `);
    expect(await interruption(() => broken.run("any").start(), broken)).toBe(message);
  });
});
