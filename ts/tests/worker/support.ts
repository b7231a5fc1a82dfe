import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { IllegalStateError } from "../../src/common";
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from "../../src/worker";
import { testServer } from "../support/server";
import * as activities from "./fixtures/activities";

export { taskFailure } from "../support/task-failure";

/** Path of the Workflows that the tests of Workers share. */
export const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;

// Tests of failures would fill the output with the warnings about them. A test that ran before may have used the
// runtime.
try {
  Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
} catch (error) {
  if (!(error instanceof IllegalStateError)) throw error;
}

/** A Worker on a task queue of its own, and a client for the same server. */
export interface Fixture {
  worker: Worker;
  client: Client;
  connection: NativeConnection;
  taskQueue: string;
  /** Starts a Workflow by name or function and returns its handle. */
  start(workflow: string, args?: unknown[], options?: Record<string, unknown>): ReturnType<Client["workflow"]["start"]>;
  /** Ends the Worker's workflow threads, as a crash would. */
  endThreads(): void;
  /** Runs a Workflow to its end and returns its result. */
  execute(workflow: string, ...args: unknown[]): Promise<any>;
}

let shared: Promise<{ connection: NativeConnection; namespace: string }> | undefined;

/** The connection to the shared dev server. */
export function testConnection(): Promise<{ connection: NativeConnection; namespace: string }> {
  shared ??= testServer().then(async ({ address, namespace }) => ({
    connection: await NativeConnection.connect({ address }),
    namespace,
  }));
  return shared;
}

/** Makes a Worker with the shared Workflows and activities. */
export async function makeWorker(options: Partial<WorkerOptions> = {}): Promise<Fixture> {
  const { connection, namespace } = await testConnection();
  const taskQueue = options.taskQueue ?? `test-${randomUUID()}`;
  // Heartbeats bring cancellations; by default most of them are held back for most of the heartbeat timeout.
  const [worker, threads] = await withThreads(() =>
    Worker.create({
      connection,
      namespace,
      taskQueue,
      workflowsPath,
      activities,
      maxHeartbeatThrottleInterval: 100,
      ...options,
    }),
  );
  const client = new Client({ connection: options.connection ?? connection, namespace });
  const start: Fixture["start"] = (workflow, args = [], more = {}) =>
    client.workflow.start(workflow, { taskQueue, workflowId: randomUUID(), args, ...more });
  return {
    worker,
    client,
    connection,
    taskQueue,
    start,
    endThreads: () => {
      for (const thread of threads) thread.terminate();
    },
    execute: async (workflow, ...args) => (await start(workflow, args)).result(),
  };
}

/** What `make` makes, and the threads that it starts. */
async function withThreads<T>(make: () => Promise<T>): Promise<[T, globalThis.Worker[]]> {
  const threads: globalThis.Worker[] = [];
  const Thread = globalThis.Worker;
  globalThis.Worker = class extends Thread {
    constructor(...args: ConstructorParameters<typeof Thread>) {
      super(...args);
      threads.push(this);
    }
  };
  try {
    return [await make(), threads];
  } finally {
    globalThis.Worker = Thread;
  }
}

/** Runs `body` beside a Worker, which is shut down afterwards. */
export async function withWorker<R>(
  body: (fixture: Fixture) => Promise<R>,
  options: Partial<WorkerOptions> = {},
): Promise<R> {
  const fixture = await makeWorker(options);
  return fixture.worker.runUntil(() => body(fixture));
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected the promise to be rejected");
}

/** The errors from the outermost to the root cause. */
export function causes(error: any): any[] {
  return error === undefined || error === null ? [] : [error, ...causes(error.cause)];
}
