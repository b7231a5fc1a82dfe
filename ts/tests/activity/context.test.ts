import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { activityInfo, CancelledFailure, Context, heartbeat, log, metricMeter, sleep } from "../../src/activity";
import {
  ActivityCancellationDetails,
  type ActivityFunction,
  ApplicationFailure,
  type MetricMeter,
  type MetricTags,
  noopMetricMeter,
} from "../../src/common";
import { loadDataConverter } from "../../src/payloads/load-data-converter";
import { ActivityCancelReason, ActivityTask } from "../../src/proto/temporal/sdk/core/activity_task/activity_task";
import { ActivityTaskCompletion } from "../../src/proto/temporal/sdk/core/core_interface";
import {
  type ActivityExecuteInput,
  type ActivityInterceptorsFactory,
  DefaultLogger,
  type LogEntry,
  type WorkerOptions,
} from "../../src/worker";
import { ActivityExecution } from "../../src/worker/activities/activity-execution";
import { ActivityTasks } from "../../src/worker/activities/activity-tasks";
import { eventually } from "../support/eventually";
import { type Fixture, makeWorker } from "../worker/support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

/** Contexts of activities that wait, by the order in which their attempts begin. */
const attempts: PromiseWithResolvers<Context>[] = [0, 1, 2, 3].map(() => Promise.withResolvers<Context>());
let begun = 0;

const activities = {
  async info() {
    const { taskToken, ...rest } = activityInfo();
    return { ...rest, sameToken: Buffer.from(taskToken).toString("base64") === rest.base64TaskToken };
  },
  /** Heartbeats until it is told to stop; the third attempt is left alone. */
  async interrupted() {
    const context = Context.current();
    const attempt = begun++;
    const timer = setInterval(() => heartbeat(attempt), 20);
    attempts[attempt]!.resolve(context);
    try {
      if (attempt < 2) await sleep("1 hour");
      return attempt;
    } finally {
      clearInterval(timer);
    }
  },
} satisfies Record<string, ActivityFunction>;

let fixture: Fixture;
let running: Promise<void>;
beforeAll(async () => {
  const options: Partial<WorkerOptions> = {
    activities,
    maxHeartbeatThrottleInterval: 10,
    defaultHeartbeatThrottleInterval: 10,
  };
  fixture = await makeWorker(options);
  running = fixture.worker.run();
});
afterAll(async () => {
  fixture.worker.shutdown();
  await running;
});

describe("info", () => {
  test("of an activity of a workflow: every field", async () => {
    const options = {
      activityId: "own-id",
      scheduleToCloseTimeout: "3 minutes",
      startToCloseTimeout: "1 minute",
      heartbeatTimeout: "30s",
      retry: {
        maximumAttempts: 4,
        initialInterval: "2s",
        backoffCoefficient: 3,
        maximumInterval: "9s",
        nonRetryableErrorTypes: ["Broken"],
      },
      priority: { priorityKey: 2, fairnessKey: "tenant", fairnessWeight: 1.5 },
    };
    const handle = await fixture.start("callWith", [options, "info"]);
    const { base64TaskToken, scheduledTimestampMs, currentAttemptScheduledTimestampMs, ...info } =
      (await handle.result()) as any;
    const { events } = await handle.fetchHistory();
    expect(info).toEqual({
      sameToken: true,
      activityId: "own-id",
      activityType: "info",
      activityNamespace: "default",
      namespace: "default",
      workflowNamespace: "default",
      attempt: 1,
      isLocal: false,
      inWorkflow: true,
      workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
      workflowType: "callWith",
      scheduleToCloseTimeoutMs: 180_000,
      startToCloseTimeoutMs: 60_000,
      heartbeatTimeoutMs: 30_000,
      taskQueue: fixture.taskQueue,
      priority: { priorityKey: 2, fairnessKey: "tenant", fairnessWeight: 1.5 },
      retryPolicy: {
        maximumAttempts: 4,
        initialInterval: 2_000,
        backoffCoefficient: 3,
        maximumInterval: 9_000,
        nonRetryableErrorTypes: ["Broken"],
      },
    });
    expect(base64TaskToken.length).toBeGreaterThan(10);
    const scheduled = events!.find(
      ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes !== undefined,
    )!.eventTime!;
    // Events have nanoseconds, the fields milliseconds.
    const scheduledMs = scheduled.seconds!.toNumber() * 1_000 + Math.floor(scheduled.nanos! / 1_000_000);
    expect([Math.floor(scheduledTimestampMs), Math.floor(currentAttemptScheduledTimestampMs)]).toEqual([
      scheduledMs,
      scheduledMs,
    ]);
  });

  test("of a local activity, and of one that no workflow called", async () => {
    const local: any = await fixture.execute("callLocal", "info");
    expect(local).toMatchObject({
      isLocal: true,
      inWorkflow: true,
      workflowType: "callLocal",
      taskQueue: fixture.taskQueue,
      sameToken: true,
    });
    const handle = await fixture.client.activity.start("info", {
      id: randomUUID(),
      taskQueue: fixture.taskQueue,
      startToCloseTimeout: "1 minute",
    });
    const alone: any = await handle.result();
    expect(alone).toMatchObject({
      isLocal: false,
      inWorkflow: false,
      activityId: handle.activityId,
      namespace: "default",
      attempt: 1,
      startToCloseTimeoutMs: 60_000,
    });
    expect(alone.activityRunId).toBeString();
    for (const field of ["workflowExecution", "workflowType", "workflowNamespace"])
      expect(alone).not.toHaveProperty(field);
    expect(local).not.toHaveProperty("activityRunId");
  });
});

