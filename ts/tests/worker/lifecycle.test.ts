import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import {
  ListWorkflowExecutionsRequest,
  PollActivityTaskQueueRequest,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import {
  GracefulShutdownPeriodExpiredError,
  IllegalStateError,
  NativeConnection,
  PromiseCompletionTimeoutError,
  TransportError,
  UnexpectedError,
  Worker,
} from "../../src/worker";
import { eventually } from "../support/eventually";
import { inNewProcess } from "../support/process";
import { freePort, startServer } from "../support/server";
import * as activities from "./fixtures/activities";
import { activityTask, recordingTemporal, withRecordedWorker, workflowTask } from "./recorded";
import { makeWorker, rejection, testConnection, withWorker, workflowsPath } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("states and status", async () => {
  const { worker, execute, start } = await makeWorker();
  expect(worker.getState()).toBe("INITIALIZED");
  expect(() => worker.shutdown()).toThrow(IllegalStateError);
  await worker.runUntil(async () => {
    expect(worker.getState()).toBe("RUNNING");
    const waiting = await start("counter", [1]);
    expect(await waiting.query<number>("total")).toBe(1);
    expect(worker.getStatus().numCachedWorkflows).toBe(1);
    await waiting.terminate();
    await execute("greeting", "status");
    expect(worker.getStatus()).toMatchObject({
      runState: "RUNNING",
      workflowPollerState: "POLLING",
      activityPollerState: "POLLING",
      numInFlightActivities: 0,
      numInFlightLocalActivities: 0,
    });
  });
  expect(worker.getState()).toBe("STOPPED");
  expect(worker.getStatus()).toMatchObject({ workflowPollerState: "SHUTDOWN", activityPollerState: "SHUTDOWN" });
  expect(await rejection(worker.run())).toBeInstanceOf(IllegalStateError);
});

test("runUntil passes on the result, or the error, of its promise", async () => {
  expect(await withWorker(async () => "result")).toBe("result");
  const error = new Error("inner");
  expect(await rejection(withWorker(() => Promise.reject(error)))).toBe(error);
});

test("runUntil gives up when the Worker stops first", async () => {
  const { worker } = await makeWorker();
  const never = new Promise<void>(() => {});
  const running = worker.runUntil(never);
  worker.shutdown();
  expect(await rejection(running)).toBeInstanceOf(PromiseCompletionTimeoutError);
});

test("options that can't be used", async () => {
  const { connection } = await testConnection();
  const create = (options: object) =>
    rejection(Worker.create({ connection, taskQueue: "options", activities, ...options }));
  expect((await create({ taskQueue: "" })).message).toBe("Task queue name is required");
  expect((await create({ taskQueue: "__temporal_x" })).message).toContain("reserved prefix");
  expect((await create({ maxConcurrentActivityTaskExecutions: 0 })).message).toContain(
    "maxConcurrentActivityTaskExecutions",
  );
  expect((await create({ workflowThreadPoolSize: 1.5 })).message).toContain("workflowThreadPoolSize");
  expect((await create({ workflowsPath: "/no/such/file.ts" })).message).toContain("/no/such/file.ts");
  expect((await create({ workflowBundle: {} })).message).toContain("workflowBundle");
  expect((await create({ workflowBundle: { code: "syntax error here" } })).message).toContain(
    "The workflow bundle can't be loaded: SyntaxError",
  );
  expect((await create({ nexusServices: [{}] })).message).toContain("nexusServices");
  expect((await create({ dataConverter: { payloadConverterPath: "/no/such/file.ts" } })).message).toContain(
    "payloadConverterPath: '/no/such/file.ts'",
  );
  expect((await create({ activities: {} })).message).toMatch(/nothing|taskTypes/);
});

test("a namespace that doesn't exist", async () => {
  const { connection } = await testConnection();
  const error = await rejection(
    Worker.create({ connection, namespace: "no-such-namespace", taskQueue: "none", activities }),
  );
  expect(error).toBeInstanceOf(TransportError);
  expect(error.message).toContain("no-such-namespace");
});

test("a server that isn't there: an error naming it within the connect timeout", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const error = await rejection(NativeConnection.connect({ address, connectTimeout: "2s" }));
  expect(error).toBeInstanceOf(TransportError);
  expect(error.message).toContain(address);
});

