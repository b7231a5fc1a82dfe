import * as flow from "temporal-bun-sdk/flow";
import { NativeConnection } from "temporal-bun-sdk/worker";
import { order } from "./flows";

const connection = await NativeConnection.connect({ address: process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233" });
const app = flow.app({ flows: [order], connection, taskQueue: "flows" });

const id = process.argv[2] ?? crypto.randomUUID().slice(0, 8);
const run = await app.trigger(order, { id, cents: 4990, express: true }, { key: id });
console.log(`started ${run.id}`);
try {
  console.log("result:", await run.result());
} catch {
  const { status } = await app.inspect(run.id);
  console.log(`ended: ${status}`);
}
await connection.close();
