import { Client, Connection } from "temporal-bun-sdk/client";
import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import { hello } from "./workflows";

export const activities = { greeting: async () => "Hello" };

const address = process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233";
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: "hello",
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  shutdownGraceTime: "10 seconds",
});
const client = new Client({ connection: await Connection.connect({ address }) });
await worker.runUntil(async () => {
  console.log(
    await client.workflow.execute(hello, { taskQueue: "hello", workflowId: `hello-${Date.now()}`, args: ["Bun"] }),
  );
});
