import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { activityInfo } from "../../src/activity";
import { Client, WithStartWorkflowOperation } from "../../src/client";
import {
  CompleteAsyncError,
  defaultPayloadConverter,
  ExternalStorage,
  type Headers,
  type Payload,
} from "../../src/common";
import { Payload as PayloadMessage } from "../../src/proto/temporal/api/common/v1/message";
import { testConnection, withWorker } from "../worker/support";
import { BindingCodec } from "./fixtures/binding-codec";
import { MemoryDriver } from "./fixtures/memory-driver";

const workflowsPath = `${import.meta.dir}/fixtures/secret-workflows.ts`;
const note: Headers = { note: defaultPayloadConverter.toPayload("SECRET header") };
const encoding = (payload: Payload | undefined) => new TextDecoder().decode(payload?.metadata?.encoding);

test("standalone activities: arguments, headers, result and completion from elsewhere, through codec and storage", async () => {
  const { connection, namespace } = await testConnection();
  const driver = new MemoryDriver();
  const dataConverter = {
    payloadCodecs: [new BindingCodec()],
    externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 1000 }),
  };
  const interceptors = { activity: [{ start: (input: any, next: any) => next({ ...input, headers: note }) }] };
  const client = new Client({ connection, namespace, dataConverter, interceptors });
  const headers: string[] = [];
  const execute = (input: any, next: any) => {
    headers.push(defaultPayloadConverter.fromPayload(input.headers.note));
    return next(input);
  };
  const later = Promise.withResolvers<Uint8Array>();
  const activities = {
    double: async (value: string) => value + value,
    later: async () => {
      later.resolve(activityInfo().taskToken);
      throw new CompleteAsyncError();
    },
  };
  await withWorker(
    async ({ taskQueue }) => {
      const large = "SECRET".repeat(200);
      const id = randomUUID();
      const options = { id, taskQueue, startToCloseTimeout: "1 minute", summary: "SECRET summary" } as const;
      const handle = await client.activity.start("double", { ...options, args: [large] });
      expect((await handle.result()) as unknown).toBe(large + large);
      expect(headers).toEqual(["SECRET header"]);
      const description = await handle.describe({ includeInput: true });
      expect((await description.getInput()) as unknown).toEqual([large]);
      expect(encoding(description.rawInfo.userMetadata?.summary)).toBe("binary/bound");
      const targets = driver.stored.map(({ context }) => context.target);
      expect(targets[0]).toEqual({ kind: "activity", namespace, id, type: "double" });
      expect(targets[1]).toEqual({ kind: "activity", namespace, id, type: "double", runId: handle.runId });

      const asynchronous = await client.activity.start("later", { ...options, id: `${id}-later`, args: [] });
      await later.promise;
      await client.activity.complete({ activityId: `${id}-later` }, large);
      expect((await asynchronous.result()) as unknown).toBe(large);
      expect(driver.stored.at(-1)!.context.target).toEqual({ kind: "activity", namespace, id: `${id}-later` });
    },
    { dataConverter, activities, workflowsPath, interceptors: { activity: [() => ({ inbound: { execute } })] } },
  );
});

test("schedules: arguments, memo and headers are encoded, and once only when a schedule is updated", async () => {
  const { connection, namespace } = await testConnection();
  const dataConverter = { payloadCodecs: [new BindingCodec()] };
  const interceptors = { schedule: [{ create: (input: any, next: any) => next({ ...input, headers: note }) }] };
  const client = new Client({ connection, namespace, dataConverter, interceptors });
  const scheduleId = randomUUID();
  const workflowId = `${scheduleId}-w`;
  const handle = await client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every: "1 day" }] },
    action: {
      type: "startWorkflow",
      workflowType: "receiver",
      taskQueue: "none",
      workflowId,
      args: ["SECRET"],
      memo: { note: "SECRET memo" },
    },
  });
  const check = async (args: string[]) => {
    const { action, raw } = await handle.describe();
    expect([action.args, action.memo]).toEqual([args, { note: "SECRET memo" }]);
    const { header, input, memo } = raw.schedule!.action!.startWorkflow!;
    expect([header?.fields?.note, input?.payloads?.[0], memo?.fields?.note].map(encoding)).toEqual([
      "binary/bound",
      "binary/bound",
      "binary/bound",
    ]);
    const inner = PayloadMessage.decode(header!.fields!.note!.data!.map((byte) => byte ^ 0x55));
    expect(inner).toEqual(note.note!);
  };
  await check(["SECRET"]);
  await handle.update(
    ({ action, ...schedule }) => ({ ...schedule, action: { ...action, args: ["SECRET too"] } }) as never,
  );
  await check(["SECRET too"]);
  await handle.delete();
});

test("schedules: what is stored of them belongs to the workflow that they start, their own memo too", async () => {
  const { connection, namespace } = await testConnection();
  const driver = new MemoryDriver();
  const externalStorage = new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 1000 });
  const client = new Client({ connection, namespace, dataConverter: { externalStorage } });
  const large = "large".repeat(300);
  const handle = await client.schedule.create({
    scheduleId: randomUUID(),
    spec: { intervals: [{ every: "1 day" }] },
    memo: { large },
    action: {
      type: "startWorkflow",
      workflowType: "receiver",
      taskQueue: "none",
      workflowId: "received",
      args: [large],
      memo: { large },
    },
  });
  const target = { kind: "workflow", namespace, id: "received", type: "receiver" } as const;
  expect(driver.stored.map(({ context }) => context.target)).toEqual([target, target, target]);
  await handle.delete();
});

test("an update that starts its workflow: both operations go through the codec", async () => {
  const { connection, namespace } = await testConnection();
  const dataConverter = { payloadCodecs: [new BindingCodec()] };
  const client = new Client({ connection, namespace, dataConverter });
  await withWorker(
    async ({ taskQueue }) => {
      const start = new WithStartWorkflowOperation("everything", {
        taskQueue,
        workflowId: randomUUID(),
        args: ["SECRET", false],
        workflowIdConflictPolicy: "FAIL",
      });
      const answer = await client.workflow.executeUpdateWithStart("change", {
        args: ["SECRET update"],
        startWorkflowOperation: start as never,
      });
      expect(answer as unknown).toBe("SECRET update changed");
      const handle = await start.workflowHandle();
      const { events } = await handle.fetchHistory();
      const inputs = events!.flatMap((event) => [
        ...(event.workflowExecutionStartedEventAttributes?.input?.payloads ?? []),
        ...(event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.args?.payloads ?? []),
      ]);
      expect(inputs.map(encoding)).toEqual(["binary/bound", "binary/bound", "binary/bound"]);
      await handle.terminate();
    },
    { dataConverter, activities: { work: async () => "" }, workflowsPath },
  );
});
