/**
 * `make bench`: measures this SDK, and beside it the official one on Node and on Bun, on the same machine in the same run. Prints a
 * table with the targets and writes everything to `results.json` beside this file.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, temporalCli } from "../tests/support/server";
import { measureBorder } from "./border";
import { printTable, targets, type Row } from "./report";
import { percentile } from "./workloads";

const official = join(import.meta.dir, "official");

/** The ways to run the workloads; each is one column of the table. */
const sides = {
  ours: [process.execPath, join(import.meta.dir, "run.ts")],
  officialNode: ["node", join(official, "dist/run.js")],
  officialBun: [process.execPath, join(official, "dist/run.js")],
};
type Side = keyof typeof sides;

const readyRepetitions = 5;
const workflowCount = 500;

function progress(text: string): void {
  console.error(`  ${text}`);
}

/** Runs a command to its end and returns what it printed; throws with its error output when it fails. */
async function output(command: string[], cwd?: string): Promise<string> {
  const child = Bun.spawn(command, { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, errors, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`\`${command.join(" ")}\` ended with exit code ${code}:\n${errors}${text}`);
  return text;
}

/** Runs a workload in a process of its own; its last line is the result. */
async function workload<Result>(side: Side, ...words: string[]): Promise<Result> {
  const text = await output([...sides[side], ...words]);
  return JSON.parse(text.trim().split("\n").at(-1)!) as Result;
}

async function temporal(address: string, ...words: string[]): Promise<string> {
  return await output([temporalCli(), ...words, "--address", address]);
}

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
 * Starts a worker for a workflow that waits already. The moment of its first poll is when the server hands out the task, which the
 * history keeps; the clocks are the same, because everything is on one machine.
 */
async function ready(side: Side, address: string): Promise<{ fromStart: number; fromCreate: number }> {
  const fromStart: number[] = [];
  const fromCreate: number[] = [];
  // The first one only warms up: file caches, and this SDK's cache of built bundles.
  for (let repetition = 0; repetition <= readyRepetitions; repetition++) {
    const name = `bench-ready-${side}-${process.pid}-${repetition}`;
    await temporal(address, "workflow", "start", "--type", "oneActivity", "--task-queue", name, "--workflow-id", name, "--input", '"x"');
    const startedAt = performance.timeOrigin + performance.now();
    const { createdAt } = await workload<{ createdAt: number }>(side, "ready", address, name);
    const history = JSON.parse(await historyOf(address, name)) as HistoryJson;
    const polledAt = milliseconds(history.events.find((event) => event.eventType === "EVENT_TYPE_WORKFLOW_TASK_STARTED")!.eventTime);
    if (repetition === 0) continue;
    fromStart.push(polledAt - startedAt);
    fromCreate.push(polledAt - createdAt);
  }
  return { fromStart: percentile(fromStart, 0.5), fromCreate: percentile(fromCreate, 0.5) };
}

/**
 * Runs one workload on every side, `rounds` times in turn, and turns each figure of its results into a row. The figure is the median
 * of the rounds; taking turns spreads what else the machine does over all sides.
 */
async function compare<Result>(title: string, rounds: number, measure: (side: Side) => Promise<Result>, rows: (result: Result) => Row[]): Promise<Row[]> {
  const columns: Record<Side, Row[][]> = { ours: [], officialNode: [], officialBun: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const side of Object.keys(sides) as Side[]) {
      progress(`${title}, ${side}${rounds === 1 ? "" : `, ${round} of ${rounds}`}`);
      columns[side].push(rows(await measure(side)));
    }
  }
  const figure = (side: Side, index: number) => percentile(columns[side].map((round) => round[index]!.ours), 0.5);
  return columns.ours[0]!.map((row, index) => ({
    ...row,
    ours: figure("ours", index),
    officialNode: figure("officialNode", index),
    officialBun: figure("officialBun", index),
  }));
}

async function replayRows(address: string, workflowType: "sequential" | "parallel", folder: string): Promise<Row[]> {
  progress(`recording a history of 100 ${workflowType} activities`);
  const { workflowId } = await workload<{ workflowId: string }>("ours", "record", address, workflowType);
  const file = join(folder, `${workflowType}.json`);
  writeFileSync(file, await historyOf(address, workflowId));
  return await compare(
    `replay, ${workflowType}`,
    3,
    (side) => workload<{ events: number; eventsPerSecond: number; cpuMsPerHistory: number }>(side, "replay", address, file),
    ({ events, eventsPerSecond, cpuMsPerHistory }) => [
      { id: `replay.${workflowType}.rate`, name: `replay, ${events} events (100 ${workflowType} activities)`, unit: "events/s", ours: eventsPerSecond },
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
    ...Object.entries(drainNs).map(([batch, cost]) => ({ id: `border.drain.${batch}`, name: `drain per completion at batch ${batch}`, unit: "ns", ours: cost })),
  ];
}

const busy = loadavg()[0]!;
progress("installing the official SDK");
await output([process.execPath, "install", "--frozen-lockfile", "--silent"], official);
await output([process.execPath, "build", "run.ts", "--target=node", "--packages=external", "--outdir=dist"], official);

const folder = mkdtempSync(join(tmpdir(), "temporal-bun-bench-"));
const server = await startServer();
const { address } = server;
try {
  const rows = await borderRows();
  rows.push(
    ...(await compare(
      "GetSystemInfo",
      3,
      (side) => workload<{ p50Ms: number; p99Ms: number }>(side, "rpc", address),
      ({ p50Ms, p99Ms }) => [
        { id: "rpc.p50", name: "GetSystemInfo p50", unit: "ms", ours: p50Ms },
        { id: "rpc.p99", name: "GetSystemInfo p99", unit: "ms", ours: p99Ms },
      ],
    )),
    ...(await compare(
      "worker ready",
      1,
      (side) => ready(side, address),
      ({ fromStart, fromCreate }) => [
        { id: "ready.fromStart", name: "process start → first poll", unit: "ms", ours: fromStart },
        { id: "ready.fromCreate", name: "Worker.create → first poll", unit: "ms", ours: fromCreate },
      ],
    )),
    ...(await compare(
      `${workflowCount} workflows`,
      1,
      (side) => workload<Record<"cpuMsPerWorkflow" | "rssMegabytes" | "workflowsPerSecond", number>>(side, "workflows", address, String(workflowCount)),
      ({ cpuMsPerWorkflow, rssMegabytes, workflowsPerSecond }) => [
        { id: "workflows.cpu", name: "CPU per one-activity workflow", unit: "ms", ours: cpuMsPerWorkflow },
        { id: "workflows.rss", name: `RSS after ${workflowCount} of them`, unit: "MB", ours: rssMegabytes },
        { id: "workflows.rate", name: "  rate (bound by the server)", unit: "1/s", ours: workflowsPerSecond },
      ],
    )),
    ...(await replayRows(address, "sequential", folder)),
    ...(await replayRows(address, "parallel", folder)),
  );
  const verdicts = targets(rows);
  printTable(rows, verdicts);
  if (busy > cpus().length / 2) {
    console.log(`\nThe machine was busy with something else (load ${busy.toFixed(1)} on ${cpus().length} CPUs at the start): latencies are worse than they are.`);
  }
  const machine = { platform: `${process.platform}-${process.arch}`, cpu: cpus()[0]?.model, cpus: cpus().length, load: busy, bun: Bun.version };
  writeFileSync(join(import.meta.dir, "results.json"), `${JSON.stringify({ date: new Date().toISOString(), machine, rows, targets: verdicts }, null, 2)}\n`);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}
