/** What is done again and again while memory, descriptors and threads are watched. */
import { randomUUID } from "node:crypto";
import { Client, Connection } from "../../src/client";
import { NativeConnection, Worker, type WorkerOptions } from "../../src/worker";
import type { TestServer } from "../../tests/support/server";
import * as activities from "../soak/activities";
import type { child } from "../soak/workflows";

/** A workload while it is repeated. */
export interface Workload {
  /** Does it `times` times. */
  round(times: number): Promise<void>;
  end(): Promise<void>;
}

const workflowsPath = `${import.meta.dir}/../soak/workflows.ts`;

async function makeWorker({ address }: TestServer, taskQueue: string, options: Partial<WorkerOptions> = {}) {
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const worker = await Worker.create({ connection, taskQueue, workflowsPath, activities, ...options });
  const run = async () => {
    const workflowId = `${taskQueue}/${randomUUID()}`;
    await client.workflow.execute<typeof child>("child", { workflowId, taskQueue, args: [0] });
    return client.workflow.getHandle(workflowId);
  };
  return { connection, client, worker, run };
}

async function repeatedly(times: number, concurrency: number, body: () => Promise<unknown>): Promise<void> {
  let left = times;
  const lane = async () => {
    while (left-- > 0) await body();
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function workflows(server: TestServer, options: Partial<WorkerOptions>): Promise<Workload> {
  const { connection, worker, run } = await makeWorker(server, `leaks-${randomUUID()}`, options);
  const running = worker.run();
  return {
    round: (times) => repeatedly(times, 10, run),
    end: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

/** Each workload, and how often one round does it. */
export const workloads: Record<string, { times: number; begin: (server: TestServer) => Promise<Workload> }> = {
  Workflows: { times: 100, begin: (server) => workflows(server, {}) },
  "Workflows that are evicted": { times: 100, begin: (server) => workflows(server, { maxCachedWorkflows: 2 }) },
  "calls of a client": {
    times: 500,
    begin: async ({ address }) => {
      const connection = await Connection.connect({ address });
      const client = new Client({ connection });
      const call = () => client.workflow.count("WorkflowType = 'none'");
      return { round: (times) => repeatedly(times, 20, call), end: () => connection.close() };
    },
  },
  connections: {
    times: 20,
    begin: async ({ address }) => {
      const connect = async () => (await Connection.connect({ address })).close();
      return { round: (times) => repeatedly(times, 2, connect), end: async () => undefined };
    },
  },
  Workers: {
    times: 4,
    begin: async (server) => {
      const one = async () => {
        const { connection, worker, run } = await makeWorker(server, `leaks-${randomUUID()}`);
        await worker.runUntil(run());
        await connection.close();
      };
      return { round: (times) => repeatedly(times, 1, one), end: async () => undefined };
    },
  },
  replays: {
    times: 20,
    begin: async (server) => {
      const { connection, worker, run } = await makeWorker(server, `leaks-${randomUUID()}`);
      const history = await worker.runUntil(async () => (await run()).fetchHistory());
      await connection.close();
      const replay = () => Worker.runReplayHistory({ workflowsPath }, history);
      return { round: (times) => repeatedly(times, 1, replay), end: async () => undefined };
    },
  },
};
