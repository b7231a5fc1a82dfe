/**
 * The console from nothing, as `make demo-console` runs it: a dev server, a few workflows, the console over them, and
 * pictures of it, taken by Chromium. Nothing is left running.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Client } from "temporal-bun-sdk/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "temporal-bun-sdk/worker";
import { eventually } from "../../ts/tests/support/eventually";
import { startServer } from "../../ts/tests/support/server";
import { startConsole } from "../server/console";
import { launchBrowser } from "../tests/browser/chromium";
import * as activities from "./activities";

const folder = process.argv[2] ?? join(import.meta.dir, "../../target/console");
mkdirSync(folder, { recursive: true });
Runtime.install({
  workerHeartbeatInterval: "1 second",
  logger: new DefaultLogger("ERROR"),
  telemetryOptions: { logging: { filter: { core: "ERROR" } } },
});

const server = await startServer();
console.log(`dev server on ${server.address}`);
const connection = await NativeConnection.connect({ address: server.address });
const client = new Client({ connection });
const taskQueue = "orders";
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: join(import.meta.dir, "workflows.ts"),
  activities,
  shutdownGraceTime: "1 second",
});
const running = worker.run();

const start = (id: string, cents: number) =>
  client.workflow.start("order", { workflowId: `order-${id}`, taskQueue, args: [{ id, cents }] });
const orders = [];
for (const [at, cents] of [4_990, 25_000, 1_250, -1, 9_900].entries()) orders.push(await start(`${1001 + at}`, cents));
const [first, waiting] = orders;
await Promise.all(orders.filter((one) => one !== waiting).map((one) => one.result().catch(() => undefined)));
await client.schedule.create({
  scheduleId: "nightly-report",
  spec: { cronExpressions: ["0 3 * * *"] },
  action: { type: "startWorkflow", workflowType: "order", taskQueue, args: [{ id: "nightly", cents: 100 }] },
});
console.log(`${orders.length} orders, of which one waits for a signal and one has failed`);

const console_ = await startConsole({
  connection: { address: server.address },
  namespace: "default",
  port: 0,
  mode: "none",
  config: { store: ":memory:" },
  log: () => {},
});
console.log(`the console on ${console_.url}`);
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const origin = new URL(console_.url).origin;
  const take = async (name: string, path: string, text: string) => {
    await page.goto(`${origin}${path}`);
    await page.getByText(text).first().waitFor();
    await page.screenshot({ path: join(folder, `${name}.png`) });
    console.log(`picture ${join(folder, `${name}.png`)}`);
  };
  const { runId } = await eventually(
    () => client.workflow.getHandle(first!.workflowId).describe(),
    ({ status }) => status.name === "COMPLETED",
  );
  await take("workflows", "/ns/default/workflows", "order-1001");
  await take("run", `/ns/default/workflows/order-1001/${runId}`, "WorkflowExecutionStarted");
  await take("timeline", `/ns/default/workflows/order-1001/${runId}?tab=timeline`, "charge");
} finally {
  await browser.close();
  await console_.stop();
  worker.shutdown();
  await running;
  await connection.close();
  await server.stop();
}
process.exit(0);
