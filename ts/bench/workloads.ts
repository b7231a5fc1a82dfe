/**
 * The workloads of the bench, written once for both SDKs: `run.ts` calls them with this SDK, `official/run.ts` with the
 * official one. Each runs in a process of its own and ends by printing one line of JSON. Nothing here may import either
 * SDK at run time.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Client, Connection } from "temporal-bun-sdk/client";
import type { bundleWorkflowCode, NativeConnection, Worker } from "temporal-bun-sdk/worker";

/** The parts of an SDK that the workloads use. */
export interface Sdk {
  Client: typeof Client;
  Connection: typeof Connection;
  NativeConnection: typeof NativeConnection;
  Worker: typeof Worker;
  bundleWorkflowCode: typeof bundleWorkflowCode;
  /** Absolute path of the workflows of `workflows.ts` for this SDK. */
  workflowsPath: string;
}

/** Wall-clock milliseconds with a fraction, comparable with the server's timestamps on the same machine. */
const now = (): number => performance.timeOrigin + performance.now();

const activities = {
  async echo(value: string): Promise<string> {
    return value;
  },
};

/** The value below which `share` (0 to 1) of the samples lie. */
export function percentile(samples: number[], share: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Memory of this process alone. Its RSS also grows by each page of the program's file that runs for the first time. */
function privateMegabytes(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? process.memoryUsage().rss / 1e6 : (Number(kibibytes) * 1024) / 1e6;
}

const quiet = { showStackTraceSources: false };

type Workload = (sdk: Sdk, address: string, ...rest: string[]) => Promise<object>;

/** Each takes the server's address and words of its own from the command line. */
export const workloads: Record<string, Workload> = {
  /** Latency in milliseconds of `count` GetSystemInfo calls, one after the other. */
  async rpc(sdk, address, count = "2000") {
    const connection = await sdk.Connection.connect({ address });
    const samples: number[] = [];
    for (let call = -200; call < Number(count); call++) {
      const start = performance.now();
      await connection.workflowService.getSystemInfo({});
      if (call >= 0) samples.push(performance.now() - start);
    }
    await connection.close();
    return { p50Ms: percentile(samples, 0.5), p99Ms: percentile(samples, 0.99) };
  },

  /** Creates a worker for a workflow that waits on `taskQueue`, and ends when its activity has run. */
  async ready(sdk, address, taskQueue) {
    const connection = await sdk.NativeConnection.connect({ address });
    // Written out, because Node 20 has no Promise.withResolvers.
    let activityRan = () => {};
    const ran = new Promise<void>((resolve) => {
      activityRan = resolve;
    });
    const createdAt = now();
    const worker = await sdk.Worker.create({
      ...quiet,
      connection,
      taskQueue: taskQueue!,
      workflowsPath: sdk.workflowsPath,
      activities: {
        async echo(value: string): Promise<string> {
          activityRan();
          return value;
        },
      },
    });
    await worker.runUntil(ran);
    await connection.close();
    return { createdAt };
  },

  /** CPU and memory of this process for `count` workflows of one activity each, client and worker together. */
  async workflows(sdk, address, count = "500", inFlight = "25") {
    const taskQueue = `bench-workflows-${process.pid}-${Date.now()}`;
    const connection = await sdk.NativeConnection.connect({ address });
    const clientConnection = await sdk.Connection.connect({ address });
    const client = new sdk.Client({ connection: clientConnection });
    const worker = await sdk.Worker.create({
      ...quiet,
      connection,
      taskQueue,
      workflowsPath: sdk.workflowsPath,
      activities,
    });
    const runMany = async (total: number, prefix: string) => {
      let next = 0;
      const lane = async () => {
        while (next < total) {
          const workflowId = `${taskQueue}-${prefix}-${next++}`;
          await client.workflow.execute("oneActivity", { taskQueue, workflowId, args: ["hello"] });
        }
      };
      await Promise.all(Array.from({ length: Number(inFlight) }, lane));
    };
    return await worker.runUntil(async () => {
      await runMany(50, "warm");
      const cpuBefore = cpuMilliseconds();
      const start = performance.now();
      await runMany(Number(count), "measured");
      const seconds = (performance.now() - start) / 1000;
      return {
        cpuMsPerWorkflow: (cpuMilliseconds() - cpuBefore) / Number(count),
        rssMegabytes: process.memoryUsage().rss / 1e6,
        workflowsPerSecond: Number(count) / seconds,
      };
    });
  },

  /** Runs a worker for the workflows of this folder until the process is killed. */
  async serve(sdk, address, taskQueue) {
    const connection = await sdk.NativeConnection.connect({ address });
    const worker = await sdk.Worker.create({
      ...quiet,
      connection,
      taskQueue: taskQueue!,
      workflowsPath: sdk.workflowsPath,
      activities,
    });
    await worker.run();
    return {};
  },

  /**
   * CPU of this process and latency for `count` workflows one after the other that return at once: start and result.
   */
  async calls(sdk, address, taskQueue, count = "300") {
    const connection = await sdk.Connection.connect({ address });
    const client = new sdk.Client({ connection });
    const samples: number[] = [];
    let cpuBefore = 0;
    for (let call = -100; call < Number(count); call++) {
      if (call === 0) cpuBefore = cpuMilliseconds();
      const start = performance.now();
      const handle = await client.workflow.start("immediate", {
        taskQueue: taskQueue!,
        workflowId: `${taskQueue}-${process.pid}-${call}`,
        args: ["hello"],
      });
      await handle.result();
      if (call >= 0) samples.push(performance.now() - start);
    }
    const cpuMs = (cpuMilliseconds() - cpuBefore) / Number(count);
    return { cpuMs, p50Ms: percentile(samples, 0.5), p99Ms: percentile(samples, 0.99) };
  },

  /** Starts `count` workflows that no worker takes, with ids `<prefix>-<number>`. */
  async startMany(sdk, address, prefix, count) {
    const client = new sdk.Client({ connection: await sdk.Connection.connect({ address }) });
    let next = 0;
    const lane = async () => {
      while (next < Number(count))
        await client.workflow.start("immediate", { taskQueue: prefix!, workflowId: `${prefix}-${next++}` });
    };
    await Promise.all(Array.from({ length: 25 }, lane));
    return {};
  },

  /** Memory of this process while it waits for the results of `count` workflows, and how much of it the waits added. */
  async waits(sdk, address, prefix, count) {
    const client = new sdk.Client({ connection: await sdk.Connection.connect({ address }) });
    const wait = (index: number) => void client.workflow.getHandle(`${prefix}-${index}`).result().catch(console.error);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));
    // The first ones load what all of them need.
    for (let index = 0; index < 10; index++) wait(index);
    await pause();
    const before = privateMegabytes();
    for (let index = 10; index < Number(count); index++) wait(index);
    // Until all is sent and settled: nothing tells when the server has them.
    let after = privateMegabytes();
    for (let previous = 0; Math.abs(after - previous) > 0.5; ) {
      previous = after;
      await pause();
      after = privateMegabytes();
    }
    return { addedMegabytes: after - before, rssMegabytes: process.memoryUsage().rss / 1e6 };
  },

  /** Runs `workflowType` once, so that the caller can take its history from the server. */
  async record(sdk, address, workflowType) {
    const taskQueue = `bench-record-${process.pid}-${Date.now()}`;
    const connection = await sdk.NativeConnection.connect({ address });
    const clientConnection = await sdk.Connection.connect({ address });
    const client = new sdk.Client({ connection: clientConnection });
    const worker = await sdk.Worker.create({
      ...quiet,
      connection,
      taskQueue,
      workflowsPath: sdk.workflowsPath,
      activities,
    });
    return await worker.runUntil(async () => {
      await client.workflow.execute(workflowType!, { taskQueue, workflowId: taskQueue, args: [100] });
      return { workflowId: taskQueue };
    });
  },

  /**
   * Replays the history in `file` `count` times after a first one that warms up; the rate and the CPU of the `count`.
   */
  async replay(sdk, _address, file, count = "40") {
    const history = JSON.parse(readFileSync(file!, "utf8"));
    const events: number = history.events.length;
    const workflowBundle = await sdk.bundleWorkflowCode({ workflowsPath: sdk.workflowsPath });
    async function* copies() {
      for (let copy = 0; copy <= Number(count); copy++) yield { workflowId: `replay-${copy}`, history };
    }
    let start = 0;
    let cpuBefore = 0;
    let replayed = -1;
    for await (const result of sdk.Worker.runReplayHistories({ ...quiet, workflowBundle }, copies())) {
      if (result.error !== undefined) throw result.error;
      replayed += 1;
      if (replayed === 0) {
        start = performance.now();
        cpuBefore = cpuMilliseconds();
      }
    }
    if (replayed !== Number(count)) throw new Error(`${replayed} of ${count} histories were replayed`);
    const seconds = (performance.now() - start) / 1000;
    return {
      events,
      eventsPerSecond: (events * Number(count)) / seconds,
      cpuMsPerHistory: (cpuMilliseconds() - cpuBefore) / Number(count),
    };
  },
};

/** Runs the workload that the command line names, prints its result as the last line and ends the process. */
export async function main(sdk: Sdk): Promise<void> {
  const [name, address, ...rest] = process.argv.slice(2);
  const workload = workloads[name ?? ""];
  if (workload === undefined || address === undefined) {
    throw new Error(
      `usage: run <${Object.keys(workloads).join("|")}> <address> …; got "${process.argv.slice(2).join(" ")}"`,
    );
  }
  const result = await workload(sdk, address, ...rest);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}
