import { expect, test } from "bun:test";
import { Client, Connection } from "../../src/client";
import { withWorker } from "../worker/support";
import { address, namespace, unique } from "./support";

test("a Worker of the same connection with a free slot gets the first task with the answer of the start", () =>
  withWorker(async ({ client, taskQueue }) => {
    const start = (requestEagerStart?: boolean) =>
      client.workflow.start("greeting", { taskQueue, workflowId: unique("workflow"), args: ["x"], requestEagerStart });
    const eager = await start(true);
    expect(eager.eagerlyStarted).toBe(true);
    expect(await eager.result()).toBe(await (await start()).result());
    const [first] = (await eager.fetchHistory()).events!;
    expect(first!.workflowExecutionStartedEventAttributes!.eagerExecutionAccepted).toBe(true);
    expect((await start()).eagerlyStarted).toBe(false);
  }));

test("without such a Worker the workflow starts all the same", () =>
  withWorker(async ({ taskQueue }) => {
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection, namespace });
    const handle = await workflow.start("greeting", {
      taskQueue,
      workflowId: unique("workflow"),
      args: ["x"],
      requestEagerStart: true,
    });
    expect(handle.eagerlyStarted).toBe(false);
    expect(await handle.result()).toBe("Hello, x!");
    await connection.close();
  }));
