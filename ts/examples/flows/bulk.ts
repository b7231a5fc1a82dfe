/** Stands for those around large orders: the shop that sends one, the warehouse, and who deploys the schedule. */
import { Client } from "temporal-bun-sdk/client";
import * as flow from "temporal-bun-sdk/flow";
import { NativeConnection } from "temporal-bun-sdk/worker";
import { bulk, shipped, signingKeys, webhookSecret } from "./flows";
import { signed } from "./sign";

const connection = await NativeConnection.connect({ address: process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233" });
const app = flow.app({ flows: [bulk], connection, taskQueue: "flows", signingKeys });
const client = new Client({ connection });

const id = process.argv[2] ?? crypto.randomUUID().slice(0, 8);
const body = JSON.stringify({ id, cents: 250_000 });
const address = new URL("/bulk", process.env["WEBHOOKS"] ?? "http://localhost:3000");
const answer = await fetch(address, { method: "POST", headers: signed(id, body, webhookSecret), body });
console.log(`answered: ${answer.status} ${await answer.text()}`);

const { created } = await app.deploy();
console.log(`deployed: ${created.join(", ")}`);
const schedule = client.schedule.getHandle(created[0]!);
await schedule.trigger();
await app.publish(shipped, { id }, { id });
await app.publish(shipped, { id: "standing" });

let actions: { action: { workflow: { workflowId: string } } }[] = [];
while (actions.length === 0) ({ recentActions: actions } = (await schedule.describe()).info);
for (const run of [`bulk/${id}`, actions[0]!.action.workflow.workflowId])
  console.log("result:", await client.workflow.getHandle(run).result());
await schedule.delete();
await connection.close();
