import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import { heartbeat } from "../../src/activity";
import type { PayloadCodec } from "../../src/common";
import { msNumberToTs } from "../../src/common/time";
import {
  PollActivityTaskQueueRequest,
  PollWorkflowTaskQueueRequest,
  RecordActivityTaskHeartbeatRequest,
  RespondActivityTaskCompletedRequest,
  RespondActivityTaskFailedRequest,
  RespondWorkflowTaskCompletedRequest,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { NativeConnection, Worker, type WorkerOptions } from "../../src/worker";
import { activityTask, type Recording, recordingTemporal, withRecordedWorker, workflowTask } from "./recorded";
import { makeWorker, rejection } from "./support";

setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/option-workflows.ts`;
const activities = { work: async () => "done" };

/** The polls that a Worker with these options opens, when it has opened as many as are expected. */
async function polls(options: Partial<WorkerOptions>, expected: { activities?: number; workflows?: number }) {
  await using server = await recordingTemporal();
  await withRecordedWorker(server, options, async ({ connection }) => {
    await Promise.all([
      server.seen("PollActivityTaskQueue", expected.activities ?? 0),
      server.seen("PollWorkflowTaskQueue", expected.workflows ?? 0),
    ]);
    // More than expected would come with these at the latest.
    for (let call = 0; call < 20; call++) await connection.workflowService.getSystemInfo({});
  });
  const workflows = server.requests("PollWorkflowTaskQueue", PollWorkflowTaskQueueRequest);
  return {
    activities: server.requests("PollActivityTaskQueue", PollActivityTaskQueueRequest),
    sticky: workflows.filter(({ taskQueue }) => taskQueue?.kind === 2),
    shared: workflows.filter(({ taskQueue }) => taskQueue?.kind === 1),
  };
}

/** What a Worker answers to the first task of a Workflow. */
async function completion(workflowType: string, options: Partial<WorkerOptions>) {
  await using server = await recordingTemporal({ workflows: [workflowTask(workflowType)] });
  await withRecordedWorker(server, { workflowsPath, activities, ...options }, () =>
    server.seen("RespondWorkflowTaskCompleted"),
  );
  return server.requests("RespondWorkflowTaskCompleted", RespondWorkflowTaskCompletedRequest)[0]!;
}

describe("who the Worker is", () => {
  test("identity, namespace and task queue are in its polls", async () => {
    const { activities: first, shared } = await polls({ activities, workflowsPath }, { activities: 1, workflows: 10 });
    expect(first[0]).toMatchObject({
      identity: `${process.pid}@${hostname()}`,
      namespace: "recorded",
      taskQueue: { name: "queue", kind: 1 },
    });
    expect(shared[0]).toMatchObject({
      identity: `${process.pid}@${hostname()}`,
      namespace: "recorded",
      taskQueue: { name: "queue" },
    });
    const named = await polls({ activities, identity: "me", namespace: "mine", taskQueue: "other" }, { activities: 1 });
    expect(named.activities[0]).toMatchObject({ identity: "me", namespace: "mine", taskQueue: { name: "other" } });
  });

  test("without a connection it makes its own to localhost:7233, for the namespace default", async () => {
    await using server = await recordingTemporal();
    const connection = await NativeConnection.connect({ address: server.address });
    const worker = await Worker.create({ connection, taskQueue: "queue", activities });
    expect(worker.options).toMatchObject({ namespace: "default", identity: `${process.pid}@${hostname()}` });
    await worker.runUntil(async () => {});
    await connection.close();
    // Whether a server runs there or not: that is where it was looked for.
    const own = await Worker.create({ taskQueue: "queue", activities }).then(
      async (made) => (await made.runUntil(async () => {}), made.connection.options.address),
      (error: Error) => error.message,
    );
    expect(own).toContain("localhost:7233");
  });
});

describe("polls", () => {
  test("without enableNonLocalActivities none for activities", async () => {
    const { activities: none, shared } = await polls(
      { activities, workflowsPath, enableNonLocalActivities: false },
      { workflows: 10 },
    );
    expect([none.length, shared.length]).toEqual([0, 2]);
    expect((await polls({ activities, workflowsPath }, { activities: 10, workflows: 10 })).activities.length).toBe(10);
  });

  test("a fixed number, by slots, by maxConcurrent…Polls or by poller behaviour", async () => {
    const counts = async (options: Partial<WorkerOptions>, count: number, workflows: number) => {
      const seen = await polls({ activities, workflowsPath, ...options }, { activities: count, workflows });
      return [seen.activities.length, seen.sticky.length + seen.shared.length];
    };
    expect(await counts({}, 10, 10)).toEqual([10, 10]);
    expect(await counts({ maxConcurrentActivityTaskExecutions: 3 }, 3, 10)).toEqual([3, 10]);
    expect(await counts({ maxConcurrentActivityTaskPolls: 4, maxConcurrentWorkflowTaskPolls: 6 }, 4, 6)).toEqual([
      4, 6,
    ]);
    const fixed = { type: "simple-maximum", maximum: 5 } as const;
    expect(
      await counts(
        { activityTaskPollerBehavior: fixed, workflowTaskPollerBehavior: fixed, maxConcurrentActivityTaskPolls: 2 },
        5,
        5,
      ),
    ).toEqual([5, 5]);
  });

  test("a number that follows the load begins with `initial`, 5 by default", async () => {
    const first = await polls({ activities, activityTaskPollerBehavior: { type: "autoscaling" } }, { activities: 5 });
    expect(first.activities.length).toBe(5);
    const few = await polls(
      { activities, activityTaskPollerBehavior: { type: "autoscaling", minimum: 2, initial: 3, maximum: 4 } },
      { activities: 3 },
    );
    expect(few.activities.length).toBe(3);
    for (const behavior of [{ minimum: 0 }, { minimum: 6, initial: 5 }, { initial: 200 }]) {
      await using server = await recordingTemporal();
      const error = await rejection(
        withRecordedWorker(
          server,
          { activities, activityTaskPollerBehavior: { type: "autoscaling", ...behavior } },
          async () => {},
        ),
      );
      expect(error.message).toContain("activityTaskPollers");
    }
  });

  test("of Workflow tasks are shared out between the Worker's own queue and the common one", async () => {
    const { sticky, shared } = await polls({ workflowsPath }, { workflows: 10 });
    expect([sticky.length, shared.length]).toEqual([8, 2]);
    expect(sticky[0]?.taskQueue?.normalName).toBe("queue");
    const half = await polls({ workflowsPath, nonStickyToStickyPollRatio: 0.5 }, { workflows: 10 });
    expect([half.sticky.length, half.shared.length]).toEqual([5, 5]);
    const uncached = await polls({ workflowsPath, maxCachedWorkflows: 0 }, { workflows: 2 });
    expect([uncached.sticky.length, uncached.shared.length]).toEqual([0, 2]);
  });
});

describe("sticky queue", () => {
  test("a task may wait on it for as long as the option says; without a cache there is none", async () => {
    const sticky = async (options: Partial<WorkerOptions>) =>
      (await completion("waits", options)).stickyAttributes?.scheduleToStartTimeout?.seconds?.toNumber();
    expect(await sticky({})).toBe(10);
    expect(await sticky({ stickyQueueScheduleToStartTimeout: "42s" })).toBe(42);
    expect(await sticky({ maxCachedWorkflows: 0 })).toBeUndefined();
  });

  test("the size of the cache: given, corrected or by the memory", async () => {
    await using server = await recordingTemporal();
    const size = async (maxCachedWorkflows?: number) => {
      let cached = -1;
      const given = maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows };
      await withRecordedWorker(
        server,
        { workflowsPath, ...given },
        async ({ options }) => void (cached = options.maxCachedWorkflows),
      );
      return cached;
    };
    expect([await size(0), await size(1), await size(7)]).toEqual([0, 2, 7]);
    expect(await size()).toBeGreaterThanOrEqual(10);
  });
});

describe("limits of activities", () => {
  test("of the task queue are told to the server", async () => {
    const [limited] = (await polls({ activities, maxTaskQueueActivitiesPerSecond: 12.5 }, { activities: 1 }))
      .activities;
    expect(limited?.taskQueueMetadata?.maxTasksPerSecond).toBe(12.5);
    const [unlimited] = (await polls({ activities }, { activities: 1 })).activities;
    expect(unlimited?.taskQueueMetadata?.maxTasksPerSecond).toBeUndefined();
  });

  test("of the Worker keep it from polling", async () => {
    const count = async (options: Partial<WorkerOptions>, expected: number) => {
      await using server = await recordingTemporal({
        activities: [activityTask("work"), activityTask("work"), activityTask("work")],
      });
      await withRecordedWorker(server, { activities, maxConcurrentActivityTaskPolls: 1, ...options }, () =>
        server.seen("RespondActivityTaskCompleted", expected),
      );
      return server.requests("PollActivityTaskQueue", PollActivityTaskQueueRequest).length;
    };
    expect(await count({}, 3)).toBeGreaterThanOrEqual(3);
    // One in twenty minutes.
    expect(await count({ maxActivitiesPerSecond: 1 / 1200 }, 1)).toBe(1);
  });

  test.each([
    [{}, 3],
    [{ maxEagerActivityReservationsPerWorkflowTask: 1 }, 1],
    [{ maxEagerActivityReservationsPerWorkflowTask: 0 }, 0],
    [{ maxEagerActivityReservationsPerWorkflowTask: 9 }, 5],
  ] as const)("eager starts: %p of five activities", async (options, eager) => {
    const { commands } = await completion("fiveActivities", options);
    const scheduled =
      commands?.map(({ scheduleActivityTaskCommandAttributes }) => scheduleActivityTaskCommandAttributes) ?? [];
    expect(scheduled.length).toBe(5);
    expect(scheduled.filter((command) => command?.requestEagerExecution).length).toBe(eager);
  });

  test("eager starts that are no whole number are refused", async () => {
    await using server = await recordingTemporal();
    const error = await rejection(
      withRecordedWorker(server, { activities, maxEagerActivityReservationsPerWorkflowTask: -1 }, async () => {}),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("maxEagerActivityReservationsPerWorkflowTask");
  });
});

describe("heartbeats", () => {
  /** Details of the heartbeats that arrive from an activity that beats for as long as the test says. */
  async function beats(
    options: Partial<WorkerOptions>,
    task: Parameters<typeof activityTask>[1],
    until: number,
    extra: Recording = {},
  ) {
    await using server = await recordingTemporal({ activities: [activityTask("beat", task)], ...extra });
    const beat = async () => {
      let count = 0;
      const timer = setInterval(() => heartbeat({ count: ++count }), 1);
      for (let now = 0; now < 100; now++) heartbeat({ count: ++count });
      await server.seen("RecordActivityTaskHeartbeat", until);
      clearInterval(timer);
      return "done";
    };
    await withRecordedWorker(server, { activities: { beat }, ...options }, () =>
      server.seen("RespondActivityTaskCompleted"),
    );
    return server
      .requests("RecordActivityTaskHeartbeat", RecordActivityTaskHeartbeatRequest)
      .map(({ details }) => details?.payloads?.[0]);
  }

  test("are held back for 80 % of the heartbeat timeout or 30 s, and converted by codecs", async () => {
    const reversing: PayloadCodec = {
      encode: async (payloads) =>
        payloads.map((payload) => ({
          metadata: { encoding: new TextEncoder().encode("reversed") },
          data: payload.data!.toReversed(),
        })),
      decode: async (payloads) => payloads,
    };
    for (const task of [{}, { heartbeatTimeout: msNumberToTs(3_600_000) }]) {
      const sent = await beats({ dataConverter: { payloadCodecs: [reversing] } }, task, 1);
      expect(sent.length).toBe(1);
      expect(new TextDecoder().decode(sent[0]!.metadata!.encoding)).toBe("reversed");
      expect(new TextDecoder().decode(sent[0]!.data!.toReversed())).toBe('{"count":1}');
    }
  });

  test("maxHeartbeatThrottleInterval and defaultHeartbeatThrottleInterval bound that", async () => {
    // Would take most of an hour, or a minute and a half, without the options.
    expect(
      (await beats({ maxHeartbeatThrottleInterval: 10 }, { heartbeatTimeout: msNumberToTs(3_600_000) }, 4)).length,
    ).toBeGreaterThanOrEqual(4);
    expect((await beats({ defaultHeartbeatThrottleInterval: "10ms" }, {}, 4)).length).toBeGreaterThanOrEqual(4);
  });
});

describe("versions", () => {
  const version = { deploymentName: "shop", buildId: "v2" };

  test("of a deployment are in polls and completions", async () => {
    const workerDeploymentOptions = {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: "PINNED",
    } as const;
    const seen = await polls({ activities, workflowsPath, workerDeploymentOptions }, { activities: 1, workflows: 10 });
    for (const request of [seen.activities[0], seen.shared[0], seen.sticky[0]]) {
      expect(request?.deploymentOptions).toMatchObject({ ...version, workerVersioningMode: 2 });
    }
    const unversioned = await polls(
      { activities, workerDeploymentOptions: { version, useWorkerVersioning: false } },
      { activities: 1 },
    );
    expect(unversioned.activities[0]?.deploymentOptions).toMatchObject({ ...version, workerVersioningMode: 1 });
  });

  test("the behaviour is the Workflow's own, also one worked out in the run, or else the Worker's", async () => {
    const behaviors = async (defaultVersioningBehavior: "PINNED" | "AUTO_UPGRADE") => {
      const workerDeploymentOptions = { version, useWorkerVersioning: true, defaultVersioningBehavior } as const;
      const types = ["waits", "pinned", "upgradesBy"];
      return Promise.all(
        types.map(async (type) => (await completion(type, { workerDeploymentOptions })).versioningBehavior),
      );
    };
    // 1 is PINNED, 2 AUTO_UPGRADE; an own behaviour goes first.
    expect(await behaviors("AUTO_UPGRADE")).toEqual([2, 1, 2]);
    expect(await behaviors("PINNED")).toEqual([1, 1, 2]);
  });

  test("by build ID alone: told, or used for versioning", async () => {
    const capabilities = async (options: Partial<WorkerOptions>) =>
      (await polls({ activities, ...options }, { activities: 1 })).activities[0]?.workerVersionCapabilities;
    expect(await capabilities({ buildId: "b1" })).toEqual({ buildId: "b1" });
    expect(await capabilities({ buildId: "b1", useVersioning: true })).toEqual({ buildId: "b1", useVersioning: true });
    expect((await capabilities({}))?.buildId).toStartWith("temporal-bun-sdk@");
    const { worker } = await makeWorker();
    expect(worker.options.buildId).toMatch(/^temporal-bun-sdk@[\w.-]+\+\w+$/);
    expect(worker.options).toMatchObject({
      useVersioning: false,
      shutdownGraceTime: 0,
      stickyQueueScheduleToStartTimeout: "10s",
      defaultHeartbeatThrottleInterval: "30s",
      workflowTaskPollerBehavior: { type: "simple-maximum", maximum: 10 },
    });
    // One is for each of two queues; the official SDK takes it too.
    const few = await makeWorker({ maxConcurrentWorkflowTaskPolls: 1 });
    expect(few.worker.options.workflowTaskPollerBehavior).toEqual({ type: "simple-maximum", maximum: 2 });
    expect((await rejection(polls({ activities, useVersioning: true }, {}))).message).toBe(
      "Must provide a buildId if useVersioning is true",
    );
  });
});

describe("payloads above the limit of the namespace", () => {
  const answer = async (options: Partial<WorkerOptions>) => {
    await using server = await recordingTemporal({ activities: [activityTask("large")], blobSizeLimit: 1_000 });
    const sent = () =>
      Promise.race([server.seen("RespondActivityTaskFailed"), server.seen("RespondActivityTaskCompleted")]);
    await withRecordedWorker(server, { activities: { large: async () => "x".repeat(2_000) }, ...options }, sent);
    return {
      failed: server.requests("RespondActivityTaskFailed", RespondActivityTaskFailedRequest)[0],
      completed: server.requests("RespondActivityTaskCompleted", RespondActivityTaskCompletedRequest)[0],
    };
  };

  test("fail the task here, or are left to the server with disablePayloadErrorLimit", async () => {
    const refused = await answer({});
    expect(refused.completed).toBeUndefined();
    expect(refused.failed?.failure?.message).toContain("TMPRL1103");
    const sent = await answer({ disablePayloadErrorLimit: true });
    expect(sent.failed).toBeUndefined();
    expect(sent.completed?.result?.payloads?.[0]?.data?.length).toBe(2_002);
  });
});