test("a connection can't be closed while a Worker uses it", async () => {
  const { address, namespace, stop } = await startServer();
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, namespace, taskQueue: "held", workflowsPath, activities });
  await worker.runUntil(async () => {
    expect(await rejection(connection.close())).toBeInstanceOf(IllegalStateError);
  });
  await connection.close();
  await stop();
});

test("a Worker that has stopped leaves nothing that keeps the process or takes its signals", async () => {
  await using server = await recordingTemporal();
  const lines = await inNewProcess(
    `const signals = () => process.listenerCount("SIGTERM");
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    const worker = await sdk.Worker.create({
      connection,
      taskQueue: "queue",
      activities: { work() {} },
      shutdownForceTime: "1 hour",
    });
    const before = signals();
    let during;
    await worker.runUntil(async () => void (during = signals()));
    await connection.close();
    console.log(during - before, signals() - before);`,
    { address: server.address },
  );
  expect(lines).toEqual(["1 0"]);
});

test("a shutdown that takes too long is forced", async () => {
  const { worker, start } = await makeWorker({ shutdownForceTime: 300 });
  const error = await rejection(
    worker.runUntil(async () => {
      const handle = await start("callOnce", ["waitForRelease"]);
      await (await import("./fixtures/activities")).started(handle.workflowId);
    }),
  );
  expect(error).toBeInstanceOf(GracefulShutdownPeriodExpiredError);
  expect(worker.getState()).toBe("FAILED");
});

test("several Workers in a process share the runtime", () =>
  withWorker((first) =>
    withWorker(async (second) => {
      expect(await Promise.all([first.execute("greeting", "1"), second.execute("greeting", "2")])).toEqual([
        "Hello, 1!",
        "Hello, 2!",
      ]);
    }),
  ));

test("a second Worker for the same task queue and connection is refused", () =>
  withWorker(async ({ taskQueue }) => {
    const error = await rejection(makeWorker({ taskQueue }));
    expect(error.message).toContain(taskQueue);
  }));

test("several workflow threads share the runs", () =>
  withWorker(
    async ({ execute }) => {
      const results = await Promise.all(Array.from({ length: 12 }, (_, index) => execute("greeting", String(index))));
      expect(results).toEqual(Array.from({ length: 12 }, (_, index) => `Hello, ${index}!`));
    },
    { workflowThreadPoolSize: 3 },
  ));

test("the runs in the memory of all workflow threads are counted", async () => {
  const runs = 30;
  await using server = await recordingTemporal({
    workflows: Array.from({ length: runs }, () => workflowTask("waits")),
  });
  const workflowsPath = `${import.meta.dir}/fixtures/option-workflows.ts`;
  await withRecordedWorker(server, { workflowsPath, workflowThreadPoolSize: 3 }, async (worker) => {
    await eventually(
      () => worker.getStatus().numCachedWorkflows,
      (cached) => cached === runs,
    );
  });
});

test("a cache of two serves ten Workflows", () =>
  withWorker(
    async ({ start, worker }) => {
      const handles = await Promise.all(Array.from({ length: 10 }, () => start("steps", [3])));
      for (let round = 0; round < 3; round++) await Promise.all(handles.map((handle) => handle.signal("step")));
      expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(handles.map(() => 3));
      expect(worker.getStatus().numCachedWorkflows).toBeLessThanOrEqual(2);
    },
    { maxCachedWorkflows: 2 },
  ));

test("without a cache", () =>
  withWorker(
    async ({ execute }) => {
      expect(await execute("recorded")).toBe("Hello, first!Hello, second!");
    },
    { maxCachedWorkflows: 0 },
  ));

