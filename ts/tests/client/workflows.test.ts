import { describe, expect, test } from "bun:test";
import {
  GrpcServiceError,
  GrpcStatus,
  isGrpcServiceError,
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  type WorkflowClientInterceptor,
  WorkflowContinuedAsNewError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "../../src/client";
import {
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TerminatedFailure,
  TimeoutFailure,
} from "../../src/common";
import { decode } from "../../src/common/encoding";
import { encodeJson } from "../../src/proto/json";
import { EventType } from "../../src/proto/temporal/api/enums/v1/event_type";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { eventually } from "../support/eventually";
import { run } from "../support/process";
import { temporalCli } from "../support/server";
import {
  address,
  answerQuery,
  answerTask,
  answerUpdate,
  cancel,
  client,
  complete,
  connection,
  continueAsNew,
  fail,
  namespace,
  unique,
} from "./support";

/** Starts a workflow on a queue of its own. */
async function started(
  options: { interceptors?: WorkflowClientInterceptor[]; runTimeout?: number; followRuns?: boolean } = {},
) {
  const { workflow } = await client({ interceptors: { workflow: options.interceptors } });
  const taskQueue = unique("queue");
  const workflowId = unique("workflow");
  const handle = await workflow.start("order", {
    taskQueue,
    workflowId,
    workflowRunTimeout: options.runTimeout,
    followRuns: options.followRuns,
  });
  return { workflow, taskQueue, workflowId, handle };
}

/** What a promise rejects with. */
async function rejection<E extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: any[]) => E,
): Promise<E> {
  const error = await promise.then(
    (value) => new Error(`resolved to ${Bun.inspect(value)}`),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return error;
}

describe("start and describe", () => {
  test("everything that is set arrives", async () => {
    const { workflow } = await client({ identity: "me" });
    const taskQueue = unique("queue");
    const workflowId = unique("workflow");
    const handle = await workflow.start("order", {
      taskQueue,
      workflowId,
      args: [1, { a: "grüße" }, undefined],
      memo: { note: ["x"] },
      typedSearchAttributes: [{ key: { name: "TemporalChangeVersion", type: "KEYWORD_LIST" }, value: ["v1"] }],
      staticSummary: "summary",
      staticDetails: "details",
      workflowRunTimeout: "1 hour",
      workflowExecutionTimeout: "2 hours",
      workflowTaskTimeout: "15s",
      retry: { maximumAttempts: 3, initialInterval: "2s" },
      priority: { priorityKey: 2 },
    });
    expect(handle.eagerlyStarted).toBe(false);
    const description = await handle.describe();
    expect(description).toMatchObject({
      type: "order",
      workflowId,
      runId: handle.firstExecutionRunId,
      taskQueue,
      status: { code: 1, name: "RUNNING" },
      memo: { note: ["x"] },
      searchAttributes: { TemporalChangeVersion: ["v1"] },
      priority: { priorityKey: 2 },
      closeTime: undefined,
      parentExecution: undefined,
      rootExecution: { workflowId, runId: handle.firstExecutionRunId },
    });
    expect(Math.abs(description.startTime.getTime() - Date.now())).toBeLessThan(60_000);
    expect([await description.staticSummary(), await description.staticDetails()]).toEqual(["summary", "details"]);
    const { events } = await handle.fetchHistory();
    const attributes = events![0]!.workflowExecutionStartedEventAttributes!;
    expect(attributes.identity).toBe("me");
    expect(attributes.input!.payloads!.map((payload) => defaultPayloadConverter.fromPayload<unknown>(payload))).toEqual(
      [1, { a: "grüße" }, undefined],
    );
    expect(attributes.workflowRunTimeout!.seconds!.toNumber()).toBe(3600);
    expect(attributes.retryPolicy).toMatchObject({ maximumAttempts: 3 });
    await handle.terminate();
  });

  test("a taken id", async () => {
    const { workflow, handle, taskQueue, workflowId } = await started();
    const error = await rejection(
      workflow.start("other", { taskQueue, workflowId }),
      WorkflowExecutionAlreadyStartedError,
    );
    expect([error.workflowId, error.workflowType]).toEqual([workflowId, "other"]);
    const existing = await workflow.start("order", { taskQueue, workflowId, workflowIdConflictPolicy: "USE_EXISTING" });
    expect(existing.firstExecutionRunId).toBe(handle.firstExecutionRunId);
    const another = await workflow.start("order", {
      taskQueue,
      workflowId,
      workflowIdConflictPolicy: "TERMINATE_EXISTING",
    });
    expect(another.firstExecutionRunId).not.toBe(handle.firstExecutionRunId);
    await another.terminate();
    await rejection(
      workflow.start("order", { taskQueue, workflowId, workflowIdReusePolicy: "REJECT_DUPLICATE" }),
      WorkflowExecutionAlreadyStartedError,
    );
  });

  test("missing options and unknown namespace", async () => {
    const { workflow } = await client();
    await expect(workflow.start("order", { taskQueue: "", workflowId: "w" })).rejects.toThrow(
      "Missing WorkflowOptions.taskQueue",
    );
    await expect(workflow.start("order", { taskQueue: "q", workflowId: "" })).rejects.toThrow(
      "Missing WorkflowOptions.workflowId",
    );
    const elsewhere = (await client({ namespace: "elsewhere" })).workflow;
    const error = await rejection(
      elsewhere.start("order", { taskQueue: "q", workflowId: "w" }),
      NamespaceNotFoundError,
    );
    expect(error.namespace).toBe("elsewhere");
  });

  test("what the server refuses is a ServiceError with its words", async () => {
    const { workflow } = await client();
    const error = await rejection(
      workflow.start("order", { taskQueue: "q", workflowId: "x".repeat(2000) }),
      ServiceError,
    );
    expect(error.message).toContain("Failed to start Workflow: ");
    expect(error.cause).toMatchObject({ code: 3 });
  });

  test("unknown workflows", async () => {
    const handle = (await client()).workflow.getHandle(unique("nothing"), "01a1fc05-abb7-7dcf-a9ec-a1a59f3ce8da");
    const calls = [
      handle.describe(),
      handle.signal("s"),
      handle.cancel(),
      handle.terminate(),
      handle.result(),
      handle.query("q"),
      handle.executeUpdate("u"),
    ];
    for (const error of await Promise.all(
      calls.map((call) => rejection<WorkflowNotFoundError>(call, WorkflowNotFoundError)),
    )) {
      expect([error.workflowId, error.runId]).toEqual([handle.workflowId, "01a1fc05-abb7-7dcf-a9ec-a1a59f3ce8da"]);
    }
    // As in the official SDK.
    const error = await rejection(handle.fetchHistory(), GrpcServiceError);
    expect([isGrpcServiceError(error), error.code]).toEqual([true, GrpcStatus.NOT_FOUND]);
  });

  test("the methods of a handle can be taken from it", async () => {
    const { handle, taskQueue } = await started();
    const { signal } = handle;
    await signal("s", 1);
    const wrapped = { ...handle, name: "an order" };
    expect((await wrapped.describe()).status.name).toBe("RUNNING");
    await answerTask(taskQueue, [complete("done")]);
    expect([wrapped.workflowId, await wrapped.result()]).toEqual([handle.workflowId, "done"]);
  });
});

describe("result", () => {
  test("of a completed workflow", async () => {
    const { handle, taskQueue } = await started();
    const result = handle.result();
    await answerTask(taskQueue, [complete({ total: 3 })]);
    expect(await result).toEqual({ total: 3 });
    expect((await handle.describe()).status.name).toBe("COMPLETED");
  });

  test("execute", async () => {
    const taskQueue = unique("queue");
    const result = (await client()).workflow.execute("order", { taskQueue, workflowId: unique("workflow") });
    await answerTask(taskQueue, [complete("done")]);
    expect(await result).toBe("done");
  });

  test("of a failed workflow, with causes", async () => {
    const { handle, taskQueue } = await started();
    const failure = ApplicationFailure.create({ message: "outer", type: "T", details: [1], cause: new Error("inner") });
    await answerTask(taskQueue, [fail(defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter))]);
    const error = await rejection(handle.result(), WorkflowFailedError);
    expect(error.retryState).toBe("RETRY_POLICY_NOT_SET");
    expect(error.cause).toBeInstanceOf(ApplicationFailure);
    expect(error.cause).toMatchObject({ message: "outer", type: "T", details: [1] });
    expect((error.cause!.cause as Error).message).toBe("inner");
  });

  test("of a cancelled workflow", async () => {
    const { handle, taskQueue } = await started();
    await handle.cancel();
    await answerTask(taskQueue, [cancel("why")]);
    const error = await rejection(handle.result(), WorkflowFailedError);
    expect(error.cause).toBeInstanceOf(CancelledFailure);
    expect(error.cause).toMatchObject({ message: "Workflow canceled", details: ["why"] });
  });

  test("of a terminated workflow", async () => {
    const { handle } = await started();
    const result = rejection(handle.result(), WorkflowFailedError);
    await handle.terminate("enough");
    const error = await result;
    expect(error.message).toBe("enough");
    expect(error.cause).toBeInstanceOf(TerminatedFailure);
  });

  test("of a timed-out workflow", async () => {
    const { handle } = await started({ runTimeout: 500 });
    const error = await rejection(handle.result(), WorkflowFailedError);
    expect(error.cause).toBeInstanceOf(TimeoutFailure);
    expect(error.cause).toMatchObject({ timeoutType: "START_TO_CLOSE" });
  });

  test("goes on to the next run, or not", async () => {
    const { workflow, handle, taskQueue, workflowId } = await started();
    await answerTask(taskQueue, [continueAsNew("order", taskQueue)]);
    const error = await rejection(
      workflow.getHandle(workflowId, handle.firstExecutionRunId, { followRuns: false }).result(),
      WorkflowContinuedAsNewError,
    );
    expect(error.newExecutionRunId).toBe((await handle.describe()).runId);
    await answerTask(taskQueue, [complete("second run")]);
    expect(await handle.result()).toBe("second run");
  });
});

