import { describe, expect, test } from "bun:test";
import {
  ApplicationFailure,
  Client,
  Connection,
  GrpcStatus,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WithStartWorkflowOperation,
  type WorkflowClientInterceptor,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowStartOptions,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "../../src/client";
import type { WorkflowIdConflictPolicy } from "../../src/common/workflow-options";
import { answerTask, answerUpdate, client, complete, unique } from "./support";

type Options = WorkflowStartOptions & { workflowIdConflictPolicy: WorkflowIdConflictPolicy };

function operation(options: Partial<Options> = {}) {
  const taskQueue = unique("queue");
  const workflowId = unique("workflow");
  return {
    taskQueue,
    workflowId,
    start: () =>
      new WithStartWorkflowOperation("order", { taskQueue, workflowId, workflowIdConflictPolicy: "FAIL", ...options }),
  };
}

const rejected = (promise: Promise<unknown>) =>
  promise.then(
    (value) => Promise.reject(new Error(`resolved to ${Bun.inspect(value)}`)),
    (error) => error,
  );

describe("update with start", () => {
  test("starts the workflow, and resolves to the update's result; the handle is there too", async () => {
    const { workflow } = await client();
    const { taskQueue, workflowId, start } = operation({ args: ["start argument"], memo: { a: 1 } });
    const startWorkflowOperation = start();
    const result = workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation });
    const request = await answerUpdate(taskQueue, { value: 3 });
    expect(await result).toBe(3);
    expect(request.input?.name).toBe("add");
    const handle = await startWorkflowOperation.workflowHandle();
    expect(handle.workflowId).toBe(workflowId);
    expect(await handle.describe()).toMatchObject({ type: "order", status: { name: "RUNNING" }, memo: { a: 1 } });
    const closed = handle.result();
    await handle.signal("go on");
    await answerTask(taskQueue, [complete("done")]);
    expect(await closed).toBe("done");
  });

  test("goes to the running workflow if that is wanted", async () => {
    const { workflow } = await client();
    const { taskQueue, workflowId, start } = operation({ workflowIdConflictPolicy: "USE_EXISTING" });
    const running = await workflow.start("order", { taskQueue, workflowId });
    await answerTask(taskQueue);
    const startWorkflowOperation = start();
    const starting = workflow.startUpdateWithStart("add", {
      args: [2],
      updateId: "id",
      waitForStage: "ACCEPTED",
      startWorkflowOperation,
    });
    await answerUpdate(taskQueue, { value: 3 });
    const update = await starting;
    expect([update.updateId, update.workflowId, update.workflowRunId]).toEqual([
      "id",
      workflowId,
      running.firstExecutionRunId,
    ]);
    expect(await update.result()).toBe(3);
    await (await startWorkflowOperation.workflowHandle()).terminate();
  });

  test("if a workflow runs already and that is an error, both the call and the handle reject", async () => {
    const { workflow } = await client();
    const { taskQueue, workflowId, start } = operation();
    const running = await workflow.start("order", { taskQueue, workflowId });
    const startWorkflowOperation = start();
    const error = await rejected(workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation }));
    expect(error).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    expect([error.workflowId, error.workflowType]).toEqual([workflowId, "order"]);
    expect(await rejected(startWorkflowOperation.workflowHandle())).toBe(error);
    await running.terminate();
  });

  test("an update that fails or is rejected: the workflow runs all the same", async () => {
    const { workflow } = await client();
    for (const outcome of [
      { failure: { message: "no", applicationFailureInfo: { type: "Refused" } } },
      { rejection: { message: "no", applicationFailureInfo: { type: "Refused" } } },
    ]) {
      const { taskQueue, start } = operation();
      const startWorkflowOperation = start();
      const result = rejected(workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation }));
      await answerUpdate(taskQueue, outcome);
      const error = await result;
      expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
      expect(error.cause).toBeInstanceOf(ApplicationFailure);
      expect(error.cause).toMatchObject({ message: "no", type: "Refused" });
      await (await startWorkflowOperation.workflowHandle()).terminate();
    }
  });

  test("an operation serves one call", async () => {
    const { workflow } = await client();
    const { taskQueue, start } = operation();
    const startWorkflowOperation = start();
    const first = workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation });
    await expect(workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation })).rejects.toThrow(
      "has already been executed",
    );
    await answerUpdate(taskQueue, { value: 1 });
    expect(await first).toBe(1);
    await (await startWorkflowOperation.workflowHandle()).terminate();
  });

  test("waiting ends at the deadline", async () => {
    const { workflow } = await client();
    const { taskQueue, workflowId, start } = operation({ workflowIdConflictPolicy: "USE_EXISTING" });
    // It runs already, for the deadline may pass before the call has come to the server.
    const running = await workflow.start("order", { taskQueue, workflowId });
    const call = workflow.withDeadline(Date.now() + 500, () =>
      workflow.executeUpdateWithStart("add", { startWorkflowOperation: start() }),
    );
    expect(await rejected(call)).toBeInstanceOf(WorkflowUpdateRPCTimeoutOrCancelledError);
    await running.terminate();
  });

  test("errors before and in the call reject the handle as well", async () => {
    const { start } = operation({ taskQueue: "" });
    const missing = start();
    await expect(
      (await client()).workflow.executeUpdateWithStart("add", { startWorkflowOperation: missing }),
    ).rejects.toThrow("Missing WorkflowOptions.taskQueue");
    await expect(missing.workflowHandle()).rejects.toThrow("Missing WorkflowOptions.taskQueue");
    const elsewhere = operation().start();
    const error = await rejected(
      (await client({ namespace: "elsewhere" })).workflow.executeUpdateWithStart("add", {
        startWorkflowOperation: elsewhere,
      }),
    );
    expect(error).toBeInstanceOf(NamespaceNotFoundError);
    expect(await rejected(elsewhere.workflowHandle())).toMatchObject({ code: GrpcStatus.NOT_FOUND });
  });

  test.each([
    ["start", { workflowId: "x".repeat(2000) }, {}, "WorkflowId exceeds maximum allowed length"],
    ["update", {}, { updateId: "x".repeat(2000) }, "UpdateId length exceeds limit"],
  ])(
    "if the server refuses the %s, both reject with the gRPC error of that operation",
    async (_, start, update, words) => {
      const startWorkflowOperation = operation(start).start();
      const { workflow } = await client();
      const error = await rejected(workflow.executeUpdateWithStart("add", { ...update, startWorkflowOperation }));
      expect(isGrpcServiceError(error)).toBe(true);
      expect(error.code).toBe(GrpcStatus.INVALID_ARGUMENT);
      expect(error.message).toStartWith(words);
      expect(await rejected(startWorkflowOperation.workflowHandle())).toBe(error);
    },
  );

  test("if there is no server, the call rejects with ServiceError, and the handle with the gRPC error", async () => {
    const connection = Connection.lazy({ address: "127.0.0.1:1" });
    const startWorkflowOperation = operation().start();
    const { workflow } = new Client({ connection });
    const error = await rejected(workflow.executeUpdateWithStart("add", { startWorkflowOperation }));
    expect(error).toBeInstanceOf(ServiceError);
    expect(error.cause).toMatchObject({ code: GrpcStatus.UNAVAILABLE });
    expect(await rejected(startWorkflowOperation.workflowHandle())).toBe(error.cause);
    await connection.close();
  });

  test("interceptors see and change both, first to last", async () => {
    const seen: string[] = [];
    const interceptor = (name: string): WorkflowClientInterceptor => ({
      async startUpdateWithStart(input, next) {
        seen.push(
          `${name}: ${input.workflowType} ${input.workflowStartOptions.args} ${input.updateName} ${input.updateArgs}`,
        );
        const output = await next({
          ...input,
          updateArgs: [...input.updateArgs, name],
          workflowStartOptions: { ...input.workflowStartOptions, memo: { by: name } },
        });
        expect(output.workflowExecution.runId).toBeTruthy();
        return output;
      },
    });
    const { workflow } = await client({ interceptors: { workflow: [interceptor("one"), interceptor("two")] } });
    const { taskQueue, start } = operation({ args: ["a"] });
    const startWorkflowOperation = start();
    const result = workflow.executeUpdateWithStart("add", { args: [2], startWorkflowOperation });
    const request = await answerUpdate(taskQueue, { value: 3 });
    await result;
    expect(seen).toEqual(["one: order a add 2", "two: order a add 2,one"]);
    expect(request.input?.args?.payloads?.length).toBe(3);
    const handle = await startWorkflowOperation.workflowHandle();
    expect((await handle.describe()).memo).toEqual({ by: "two" });
    await handle.terminate();
  });
});
