import { describe, expect, test } from "bun:test";
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type FullActivityId,
  NamespaceNotFoundError,
} from "../../src/client";
import { ApplicationFailure, type PayloadCodec } from "../../src/common";
import { msToTs } from "../../src/common/time";
import { CommandType } from "../../src/proto/temporal/api/enums/v1/command_type";
import { eventually } from "../support/eventually";
import { answerTask, client, connection, namespace, unique } from "./support";

/** A workflow whose activity a worker has taken, and which a client completes. */
async function workflowActivity(retry = false) {
  const { workflow, activity } = await client();
  const taskQueue = unique("queue");
  const workflowId = unique("workflow");
  const handle = await workflow.start("order", { taskQueue, workflowId });
  await answerTask(taskQueue, [
    {
      commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
      scheduleActivityTaskCommandAttributes: {
        activityId: "activity",
        activityType: { name: "ship" },
        taskQueue: { name: taskQueue },
        startToCloseTimeout: msToTs("1 minute"),
        retryPolicy: retry ? undefined : { maximumAttempts: 1 },
      },
    },
  ]);
  const { workflowService } = await connection();
  const { taskToken } = await workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  const events = async () => (await handle.fetchHistory()).events!;
  return {
    activity,
    handle,
    taskToken: taskToken!,
    id: { workflowId, activityId: "activity" } satisfies FullActivityId,
    events,
  };
}

/** A standalone activity that a worker has taken. */
async function standaloneActivity() {
  const { activity } = await client();
  const taskQueue = unique("queue");
  const handle = await activity.start("ship", {
    id: unique("activity"),
    taskQueue,
    startToCloseTimeout: "1 minute",
    heartbeatTimeout: "1 minute",
    retry: { maximumAttempts: 1 },
  });
  const { workflowService } = await connection();
  const { taskToken } = await workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  return { activity, handle, taskToken: taskToken!, id: { activityId: handle.activityId } satisfies FullActivityId };
}

const rejected = (promise: Promise<unknown>) =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error) => error,
  );

for (const by of ["taskToken", "id"] as const) {
  describe(`activities of workflows, by ${by}`, () => {
    test("complete", async () => {
      const it = await workflowActivity();
      await it.activity.complete(it[by] as Uint8Array, { shipped: true });
      const completed = (await it.events()).find((event) => event.activityTaskCompletedEventAttributes)!;
      expect(
        completed.activityTaskCompletedEventAttributes!.result!.payloads!.map((payload) =>
          new TextDecoder().decode(payload.data),
        ),
      ).toEqual(['{"shipped":true}']);
      await it.handle.terminate();
    });

    test("fail", async () => {
      const it = await workflowActivity();
      await it.activity.fail(it[by] as Uint8Array, new TypeError("broken"));
      const failed = (await it.events()).find((event) => event.activityTaskFailedEventAttributes)!;
      expect(failed.activityTaskFailedEventAttributes!.failure).toMatchObject({
        message: "broken",
        applicationFailureInfo: { type: "TypeError" },
      });
      await it.handle.terminate();
    });

    test("what is too large to send is refused with the reason, and an error's message is shortened", async () => {
      const it = await workflowActivity();
      const large = "x".repeat(6_000_000);
      const refusals = await Promise.all([
        rejected(it.activity.complete(it[by] as Uint8Array, large)),
        rejected(it.activity.heartbeat(it[by] as Uint8Array, large)),
        rejected(it.activity.fail(it[by] as Uint8Array, ApplicationFailure.retryable("m", "T", large))),
      ]);
      for (const refusal of refusals) {
        expect(refusal).toBeInstanceOf(ActivityCompletionError);
        expect(refusal.message).toContain("larger than max");
      }
      await it.activity.fail(it[by] as Uint8Array, new TypeError(large));
      const failed = (await it.events()).find((event) => event.activityTaskFailedEventAttributes)!;
      const { failure } = failed.activityTaskFailedEventAttributes!;
      expect(failure!.message).toContain("too long to be sent: 6000000 characters");
      await it.handle.terminate();
    });

    test("heartbeats with details, until the activity is paused or reset", async () => {
      const it = await workflowActivity(true);
      await it.activity.heartbeat(it[by] as Uint8Array, { done: 3 });
      const { raw } = await it.handle.describe();
      expect(new TextDecoder().decode(raw.pendingActivities![0]!.heartbeatDetails!.payloads![0]!.data)).toBe(
        '{"done":3}',
      );
      const { workflowService } = await connection();
      const execution = { workflowId: it.id.workflowId };
      await workflowService.pauseActivity({ namespace, execution, id: "activity" });
      expect(await rejected(it.activity.heartbeat(it[by] as Uint8Array))).toBeInstanceOf(ActivityPausedError);
      await workflowService.unpauseActivity({ namespace, execution, id: "activity" });
      await workflowService.resetActivity({ namespace, execution, id: "activity" });
      expect(await rejected(it.activity.heartbeat(it[by] as Uint8Array))).toBeInstanceOf(ActivityResetError);
      await it.handle.terminate();
    });

    test("after cancellation was requested: heartbeats say so, and it can be reported", async () => {
      const it = await workflowActivity();
      await it.handle.signal("wake");
      const [scheduled] = (await it.events()).filter((event) => event.activityTaskScheduledEventAttributes);
      const { taskQueue } = (await it.handle.describe()).raw.workflowExecutionInfo as { taskQueue?: string };
      await answerTask(taskQueue!, [
        {
          commandType: CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
          requestCancelActivityTaskCommandAttributes: { scheduledEventId: scheduled!.eventId },
        },
      ]);
      expect(await rejected(it.activity.heartbeat(it[by] as Uint8Array))).toBeInstanceOf(ActivityCancelledError);
      await it.activity.reportCancellation(it[by] as Uint8Array, "tidied up");
      const cancelled = (await it.events()).find((event) => event.activityTaskCanceledEventAttributes)!;
      expect(new TextDecoder().decode(cancelled.activityTaskCanceledEventAttributes!.details!.payloads![0]!.data)).toBe(
        '"tidied up"',
      );
      await it.handle.terminate();
    });
  });

  test(`standalone activities, by ${by}`, async () => {
    const it = await standaloneActivity();
    const target = it[by] as Uint8Array;
    await it.activity.heartbeat(target, 1);
    const description = await it.handle.describe({ includeHeartbeatDetails: true });
    expect([
      description.hasHeartbeatDetails,
      await description.getHeartbeatDetails(),
      description.totalHeartbeatCount,
    ]).toEqual([true, 1, 1]);
    await it.handle.pause();
    expect(await rejected(it.activity.heartbeat(target))).toBeInstanceOf(ActivityPausedError);
    await it.handle.unpause();
    await it.handle.cancel("enough");
    expect(await rejected(it.activity.heartbeat(target))).toBeInstanceOf(ActivityCancelledError);
    await it.activity.complete(target, "all the same");
    expect(await it.handle.result()).toBe("all the same");
    // The server finds a closed activity by its id, but a token of its is void.
    expect(await rejected(it.activity.complete(target, "again"))).toBeInstanceOf(
      by === "id" ? ActivityCompletionError : ActivityNotFoundError,
    );
  });
}

