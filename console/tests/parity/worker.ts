/** A console, and a Worker for what the tests start with it. */

import { afterAll, beforeAll, test } from "bun:test";
import { join } from "node:path";
import { CompleteAsyncError } from "temporal-bun-sdk/activity";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "temporal-bun-sdk/worker";
import { eventually } from "../../../ts/tests/support/eventually";
import { type PrivateServer, startServer } from "../../../ts/tests/support/server";
import { api, cli, type TestConsole, testConsole, unique } from "../support";

export { eventually };

export const activities = {
  /** Is completed from outside. */
  async later(_of: string): Promise<string> {
    throw new CompleteAsyncError();
  },
  async fails(): Promise<never> {
    throw new Error("it fails each time");
  },
  async echo(value: unknown): Promise<unknown> {
    return value;
  },
};

const shared = Symbol.for("console.tests.worker");
interface Shared {
  server: PrivateServer;
  taskQueue: string;
  users: number;
  stop(): Promise<void>;
}
const all = globalThis as { [shared]?: Promise<Shared> };

async function startWorker(): Promise<Shared> {
  // What servers may have, and not all do.
  const server = await startServer({
    dynamicConfig: {
      "frontend.WorkflowPauseEnabled": true,
      "nexusoperation.enableStandalone": true,
      "frontend.enableBatchOperationsForStandaloneActivities": true,
    },
  });
  const { address } = server;
  // A process has one: it is there still when another file's tests begin.
  if (Runtime._instance === undefined) {
    const logger = new DefaultLogger("ERROR", () => {});
    Runtime.install({ workerHeartbeatInterval: "1 second", logger, telemetryOptions: { logging: { forward: {} } } });
  }
  const connection = await NativeConnection.connect({ address });
  const taskQueue = unique("parity");
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: join(import.meta.dir, "workflows.ts"),
    activities,
    shutdownGraceTime: "1 second",
  });
  const running = worker.run();
  return {
    server,
    taskQueue,
    users: 0,
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
      await server.stop();
    },
  };
}

/** What the tests of a file use; set before they run. */
export const at = {} as { running: TestConsole; taskQueue: string };

/** Starts a console for the tests of a file, and with the first one the Worker. */
export function withWorker(): void {
  beforeAll(async () => {
    all[shared] ??= startWorker();
    const worker = await all[shared];
    worker.users++;
    Object.assign(at, { running: await testConsole({ address: worker.server.address }), taskQueue: worker.taskQueue });
  });
  afterAll(async () => {
    await at.running.stop();
    const worker = await all[shared]!;
    if (--worker.users > 0) return;
    delete all[shared];
    await worker.stop();
  });
}

/** Tests a command of the CLI: it is done by the API, and read by the CLI, or the other way round. */
export function row(command: string, check: () => Promise<void>): void {
  test(command, check);
}

/** Does something in the default namespace. */
export const act = (method: string, path: string, body?: unknown) =>
  api(at.running, method, `/ns/default${path}`, body);
export const get = (path: string) => act("GET", path);
export const post = (path: string, body: unknown) => act("POST", path, body);
export const temporal = (...args: string[]) => cli(at.running, ...args);

/** Starts a workflow. Returns its id, its run's, and the path of the run. */
export async function started(type: string, input: unknown[] = [], more = {}) {
  const workflowId = unique(type);
  const { runId } = await post("/workflows", { workflowId, type, taskQueue: at.taskQueue, input, ...more });
  return { workflowId, runId: runId as string, path: `/workflows/${workflowId}/${runId}` };
}

/** Status of a run, as the CLI says it. */
export async function statusOf(workflowId: string): Promise<string> {
  const { workflowExecutionInfo } = await temporal("workflow", "describe", "-w", workflowId);
  return workflowExecutionInfo.status.replace("WORKFLOW_EXECUTION_STATUS_", "");
}
