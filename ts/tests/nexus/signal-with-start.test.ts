import { expect, setDefaultTimeout, test } from "bun:test";
import { Client } from "../../src/client";
import type { DataConverter } from "../../src/common";
import { Worker } from "../../src/worker";

import { BindingCodec } from "../common/fixtures/binding-codec";
import { eventually } from "../support/eventually";
import { testConnection } from "../worker/support";
import { items } from "./fixtures/workflows";
import { client, connection, namespace, unique } from "./support";

setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/signallers.ts`;

/** Runs `body` beside a Worker, with a way to start Workflows; then replays what they did. */
async function withWorker(
  body: (it: {
    taskQueue: string;
    client: Client;
    execute: (workflow: string, ...args: unknown[]) => Promise<any>;
  }) => Promise<void>,
  dataConverter?: DataConverter,
): Promise<void> {
  const taskQueue = unique("queue");
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath, dataConverter });
  const own = new Client({ connection, namespace, dataConverter });
  const started: string[] = [];
  await worker.runUntil(() =>
    body({
      taskQueue,
      client: own,
      execute: async (workflow, ...args) => {
        const workflowId = unique(workflow);
        started.push(workflowId);
        return own.workflow.execute(workflow, { workflowId, taskQueue, args });
      },
    }),
  );
  const histories = await Promise.all(
    started.map(async (workflowId) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId).fetchHistory(),
    })),
  );
  for await (const { error } of Worker.runReplayHistories({ workflowsPath, dataConverter }, histories))
    expect(error).toBeUndefined();
}

test("signalWithStartWorkflow starts a Workflow, and signals it while it runs", async () => {
  await withWorker(async ({ taskQueue, execute }) => {
    const id = unique("basket");
    const handle = client.workflow.getHandle(id);
    const { workflowId, runId, same } = await execute("fill", id, taskQueue);
    const description = await handle.describe();
    expect([workflowId, runId, same]).toEqual([id, description.runId, true]);
    expect(description).toMatchObject({ type: "basket", taskQueue, memo: { note: "fragile" } });
    expect(await description.staticSummary()).toBe("a basket");
    expect(await handle.query(items)).toEqual(["first", "second", "third"]);
    await handle.terminate();
  });
});

test("its payloads are those of the Workflow that is signalled: codecs get that as their context", async () => {
  const codec = new BindingCodec();
  await withWorker(
    async ({ taskQueue, client: own, execute }) => {
      const id = unique("basket");
      const { same } = await execute("fill", id, taskQueue);
      expect(same).toBe(true);
      const handle = own.workflow.getHandle(id);
      expect(await handle.query(items)).toEqual(["first", "second", "third"]);
      expect((await handle.describe()).memo).toEqual({ note: "fragile" });
      await handle.terminate();
      expect([...codec.seen]).toContain(`workflow ${namespace} ${id}`);
    },
    { payloadCodecs: [codec] },
  );
});

test("a Workflow that sends the server something else is refused, and harms no other", async () => {
  const dataConverter = { payloadCodecs: [new BindingCodec()] };
  await withWorker(async ({ taskQueue, client: own, execute }) => {
    const handle = await own.workflow.start("meddle", { workflowId: unique("meddle"), taskQueue });
    await eventually(
      () => handle.fetchHistory(),
      ({ events }) => events!.some((event) => event.workflowTaskFailedEventAttributes !== undefined),
    );
    const id = unique("basket");
    expect(await execute("fill", id, taskQueue)).toMatchObject({ workflowId: id, same: true });
    await own.workflow.getHandle(id).terminate();
    await handle.terminate();
  }, dataConverter);
});

test("what the server refuses is a failure of the operation; what can't be meant is refused at once", async () => {
  await withWorker(async ({ taskQueue, execute }) => {
    const id = unique("labelled");
    await client.workflow.execute("labelled", { workflowId: id, taskQueue, args: ["label", 1] });
    const options = { workflow: "labelled", args: ["again", 2], id, taskQueue, signal: "any" };
    const refused = await execute("request", { ...options, idReusePolicy: "REJECT_DUPLICATE" });
    expect(refused).toMatchObject({ name: "NexusOperationFailure" });
    expect(await execute("request", options)).toEqual({ workflowId: id });
    expect(await client.workflow.getHandle(id).result()).toEqual(["again", 2, {}]);
    expect(await execute("request", { ...options, id: "" })).toMatchObject({
      name: "TypeError",
      message: "signalWithStartWorkflow(...) needs id, a text that isn't empty",
    });
    expect(await execute("request", { ...options, taskQueue: undefined })).toMatchObject({
      message: expect.stringContaining("needs taskQueue"),
    });
  });
});

test("a server on which it is off doesn't take the Workflow task, so that the Workflow waits until it is on", async () => {
  const { connection: plain } = await testConnection();
  const taskQueue = unique("queue");
  const worker = await Worker.create({ connection: plain, namespace, taskQueue, workflowsPath });
  const { workflow } = new Client({ connection: plain, namespace });
  await worker.runUntil(async () => {
    const args = [{ workflow: "labelled", id: unique("labelled"), taskQueue, signal: "any" }];
    const handle = await workflow.start("request", {
      workflowId: unique("request"),
      taskQueue,
      workflowTaskTimeout: "1s",
      args,
    });
    const { events } = await eventually(
      () => handle.fetchHistory(),
      (history) => history.events!.some((event) => event.workflowTaskTimedOutEventAttributes !== undefined),
    );
    expect(events!.some((event) => event.nexusOperationScheduledEventAttributes !== undefined)).toBe(false);
    expect((await handle.describe()).status.name).toBe("RUNNING");
    await handle.terminate();
  });
});