test("an activity Worker without Workflows, and a Workflow Worker without activities", async () => {
  const taskQueue = `test-${randomUUID()}`;
  const { connection, namespace } = await testConnection();
  const address = connection.options.address;
  const other = await NativeConnection.connect({ address });
  const workflows = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
  const rest = await Worker.create({ connection: other, namespace, taskQueue, activities });
  const client = new Client({ connection, namespace });
  const result = await workflows.runUntil(() =>
    rest.runUntil(() => client.workflow.execute("greeting", { taskQueue, workflowId: randomUUID(), args: ["both"] })),
  );
  expect(result).toBe("Hello, both!");
  await other.close();
});

test("the connection can be replaced while the Worker runs", async () => {
  // Polls, answers and calls of the Worker's client are to go to the other server from then on.
  await using first = await recordingTemporal({ activities: [activityTask("work", {}, "first")] });
  await using second = await recordingTemporal({ activities: [activityTask("work", {}, "second")] });
  const connection = await NativeConnection.connect({ address: first.address });
  const replacement = await NativeConnection.connect({ address: second.address });
  const worker = await Worker.create({
    connection,
    namespace: "recorded",
    taskQueue: "queue",
    // With one there is no poll that the first server could still answer.
    maxConcurrentActivityTaskExecutions: 1,
    activities: {
      work(server: string) {
        if (server === "first") worker.connection = replacement;
      },
    },
  });
  await worker.runUntil(async () => {
    await second.seen("RespondActivityTaskCompleted", 2);
    expect(worker.connection).toBe(replacement);
    await worker.client.connection.workflowService.listWorkflowExecutions({});
    expect(await rejection(replacement.close())).toBeInstanceOf(IllegalStateError);
    // The Worker no longer needs it.
    await connection.close();
  });
  await replacement.close();
  expect(first.requests("PollActivityTaskQueue", PollActivityTaskQueueRequest)).toHaveLength(1);
  expect(second.requests("ListWorkflowExecutions", ListWorkflowExecutionsRequest)).toHaveLength(1);
});

test("Workflows run on when the connection is replaced by one to the same server", () =>
  withWorker(async ({ worker, execute, connection }) => {
    worker.connection = await NativeConnection.connect({ address: connection.options.address });
    expect(await execute("greeting", "moved")).toBe("Hello, moved!");
  }));

test("a server that is restarted in the middle", async () => {
  const server = await startServer();
  const connection = await NativeConnection.connect({ address: server.address });
  const { worker, start } = await makeWorker({ connection, namespace: server.namespace });
  const result = await worker.runUntil(async () => {
    const handle = await start("steps", [2]);
    await handle.signal("step");
    await server.stop();
    await server.start();
    const again = new Client({ connection, namespace: server.namespace }).workflow.getHandle(handle.workflowId);
    await again.signal("step");
    return again.result();
  });
  expect(result).toBe(2);
  await connection.close();
  await server.stop();
});

test("a workflow thread that dies fails the Worker, which doesn't hang", async () => {
  const { worker, endThreads } = await makeWorker();
  const running = worker.run();
  running.catch(() => {});
  endThreads();
  const error = await rejection(running);
  expect(error).toBeInstanceOf(UnexpectedError);
  expect(error.message).toContain("thread");
  expect(worker.getState()).toBe("FAILED");
  // The process isn't harmed: another Worker runs.
  await withWorker(async ({ execute }) => expect(await execute("greeting", "after")).toBe("Hello, after!"));
});

test("a Worker whose server is gone still shuts down", async () => {
  const server = await startServer();
  const connection = await NativeConnection.connect({ address: server.address });
  const { worker } = await makeWorker({ connection, namespace: server.namespace });
  const running = worker.run();
  await server.stop();
  worker.shutdown();
  await running;
  expect(worker.getState()).toBe("STOPPED");
  await connection.close();
});
