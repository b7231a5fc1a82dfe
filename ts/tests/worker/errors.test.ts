import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import {
  CombinedWorkerRunError,
  errors,
  GracefulShutdownPeriodExpiredError,
  IllegalStateError,
  PromiseCompletionTimeoutError,
  ShutdownError,
  TransportError,
  UnexpectedError,
  UnhandledRejectionError,
} from "../../src/worker";
import { Program } from "../support/process";
import { makeWorker, rejection, taskFailure, testConnection } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("names, messages and causes", () => {
  const cause = new RangeError("cause");
  for (const [error, name] of [
    [new UnexpectedError("message", cause), "UnexpectedError"],
    [new UnhandledRejectionError("message", cause), "UnhandledRejectionError"],
    [new TransportError("message", { cause }), "TransportError"],
    [new ShutdownError("message", { cause }), "ShutdownError"],
    [new PromiseCompletionTimeoutError("message", { cause }), "PromiseCompletionTimeoutError"],
    [new GracefulShutdownPeriodExpiredError("message", { cause }), "GracefulShutdownPeriodExpiredError"],
  ] as const) {
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.cause]).toEqual([name, "message", cause]);
    expect(String(error)).toBe(`${name}: message`);
  }
  expect(Object.keys(errors).sort()).toEqual([
    "GracefulShutdownPeriodExpiredError",
    "IllegalStateError",
    "ShutdownError",
    "TransportError",
    "UnexpectedError",
  ]);
});

test("UnexpectedError: a workflow thread died; the Worker has failed", async () => {
  const { worker, endThreads } = await makeWorker();
  const running = rejection(worker.run());
  endThreads();
  expect(await running).toBeInstanceOf(UnexpectedError);
  expect(worker.getState()).toBe("FAILED");
});

test("CombinedWorkerRunError: the Worker and what it ran for both failed", async () => {
  const inner = new Error("inner");
  const failed = Promise.withResolvers<void>();
  const plugin = {
    name: "watch",
    runWorker: (worker: unknown, next: (worker: any) => Promise<void>) => next(worker).finally(failed.resolve),
  };
  const { worker, endThreads } = await makeWorker({ plugins: [plugin] });
  const running = worker.runUntil(
    async () => {
      endThreads();
      await failed.promise;
      throw inner;
    },
    { promiseCompletionTimeout: "1 minute" },
  );
  const error = await rejection(running);
  expect(error).toBeInstanceOf(CombinedWorkerRunError);
  expect(error.cause.workerError).toBeInstanceOf(UnexpectedError);
  expect(error.cause.innerError).toBe(inner);
});

test("TransportError: the namespace isn't there", async () => {
  const error = await rejection(makeWorker({ namespace: "no-such-namespace" }));
  expect(error).toBeInstanceOf(TransportError);
  expect(error.message).toContain("no-such-namespace");
  expect(error.cause.grpcCode).toBe(5);
});

test("IllegalStateError: what isn't running can't be shut down, what has run can't run again", async () => {
  const { worker } = await makeWorker();
  expect(() => worker.shutdown()).toThrow(IllegalStateError);
  await worker.runUntil(async () => {
    expect(await rejection(worker.run())).toBeInstanceOf(IllegalStateError);
  });
  expect(() => worker.shutdown()).toThrow(IllegalStateError);
  expect(await rejection(worker.run())).toBeInstanceOf(IllegalStateError);
});

test("PromiseCompletionTimeoutError: the Worker stopped, and the promise isn't settled in time", async () => {
  const { worker } = await makeWorker();
  const running = worker.runUntil(new Promise(() => {}), { promiseCompletionTimeout: 1 });
  worker.shutdown();
  expect(await rejection(running)).toBeInstanceOf(PromiseCompletionTimeoutError);
  expect(worker.getState()).toBe("STOPPED");
});

test("promiseCompletionTimeout waits for the promise after the Worker has stopped", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { connection } = await testConnection();
  const answers = async () => {
    for (let turn = 0; turn < 10; turn++) await connection.workflowService.getSystemInfo({});
  };
  const plugin = {
    name: "late",
    runWorker: async (worker: unknown, next: (worker: any) => Promise<void>) => {
      await next(worker);
      // When `run` has long been done, and a timer of nothing too.
      void answers().then(() => resolve("late"));
    },
  };
  const { worker } = await makeWorker({ plugins: [plugin] });
  const running = worker.runUntil(promise, { promiseCompletionTimeout: "1 minute" });
  worker.shutdown();
  expect(await running).toBe("late");
});

// In a process of its own because `bun test` takes rejected promises for its own, on every thread.
test("UnhandledRejectionError: a promise in Workflow code that nobody listens to, as the failure of the task", async () => {
  const { connection, namespace } = await testConnection();
  const taskQueue = `test-${randomUUID()}`;
  const program = [
    process.execPath,
    `${import.meta.dir}/fixtures/worker-process.ts`,
    connection.options.address,
    namespace,
    taskQueue,
  ];
  await using child = new Program(program);
  const handle = await new Client({ connection, namespace }).workflow.start("forgetsPromise", {
    taskQueue,
    workflowId: randomUUID(),
  });
  const failure = await taskFailure(handle);
  expect(failure.stackTrace).toStartWith("UnhandledRejectionError: Unhandled Promise rejection: Error: nobody listens");
  expect(failure.cause.message).toBe("nobody listens");
  await handle.terminate();
  child.kill("SIGTERM");
  await child.ends();
});
