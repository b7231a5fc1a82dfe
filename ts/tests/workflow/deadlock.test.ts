import { beforeAll, describe, expect, test } from "bun:test";
import { resultOf, signal, type TestRun, TestThread, update } from "./support";

const limit = 100;
const message =
  `[TMPRL1101] Potential deadlock detected: the workflow didn't yield within ${limit} ms. ` +
  "Workflow code must not loop without awaiting or compute for long; move such work to an Activity";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("deadlock.ts");
});

/** A run of code that loops; runs of other code don't have the limit. */
function limited(run: TestRun): TestRun {
  run.deadlockTimeoutMs = limit;
  return run;
}

describe("a workflow that loops forever", () => {
  test.each(["synchronously", "in microtasks", "while catching", "in a scope"])(
    "%s is interrupted and fails its task",
    async (how) => {
      const before = thread.run("fine");
      await before.start();
      const looping = limited(thread.run("loops", how));
      expect((await looping.start()).failure?.message).toBe(message);
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
    const [interrupted, outcome] = await Promise.all([limited(looping).activate(update("loop", "u1")), after.start()]);
    expect(interrupted.failure?.message).toBe(message);
    expect(resultOf(outcome)).toEqual({ cancellable: true });
  });

  test("in a handler is forgotten, so that the next try starts from its beginning", async () => {
    const run = thread.run("loopsLater");
    await run.start();
    expect((await limited(run).activate(signal("go"))).failure?.message).toBe(message);
    run.deadlockTimeoutMs = undefined;
    expect((await run.activate({ fireTimer: { seq: 1 } })).failure?.message).toContain("isn't in memory");
    expect((await run.start()).kinds).toEqual(["startTimer"]);
  });

  test("while the bundle is evaluated is interrupted too", async () => {
    const broken = await TestThread.withCode("for (;;);");
    expect((await limited(broken.run("any")).start()).failure?.message).toBe(message);
    expect((await limited(broken.run("any")).start()).failure?.message).toBe(message);
  });

  test("is not entered again: its failure converter may take too long as well", async () => {
    const broken = await TestThread.withCode(`
      exports.__temporalFailureConverter = { errorToFailure() { for (;;); } };
      exports.any = async () => { for (;;); };
    `);
    expect((await limited(broken.run("any")).start()).failure?.message).toBe(message);
  });

  test("while a cause is converted has the room for texts that another error would have", async () => {
    const broken = await TestThread.withCode(`
      const { ApplicationFailure, DefaultFailureConverter } = require("temporal-bun-sdk/common");
      exports.__temporalFailureConverter = new (class extends DefaultFailureConverter {
        errorToFailure(error, payloadConverter) {
          if (error.message === "loop") for (;;);
          return super.errorToFailure(error, payloadConverter);
        }
      })();
      exports.any = async () => {
        const large = (cause) => ApplicationFailure.create({ message: "x".repeat(600_000), cause });
        throw large(large(new Error("loop")));
      };
    `);
    expect((await limited(broken.run("any")).start()).failure?.message).toBe(message);
  });
});
