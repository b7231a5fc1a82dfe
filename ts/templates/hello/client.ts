import { Client, Connection } from "temporal-bun-sdk/client";
import { loadClientConnectConfig } from "temporal-bun-sdk/envconfig";
import { hello } from "./workflows";

const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });

const name = process.argv[2] ?? "Bun";
console.log(
  await client.workflow.execute(hello, {
    taskQueue: "hello",
    workflowId: `hello-${crypto.randomUUID()}`,
    args: [name],
  }),
);
await connection.close();
