import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { activityInfo } from "../../src/activity";
import { Client } from "../../src/client";
import { CompleteAsyncError, type SerializationContext } from "../../src/common";
import { rejection, testConnection, withWorker } from "../worker/support";
import { BindingCodec } from "./fixtures/binding-codec";
import * as activities from "./fixtures/secret-activities";

const workflowsPath = `${import.meta.dir}/fixtures/secret-workflows.ts`;
const payloadConverterPath = `${import.meta.dir}/fixtures/context-converter.ts`;

test("payload converters are told the same context on both sides of every conversion", async () => {
  const dataConverter = { payloadConverterPath };
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace, dataConverter });
  await withWorker(
    async ({ taskQueue }) => {
      const start = { taskQueue, workflowId: randomUUID(), memo: { first: "memo" }, staticSummary: "summary" };
      const handle = await client.workflow.start("everything", { ...start, args: ["input", true] });
      await handle.signal("tell", "signal");
      expect(await handle.query<string, [string]>("ask", "question")).toMatch(/^question \d SECRET answer$/);
      expect(await handle.executeUpdate<string, [string]>("change", { args: ["update"] })).toBe("update changed");
      const failed = await rejection(handle.executeUpdate("change", { args: ["SECRET failing"] }));
      expect(failed.cause.details).toEqual(["input"]);
      await handle.signal("finish");
      const firstRun = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId, { followRuns: false });
      await rejection(firstRun.result());
      await client.workflow.getHandle(handle.workflowId).signal("finish");
      const result: any = await client.workflow.getHandle(handle.workflowId).result();
      expect(result).toMatchObject({
        memo: { first: "memo" },
        worked: "input SECRET worked",
        worksLocally: "input SECRET worked",
        heartbeatDetails: { at: "input" },
        failed: "SECRET failure of input",
        failedLocally: "SECRET failure of input",
        childResult: {
          secret: "input",
          told: ["SECRET to child", "SECRET to external"],
          memo: { note: "SECRET child memo" },
        },
        childFailed: "SECRET workflow failure",
      });
      const description = await firstRun.describe();
      expect([description.memo, await description.staticSummary()]).toEqual([
        { first: "memo", later: "SECRET later" },
        "summary",
      ]);
    },
    { dataConverter, activities, workflowsPath, interceptors: { workflowModules: [workflowsPath] } },
  );
});

test("asynchronous completion converts for the activity", async () => {
  const codec = new BindingCodec();
  const dataConverter = { payloadCodecs: [codec] };
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace, dataConverter });
  const started = [
    Promise.withResolvers<ReturnType<typeof activityInfo>>(),
    Promise.withResolvers<ReturnType<typeof activityInfo>>(),
  ];
  let calls = 0;
  const work = async (): Promise<string> => {
    started[calls++]!.resolve(activityInfo());
    throw new CompleteAsyncError();
  };
  await withWorker(
    async ({ taskQueue }) => {
      const run = async (
        complete: (info: ReturnType<typeof activityInfo>) => Promise<void>,
        info: Promise<ReturnType<typeof activityInfo>>,
      ) => {
        const handle = await client.workflow.start("onlyWork", {
          taskQueue,
          workflowId: randomUUID(),
          args: ["input"],
        });
        await complete(await info);
        return handle.result();
      };
      const byId = await run(async ({ workflowExecution, activityId }) => {
        const target = { workflowId: workflowExecution!.workflowId, activityId };
        await client.activity.heartbeat(target, "details");
        await client.activity.complete(target, "by id");
      }, started[0]!.promise);
      expect(byId).toBe("by id");
      const byToken = await run(async ({ taskToken, workflowExecution, activityId }) => {
        const serializationContext: SerializationContext = {
          type: "activity",
          namespace,
          workflowId: workflowExecution!.workflowId,
          activityId,
          isLocal: false,
        };
        expect((await rejection(client.activity.complete(taskToken, "without context"))).message).toBe(
          "A payload came without a context",
        );
        await client.activity.complete(taskToken, "by token", { serializationContext });
      }, started[1]!.promise);
      expect(byToken).toBe("by token");
    },
    { dataConverter, activities: { work }, workflowsPath },
  );
});
