import { beforeAll, describe, expect, test } from "bun:test";
import Long from "long";
import { activityCompleted, activityFailed, payload, resultOf, TestThread, value } from "./support";

let thread: TestThread;
beforeAll(async () => {
  thread = await TestThread.open("features.ts", { activityNames: ["work"] });
});

describe("activities", () => {
  test("are scheduled with arguments and options, and give their result", async () => {
    const run = thread.run("oneActivity", "Ada");
    const { commands } = await run.start();
    expect(commands).toHaveLength(1);
    const { arguments: args, startToCloseTimeout, retryPolicy, ...rest } = commands[0]!.scheduleActivity!;
    expect(args?.map(value)).toEqual(["Ada", 2]);
    expect(startToCloseTimeout?.seconds?.toNumber()).toBe(60);
    expect(retryPolicy).toMatchObject({ maximumAttempts: 3, initialInterval: { seconds: Long.fromNumber(2) } });
    expect(rest).toMatchObject({
      seq: 1,
      activityId: "1",
      activityType: "work",
      taskQueue: "test-queue",
      cancellationType: 1,
    });
    expect(rest.doNotEagerlyExecute).toBeUndefined();
    expect(resultOf(await run.activate(activityCompleted(1, "hello")))).toBe("result: hello");
  });

  test("take other options for one call", async () => {
    const { commands } = await thread.run("activityOptions").start();
    const { scheduleActivity, userMetadata } = commands[0]!;
    expect(scheduleActivity).toMatchObject({ activityId: "mine", taskQueue: "elsewhere", doNotEagerlyExecute: true });
    expect(scheduleActivity?.retryPolicy).toMatchObject({
      maximumAttempts: 5,
      initialInterval: { seconds: Long.fromNumber(2) },
    });
    expect(value(userMetadata?.summary)).toBe("what it does");
  });

  test("fail with an ActivityFailure and its cause", async () => {
    const run = thread.run("failingActivity");
    await run.start();
    expect(resultOf(await run.activate(activityFailed(1, "boom")))).toEqual([
      "ActivityFailure",
      "ApplicationFailure",
      "boom",
    ]);
  });

  test("need a timeout", async () => {
    const { failure } = await thread.run("badOptions").start();
    expect(failure?.message).toBe("Required either scheduleToCloseTimeout or startToCloseTimeout");
  });
});

describe("local activities", () => {
  test("are retried after a timer when Core asks for it", async () => {
    const run = thread.run("localActivity");
    const started = await run.start();
    expect(started.commands[0]?.scheduleLocalActivity).toMatchObject({
      seq: 1,
      attempt: 1,
      activityType: "work",
      localRetryThreshold: { seconds: Long.fromNumber(1) },
    });
    const originalScheduleTime = { seconds: Long.fromNumber(5) };
    const backoff = { attempt: 4, backoffDuration: { seconds: Long.fromNumber(90), nanos: 0 }, originalScheduleTime };
    const waiting = await run.activate({ resolveActivity: { seq: 1, result: { backoff }, isLocal: true } });
    expect(waiting.commands[0]?.startTimer?.startToFireTimeout?.seconds?.toNumber()).toBe(90);
    const again = await run.activate({ fireTimer: { seq: 1 } });
    expect(again.commands[0]?.scheduleLocalActivity).toMatchObject({ seq: 2, attempt: 4, originalScheduleTime });
    expect(
      resultOf(await run.activate({ resolveActivity: { seq: 2, result: { completed: { result: payload(7) } } } })),
    ).toBe(7);
  });

  test("must be registered, except in replays", async () => {
    const strict = await TestThread.open("features.ts");
    const { failure } = await strict.run("localActivity").start();
    expect(failure).toMatchObject({
      message: "Local activity of type 'work' not registered on worker",
      cause: { message: "Registered activities: none" },
    });
    const replayed = strict.run("localActivity");
    replayed.replaying = true;
    expect((await replayed.start()).kinds).toEqual(["scheduleLocalActivity"]);
  });
});

test("a result for an activity that was never scheduled fails the task", async () => {
  const run = thread.run("oneActivity", "x");
  await run.start();
  expect((await run.activate(activityCompleted(9, 1))).failure?.message).toBe(
    "No completion for activity with sequence number 9",
  );
});
