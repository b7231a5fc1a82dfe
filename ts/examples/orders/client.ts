import { Client, Connection } from "temporal-bun-sdk/client";
import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { type OrderStatus, order, ship, status } from "./workflows";

const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });

const id = process.argv[2] ?? crypto.randomUUID().slice(0, 8);
const handle = await client.workflow.start(order, {
  workflowId: `order-${id}`,
  taskQueue: "orders",
  args: [{ id, item: "teapot", quantity: 2, cents: 4990, shipWithin: "3 days" }],
});
console.log(`started ${handle.workflowId}`);

let seen: OrderStatus | undefined;
while (seen !== "waiting for shipment") {
  const now = await handle.query(status);
  if (now !== seen) console.log(`status: ${now}`);
  seen = now;
  await Bun.sleep(50);
}

await handle.signal(ship, "parcel-1867");
console.log("signalled: shipped");
console.log("result:", await handle.result());
await connection.close();
