import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { activityInfo } from "../../src/activity";
import { Client, type WorkflowHandle } from "../../src/client";
import { ExternalStorage, ExternalStorageNotConfiguredError } from "../../src/common";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { Worker, type WorkerOptions } from "../../src/worker";
import { rejection, taskFailure, testConnection, withWorker } from "../worker/support";
import { BindingCodec } from "./fixtures/binding-codec";
import * as activities from "./fixtures/large-activities";
import { MemoryDriver } from "./fixtures/memory-driver";

const workflowsPath = `${import.meta.dir}/fixtures/large-workflows.ts`;
const large = "large".repeat(1000);
const references = ({ events }: History) =>
  Buffer.from(History.encode({ events }).finish())
    .toString("latin1")
    .split("temporal.api.sdk.v1.ExternalStorageReference").length - 1;

async function withStorage(
  body: (parts: {
    client: Client;
    driver: MemoryDriver;
    start: (type: string) => Promise<WorkflowHandle>;
    taskQueue: string;
  }) => Promise<void>,
  { codec, worker = {} }: { codec?: BindingCodec; worker?: Partial<WorkerOptions> } = {},
): Promise<void> {
  const driver = new MemoryDriver();
  const dataConverter = {
    externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 2000 }),
    ...(codec === undefined ? {} : { payloadCodecs: [codec] }),
  };
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace, dataConverter });
  await withWorker(
    ({ taskQueue }) => {
      const start = (type: string) =>
        client.workflow.start(type, { taskQueue, workflowId: randomUUID(), args: [large], memo: { large } });
      return body({ client, driver, start, taskQueue });
    },
    { dataConverter, activities, workflowsPath, ...worker },
  );
}

describe("external storage, on client, activities and workflows", () => {
  test.each([
    ["without codecs", undefined],
    ["behind a codec", new BindingCodec()],
  ])("large values leave the history and come back, %s", async (_, codec) => {
    await withStorage(
      async ({ client, driver, start }) => {
        const handle = await start("large");
        const { workflowId, firstExecutionRunId } = handle as WorkflowHandle & { firstExecutionRunId: string };
        expect(await handle.query<string, [string]>("query", large)).toBe(large + large);
        expect(await handle.executeUpdate<string, [string]>("update", { args: [large] })).toBe(large + large);
        await handle.signal("signal", large);
        const { sizes, filler }: any = await handle.result();
        expect(sizes).toEqual({
          input: 5000,
          memo: 5000,
          signal: 5000,
          activity: 10_000,
          local: 10_000,
          heartbeat: 5000,
          child: 5000,
        });
        expect(filler).toBe(large);
        expect((await handle.describe()).memo).toEqual({ large });
        const history = await handle.fetchHistory();
        expect(Buffer.from(History.encode(history).finish()).includes(large)).toBe(false);
        expect(references(history)).toBeGreaterThanOrEqual(10);

        const targets = new Set(driver.stored.map(({ context: { target } }) => JSON.stringify(target)));
        const workflow = { kind: "workflow", namespace: "default", id: workflowId };
        // The client's calls know the type at the start only; workflow and activities know the run.
        expect(targets).toContain(JSON.stringify({ ...workflow, type: "large" }));
        expect(targets).toContain(JSON.stringify(workflow));
        expect(targets).toContain(JSON.stringify({ ...workflow, runId: firstExecutionRunId, type: "large" }));
        const child = history.events?.find(
          ({ childWorkflowExecutionStartedEventAttributes: started }) => started !== undefined,
        );
        const { workflowId: childId } = child!.childWorkflowExecutionStartedEventAttributes!.workflowExecution!;
        expect(targets).toContain(
          JSON.stringify({ kind: "workflow", namespace: "default", id: childId, type: "echo" }),
        );
        // The child's result belongs to the parent.
        expect(targets).toContain(JSON.stringify({ ...workflow, runId: firstExecutionRunId }));

        const stored = driver.stored.length;
        const { dataConverter } = client.options;
        await Worker.runReplayHistory({ workflowsPath, dataConverter }, history, workflowId);
        expect(driver.stored).toHaveLength(stored);
      },
      codec === undefined ? {} : { codec },
    );
  });

  test("a driver that fails once fails the task, which is tried again", async () => {
    await withStorage(async ({ driver, start }) => {
      driver.failRetrieve = new Error("bucket unreachable");
      const handle = await start("callDouble");
      expect((await taskFailure(handle)).message).toBe("bucket unreachable");
      expect(await handle.result()).toBe(10_000);
    });
  });

  test("a driver that fails to store an activity's result fails the attempt", async () => {
    const parts: { driver?: MemoryDriver } = {};
    const execute = async (input: any, next: any) => {
      const result: unknown = await next(input);
      if (activityInfo().attempt === 1) parts.driver!.failStore = new Error("bucket full");
      return result;
    };
    await withStorage(
      async ({ driver, start }) => {
        parts.driver = driver;
        const handle = await start("callDouble");
        expect(await handle.result()).toBe(10_000);
        const { events } = await handle.fetchHistory();
        const started = events?.find(({ activityTaskStartedEventAttributes: attributes }) => attributes !== undefined);
        expect(started?.activityTaskStartedEventAttributes?.lastFailure?.message).toBe("bucket full");
      },
      { worker: { interceptors: { activity: [() => ({ inbound: { execute } })] } } },
    );
  });

  test("who has no storage is told so", async () => {
    const { connection, namespace } = await testConnection();
    await withStorage(async ({ client, start }) => {
      const blind = new Client({ connection, namespace });
      const handle = await start("echo");
      await handle.result();
      expect(await rejection(blind.workflow.getHandle(handle.workflowId).result())).toBeInstanceOf(
        ExternalStorageNotConfiguredError,
      );
      expect(await rejection(blind.workflow.getHandle(handle.workflowId).describe())).toBeInstanceOf(
        ExternalStorageNotConfiguredError,
      );
      await withWorker(
        async ({ taskQueue }) => {
          const lost = await client.workflow.start("echo", { taskQueue, workflowId: randomUUID(), args: [large] });
          const failure = await taskFailure(lost);
          expect(failure.message).toContain("[TMPRL1105]");
          await lost.terminate();
          const waiting = await client.workflow.start("large", {
            taskQueue,
            workflowId: randomUUID(),
            args: ["small"],
          });
          await waiting.signal("signal", large);
          expect((await taskFailure(waiting)).message).toContain("[TMPRL1105]");
          await waiting.terminate();
          const updated = await client.workflow.start("large", {
            taskQueue,
            workflowId: randomUUID(),
            args: ["small"],
          });
          const update = updated.executeUpdate("update", { args: [large] });
          update.catch(() => {});
          expect((await taskFailure(updated)).message).toContain("[TMPRL1105]");
          await updated.terminate();
        },
        { activities, workflowsPath },
      );
    });
  });
});
