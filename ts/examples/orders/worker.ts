import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import * as activities from "./activities";

const connection = await NativeConnection.connect({ address: process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233" });
const worker = await Worker.create({
  connection,
  taskQueue: "orders",
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  // After SIGINT or SIGTERM, running activities have so long to end. Without it they are cancelled at once.
  shutdownGraceTime: "10 seconds",
});

// Until SIGINT or SIGTERM.
await worker.run();
await connection.close();
