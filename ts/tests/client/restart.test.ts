import { expect, test } from "bun:test";
import { Client, Connection } from "../../src/client";
import { startServer } from "../support/server";

test("result() survives a restart of the server", async () => {
  const server = await startServer();
  const connection = await Connection.connect({ address: server.address });
  const { workflow } = new Client({ connection });
  const handle = await workflow.start("order", { taskQueue: "queue", workflowId: "workflow" });
  const result = handle.result().catch((error) => error);
  // The first long poll is on its way once another call has been answered.
  await handle.describe();
  await server.stop();
  await server.start();
  await handle.terminate("after the restart");
  expect(await result).toMatchObject({ name: "WorkflowFailedError", message: "after the restart" });
  await connection.close();
  await server.stop();
}, 90_000);