describe("signals", () => {
  test("arrive with their arguments", async () => {
    const { handle } = await started();
    await handle.signal("ship", { by: "air" }, 2);
    await handle.signalWithOptions("stop", {});
    const signals = (await handle.fetchHistory()).events!.filter(
      (event) => event.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    );
    const [first, second] = signals.map((event) => event.workflowExecutionSignaledEventAttributes!);
    expect(first!.signalName).toBe("ship");
    expect(first!.input!.payloads!.map((payload) => JSON.parse(decode(payload.data!)))).toEqual([{ by: "air" }, 2]);
    expect([second!.signalName, second!.input?.payloads]).toEqual(["stop", []]);
    await handle.terminate();
  });

  test("with start: starts, then signals the same run", async () => {
    const { workflow } = await client();
    const options = { taskQueue: unique("queue"), workflowId: unique("workflow"), signal: "go", signalArgs: [1] };
    const first = await workflow.signalWithStart("order", options);
    const second = await workflow.signalWithStart("order", { ...options, signalArgs: [2] });
    expect(second.signaledRunId).toBe(first.signaledRunId);
    const { events } = await first.fetchHistory();
    expect(events!.filter((event) => event.workflowExecutionSignaledEventAttributes).length).toBe(2);
    await first.terminate();
    await rejection(first.signal("go"), WorkflowNotFoundError);
  });
});

