/** Stands for the shop that sends orders: signs one, and sends it twice, as senders do that got no answer. */
import { webhookSecret } from "./flows";
import { signed } from "./sign";

const address = new URL("/orders", process.env["WEBHOOKS"] ?? "http://localhost:3000");
const id = process.argv[2] ?? crypto.randomUUID().slice(0, 8);
const body = JSON.stringify({ id, cents: 1250, express: false });

async function send(secret: string): Promise<void> {
  const answer = await fetch(address, { method: "POST", headers: signed(id, body, secret), body });
  console.log(`answered: ${answer.status} ${await answer.text()}`);
}

await Promise.all([send(webhookSecret), send(webhookSecret)]);
await send("whsec_c29tZWJvZHkgZWxzZQ==");