test("pause, unpause and reset reach a running activity, which is tried again", async () => {
  const { client, start } = fixture;
  const options = {
    startToCloseTimeout: "1 minute",
    heartbeatTimeout: "20s",
    activityId: "interrupted",
    retry: { initialInterval: 1 },
  };
  const handle = await start("callWith", [options, "interrupted"]);
  const activity = { namespace: "default", execution: { workflowId: handle.workflowId }, id: "interrupted" };
  // Reset first: the server no longer knows the task of a later attempt that is reset.
  const first = await attempts[0]!.promise;
  await client.workflowService.resetActivity(activity);
  await expect(first.cancelled).rejects.toThrow(new CancelledFailure("RESET"));
  expect(first.cancellationDetails).toMatchObject({
    reset: true,
    paused: false,
    cancelRequested: false,
    notFound: false,
    timedOut: false,
    workerShutdown: false,
  });
  const second = await attempts[1]!.promise;
  expect(second.info.heartbeatDetails).toBe(0);
  await client.workflowService.pauseActivity(activity);
  await expect(second.cancelled).rejects.toThrow(new CancelledFailure("PAUSED"));
  expect(second.cancellationDetails).toMatchObject({ paused: true, reset: false });
  // Its attempt has failed, which is what lets the server try again.
  const failure = async () => (await handle.describe()).raw.pendingActivities?.[0]?.lastFailure?.message;
  expect(await eventually(failure, (message) => message === "Activity paused")).toBe("Activity paused");
  await client.workflowService.unpauseActivity(activity);
  expect(await handle.result()).toBe(2);
});

/** An execution as the Worker makes it, of a function that is none of the Worker's. */
function execution(fn: () => Promise<unknown>, interceptors: ActivityInterceptorsFactory[] = []) {
  const records: LogEntry[] = [];
  const measured: [string, number, MetricTags | undefined][] = [];
  const metric = (method: string) => (name: string) =>
    ({ name, [method]: (value: number, tags?: MetricTags) => measured.push([name, value, tags]) }) as any;
  const meter: MetricMeter = {
    createCounter: metric("add"),
    createHistogram: metric("record"),
    createGauge: metric("set"),
    withTags: () => meter,
  };
  const made = new ActivityExecution({
    info: {
      taskToken: new Uint8Array([1]),
      base64TaskToken: "AQ==",
      activityId: "1",
      activityType: "measure",
      activityNamespace: "ns",
      namespace: "ns",
      taskQueue: "queue",
      attempt: 2,
      isLocal: false,
      inWorkflow: true,
      workflowExecution: { workflowId: "w", runId: "r" },
      workflowType: "type",
      scheduledTimestampMs: 0,
      currentAttemptScheduledTimestampMs: 0,
      scheduleToCloseTimeoutMs: 0,
      startToCloseTimeoutMs: 0,
      heartbeatDetails: undefined,
    },
    heartbeat: () => {},
    client: undefined,
    logger: new DefaultLogger("DEBUG", (entry) => records.push(entry)) as any,
    metricMeter: meter,
    interceptors,
  });
  return { made, run: (input: ActivityExecuteInput) => made.run(fn, input), records, measured };
}

const attributes = {
  isLocal: false,
  attempt: 2,
  namespace: "ns",
  taskToken: "AQ==",
  activityId: "1",
  activityType: "measure",
  taskQueue: "queue",
  workflowId: "w",
  workflowRunId: "r",
  workflowType: "type",
};

test("log and metricMeter carry what is known about the activity", async () => {
  const { run, records, measured } = execution(async () => {
    log.info("from the activity", { answer: 42 });
    metricMeter.createCounter("orders").add(1, { kind: "new" });
    metricMeter.withTags({ tenant: "t" }).createHistogram("amount", "float").record(1.5);
    Context.current().metricMeter.createGauge("open").set(3);
  });
  expect(await run({ args: [], headers: {} })).toMatchObject({ type: "completed" });
  expect(records.map(({ level, message }) => `${level} ${message}`)).toEqual([
    "DEBUG Activity started",
    "INFO from the activity",
    "DEBUG Activity completed",
  ]);
  expect(records[1]?.meta).toEqual({ ...attributes, sdkComponent: "activity", answer: 42 });
  const tags = { namespace: "ns", taskQueue: "queue", activityType: "measure" };
  expect(measured).toEqual([
    ["orders", 1, { ...tags, kind: "new" }],
    ["amount", 1.5, { ...tags, tenant: "t" }],
    ["open", 3, tags],
  ]);
});