test("unknown activities, bad tokens, unknown namespaces", async () => {
  const { activity } = await client();
  const unknown = { workflowId: unique("nothing"), activityId: "activity" };
  for (const call of [
    activity.complete(unknown, 1),
    activity.fail(unknown, new Error("e")),
    activity.reportCancellation(unknown),
    activity.heartbeat(unknown),
  ].map(rejected)) {
    const error = await call;
    expect(error).toBeInstanceOf(ActivityNotFoundError);
    expect(error.message).toStartWith("Not found");
  }
  const error = await rejected(activity.complete(new Uint8Array([1, 2, 3]), 1));
  expect(error).toBeInstanceOf(ActivityCompletionError);
  expect(error.message).not.toBe("");
  expect(await rejected((await client({ namespace: "elsewhere" })).activity.complete(unknown, 1))).toBeInstanceOf(
    NamespaceNotFoundError,
  );
});

test("payloads are converted for the activity: by ids, or as the option says for a task token", async () => {
  const contexts: unknown[] = [];
  const codec: PayloadCodec = {
    async encode(payloads, context) {
      contexts.push(context);
      return payloads;
    },
    decode: async (payloads) => payloads,
  };
  const { activity } = await client({ dataConverter: { payloadCodecs: [codec] } });
  const { taskToken, id, handle } = await workflowActivity();
  const serializationContext = {
    type: "activity" as const,
    namespace,
    workflowId: id.workflowId,
    activityId: "told",
    isLocal: false,
  };
  await activity.heartbeat(taskToken, 1);
  await activity.heartbeat(taskToken, 1, { serializationContext });
  await activity.heartbeat(id, 1);
  await activity.complete(taskToken, 1, { serializationContext });
  const byId = { ...serializationContext, activityId: "activity" };
  expect(contexts).toEqual([undefined, serializationContext, byId, serializationContext]);
  await eventually(
    async () => (await handle.fetchHistory()).events!.some((event) => event.activityTaskCompletedEventAttributes),
    (done) => done,
  );
  await handle.terminate();
});
