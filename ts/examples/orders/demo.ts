/**
 * The whole example from nothing, as `make demo` runs it: a dev server of its own, the worker and the client as
 * processes, and the workflow's history at the end. Nothing is left running.
 */
import { Client, Connection } from "temporal-bun-sdk/client";
import { Timeline, timelineLine } from "../../src/cli/workflows/timeline";
import { startServer } from "../../tests/support/server";

const server = await startServer();
console.log(`dev server on ${server.address}\n`);
const run = <Errors extends "inherit" | "pipe">(stderr: Errors, script: string, ...words: string[]) =>
  Bun.spawn([process.execPath, `${import.meta.dir}/${script}`, ...words], {
    env: { ...process.env, TEMPORAL_ADDRESS: server.address },
    stdin: "ignore",
    stdout: "inherit",
    stderr,
  });

const worker = run("pipe", "worker.ts");
// The worker's log would bury the rest; it is shown when something goes wrong.
const log = new Response(worker.stderr).text();
const client = run("inherit", "client.ts", "demo");

async function fail(why: string): Promise<never> {
  client.kill();
  worker.kill();
  console.error(`${await log}\n${why}`);
  process.exit(1);
}

// Ctrl-C reaches all three processes by itself; a signal to this one alone has to be passed on.
process.once("SIGTERM", () => void fail("stopped by SIGTERM"));

// A worker that ends before the client has failed, and the client would wait for it for ever.
const first = await Promise.race([
  client.exited,
  worker.exited.then((code) => `the worker ended early, with exit code ${code}`),
]);
if (typeof first === "string") await fail(first);
if (first !== 0) await fail(`the client ended with exit code ${first}`);
worker.kill("SIGTERM");
const workerCode = await worker.exited;
if (workerCode !== 0) await fail(`the worker did not shut down in order: exit code ${workerCode}`);

const connection = await Connection.connect({ address: server.address });
const history = await new Client({ connection }).workflow.getHandle("order-demo").fetchHistory();
const timeline = new Timeline();
console.log("\nhistory of order-demo");
for (const event of history.events ?? []) console.log(timelineLine(timeline.next(event)));
await connection.close();
await server.stop();
