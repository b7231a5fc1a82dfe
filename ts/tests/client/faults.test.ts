import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
  ActivityExecutionFailedError,
  Client,
  Connection,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "../../src/client";
import { ValueError } from "../../src/common";
import {
  ExecuteMultiOperationResponse,
  GetWorkflowExecutionHistoryRequest,
  GetWorkflowExecutionHistoryResponse,
  PollActivityExecutionResponse,
  PollNexusOperationExecutionResponse,
  PollWorkflowExecutionUpdateResponse,
  UpdateWorkflowExecutionResponse,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { grpcServer } from "../support/grpc-server";
import { startServer } from "../support/server";
import { address, answerTask, answerUpdate, client, complete, json, namespace, pollTask, unique } from "./support";

const rejected = (promise: Promise<unknown>) =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error) => error,
  );

/** Stands between a client and the server, and can cut all connections. */
async function cuttingProxy() {
  const [host, port] = address.split(":");
  const sockets = new Set<Socket>();
  const server = createServer((inside) => {
    const outside = connect(Number(port), host);
    for (const socket of [inside, outside])
      sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}

describe("long polls", () => {
  test("results of workflows and activities, and an update, survive a restart of the server", async () => {
    const server = await startServer();
    const connection = await Connection.connect({ address: server.address });
    const { workflow, activity, workflowService } = new Client({ connection });
    const [taskQueue, updateQueue] = ["queue", "update-queue"];
    const handle = await workflow.start("order", { taskQueue, workflowId: "workflow" });
    const updated = await workflow.start("order", { taskQueue: updateQueue, workflowId: "updated" });
    const standalone = await activity.start("ship", { id: "activity", taskQueue, startToCloseTimeout: "1 minute" });
    const results = [handle.result(), standalone.result()].map(rejected);
    const update = updated.executeUpdate("add", { args: [1], updateId: "update" });
    // The long polls are on their way once another call has been answered.
    await handle.describe();
    await server.stop();
    await server.start();
    await standalone.terminate("after the restart");
    await handle.terminate("after the restart");
    const [first, second] = await Promise.all(results);
    expect(first).toBeInstanceOf(WorkflowFailedError);
    expect(first.message).toBe("after the restart");
    expect(second).toBeInstanceOf(ActivityExecutionFailedError);
    expect(second.cause.message).toBe("after the restart");
    // No worker took the update before the restart; it is sent again with the same id.
    const request = await answerUpdate(updateQueue, { value: 3 }, [], workflowService);
    expect(await update).toBe(3);
    expect(request.meta?.updateId).toBe("update");
    await connection.close();
    await server.stop();
  }, 180_000);

  test("go on when their connection is cut", async () => {
    await using proxy = await cuttingProxy();
    const connection = await Connection.connect({ address: proxy.address });
    const { workflow } = new Client({ connection, namespace });
    const taskQueue = unique("queue");
    const handle = await workflow.start("order", { taskQueue, workflowId: unique("workflow") });
    const result = handle.result();
    const update = handle.executeUpdate("add", { args: [1] });
    await handle.describe();
    proxy.cut();
    // A call that is made now is tried again as well.
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await answerUpdate(taskQueue, { value: 2 });
    expect(await update).toBe(2);
    proxy.cut();
    await handle.signal("finish");
    await answerTask(taskQueue, [complete("whole")]);
    expect(await result).toBe("whole");
    await connection.close();
  });

  test("200 at a time: one request each and no thread; an abort ends one at once, the answer the others", async () => {
    const waiting: ((response: Uint8Array) => void)[] = [];
    const arrived = Promise.withResolvers<void>();
    const asked = new Set<string>();
    await using server = await grpcServer(({ rpc, request }) => {
      if (rpc !== "GetWorkflowExecutionHistory") return;
      asked.add(GetWorkflowExecutionHistoryRequest.decode(request).execution!.workflowId!);
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      if (waiting.push(resolve) === 200) arrived.resolve();
      return promise;
    });
    const connection = await Connection.connect({ address: server.address });
    const { workflow } = new Client({ connection });
    const threads = () => Number(/^Threads:\s+(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    const before = process.platform === "linux" ? threads() : 0;
    const controllers = Array.from({ length: 200 }, () => new AbortController());
    const results = controllers.map((controller, index) =>
      connection
        .withAbortSignal(controller.signal, () => workflow.getHandle(`workflow-${index}`).result())
        .catch((error) => error),
    );
    await arrived.promise;
    if (process.platform === "linux") expect(threads() - before).toBeLessThan(10);
    controllers[7]!.abort(new Error("enough"));
    const error = await results[7];
    expect(isGrpcCancelledError(error)).toBe(true);
    expect((error as Error & { cause: Error }).cause.cause).toBe(controllers[7]!.signal.reason);
    const event = { workflowExecutionCompletedEventAttributes: { result: { payloads: [] } } };
    const response = GetWorkflowExecutionHistoryResponse.encode({ history: { events: [event] } }).finish();
    for (const answer of waiting) answer(response);
    const values = await Promise.all(results.filter((_, index) => index !== 7));
    expect(values).toEqual(values.map(() => undefined));
    expect([asked.size, server.calls.filter((call) => call.rpc === "GetWorkflowExecutionHistory").length]).toEqual([
      200, 200,
    ]);
    await connection.close();
  });

  test("go on when a limit that is not the caller's ends them", async () => {
    const ended = new Set<string>();
    const closed = { workflowExecutionCompletedEventAttributes: { result: { payloads: [] } } };
    const runs = { workflowExecution: { workflowId: "workflow", runId: "run" } };
    const update = { stage: 3, updateRef: runs, outcome: { success: json(2) } };
    const answers: Record<string, Uint8Array> = {
      GetWorkflowExecutionHistory: GetWorkflowExecutionHistoryResponse.encode({
        history: { events: [closed] },
      }).finish(),
      UpdateWorkflowExecution: UpdateWorkflowExecutionResponse.encode({ stage: 2, updateRef: runs }).finish(),
      PollWorkflowExecutionUpdate: PollWorkflowExecutionUpdateResponse.encode({ outcome: update.outcome }).finish(),
      ExecuteMultiOperation: ExecuteMultiOperationResponse.encode({
        responses: [{ startWorkflow: { runId: "run" } }, { updateWorkflow: update }],
      }).finish(),
      PollActivityExecution: PollActivityExecutionResponse.encode({ outcome: { result: json(3) } }).finish(),
      PollNexusOperationExecution: PollNexusOperationExecutionResponse.encode({ result: json(4).payloads[0] }).finish(),
    };
    await using server = await grpcServer(({ rpc }) => {
      if (!(rpc in answers) || ended.has(rpc)) return answers[rpc];
      ended.add(rpc);
      throw { code: 4, message: "a limit of the server's" };
    });
    const connection = await Connection.connect({ address: server.address });
    const { workflow, activity, nexus } = new Client({ connection });
    const handle = workflow.getHandle("workflow");
    const startWorkflowOperation = new WithStartWorkflowOperation("order", {
      taskQueue: "queue",
      workflowId: "workflow",
      workflowIdConflictPolicy: "FAIL",
    });
    expect(await handle.result()).toBeUndefined();
    expect(await handle.executeUpdate("add")).toBe(2);
    expect(await workflow.executeUpdateWithStart("add", { startWorkflowOperation })).toBe(2);
    expect(await activity.getHandle("activity").result()).toBe(3);
    expect(await nexus.getHandle<number>("operation").result()).toBe(4);
    expect([...ended].sort()).toEqual(Object.keys(answers).sort());
    // Other calls are not made again.
    answers.CountWorkflowExecutions = new Uint8Array();
    await expect(workflow.count()).rejects.toMatchObject({ cause: { code: 4 } });
    await connection.close();
  });

  test("200 workflows at a time", async () => {
    const { workflow } = await client();
    const taskQueue = unique("queue");
    const handles = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        workflow.start("order", { taskQueue, workflowId: unique(`workflow-${index}`) }),
      ),
    );
    const results = handles.map((handle) => handle.result().catch((error) => error.message));
    await Promise.all(handles.map((handle, index) => handle.terminate(`number ${index}`)));
    expect(await Promise.all(results)).toEqual(handles.map((_, index) => `number ${index}`));
  });

  test("deadlines and abort signals end waiting for results and updates of every kind", async () => {
    const { workflow, activity } = await client();
    const connection = workflow.connection;
    const handle = await workflow.start("order", { taskQueue: unique("queue"), workflowId: unique("workflow") });
    const standalone = await activity.start("ship", {
      id: unique("activity"),
      taskQueue: unique("queue"),
      startToCloseTimeout: "1 minute",
    });
    const waits = [() => handle.result(), () => standalone.result(), () => handle.executeUpdate("add", { args: [1] })];
    const late = await Promise.all(waits.map((wait) => rejected(connection.withDeadline(Date.now() + 300, wait))));
    expect(late.map((error) => isGrpcDeadlineError(error))).toEqual([true, true, true]);
    const controller = new AbortController();
    const aborted = waits.map((wait) => rejected(connection.withAbortSignal(controller.signal, wait)));
    await handle.describe();
    controller.abort();
    const errors = await Promise.all(aborted);
    expect(errors.map((error) => isGrpcCancelledError(error))).toEqual([true, true, true]);
    for (const error of [late[2], errors[2]]) expect(error).toBeInstanceOf(WorkflowUpdateRPCTimeoutOrCancelledError);
    await Promise.all([handle.terminate(), standalone.terminate("over")]);
  });
});

describe("payloads", () => {
  test("too large for the server are not sent again, though it is short of resources", async () => {
    const message = "grpc: received message larger than max (5242880 vs. 4194304)";
    await using server = await grpcServer(({ rpc }) => {
      if (rpc === "StartWorkflowExecution") throw { code: 8, message };
    });
    const connection = await Connection.connect({ address: server.address });
    const { workflow } = new Client({ connection });
    const error = await rejected(workflow.start("order", { taskQueue: "queue", workflowId: "order-1" }));
    expect(error.message).toBe(`Failed to start Workflow: ${message}`);
    expect(server.calls.filter(({ rpc }) => rpc === "StartWorkflowExecution")).toHaveLength(1);
    await connection.close();
  });

  test("of 5 MB: the server's limit is a ServiceError with its words", async () => {
    const { workflow, schedule, activity } = await client();
    const big = "x".repeat(5 * 1024 * 1024);
    const base = { taskQueue: unique("queue"), workflowId: unique("workflow") };
    const handle = await workflow.start("order", { ...base, workflowId: unique("workflow") });
    const calls = {
      "start Workflow": () => workflow.start("order", { ...base, args: [big] }),
      "signal Workflow": () => handle.signal("signal", big),
      "query Workflow": () => handle.query("query", big),
      "create schedule": () =>
        schedule.create({
          scheduleId: unique("schedule"),
          spec: {},
          action: { type: "startWorkflow", workflowType: "order", args: [big], ...base },
        }),
      "start activity": () =>
        activity.start("ship", { id: unique("activity"), taskQueue: "queue", startToCloseTimeout: 1000, args: [big] }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await rejected(call());
      expect(error).toBeInstanceOf(ServiceError);
      expect(error.message).toStartWith(`Failed to ${name}: grpc: received message larger than max`);
      expect(error.cause).toMatchObject({ code: 8 });
    }
    // Between the limit of a payload and that of a message the server says it otherwise.
    const error = await rejected(handle.signal("signal", big.slice(0, 3 * 1024 * 1024)));
    expect([error.message, error.cause.code]).toEqual(["Failed to signal Workflow: Blob data size exceeds limit.", 3]);
    await expect(workflow.getHandle(base.workflowId).describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await handle.terminate();
  });

  test("that cannot be converted: nothing is sent", async () => {
    const { workflow } = await client();
    const circular: { self?: object } = {};
    circular.self = circular;
    const base = { taskQueue: unique("queue"), workflowId: unique("workflow") };
    for (const value of [circular, 10n, () => 1, Symbol("s")])
      expect(await rejected(workflow.start("order", { ...base, args: [value] }))).toBeInstanceOf(ValueError);
    expect(await rejected(workflow.start("order", { ...base, memo: { circular } }))).toBeInstanceOf(ValueError);
    await expect(workflow.getHandle(base.workflowId).describe()).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });

  test("that cannot be read: invalid UTF-8, text that is no JSON, unknown and missing encodings", async () => {
    const { workflow } = await client();
    const text = (value: string) => new TextEncoder().encode(value);
    const cases: [data: Uint8Array, metadata: Record<string, Uint8Array>, outcome: string | RegExp][] = [
      // As in the official client: in JSON, what is no UTF-8 is replaced.
      [new Uint8Array([0x22, 0xff, 0xfe, 0x22]), { encoding: text("json/plain") }, "\ufffd\ufffd"],
      [new Uint8Array([0xff, 0xfe]), { encoding: text("json/plain") }, /JSON/],
      [text("{"), { encoding: text("json/plain") }, /JSON/],
      [text("1"), { encoding: text("json/martian") }, /json\/martian/],
      [text("1"), { encoding: new Uint8Array([0xff, 0xfe]) }, /\ufffd\ufffd/],
      [text("1"), {}, /encoding/],
    ];
    for (const [data, metadata, outcome] of cases) {
      const taskQueue = unique("queue");
      const handle = await workflow.start("order", { taskQueue, workflowId: unique("workflow") });
      const result = handle.result().catch((error) => error);
      const task = await pollTask(taskQueue);
      const commands = [
        { ...complete(1), completeWorkflowExecutionCommandAttributes: { result: { payloads: [{ data, metadata }] } } },
      ];
      await workflow.workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: task.taskToken, commands });
      const is = await result;
      if (typeof outcome === "string") expect(is).toBe(outcome);
      else {
        expect(is).toBeInstanceOf(Error);
        expect(is.message).toMatch(outcome);
      }
      // The bytes are not lost.
      const { events } = await handle.fetchHistory();
      expect(events!.at(-1)!.workflowExecutionCompletedEventAttributes!.result!.payloads![0]!.data).toEqual(data);
    }
  });

  test("text that is not well-formed Unicode is replaced, not refused", async () => {
    const { workflow } = await client();
    const workflowId = unique("workflow");
    const handle = await workflow.start("order", { taskQueue: unique("queue"), workflowId: `${workflowId}\ud800` });
    expect((await handle.describe()).workflowId).toBe(`${workflowId}\ufffd`);
    await handle.terminate();
  });
});
