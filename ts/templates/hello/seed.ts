// What `temporal-bun dev --seed` runs beside the Worker: Workflows to look at.
import { Client, Connection } from "temporal-bun-sdk/client";
import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { hello } from "./workflows";

const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });

for (const language of ["en", "fr", "de"]) {
  const { workflowId } = await client.workflow.start(hello, {
    taskQueue: "hello",
    workflowId: `hello-${language}`,
    workflowIdConflictPolicy: "USE_EXISTING",
    args: ["Bun", language],
  });
  console.log(`started ${workflowId}`);
}
await connection.close();
