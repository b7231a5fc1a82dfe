/**
 * `make bench`: measures this SDK, and beside it the official one on Node and on Bun, on the same machine in the same
 * run. Prints a table with the targets and writes everything to `results.json` beside this file. Words pick parts: `bun
 * bench/main.ts client`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../tests/support/server";
import { measureBorder } from "./border";
import { clientRows } from "./client";
import { printTable, type Row, targets } from "./report";
import { compare, official, output, progress, type Side, temporal, workload } from "./sides";
import { percentile } from "./workloads";

const readyRepetitions = 5;
const workflowCount = 500;

interface HistoryJson {
  events: { eventType: string; eventTime: string }[];
}

async function historyOf(address: string, workflowId: string): Promise<string> {
  return await temporal(address, "workflow", "show", "--workflow-id", workflowId, "--output", "json");
}

/** Milliseconds since the epoch, with the fraction that `Date` would drop. */
function milliseconds(timestamp: string): number {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? "0";
  return Math.floor(Date.parse(timestamp) / 1000) * 1000 + Number(`0.${fraction}`) * 1000;
}

/**
 * Starts a worker for a workflow that waits already. The moment of its first poll is when the server hands out the
 * task, which the history keeps; the clocks are the same, because everything is on one machine.
 */
async function ready(side: Side, address: string): Promise<{ fromStart: number; fromCreate: number }> {
  const fromStart: number[] = [];
  const fromCreate: number[] = [];
  // The first one only warms up: file caches, and this SDK's cache of built bundles.
  for (let repetition = 0; repetition <= readyRepetitions; repetition++) {
    const name = `bench-ready-${side}-${process.pid}-${repetition}`;
    await temporal(
      address,
      "workflow",
      "start",
      "--type",
      "oneActivity",
      "--task-queue",
      name,
      "--workflow-id",
      name,
      "--input",
      '"x"',
    );
    const startedAt = performance.timeOrigin + performance.now();
    const { createdAt } = await workload<{ createdAt: number }>(side, "ready", address, name);
    const history = JSON.parse(await historyOf(address, name)) as HistoryJson;
    const polledAt = milliseconds(
      history.events.find((event) => event.eventType === "EVENT_TYPE_WORKFLOW_TASK_STARTED")!.eventTime,
    );
    if (repetition === 0) continue;
    fromStart.push(polledAt - startedAt);
    fromCreate.push(polledAt - createdAt);
  }
  return { fromStart: percentile(fromStart, 0.5), fromCreate: percentile(fromCreate, 0.5) };
}

async function replayRows(address: string, workflowType: "sequential" | "parallel", folder: string): Promise<Row[]> {
  progress(`recording a history of 100 ${workflowType} activities`);
  const { workflowId } = await workload<{ workflowId: string }>("ours", "record", address, workflowType);
  const file = join(folder, `${workflowType}.json`);
  writeFileSync(file, await historyOf(address, workflowId));
  return await compare(
    `replay, ${workflowType}`,
    3,
    (side) =>
      workload<{ events: number; eventsPerSecond: number; cpuMsPerHistory: number }>(side, "replay", address, file),
    ({ events, eventsPerSecond, cpuMsPerHistory }) => [
      {
        id: `replay.${workflowType}.rate`,
        name: `replay, ${events} events (100 ${workflowType} activities)`,
        unit: "events/s",
        ours: eventsPerSecond,
      },
      { id: `replay.${workflowType}.cpu`, name: "  CPU for each", unit: "ms", ours: cpuMsPerHistory },
    ],
  );
}

async function borderRows(): Promise<Row[]> {
  progress("the border");
  const { emptyCallNs, bellP50Us, bellP99Us, drainNs } = await measureBorder();
  return [
    { id: "border.emptyCall", name: "empty FFI call", unit: "ns", ours: emptyCallNs },
    { id: "border.bell.p50", name: "bell, one event per millisecond, p50", unit: "µs", ours: bellP50Us },
    { id: "border.bell.p99", name: "  p99", unit: "µs", ours: bellP99Us },
    ...Object.entries(drainNs).map(([batch, cost]) => ({
      id: `border.drain.${batch}`,
      name: `drain per completion at batch ${batch}`,
      unit: "ns",
      ours: cost,
    })),
  ];
}

const busy = loadavg()[0]!;
progress("installing the official SDK");
await output([process.execPath, "install", "--frozen-lockfile", "--silent"], official);
await output([process.execPath, "build", "run.ts", "--target=node", "--packages=external", "--outdir=dist"], official);

const folder = mkdtempSync(join(tmpdir(), "temporal-bun-bench-"));
const server = await startServer();
const { address } = server;
/** The parts of the bench. */
const parts: Record<string, () => Promise<Row[]>> = {
  border: borderRows,
  rpc: () =>
    compare(
      "GetSystemInfo",
      3,
      (side) => workload<{ p50Ms: number; p99Ms: number }>(side, "rpc", address),
      ({ p50Ms, p99Ms }) => [
        { id: "rpc.p50", name: "GetSystemInfo p50", unit: "ms", ours: p50Ms },
        { id: "rpc.p99", name: "GetSystemInfo p99", unit: "ms", ours: p99Ms },
      ],
    ),
  client: () => clientRows(address),
  ready: () =>
    compare(
      "worker ready",
      1,
      (side) => ready(side, address),
      ({ fromStart, fromCreate }) => [
        { id: "ready.fromStart", name: "process start → first poll", unit: "ms", ours: fromStart },
        { id: "ready.fromCreate", name: "Worker.create → first poll", unit: "ms", ours: fromCreate },
      ],
    ),
  workflows: () =>
    compare(
      `${workflowCount} workflows`,
      1,
      (side) =>
        workload<Record<"cpuMsPerWorkflow" | "rssMegabytes" | "workflowsPerSecond", number>>(
          side,
          "workflows",
          address,
          String(workflowCount),
        ),
      ({ cpuMsPerWorkflow, rssMegabytes, workflowsPerSecond }) => [
        { id: "workflows.cpu", name: "CPU per one-activity workflow", unit: "ms", ours: cpuMsPerWorkflow },
        { id: "workflows.rss", name: `RSS after ${workflowCount} of them`, unit: "MB", ours: rssMegabytes },
        { id: "workflows.rate", name: "  rate (bound by the server)", unit: "1/s", ours: workflowsPerSecond },
      ],
    ),
  replay: async () => [
    ...(await replayRows(address, "sequential", folder)),
    ...(await replayRows(address, "parallel", folder)),
  ],
};

try {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in parts));
  if (unknown.length > 0)
    throw new Error(`the bench has no part ${unknown.join(", ")}: it has ${Object.keys(parts).join(", ")}`);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(parts))
    if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await measure()));
  const verdicts = targets(rows, wanted.length > 0);
  printTable(rows, verdicts);
  if (busy > cpus().length / 2) {
    console.log(
      `\nThe machine was busy with something else (load ${busy.toFixed(1)} on ${cpus().length} CPUs at the start): latencies are worse than they are.`,
    );
  }
  const machine = {
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    load: busy,
    bun: Bun.version,
  };
  writeFileSync(
    join(import.meta.dir, "results.json"),
    `${JSON.stringify({ date: new Date().toISOString(), machine, rows, targets: verdicts }, null, 2)}\n`,
  );
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}
