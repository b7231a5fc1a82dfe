import { describe, expect, test } from "bun:test";
import {
  type ActivityClientInterceptor,
  ActivityExecutionAlreadyStartedError,
  ActivityExecutionFailedError,
  ActivityNotFoundError,
  type ActivityOptions,
  ApplicationFailure,
  CancelledFailure,
  ServiceError,
  TerminatedFailure,
  TimeoutFailure,
} from "../../src/client";
import { InternalActivityStartOptionsSymbol } from "../../src/client/internal";
import { decode } from "../../src/common/encoding";
import { eventually } from "../support/eventually";
import { client, connection, hasToken, json, namespace, searchAttribute, unique } from "./support";

await searchAttribute("ActivityCustomer", "KEYWORD");
const customer = { name: "ActivityCustomer", type: "KEYWORD" as const };

/** Options for an activity on a queue of its own. */
const options = (more: Partial<ActivityOptions> = {}): ActivityOptions => ({
  id: unique("activity"),
  taskQueue: unique("queue"),
  startToCloseTimeout: "1 minute",
  ...more,
});

/** Takes the next activity task of a queue, as a worker does. */
async function takeTask(taskQueue: string) {
  const { workflowService } = await connection();
  const poll = { namespace, taskQueue: { name: taskQueue }, identity: "worker" };
  return eventually(() => workflowService.pollActivityTaskQueue(poll), hasToken);
}

const rejected = (promise: Promise<unknown>) =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error) => error,
  );

interface Shop {
  greet(name: string, times?: number): Promise<string>;
  tick(): Promise<void>;
}

