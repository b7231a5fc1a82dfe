/**
 * Gives a Worker hostile and innocent Workflows in turn. Arguments: address of the server, path of the Workflows, path
 * of the rows as JSON, how many Workflows of each kind. Prints what came of it as JSON.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client, Connection } from "temporal-bun-sdk/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "temporal-bun-sdk/worker";
import type { MixedRow, Mixture } from "./mix";

const [address, workflowsPath, rowsPath, count] = process.argv.slice(2) as [string, string, string, string];
const rows = JSON.parse(readFileSync(rowsPath, "utf8")) as MixedRow[];
/** How many of each kind are under way at a time. */
const inFlight = 20;

// Failed tasks are what is wanted here. But every level is on, since what is logged has to be copied.
Runtime.install({
  logger: new DefaultLogger("TRACE", () => undefined),
  telemetryOptions: { logging: { filter: { core: "ERROR" } } },
});
const client = new Client({ connection: await Connection.connect({ address }) });
const connection = await NativeConnection.connect({ address });
const taskQueue = `mix-${randomUUID()}`;
const worker = await Worker.create({ connection, taskQueue, workflowsPath });
const mixture: Mixture = { hostile: 0, innocent: 0, lostTasks: 0, wrong: [], state: "" };

type Ended = { gives: unknown } | { ends: string } | { fails: string } | { lost: true };

/** The events of a Workflow, as they come. */
async function* eventsOf(workflowId: string) {
  let nextPageToken = new Uint8Array(0);
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: "default",
      execution: { workflowId },
      waitNewEvent: true,
      nextPageToken,
    });
    yield* page.history?.events ?? [];
    nextPageToken = (page.nextPageToken ?? nextPageToken.subarray(0, 0)) as Uint8Array<ArrayBuffer>;
  } while (nextPageToken.length > 0);
}

/** How a Workflow ended: with its result, its failure, or the first failure of one of its tasks. */
async function endOf(name: string, tries = 10): Promise<Ended> {
  // Much longer than a task takes, since all wait for each other.
  const workflowTaskTimeout = "1 minute";
  const handle = await client.workflow.start(name, { taskQueue, workflowId: randomUUID(), workflowTaskTimeout });
  let ended: Ended | undefined;
  for await (const event of eventsOf(handle.workflowId)) {
    const failed = event.workflowTaskFailedEventAttributes;
    if (failed != null) ended = { fails: failed.failure?.message ?? "" };
    // Core doesn't say why further attempts fail.
    else if (event.workflowTaskTimedOutEventAttributes != null) ended = { lost: true };
    if (ended !== undefined) break;
  }
  if (ended === undefined)
    return handle.result().then(
      (gives: unknown) => ({ gives }),
      (error: Error) => ({ ends: (error.cause as Error | undefined)?.message ?? error.message }),
    );
  await handle.terminate().catch(() => undefined);
  if (!("lost" in ended)) return ended;
  // The task was late, as on a busy machine: what it would have come to is seen in another try.
  mixture.lostTasks++;
  return tries > 1 ? endOf(name, tries - 1) : ended;
}

function isAs(ended: Ended, ending: MixedRow["ending"]): boolean {
  if ("repeats" in ending) return true;
  if ("fails" in ending) return "fails" in ended && ended.fails.includes(ending.fails);
  if ("ends" in ending) return "ends" in ended && ended.ends.includes(ending.ends);
  return Bun.deepEquals(ended, { gives: ending.gives });
}

async function hostile(index: number): Promise<void> {
  // In steps, so that a short mix has some of every table.
  const row = rows[(index * 37) % rows.length]!;
  const ended = await endOf(row.name);
  mixture.hostile++;
  if (!isAs(ended, row.ending)) mixture.wrong.push({ ...row, ended });
}

await worker.runUntil(async () => {
  const right = await endOf("innocent");
  const innocent = async () => {
    const ended = await endOf("innocent");
    mixture.innocent++;
    if (!Bun.deepEquals(ended, right) || !("gives" in ended))
      mixture.wrong.push({ name: "innocent", ending: right, ended });
  };
  let next = 0;
  const takeTurns = async () => {
    for (let index = next++; index < Number(count); index = next++) await Promise.all([hostile(index), innocent()]);
  };
  await Promise.all(Array.from({ length: inFlight }, takeTurns));
});
mixture.state = worker.getState();
console.log(`\n${JSON.stringify(mixture)}`);
await connection.close();
process.exit(0);
