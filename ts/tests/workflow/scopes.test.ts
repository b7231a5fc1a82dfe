import { beforeAll, describe, expect, test } from "bun:test";
import { activityCancelled, activityCompleted, resultOf, TestThread } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("features.ts");
});

describe("cancelling a workflow", () => {
  test("reaches activities, lets clean-up run in a shielded scope, and ends the run as cancelled", async () => {
    const run = thread.run("cleansUp");
    await run.start();
    expect((await run.activate({ cancelWorkflow: {} })).kinds).toEqual(["requestCancelActivity"]);
    const cleaning = await run.activate(activityCancelled(1));
    expect(cleaning.commands[0]?.scheduleActivity?.activityType).toBe("clean");
    expect((await run.activate(activityCompleted(2))).kinds).toEqual(["cancelWorkflowExecution"]);
  });

  test("before the first task still starts the workflow", async () => {
    const { kinds } = await thread.run("cleansUp").start([{ cancelWorkflow: {} }]);
    expect(kinds).toEqual(["scheduleActivity"]);
  });

  test("rejects conditions", async () => {
    const run = thread.run("waitsForever");
    await run.start();
    expect((await run.activate({ cancelWorkflow: {} })).kinds).toEqual(["cancelWorkflowExecution"]);
  });
});

describe("scopes", () => {
  test("pass cancellation down, but not into shielded scopes and not up", async () => {
    const run = thread.run("nestedScopes");
    const { kinds, commands } = await run.start();
    expect(kinds).toEqual(["startTimer", "startTimer", "startTimer", "startTimer", "cancelTimer"]);
    expect(commands[4]?.cancelTimer?.seq).toBe(2);
    const fired = [1, 3, 4].map((seq) => ({ fireTimer: { seq } }));
    const result = resultOf(await run.activate(...fired));
    expect(result.log).toEqual(["requested true", "1 CancelledFailure", "0 fired", "2 fired", "3 fired"]);
    expect(result.considered).toEqual([false, true, false]);
  });

  test("that are cancelled already fail what is started in them, without commands", async () => {
    const outcome = await thread.run("cancelledScope").start();
    expect(outcome.kinds).toEqual(["completeWorkflowExecution"]);
    const message = "Cancellation scope cancelled";
    expect(resultOf(outcome)).toEqual([message, message, message, message, message, "done"]);
  });

  test("with a timeout cancel themselves", async () => {
    const run = thread.run("withTimeout");
    const { commands } = await run.start();
    expect(commands.map(({ startTimer }) => startTimer?.startToFireTimeout?.seconds?.toNumber())).toEqual([
      1,
      undefined,
    ]);
    expect((await run.activate({ fireTimer: { seq: 1 } })).kinds).toEqual(["requestCancelActivity"]);
    expect(resultOf(await run.activate(activityCancelled(1)))).toBe("too late");
  });

  test("with a timeout cancel the timer when they are done in time", async () => {
    const run = thread.run("withTimeout");
    await run.start();
    const done = await run.activate(activityCompleted(1));
    expect(done.kinds).toEqual(["cancelTimer", "completeWorkflowExecution"]);
    expect(done.completion.successful?.usedInternalFlags).toEqual([1]);
  });

  test("left the timer alone in histories from before the flag", async () => {
    const run = thread.run("withTimeout");
    run.replaying = true;
    await run.start();
    const done = await run.activate(activityCompleted(1));
    expect(done.kinds).toEqual(["completeWorkflowExecution"]);
    expect(done.completion.successful?.usedInternalFlags).toBeUndefined();
  });
});