test("an activity that confirms a reset or a pause has failed, so that it is tried again; a reset goes first", async () => {
  const outcome = async (details: Partial<ActivityCancellationDetails>) => {
    const { made, run } = execution(() => Context.current().cancelled);
    const ended = run({ args: [], headers: {} });
    made.cancel("CANCELLED", new ActivityCancellationDetails(details));
    return ended;
  };
  const failed = (message: string, type: string) => ({ type: "failed", error: { message, type, nonRetryable: false } });
  for (const paused of [true, false])
    expect(await outcome({ reset: true, paused })).toMatchObject(failed("Activity reset", "ActivityReset"));
  expect(await outcome({ paused: true })).toMatchObject(failed("Activity paused", "ActivityPause"));
  expect(await outcome({ cancelRequested: true })).toMatchObject({ type: "cancelled" });
});

test("sleep ends when the activity is cancelled", async () => {
  const { made, run } = execution(() => sleep("1 hour"));
  const outcome = run({ args: [], headers: {} });
  made.cancel("CANCELLED", undefined);
  expect(await outcome).toMatchObject({ type: "cancelled" });
  await execution(() => sleep(1)).run({ args: [], headers: {} });
});

test("a cancellation that comes while the arguments are being decoded reaches the activity", async () => {
  const decoded = Promise.withResolvers<void>();
  const completed = Promise.withResolvers<ActivityTaskCompletion>();
  const work = async () => {
    const { cancelled, cancellationSignal } = Context.current();
    return cancellationSignal.aborted ? cancelled : "not cancelled";
  };
  const dataConverter = loadDataConverter({
    payloadCodecs: [
      { encode: async (payloads) => payloads, decode: (payloads) => decoded.promise.then(() => payloads) },
    ],
  });
  const tasks = new ActivityTasks({
    activities: new Map([["work", work]]),
    namespace: "ns",
    taskQueue: "queue",
    dataConverter,
    interceptors: [],
    logger: new DefaultLogger("ERROR"),
    metricMeter: noopMetricMeter,
    client: () => fixture.client,
    complete: (bytes) => completed.resolve(ActivityTaskCompletion.decode(bytes)),
    sizeLimit: Number.POSITIVE_INFINITY,
    recordHeartbeat() {},
  });
  const taskToken = new Uint8Array([1]);
  const input = [dataConverter.payloadConverter.toPayload("argument")!];
  tasks.handle(ActivityTask.encode({ taskToken, start: { activityType: "work", input } }).finish());
  tasks.handle(ActivityTask.encode({ taskToken, cancel: { reason: ActivityCancelReason.CANCELLED } }).finish());
  decoded.resolve();
  expect((await completed.promise).result?.cancelled).toBeDefined();
});

test("interceptors: factories with the context, execute, log attributes, metric tags; the first is outermost", async () => {
  const calls: string[] = [];
  const factory =
    (name: string): ActivityInterceptorsFactory =>
    (context) => {
      calls.push(`${name} made for ${context.info.activityType}`);
      return {
        inbound: {
          async execute(input, next) {
            calls.push(`${name} in ${input.args} ${Object.keys(input.headers)}`);
            return `${name}(${await next({ ...input, args: [...input.args, name] })})`;
          },
        },
        outbound: {
          getLogAttributes: (input, next) => next({ ...input, [name]: Object.keys(input).includes("outer") }),
          getMetricTags: (input, next) => next({ ...input, [name]: Object.keys(input).includes("outer") }),
        },
      };
    };
  const { run, records, measured } = execution(
    async (...args: unknown[]) => {
      log.info("inside");
      metricMeter.createCounter("calls").add(1);
      if (args.length !== 3) throw ApplicationFailure.nonRetryable(`expected three arguments, got ${args}`);
      return "done";
    },
    [factory("outer"), factory("inner"), () => ({})],
  );
  expect(await run({ args: ["given"], headers: { trace: {} } })).toEqual({
    type: "completed",
    result: "outer(inner(done))",
  });
  expect(calls).toEqual([
    "outer made for measure",
    "inner made for measure",
    "outer in given trace",
    "inner in given,outer trace",
  ]);
  expect(records.find(({ message }) => message === "inside")?.meta).toEqual({
    ...attributes,
    sdkComponent: "activity",
    outer: false,
    inner: true,
  });
  expect(measured).toEqual([
    ["calls", 1, { namespace: "ns", taskQueue: "queue", activityType: "measure", outer: false, inner: true }],
  ]);
});