describe("start and describe", () => {
  test("everything that is set arrives", async () => {
    const { activity } = await client({ identity: "me" });
    const it = options({
      args: ["x", { a: "grüße" }],
      heartbeatTimeout: "5s",
      retry: { maximumAttempts: 3, initialInterval: "2s" },
      startToCloseTimeout: "1 minute",
      scheduleToStartTimeout: "2 minutes",
      scheduleToCloseTimeout: "3 minutes",
      summary: "summary",
      priority: { priorityKey: 2 },
      typedSearchAttributes: [{ key: customer, value: "c1" }],
    });
    const handle = await activity.start("greet", it);
    expect(handle.runId).toBeTruthy();
    const description = await handle.describe({ includeInput: true });
    expect(description).toMatchObject({
      activityId: it.id,
      activityRunId: handle.runId,
      activityType: "greet",
      taskQueue: it.taskQueue,
      status: "RUNNING",
      runState: "SCHEDULED",
      attempt: 1,
      heartbeatTimeoutMs: 5000,
      startToCloseTimeoutMs: 60_000,
      scheduleToStartTimeoutMs: 120_000,
      scheduleToCloseTimeoutMs: 180_000,
      retryPolicy: { maximumAttempts: 3, initialInterval: 2000 },
      priority: { priorityKey: 2 },
      rawCallbacks: [],
      hasInput: true,
      hasResult: false,
      hasOutcomeFailure: false,
      closeTime: undefined,
    });
    expect(description.typedSearchAttributes.get(customer)).toBe("c1");
    expect(await description.getInput()).toEqual(["x", { a: "grüße" }]);
    expect([
      await description.getResult(),
      await description.getOutcomeFailure(),
      await description.getHeartbeatDetails(),
    ]).toEqual([undefined, undefined, undefined]);
    expect(decode(description.rawInfo.userMetadata!.summary!.data!)).toBe('"summary"');
    expect(Math.abs(description.scheduleTime!.getTime() - Date.now())).toBeLessThan(60_000);
    expect((await handle.describe()).hasInput).toBe(false);
    await handle.terminate("over");
  });

  test("startDelay", async () => {
    const { activity } = await client();
    const handle = await activity.start("greet", options({ startDelay: "1 hour" }));
    const description = await handle.describe();
    expect(description.startDelayMs).toBe(3_600_000);
    expect(description.executionTime!.getTime() - description.scheduleTime!.getTime()).toBe(3_600_000);
    await handle.terminate("over");
  });

  test("a taken id", async () => {
    const { activity } = await client();
    const it = options();
    const handle = await activity.start("greet", it);
    const error = await rejected(activity.start("greet", it));
    expect(error).toBeInstanceOf(ActivityExecutionAlreadyStartedError);
    expect([error.activityId, error.runId]).toEqual([it.id, handle.runId]);
    expect((await activity.start("greet", { ...it, idConflictPolicy: "USE_EXISTING" })).runId).toBe(handle.runId);
    await handle.terminate("over");
    expect(await rejected(activity.start("greet", { ...it, idReusePolicy: "REJECT_DUPLICATE" }))).toBeInstanceOf(
      ActivityExecutionAlreadyStartedError,
    );
    const again = await activity.start("greet", { ...it, idReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY" });
    expect(again.runId).not.toBe(handle.runId);
    await again.terminate("over");
  });

  test("missing options", async () => {
    const { activity } = await client();
    const start = (more: Partial<ActivityOptions>) => activity.start("greet", options(more));
    await expect(start({ id: "" })).rejects.toThrow(new TypeError("id is required in ActivityOptions"));
    await expect(start({ taskQueue: "" })).rejects.toThrow("taskQueue is required");
    await expect(start({ startToCloseTimeout: undefined })).rejects.toThrow(
      "Either scheduleToCloseTimeout or startToCloseTimeout is required",
    );
    await expect(start({ startDelay: -1 })).rejects.toThrow("startDelay must be non-negative, got -1");
    await expect(activity.start("", options())).rejects.toThrow("activityType is required");
    expect(() => activity.getHandle("")).toThrow("activityId is required");
  });

  test("a request id makes two starts one; the server's link is kept", async () => {
    const { activity } = await client();
    const details: { requestId: string; responseLink?: unknown } = { requestId: crypto.randomUUID() };
    const it = { ...options(), [InternalActivityStartOptionsSymbol]: details };
    const handle = await activity.start("greet", it);
    expect((await activity.start("greet", it)).runId).toBe(handle.runId);
    expect(Bun.inspect(details.responseLink)).toContain(it.id);
    await handle.terminate("over");
  });

  test("unknown activities", async () => {
    const handle = (await client()).activity.getHandle(unique("nothing"));
    const calls = [
      handle.result(),
      handle.describe(),
      handle.cancel("why"),
      handle.terminate("why"),
      handle.pause(),
      handle.unpause(),
      handle.updateOptions({ heartbeatTimeout: 1000 }),
      handle.restoreOriginalOptions(),
    ];
    for (const error of await Promise.all(calls.map(rejected))) expect(error).toBeInstanceOf(ActivityNotFoundError);
  });
});

describe("outcomes", () => {
  test("of a completed activity", async () => {
    const { activity } = await client();
    const it = options({ args: ["x"] });
    const result = activity.execute("greet", it);
    const task = await takeTask(it.taskQueue);
    expect(task.activityType?.name).toBe("greet");
    await activity.complete(task.taskToken!, { said: "hello x" });
    expect(await result).toEqual({ said: "hello x" });
    const description = await activity.getHandle(it.id).describe({ includeOutcome: true });
    expect(description.lastWorkerIdentity).toBe(activity.options.identity);
    expect(description).toMatchObject({ status: "COMPLETED", hasResult: true });
    expect(await description.getResult()).toEqual({ said: "hello x" });
    const { scheduleTime, closeTime, executionDurationMs } = description;
    expect(executionDurationMs).toBeCloseTo(closeTime!.getTime() - scheduleTime!.getTime(), -1);
  });

  test("of a failed activity, after its retries", async () => {
    const { activity } = await client();
    const it = options({ retry: { maximumAttempts: 2, initialInterval: 10 } });
    const handle = await activity.start("greet", it);
    const result = rejected(handle.result());
    await activity.fail((await takeTask(it.taskQueue)).taskToken!, ApplicationFailure.create({ message: "first" }));
    const second = await takeTask(it.taskQueue);
    expect(second.attempt).toBe(2);
    expect((await (await handle.describe({ includeLastFailure: true })).getLastFailure())?.message).toBe("first");
    await activity.fail(second.taskToken!, ApplicationFailure.create({ message: "second", type: "Refused" }));
    const error = await result;
    expect(error).toBeInstanceOf(ActivityExecutionFailedError);
    expect([error.activityId, error.runId, error.cause.type, error.cause.message]).toEqual([
      it.id,
      handle.runId,
      "Refused",
      "second",
    ]);
    const description = await handle.describe({ includeOutcome: true });
    expect([
      description.status,
      description.hasOutcomeFailure,
      (await description.getOutcomeFailure())?.message,
    ]).toEqual(["FAILED", true, "second"]);
  });

  test("of a cancelled, a terminated and a timed out activity", async () => {
    const { activity } = await client();
    const it = options({ heartbeatTimeout: "1 minute" });
    const cancelled = await activity.start("greet", it);
    const task = await takeTask(it.taskQueue);
    await cancelled.cancel("enough");
    const description = await cancelled.describe();
    expect([description.runState, description.canceledReason]).toEqual(["CANCEL_REQUESTED", "enough"]);
    await activity.reportCancellation(task.taskToken!, "details");
    expect((await rejected(cancelled.result())).cause).toBeInstanceOf(CancelledFailure);
    const terminated = await activity.start("greet", options());
    const result = rejected(terminated.result());
    await terminated.terminate("now");
    const { cause } = await result;
    expect(cause).toBeInstanceOf(TerminatedFailure);
    expect((await terminated.describe()).status).toBe("TERMINATED");
    const late = rejected(activity.execute("greet", options({ scheduleToCloseTimeout: 500 })));
    expect((await late).cause).toBeInstanceOf(TimeoutFailure);
  });

  test("by a handle with type information", async () => {
    const { activity } = await client();
    const outputType = {
      transferTypeConverter: {
        fromTransferType: (text: unknown) => new Date(text as string),
        toTransferType: (date: unknown) => (date as Date).toISOString(),
      },
    };
    const it = options({ args: [new Date(0)], typeInfo: { inputTypes: [outputType], outputType } });
    const handle = await activity.start("greet", it);
    const task = await takeTask(it.taskQueue);
    expect(decode(task.input!.payloads![0]!.data!)).toBe('"1970-01-01T00:00:00.000Z"');
    await activity.complete(task.taskToken!, new Date(1000), { typeInfo: { outputType } });
    expect(await handle.result()).toEqual(new Date(1000));
    expect(
      await activity.getHandleWithOptions(it.id, { runId: handle.runId, typeInfo: { outputType } }).result(),
    ).toEqual(new Date(1000));
    expect(await activity.getHandle(it.id).result()).toBe("1970-01-01T00:00:01.000Z");
  });
});

describe("operator commands", () => {
  test("pause and unpause", async () => {
    const { activity } = await client();
    const it = options();
    const handle = await activity.start("greet", it);
    await handle.pause({ reason: "lunch" });
    expect((await handle.describe()).runState).toBe("PAUSED");
    await handle.unpause({ reason: "back", jitter: 1 });
    const result = handle.result();
    await activity.complete((await takeTask(it.taskQueue)).taskToken!, 1);
    expect(await result).toBe(1);
  });

  test("options can be changed, taken away and restored", async () => {
    const { activity } = await client();
    const it = options({ startToCloseTimeout: "1 minute", heartbeatTimeout: "5s", retry: { maximumAttempts: 3 } });
    const handle = await activity.start("greet", it);
    const taskQueue = unique("other-queue");
    const changed = await handle.updateOptions({
      taskQueue,
      startToCloseTimeout: "2 minutes",
      heartbeatTimeout: null,
      retry: { maximumAttempts: 7 },
      priority: { priorityKey: 1 },
    });
    expect(changed).toMatchObject({
      taskQueue,
      startToCloseTimeout: 120_000,
      retry: { maximumAttempts: 7 },
      priority: { priorityKey: 1 },
    });
    expect(changed.heartbeatTimeout || undefined).toBeUndefined();
    expect(await handle.restoreOriginalOptions()).toMatchObject({
      taskQueue: it.taskQueue,
      startToCloseTimeout: 60_000,
      heartbeatTimeout: 5000,
      retry: { maximumAttempts: 3 },
    });
    await handle.terminate("over");
  });
});

test("list and count", async () => {
  const { activity } = await client();
  const name = unique("customer");
  const its = [1, 2, 3].map(() => options({ typedSearchAttributes: [{ key: customer, value: name }] }));
  const handles = [];
  for (const it of its) handles.push(await activity.start("greet", it));
  await handles[0]!.terminate("over");
  const query = `ActivityCustomer = '${name}'`;
  const list = await eventually(
    () => Array.fromAsync(activity.list(query)),
    (found) => found.length === 3 && found.some((item) => item.status === "TERMINATED"),
  );
  expect(list.map((item) => item.activityId).sort()).toEqual(its.map((it) => it.id).sort());
  expect(list.find((item) => item.activityId === its[1]!.id)).toMatchObject({
    activityType: "greet",
    status: "RUNNING",
    taskQueue: its[1]!.taskQueue,
    activityRunId: handles[1]!.runId,
  });
  expect(list[0]!.typedSearchAttributes.get(customer)).toBe(name);
  const counts = await activity.count(`${query} GROUP BY ExecutionStatus`);
  expect([counts.count, counts.groups?.map((group) => group.count).sort()]).toEqual([3, [1, 2]]);
  await expect(activity.count("this is none")).rejects.toBeInstanceOf(ServiceError);
  for (const handle of handles.slice(1)) await handle.terminate("over");
});

test("typed: the same client, for the activities of an interface", async () => {
  const { activity } = await client();
  const typed = activity.typed<Shop>();
  expect(typed).toBe(activity);
  const it = options();
  const result: Promise<string> = typed.execute("greet", { ...it, args: ["x"] });
  await activity.complete((await takeTask(it.taskQueue)).taskToken!, "hello");
  expect(await result).toBe("hello");
  // @ts-expect-error: of another type
  void (() => typed.start("greet", { ...it, args: [1] }));
  // @ts-expect-error: the activity needs arguments
  void (() => typed.start("greet", it));
  // @ts-expect-error: no such activity
  void (() => typed.start("great", it));
  void (() => typed.start("tick", { id: "a", taskQueue: "q", startToCloseTimeout: 1 }));
});

test("interceptors: every call goes through them, first to last", async () => {
  const seen: string[] = [];
  const interceptor = (name: string) =>
    new Proxy({} as ActivityClientInterceptor, {
      get: (_target, method) => (input: object, next: (input: object) => unknown) => {
        seen.push(`${name} ${String(method)}`);
        return next(input);
      },
    });
  const header = {
    metadata: { encoding: new TextEncoder().encode("json/plain") },
    data: new TextEncoder().encode("1"),
  };
  const changing: ActivityClientInterceptor = {
    start: (input, next) =>
      next({ ...input, headers: { trace: header }, options: { ...input.options, args: ["changed"] } }),
  };
  const { activity } = await client({ interceptors: { activity: [interceptor("one"), interceptor("two"), changing] } });
  const it = options();
  const handle = await activity.start("greet", it);
  await handle.pause();
  await handle.unpause();
  await handle.updateOptions({ heartbeatTimeout: 60_000 });
  await handle.restoreOriginalOptions();
  await handle.describe();
  await handle.cancel("why");
  const result = rejected(handle.result());
  await handle.terminate("why").catch(() => {});
  await result;
  await Array.fromAsync(activity.list(`ActivityId = '${it.id}'`));
  await activity.count(`ActivityId = '${it.id}'`);
  const methods = [
    "start",
    "pause",
    "unpause",
    "updateOptions",
    "restoreOriginalOptions",
    "describe",
    "cancel",
    "getResult",
    "terminate",
    "list",
    "count",
  ];
  expect(seen).toEqual(methods.flatMap((method) => [`one ${method}`, `two ${method}`]));
  const other = options();
  await activity.start("greet", other);
  const task = await takeTask(other.taskQueue);
  expect(task.header?.fields?.trace).toEqual(header);
  expect(task.input).toEqual(json("changed"));
});
