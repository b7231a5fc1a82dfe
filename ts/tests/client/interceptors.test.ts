import { expect, test } from "bun:test";
import { Client, Connection, type WorkflowClientInterceptor } from "../../src/client";
import { defaultPayloadConverter } from "../../src/common";
import { recordedConnection } from "../support/recorded-connection";
import { answerQuery, answerTask, answerUpdate, client, complete, connection, unique } from "./support";

const ids = () => ({ taskQueue: unique("queue"), workflowId: unique("workflow") });
const header = defaultPayloadConverter.toPayload("header");

/** Notes the calls of all methods, and passes them on. */
function recorder(name: string, seen: string[]): WorkflowClientInterceptor {
  return new Proxy({} as WorkflowClientInterceptor, {
    // Without the older `start`, which stands in for `startWithDetails` where that is missing.
    get: (_target, method) =>
      method === "start"
        ? undefined
        : (input: object, next: (input: object) => unknown) => {
            seen.push(`${name} ${String(method)}`);
            return next(input);
          },
  });
}

test("every call goes through all of them, first to last", async () => {
  const seen: string[] = [];
  const { workflow } = await client({ interceptors: { workflow: [recorder("one", seen), recorder("two", seen)] } });
  const it = ids();
  const handle = await workflow.start("order", it);
  await handle.signal("signal");
  await workflow.signalWithStart("order", { ...it, signal: "signal" });
  await answerTask(it.taskQueue);
  const query = handle.query("query");
  await answerQuery(it.taskQueue, 1);
  expect(await query).toBe(1);
  const update = handle.executeUpdate("update");
  await answerUpdate(it.taskQueue, { value: 2 });
  expect(await update).toBe(2);
  await handle.describe();
  await handle.cancel();
  await handle.terminate();
  const methods = [
    "startWithDetails",
    "signal",
    "signalWithStart",
    "query",
    "startUpdate",
    "describe",
    "cancel",
    "terminate",
  ];
  expect(seen).toEqual(methods.flatMap((method) => [`one ${method}`, `two ${method}`]));
});

test("inputs and outputs can be changed; headers arrive with starts, signals, queries and updates", async () => {
  const interceptor: WorkflowClientInterceptor = {
    startWithDetails: async (input, next) => ({
      ...(await next({ ...input, workflowType: "changed", headers: { ...input.headers, trace: header } })),
      eagerlyStarted: true,
    }),
    signal: (input, next) => next({ ...input, signalName: "changed", headers: { trace: header } }),
    query: async (input, next) => [await next({ ...input, args: ["changed"], headers: { trace: header } })],
    startUpdate: (input, next) => next({ ...input, updateName: "changed", headers: { trace: header } }),
    terminate: (input, next) => next({ ...input, reason: "changed", details: ["detail"] }),
  };
  const { workflow } = await client({ interceptors: { workflow: [interceptor] } });
  const it = ids();
  const handle = await workflow.start("order", it);
  expect(handle.eagerlyStarted).toBe(true);
  await handle.signal("signal");
  await answerTask(it.taskQueue);
  const query = handle.query("query", 1);
  const task = await answerQuery(it.taskQueue, "answer");
  expect(await query).toEqual(["answer"]);
  expect([
    task.query?.header?.fields?.trace,
    defaultPayloadConverter.fromPayload<string>(task.query!.queryArgs!.payloads![0]!),
  ]).toEqual([header, "changed"]);
  const update = handle.executeUpdate("update");
  const request = await answerUpdate(it.taskQueue, { value: 2 });
  await update;
  expect([request.input?.name, request.input?.header?.fields?.trace]).toEqual(["changed", header]);
  await handle.terminate("unchanged");
  const events = (await handle.fetchHistory()).events!;
  expect(events[0]!.workflowExecutionStartedEventAttributes).toMatchObject({
    workflowType: { name: "changed" },
    header: { fields: { trace: header } },
  });
  const signaled = events.find((event) => event.workflowExecutionSignaledEventAttributes)!;
  expect(signaled.workflowExecutionSignaledEventAttributes).toMatchObject({
    signalName: "changed",
    header: { fields: { trace: header } },
  });
  expect(events.at(-1)!.workflowExecutionTerminatedEventAttributes).toMatchObject({
    reason: "changed",
    details: { payloads: [defaultPayloadConverter.toPayload("detail")] },
  });
});

