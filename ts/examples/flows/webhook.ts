/** Stands for the shop that sends orders: signs one, and sends it twice, as senders do that got no answer. */
import { createHmac } from "node:crypto";
import { webhookSecret } from "./flows";

const address = new URL("/orders", process.env["WEBHOOKS"] ?? "http://localhost:3000");
const id = process.argv[2] ?? crypto.randomUUID().slice(0, 8);
const body = JSON.stringify({ id, cents: 1250, express: false });
const time = Math.floor(Date.now() / 1000);

async function send(secret: string): Promise<void> {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  const headers = { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": `v1,${signature}` };
  const answer = await fetch(address, { method: "POST", headers, body });
  console.log(`answered: ${answer.status} ${await answer.text()}`);
}

await Promise.all([send(webhookSecret), send(webhookSecret)]);
await send("whsec_c29tZWJvZHkgZWxzZQ==");