describe("queries", () => {
  test("answered, unknown and rejected", async () => {
    const { workflow, handle, taskQueue, workflowId } = await started();
    await answerTask(taskQueue, []);
    const answer = handle.query<string, [number]>("status", 1);
    const task = await answerQuery(taskQueue, "shipped");
    expect(await answer).toBe("shipped");
    expect(task.query!.queryType).toBe("status");
    expect(JSON.parse(decode(task.query!.queryArgs!.payloads![0]!.data!))).toBe(1);
    const unknown = rejection(handle.query("other"), QueryNotRegisteredError);
    await answerQuery(taskQueue, undefined, "no such query; known are: status");
    expect(await unknown).toMatchObject({ message: "no such query; known are: status", code: 3 });
    await handle.terminate();
    const strict = (await client({ workflow: { queryRejectCondition: "NOT_OPEN" } })).workflow;
    expect((await rejection(strict.getHandle(workflowId).query("status"), QueryRejectedError)).status).toBe(5);
    expect(workflow.options.queryRejectCondition).toBe("NONE");
  });
});

describe("updates", () => {
  test("completed, failed, rejected", async () => {
    const { handle, taskQueue } = await started();
    const value = handle.executeUpdate<number, [number]>("add", { args: [2], updateId: "first" });
    const request = await answerUpdate(taskQueue, { value: 5 });
    expect(await value).toBe(5);
    expect([request.input!.name, request.meta!.updateId]).toEqual(["add", "first"]);
    expect(await handle.getUpdateHandle<number>("first").result()).toBe(5);

    const failing = rejection(handle.executeUpdate("add"), WorkflowUpdateFailedError);
    await answerUpdate(taskQueue, { failure: { message: "no", applicationFailureInfo: { type: "T" } } });
    expect((await failing).cause).toMatchObject({ message: "no", type: "T" });

    const rejected = rejection(handle.executeUpdate("add"), WorkflowUpdateFailedError);
    await answerUpdate(taskQueue, { rejection: { message: "invalid", applicationFailureInfo: {} } });
    expect((await rejected).cause).toMatchObject({ message: "invalid" });
    await handle.terminate();
  });

  test("started, and waited for by handle", async () => {
    const { handle, taskQueue } = await started();
    const starting = handle.startUpdate<string, []>("u", { waitForStage: "ACCEPTED" });
    await answerUpdate(taskQueue, { value: "late" }, [complete(null)]);
    const update = await starting;
    expect(update).toMatchObject({ workflowId: handle.workflowId, workflowRunId: handle.firstExecutionRunId });
    expect(await update.result()).toBe("late");
  });

  test("waiting ends at the deadline", async () => {
    const { workflow, handle } = await started();
    const waiting = workflow.withDeadline(Date.now() + 300, () => handle.executeUpdate("u"));
    const error = await rejection(waiting, WorkflowUpdateRPCTimeoutOrCancelledError);
    expect(error.cause).toMatchObject({ code: 4 });
    await handle.terminate();
  });
});

