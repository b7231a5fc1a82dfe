import * as flow from "temporal-bun-sdk/flow";
import { NativeConnection } from "temporal-bun-sdk/worker";
import { bulk, order, signingKeys } from "./flows";

const connection = await NativeConnection.connect({ address: process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233" });
const app = flow.app({
  flows: [order, bulk],
  connection,
  taskQueue: "flows",
  http: { port: Number(process.env["PORT"] ?? 3000), hostname: "127.0.0.1" },
  signingKeys,
  // How long a run whose Worker was killed keeps its tasks for it. By default 10 seconds.
  worker: { stickyQueueScheduleToStartTimeout: "1s" },
});
await app.start();
console.log(`webhooks at ${app.url}`);
console.log("the worker is ready");
