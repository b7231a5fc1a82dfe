/**
 * The example from nothing, as `make demo-flows` runs it: a dev server of its own, an order whose worker is killed
 * three times on the way, one that fails and is undone, one that a webhook starts, two that wait for a person and an
 * event, of which a schedule starts one, and the history of the first. Nothing is left running.
 */
import { Client, Connection } from "temporal-bun-sdk/client";
import { Timeline, timelineLine } from "../../src/cli/workflows/timeline";
import { startServer } from "../../tests/support/server";

const server = await startServer();
console.log(`dev server on ${server.address}`);
const environment = { ...process.env, TEMPORAL_ADDRESS: server.address, PORT: "0" };
const script = (name: string) => `${import.meta.dir}/${name}`;

/** The worker's text, a line at a time; what it logs would bury it. */
async function* lines(worker: Bun.Subprocess<"ignore", "pipe", "ignore">): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of worker.stdout) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

let worker: Bun.Subprocess<"ignore", "pipe", "ignore">;
let webhooks = "";

/** What a person does in a browser, by the link of the mail. */
async function agree(token: string): Promise<void> {
  const form = new URLSearchParams({ decision: "approved", by: "Ada" });
  const { status } = await fetch(new URL(`/flow/approvals/${token}`, webhooks), { method: "POST", body: form });
  console.log(`  Ada agrees: ${status}`);
}

/** Runs a worker. It is killed when it first comes to the first of the steps, and another one takes over. */
async function runWorker(fatal: string[], isReady: () => void): Promise<void> {
  const [next, ...rest] = fatal;
  const own = Bun.spawn([process.execPath, script("worker.ts")], {
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  worker = own;
  for await (const line of lines(own)) {
    console.log(`  worker ${own.pid}: ${line}`);
    if (line.startsWith("to decide: ")) void agree(line.slice("to decide: ".length));
    if (line.startsWith("webhooks at ")) webhooks = line.slice("webhooks at ".length);
    if (line === "the worker is ready") isReady();
    if (next === undefined || line !== `${next}, attempt 1`) continue;
    console.log(`  kill -9 ${own.pid}`);
    own.kill("SIGKILL");
    await own.exited;
    return runWorker(rest, isReady);
  }
}

async function order(id: string, by = "client.ts"): Promise<void> {
  console.log(`\norder ${id}`);
  const client = Bun.spawn([process.execPath, script(by), id], {
    env: { ...environment, WEBHOOKS: webhooks },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const code = await client.exited;
  if (code !== 0) throw new Error(`${by} ended with exit code ${code}`);
}

process.once("SIGTERM", () => {
  worker.kill("SIGKILL");
  process.exit(1);
});

const ready = Promise.withResolvers<void>();
const ended = runWorker(["charge", "send", "ask"], ready.resolve);
await Promise.race([ready.promise, ended.then(() => Promise.reject(new Error("the worker ended early")))]);
try {
  await order("wanted");
  await order("unwanted");
  await order("signed", "webhook.ts");
  await order("large", "bulk.ts");
} finally {
  worker!.kill("SIGTERM");
  await ended;
}

const connection = await Connection.connect({ address: server.address });
const history = await new Client({ connection }).workflow.getHandle("order/wanted").fetchHistory();
const timeline = new Timeline();
console.log("\nhistory of order/wanted");
for (const event of history.events ?? []) console.log(timelineLine(timeline.next(event)));
await connection.close();
await server.stop();
