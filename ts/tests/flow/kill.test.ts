/**
 * Workers and servers that are killed at random points, with a run of each verb under way: the runs end as they would
 * have, what has finished isn't repeated, and nothing is left.
 *
 * `FLOWS_KILL_SEEDS` says how many different series of kills there are; `make flows-kill` takes 500.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import type { History } from "../../src/proto/temporal/api/history/v1/message";
import { eventually } from "../support/eventually";
import { type PrivateServer, startServer } from "../support/server";
import { flows } from "./fixtures/kill-flows";
import { random } from "./random";

setDefaultTimeout(600_000);

const seeds = Number(process.env["FLOWS_KILL_SEEDS"] ?? 3);
const folder = mkdtempSync(join(tmpdir(), "flows-kill-"));
let server: PrivateServer;
let connection: Connection;
let client: Client;
const workers = new Set<Bun.Subprocess>();

beforeAll(async () => {
  server = await startServer();
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
});

afterAll(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await connection?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

async function startWorker(taskQueue: string, effects: string): Promise<Bun.Subprocess> {
  const worker = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/kill-worker.ts"), server.address, taskQueue],
    {
      env: { ...process.env, FLOW_EFFECTS: effects },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    },
  );
  workers.add(worker);
  const { value } = await worker.stdout.getReader().read();
  if (value === undefined) throw new Error(`the worker ended with exit code ${await worker.exited}`);
  return worker;
}

async function kill(worker: Bun.Subprocess): Promise<void> {
  worker.kill("SIGKILL");
  await worker.exited;
  workers.delete(worker);
}

interface Outcome {
  /** Output or end of each flow's run. */
  ends: Record<string, unknown>;
  /** Effects of each flow's run and those that it started, sorted, each once. */
  effects: Record<string, string[]>;
}

/** What many runs have in common stays for a while. */
const noEntity = 'WorkflowType != "flow.gate" AND WorkflowType != "flow.collector"';

/** Runs all flows at once. `disturb` is called while they run. */
async function outcome(
  name: string,
  disturb: (
    worker: Bun.Subprocess,
    restart: () => Promise<Bun.Subprocess>,
    isOver: () => boolean,
  ) => Promise<Bun.Subprocess>,
): Promise<Outcome> {
  const file = join(folder, name);
  writeFileSync(file, "");
  const first = await startWorker(name, file);
  const handles = await Promise.all(
    flows.map(({ id }) =>
      client.workflow.start(id, {
        workflowId: `${name}/${id}`,
        taskQueue: name,
        args: ["x"],
        workflowTaskTimeout: "1s",
      }),
    ),
  );
  let over = false;
  const results = Promise.all(handles.map((handle) => eventuallyEnded(handle.workflowId))).then(() => (over = true));
  const last = await disturb(
    first,
    () => startWorker(name, file),
    () => over,
  );
  await results;
  const open = await eventually(
    () =>
      Array.fromAsync(
        client.workflow.list({ query: `TaskQueue = "${name}" AND ExecutionStatus = "Running" AND ${noEntity}` }),
      ),
    (left) => left.length === 0,
  );
  expect(open).toEqual([]);
  const ends = await Promise.all(
    handles.map(async (handle) => [handle.workflowId.split("/")[1]!, await end(handle.workflowId)]),
  );
  for (const handle of handles) expectEachOnce(handle.workflowId, await handle.fetchHistory());
  await kill(last);
  expectOneAtATime(file, "/guarded");
  return { ends: Object.fromEntries(ends), effects: effectsIn(file) };
}

async function eventuallyEnded(workflowId: string): Promise<void> {
  // A server that is killed meanwhile answers nothing.
  await eventually(
    () =>
      client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          ({ status }) => status.name,
          () => "RUNNING",
        ),
    (status) => status !== "RUNNING",
  );
}

async function end(workflowId: string): Promise<unknown> {
  const handle = client.workflow.getHandle(workflowId);
  return handle.result().catch((error) => `${error.cause?.name}: ${error.cause?.message}`);
}

function effectsIn(file: string): Record<string, string[]> {
  const found: Record<string, Set<string>> = {};
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const [run = "", step = ""] = line.split("\t");
    const [, id = "", ...rest] = run.split("/");
    (found[id] ??= new Set()).add([...rest, step].join("/"));
  }
  return Object.fromEntries(Object.entries(found).map(([id, steps]) => [id, [...steps].sort()]));
}

/** Runs whose id ends so have their effects one after the other. */
function expectOneAtATime(file: string, suffix: string): void {
  const runs = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("\t")[0]!)
    .filter((run) => run.endsWith(suffix));
  const inTurn = runs.filter((run, at) => run !== runs[at - 1]);
  expect(inTurn.length).toBe(4);
  expect(new Set(inTurn).size).toBe(4);
}

/** Each step is scheduled once: attempts that were killed repeat it, but never after it has finished. */
function expectEachOnce(workflowId: string, { events = [] }: History): void {
  const scheduled = events.flatMap(({ activityTaskScheduledEventAttributes: activity, userMetadata }) => {
    if (activity === undefined) return [];
    const summary = userMetadata?.summary?.data;
    return summary === undefined ? (activity.activityType?.name ?? "") : Buffer.from(summary).toString();
  });
  expect([workflowId, ...new Set(scheduled)]).toEqual([workflowId, ...scheduled]);
  expect(events.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
}

let undisturbed: Outcome;

test("undisturbed", async () => {
  undisturbed = await outcome("undisturbed", async (worker) => worker);
  expect(undisturbed.ends).toMatchObject({
    step: "x>a>b>c>d",
    loop: "x>start>more[0]/turn>more[1]/turn>more[2]/turn>end",
  });
  // Not as a part of that: what matches a pattern there is replaced by the pattern.
  expect(undisturbed.ends["woken"]).toContain("undisturbed/woken>woken");
  expect(undisturbed.ends["approval"]).toContain('[{"decision":"approved","by":"Ada"},');
  expect(undisturbed.effects["cancel"]).toEqual(["a", "a.undo", "b", "c", "c.undo"]);
});

test.each(Array.from({ length: seeds }, (_, seed) => [seed]))("killed at random, seed %d", async (seed) => {
  const next = random(seed + 1);
  const kills = 2 + Math.floor(next() * 3);
  const disturbed = await outcome(`seed-${seed}`, async (worker, restart, isOver) => {
    for (let n = 0; n < kills && !isOver(); n++) {
      await Bun.sleep(next() * 1000);
      const both = next() < 0.3;
      await Promise.all([kill(worker), both ? server.stop() : undefined]);
      if (both) await server.start();
      worker = await restart();
    }
    return worker;
  });
  expect(disturbed.ends).toEqual(renamed(undisturbed.ends, seed));
  expect(disturbed.effects).toEqual(undisturbed.effects);
});

/** Ids of Workflows are parts of outputs. */
function renamed(ends: Outcome["ends"], seed: number): Outcome["ends"] {
  return JSON.parse(JSON.stringify(ends).replaceAll("undisturbed/", `seed-${seed}/`)) as Outcome["ends"];
}
