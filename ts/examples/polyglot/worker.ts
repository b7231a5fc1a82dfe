import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import * as activities from "./activities";

const connection = await NativeConnection.connect({ address: process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233" });
const worker = await Worker.create({
  connection,
  taskQueue: "polyglot-bun",
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
});
await worker.run();
await connection.close();