describe("list, count and histories", () => {
  test("find what was started", async () => {
    const { workflow } = await client();
    const taskQueue = unique("queue");
    const handles: WorkflowHandle[] = [];
    for (let index = 0; index < 3; index++)
      handles.push(await workflow.start("listed", { taskQueue, workflowId: unique("workflow"), memo: { index } }));
    const query = `TaskQueue = '${taskQueue}'`;
    await eventually(
      () => workflow.count(query),
      ({ count }) => count === 3,
    );
    // Pages of one each, so that several are fetched.
    const found = await Array.fromAsync(workflow.list({ query, pageSize: 1 }));
    expect(found.map((info) => info.workflowId).sort()).toEqual(handles.map((handle) => handle.workflowId).sort());
    expect(found.map((info) => info.memo!.index).sort()).toEqual([0, 1, 2]);
    const grouped = await workflow.count(`${query} GROUP BY ExecutionStatus`);
    expect(grouped.groups).toEqual([{ count: 3, groupValues: [["Running"]] as any }]);
    const histories = await Array.fromAsync(workflow.list({ query }).intoHistories({ concurrency: 2 }));
    expect(histories.map((item) => (item.history as any).events.length)).toEqual([2, 2, 2]);
    for (const handle of handles) await handle.terminate();
    await expect(Array.fromAsync(workflow.list({ query: "Nonsense ~ 1" }))).rejects.toThrow("Failed to list workflows");
    await expect(workflow.count("Nonsense ~ 1")).rejects.toThrow(ServiceError);
  });

  test("a history that the CLI writes as JSON reads as the one fetched", async () => {
    const { handle, taskQueue } = await started();
    await handle.signal("s", { a: [1] });
    await answerTask(taskQueue, [complete("x")]);
    const options = ["--address", address, "--namespace", namespace, "--workflow-id", handle.workflowId];
    const { output } = await run([temporalCli(), "workflow", "show", ...options, "--output", "json"]);
    const history = await handle.fetchHistory();
    expect(history.events!.length).toBeGreaterThan(4);
    expect(History.decode(encodeJson("temporal.api.history.v1.History", JSON.parse(output)))).toEqual(history);
  });
});

