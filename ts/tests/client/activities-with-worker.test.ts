import { expect, test } from "bun:test";
import { CompleteAsyncError, Context } from "../../src/activity";
import { ActivityExecutionFailedError, ApplicationFailure, CancelledFailure } from "../../src/client";
import * as shared from "../worker/fixtures/activities";
import { withWorker } from "../worker/support";

/** Activities that tell the test their context once they run. */
function telling() {
  const running = Promise.withResolvers<Context>();
  const activities = {
    ...shared,
    async later(): Promise<never> {
      running.resolve(Context.current());
      throw new CompleteAsyncError();
    },
    async untilCancelled(): Promise<void> {
      const context = Context.current();
      running.resolve(context);
      const timer = setInterval(() => context.heartbeat(), 50);
      try {
        await context.cancelled;
      } finally {
        clearInterval(timer);
      }
    },
  };
  return { activities, running: running.promise };
}

const options = (taskQueue: string) => ({
  id: crypto.randomUUID(),
  taskQueue,
  startToCloseTimeout: "1 minute" as const,
  retry: { maximumAttempts: 1 },
});

test("standalone activities run on a Worker: results, failures, what they know of themselves", () =>
  withWorker(async ({ client: { activity }, taskQueue }) => {
    const typed = activity.typed<typeof shared>();
    const said: string = await typed.execute("greet", { ...options(taskQueue), args: ["you"] });
    expect(said).toBe("Hello, you!");
    const handle = await typed.start("info", options(taskQueue));
    expect(await handle.result()).toMatchObject({
      activityId: handle.activityId,
      activityRunId: handle.runId,
      activityType: "info",
      inWorkflow: false,
      isLocal: false,
      attempt: 1,
    });
    expect(await typed.execute("failUntil", { ...options(taskQueue), args: [3], retry: { initialInterval: 1 } })).toBe(
      3,
    );
    const error = await typed
      .execute("fail", { ...options(taskQueue), args: ["broken", true] })
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(ActivityExecutionFailedError);
    expect(error.cause).toBeInstanceOf(ApplicationFailure);
    expect(error.cause).toMatchObject({
      message: "broken",
      type: "Custom",
      details: ["detail", 1],
      cause: { message: "the cause" },
    });
  }));

test("standalone activities are cancelled through their heartbeats", () => {
  const { activities, running } = telling();
  return withWorker(
    async ({ client: { activity }, taskQueue }) => {
      const handle = await activity.start("untilCancelled", { ...options(taskQueue), heartbeatTimeout: "5s" });
      const result = handle.result().catch((error) => error);
      await running;
      await handle.cancel("enough");
      expect((await result).cause).toBeInstanceOf(CancelledFailure);
    },
    { activities },
  );
});

test("an activity that is completed later: from outside, by its ids or its token", async () => {
  for (const by of ["ids", "token"] as const) {
    const { activities, running } = telling();
    await withWorker(
      async ({ client: { activity }, start }) => {
        const handle = await start("callActivity", ["later"]);
        const { info } = await running;
        const ids = { workflowId: handle.workflowId, activityId: info.activityId };
        const target = (by === "ids" ? ids : info.taskToken) as Uint8Array;
        await activity.heartbeat(target, "alive");
        await activity.complete(target, "from outside");
        expect(await handle.result()).toBe("from outside");
      },
      { activities },
    );
  }
});
