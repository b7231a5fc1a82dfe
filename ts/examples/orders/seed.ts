// What `temporal-bun dev --seed` runs beside the Worker: orders that end in different ways, and one that waits.
import { Client, Connection } from "temporal-bun-sdk/client";
import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { type Order, order, ship } from "./workflows";

const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });

async function start(id: string, differences: Partial<Order> = {}) {
  const handle = await client.workflow.start(order, {
    workflowId: `order-${id}`,
    taskQueue: "orders",
    workflowIdConflictPolicy: "USE_EXISTING",
    args: [{ id, item: "teapot", quantity: 2, cents: 4990, shipWithin: "3 days", ...differences }],
  });
  console.log(`started ${handle.workflowId}`);
  return handle;
}

await start("waiting");
await (await start("shipped")).signal(ship, "parcel-1867");
await (await start("cancelled")).cancel();
await start("refused", { quantity: 0 });
await start("late", { shipWithin: "2 seconds" });
await connection.close();