test("the older `start` works, also beside `startWithDetails`, which goes before it in the same interceptor", async () => {
  const seen: string[] = [];
  const older: WorkflowClientInterceptor = {
    async start(input, next) {
      seen.push(`older: ${input.workflowType}`);
      const runId = await next({ ...input, workflowType: "changed" });
      seen.push(`run ${runId}`);
      return runId;
    },
  };
  const both: WorkflowClientInterceptor = {
    start: async () => {
      throw new Error("not called");
    },
    async startWithDetails(input, next) {
      seen.push(`both: ${input.workflowType}`);
      return next(input);
    },
  };
  const { workflow } = await client({ interceptors: { workflow: [older, both] } });
  const handle = await workflow.start("order", ids());
  expect(seen).toEqual(["older: order", "both: changed", `run ${handle.firstExecutionRunId}`]);
  expect(handle.eagerlyStarted).toBe(false);
  await handle.terminate();
});

test("the older shape with factories: one interceptor per workflow, and its ids", async () => {
  const made: unknown[] = [];
  const seen: string[] = [];
  const factory = (input: { workflowId: string; runId?: string }) => {
    made.push(input);
    return {
      ...recorder("", seen),
      signal: (signal: object, next: (input: never) => Promise<void>) => (seen.push("signal"), next(signal as never)),
    };
  };
  const { workflow } = await client({ interceptors: { workflow: { calls: [factory] } } });
  const it = ids();
  const handle = await workflow.start("order", it);
  await handle.signal("signal");
  await workflow.getHandle(it.workflowId, handle.firstExecutionRunId).signal("signal");
  expect(made).toEqual([
    { workflowId: it.workflowId, runId: undefined },
    { workflowId: it.workflowId, runId: handle.firstExecutionRunId },
  ]);
  expect(seen).toEqual(["signal", "signal"]);
  await handle.terminate();
});

test("an interceptor that throws, or answers itself: nothing is sent", async () => {
  const it = ids();
  const refusing: WorkflowClientInterceptor = {
    startWithDetails: async () => {
      throw new TypeError("refused");
    },
    describe: async () => ({ workflowExecutionInfo: { type: { name: "made up" }, startTime: { nanos: 1 } } }),
  };
  const { workflow } = await client({ interceptors: { workflow: [refusing] } });
  await expect(workflow.start("order", it)).rejects.toThrow(new TypeError("refused"));
  expect((await workflow.getHandle(it.workflowId).describe()).type).toBe("made up");
  await expect((await client()).workflow.getHandle(it.workflowId).describe()).rejects.toThrow();
});

test("a client's parts have its connection, namespace, identity, converter and interceptors", async () => {
  const interceptors = { workflow: [{}], schedule: [{}], nexus: [{}], activity: [{}] };
  const dataConverter = { payloadCodecs: [] };
  const it = new Client({
    connection: await connection(),
    namespace: "ns",
    identity: "me",
    dataConverter,
    interceptors,
    workflow: { queryRejectCondition: "NOT_OPEN" },
  });
  for (const part of [it.workflow, it.activity, it.schedule, it.nexus, it.taskQueue]) {
    expect(part.connection).toBe(it.connection);
    expect(part.options).toMatchObject({ namespace: "ns", identity: "me" });
    expect(part.options.loadedDataConverter).toBe(it.options.loadedDataConverter);
  }
  expect(it.options).toMatchObject({
    namespace: "ns",
    identity: "me",
    interceptors,
    workflow: { queryRejectCondition: "NOT_OPEN" },
  });
  expect(it.options.dataConverter).toBe(dataConverter);
  expect(it.workflowService).toBe(it.connection.workflowService);
  const plain = new Client({ connection: await connection() });
  expect(plain.options).toMatchObject({
    namespace: "default",
    interceptors: { workflow: [], schedule: [], nexus: [], activity: [] },
    workflow: { queryRejectCondition: "NONE" },
  });
  expect(plain.options.identity).toMatch(/^\d+@./);
});

test("scopes of a client's parts: deadline, metadata and abort signal", async () => {
  await using it = await recordedConnection((options) => Connection.connect(options));
  const { workflow, activity, schedule, nexus, taskQueue } = new Client({ connection: it.connection });
  for (const [name, part] of Object.entries({ workflow, activity, schedule, nexus, taskQueue })) {
    await expect(part.withDeadline(Date.now() - 1, it.call)).rejects.toThrow("deadline");
    await expect(part.withAbortSignal(AbortSignal.abort(), it.call)).rejects.toThrow("abort signal");
    await part.withMetadata({ "x-test": name }, it.call);
    expect(it.headers()["x-test"]).toBe(name);
  }
});

test("a workflow that ends tells its result past interceptors", async () => {
  const seen: string[] = [];
  const { workflow } = await client({ interceptors: { workflow: [recorder("one", seen)] } });
  const it = ids();
  const result = workflow.execute("order", it);
  await answerTask(it.taskQueue, [complete("done")]);
  expect(await result).toBe("done");
  expect(seen).toEqual(["one startWithDetails"]);
});