test("interceptors see and change every call", async () => {
  const seen: string[] = [];
  const around =
    (name: string) =>
    async (input: any, next: (input: any) => Promise<any>): Promise<any> => {
      seen.push(name);
      return next(input);
    };
  const interceptor: WorkflowClientInterceptor = {
    startWithDetails: (input, next) => {
      seen.push("start");
      return next({ ...input, headers: { trace: defaultPayloadConverter.toPayload("id") } });
    },
    signal: around("signal"),
    signalWithStart: around("signalWithStart"),
    query: around("query"),
    startUpdate: around("update"),
    describe: around("describe"),
    cancel: around("cancel"),
    terminate: around("terminate"),
  };
  const legacy: WorkflowClientInterceptor = {
    async start(input, next) {
      seen.push("legacy start");
      return next(input);
    },
  };
  const { handle, taskQueue, workflow } = await started({ interceptors: [legacy, interceptor] });
  await handle.describe();
  await handle.signal("s");
  await handle.cancel();
  // So that the next task is that of the update, and not one that came before it.
  await answerTask(taskQueue);
  const update = handle.executeUpdate("u");
  await answerUpdate(taskQueue, { value: 1 });
  await update;
  const answer = handle.query("q");
  await answerQuery(taskQueue, 1);
  await answer;
  const { events } = await handle.fetchHistory();
  expect(Object.keys(events![0]!.workflowExecutionStartedEventAttributes!.header!.fields!)).toEqual(["trace"]);
  await handle.terminate();
  const other = await workflow.signalWithStart("order", { taskQueue, workflowId: unique("workflow"), signal: "s" });
  await other.terminate();
  expect(seen).toEqual([
    "legacy start",
    "start",
    "describe",
    "signal",
    "cancel",
    "update",
    "query",
    "terminate",
    "signalWithStart",
    "terminate",
  ]);
});

test("codecs apply to arguments, memos, results and failures", async () => {
  const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
  const codec = async (payloads: any[]) => payloads.map((payload) => ({ ...payload, data: flip(payload.data) }));
  const { workflow } = await client({ dataConverter: { payloadCodecs: [{ encode: codec, decode: codec }] } });
  const taskQueue = unique("queue");
  const handle = await workflow.start("order", {
    taskQueue,
    workflowId: unique("workflow"),
    args: ["secret"],
    memo: { m: "secret" },
  });
  const [event] = (await handle.fetchHistory()).events!;
  const { input, memo } = event!.workflowExecutionStartedEventAttributes!;
  expect(decode(flip(input!.payloads![0]!.data!))).toBe('"secret"');
  expect(decode(flip(memo!.fields!.m!.data!))).toBe('"secret"');
  expect((await handle.describe()).memo).toEqual({ m: "secret" });
  const command = complete("result");
  const payload = command.completeWorkflowExecutionCommandAttributes!.result!.payloads![0]!;
  payload.data = flip(payload.data!);
  await answerTask(taskQueue, [command]);
  expect(await handle.result()).toBe("result");
});

test("two hundred handles wait at a time", async () => {
  const { workflow } = await client();
  const taskQueue = unique("queue");
  const handles = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      workflow.start("many", { taskQueue, workflowId: unique("workflow"), args: [index] }),
    ),
  );
  const results = Promise.all(handles.map((handle) => handle.result()));
  const service = (await connection()).workflowService;
  const work = async () => {
    for (let index = 0; index < 50; index++) {
      const task = await service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } });
      const input = task.history!.events![0]!.workflowExecutionStartedEventAttributes!.input!;
      const commands = [{ ...complete(0), completeWorkflowExecutionCommandAttributes: { result: input } }];
      await service.respondWorkflowTaskCompleted({ namespace, taskToken: task.taskToken, commands });
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  expect(await results).toEqual(Array.from({ length: 200 }, (_, index) => index));
}, 180_000);
