import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import * as activities from "./activities";

// Which server and namespace: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the like, or temporal.toml.
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: "hello",
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  // After SIGINT or SIGTERM, running activities have so long to end. Without it they are cancelled at once.
  shutdownGraceTime: "10 seconds",
});

await worker.run();
await connection.close();
