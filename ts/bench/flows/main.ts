/**
 * `make bench-flows`: what flows cost beside the same Workflow by hand, and how much one state, one event and one gate
 * take. Everything on one machine, in one run; both sides of a ratio in turn.
 */
import { createHmac } from "node:crypto";
import { Client } from "../../src/client";
import * as flow from "../../src/integrations/flow";
import { DefaultLogger, NativeConnection, Runtime } from "../../src/worker";
import { startServer } from "../../tests/support/server";

const rounds = 3;
const runsInRound = 10;
const atATime = [1, 10, 100];
const anything = <T>(): flow.StandardSchema<T> => ({
  "~standard": { version: 1, vendor: "bench", validate: (value) => ({ value: value as T }) },
});
const work = (order: string, number: number) => ({ number, id: `${order}-${number}-of-twelve` });

const chain = (id: string, local: boolean) =>
  flow.define({ id, payload: anything<{ order: string }>() }, (f: any) => {
    for (let number = 0; number < 12; number++)
      f = f.step(`work${number}`, (c: any) => work(c.payload.order, number), { local });
    return f;
  }) as flow.Flow<{ order: string }, unknown>;
const steps = chain("steps", false);
const locals = chain("locals", true);

const secret = Buffer.from("the secret of the bench");
const hook = flow.webhook("/hook", {
  auth: flow.auth.standardWebhooks({ secret: `whsec_${secret.toString("base64")}` }),
});
const refusing: flow.StandardSchema<{ order: string }> = {
  "~standard": { version: 1, vendor: "bench", validate: () => ({ issues: [{ message: "never" }] }) },
};
const hooked = flow.define({ id: "hooked", payload: refusing, triggers: [hook] }, (f) => f.step("never", () => 1));

const plain = flow.define({ id: "plain", payload: anything<number>() }, (f) => f.transform("n", (c) => c.payload));
const gated = flow.define({ id: "gated", payload: anything<number>(), concurrency: { limit: 1_000 } }, (f) =>
  f.transform("n", (c) => c.payload),
);
const counting = flow.define({ id: "counting", payload: anything<number>() }, (f) =>
  f.step("count", async ({ state, payload }) => {
    const many = Array.from({ length: payload }, () => state.incr("n"));
    return (await Promise.all(many)).length;
  }),
);
const happened = flow.event("happened", { payload: anything<number>(), retain: "1 hour" });
const waits = flow.define({ id: "waits", payload: anything<number>() }, (f) => f.waitForEvent("wait", happened));

Runtime.install({ logger: new DefaultLogger("ERROR"), telemetryOptions: { logging: { filter: { core: "ERROR" } } } });
const server = await startServer();
const connection = await NativeConnection.connect({ address: server.address });
const client = new Client({ connection });
const taskQueue = "bench";
const app = flow.app({
  flows: [steps, locals, hooked, plain, gated, counting, waits],
  connection,
  taskQueue,
  worker: { workflowsPath: `${import.meta.dir}/workflows.ts`, activities: { work } },
});
await app.start();

const row = (name: string, ...values: (string | number)[]) =>
  console.log(
    `${name.padEnd(40)}${values.map((value) => (typeof value === "number" ? value.toPrecision(3) : value).padStart(12)).join("")}`,
  );
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Runs so many Workflows of a type, one after the other. */
async function round(type: string): Promise<{ ms: number; cpu: number }> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  for (let n = 0; n < runsInRound; n++)
    await client.workflow.execute(type, {
      workflowId: crypto.randomUUID(),
      taskQueue,
      args: [{ order: "order-1234" }],
    });
  const { user, system } = process.cpuUsage(cpu);
  return { ms: (performance.now() - begun) / runsInRound, cpu: (user + system) / 1_000 / runsInRound };
}

const types = ["byHand", "steps", "locals"] as const;
for (const type of types) await round(type);
const measured = Object.fromEntries(types.map((type) => [type, [] as { ms: number; cpu: number }[]]));
for (let n = 0; n < rounds; n++) for (const type of types) measured[type]!.push(await round(type));
const sizes = Object.fromEntries(
  await Promise.all(
    types.map(async (type) => {
      const args = [{ order: "order-1234" }] as [unknown];
      const handle = await client.workflow.start(type, { workflowId: crypto.randomUUID(), taskQueue, args });
      await handle.result();
      return [type, await handle.describe()] as const;
    }),
  ),
);
row("twelve steps", "by hand", "flow", "ratio", "local", "÷ flow");
for (const [name, of] of [
  ["  ms, median", (type: string) => median(measured[type]!.map(({ ms }) => ms))],
  ["  CPU, ms", (type: string) => median(measured[type]!.map(({ cpu }) => cpu))],
  ["  events", (type: string) => sizes[type]!.historyLength],
  ["  bytes of history", (type: string) => sizes[type]!.historySize!],
] as const) {
  const [hand, chained, local] = types.map(of) as [number, number, number];
  row(name, hand, chained, chained / hand, local, local / chained);
}

/** Calls something so often, so many at a time. Returns how many a second. */
async function rate(count: number, many: number, call: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const begun = performance.now();
  const all = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: many }, all));
  return count / ((performance.now() - begun) / 1_000);
}

// Everything that comes before the start: route, size, signature, JSON and schema, which refuses.
const body = JSON.stringify({ order: "order-1234" });
const request = (n: number) => {
  const time = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", secret).update(`${n}.${time}.${body}`).digest("base64");
  const headers = { "webhook-id": `${n}`, "webhook-timestamp": time, "webhook-signature": `v1,${signature}` };
  return new Request("http://localhost/hook", { method: "POST", headers, body });
};
const requests = Array.from({ length: 5_000 }, (_, n) => request(n));
for (const one of requests.slice(0, 2_000)) await app.fetch(one);
const before = process.cpuUsage();
for (const one of requests.slice(2_000)) await app.fetch(one);
const { user, system } = process.cpuUsage(before);
console.log();
row("HTTP layer before the start, µs of CPU", (user + system) / 3_000);

console.log();
row("a second, so many at a time", ...atATime.map((many) => `${many}`));
const rates = async (name: string, call: (n: number) => Promise<unknown>) => {
  const found: number[] = [];
  for (const many of atATime) found.push(await rate(Math.max(50, 4 * many), many, call));
  row(name, ...found);
};
let id = 0;
await rates("  runs", async (n) => (await app.trigger(plain, n)).result());
await rates("  runs through one gate", async (n) => (await app.trigger(gated, n)).result());
await rates("  events of one hub", () => app.publish(happened, ++id, { id: `${id}` }));
await rates("  waits that one hub ends", async (n) => (await app.trigger(waits, n)).result());
const operations: number[] = [];
for (const many of atATime) {
  const counted = async () => (await app.trigger(counting, many)).result();
  operations.push((await rate(Math.max(200 / many, 5), 1, counted)) * many);
}
row("  operations of one state, in one step", ...operations);

await app.stop();
await connection.close();
await server.stop();
process.exit(0);
