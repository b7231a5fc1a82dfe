import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client, WorkflowFailedError, WorkflowUpdateFailedError } from "../../src/client";
import { ApplicationFailure, defaultPayloadConverter, defineSearchAttributeKey, type Headers } from "../../src/common";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { Worker } from "../../src/worker";
import { searchAttribute } from "../client/support";
import { rejection, testConnection, withWorker } from "../worker/support";
import { BindingCodec } from "./fixtures/binding-codec";
import * as activities from "./fixtures/secret-activities";

const workflowsPath = `${import.meta.dir}/fixtures/secret-workflows.ts`;
const failureConverterPath = `${import.meta.dir}/fixtures/encoding-failures.ts`;

/** The places of a history in which something stands in plain text. */
function leaks(history: History): string[] {
  const events = (history.events ?? []).filter((event) =>
    Buffer.from(History.encode({ events: [event] }).finish()).includes("SECRET"),
  );
  return events.map((event) =>
    JSON.stringify(event, (_, value: unknown) =>
      value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
    ),
  );
}

const note: Headers = { note: defaultPayloadConverter.toPayload("SECRET header") };

function encrypting(codec: BindingCodec, encodeHeaders?: boolean) {
  return { payloadCodecs: [codec], failureConverterPath, ...(encodeHeaders === undefined ? {} : { encodeHeaders }) };
}

describe("a codec that encrypts and binds to contexts, on client, activities and workflows", () => {
  test("everything arrives, nothing is in plain text, and the history replays", async () => {
    const codec = new BindingCodec();
    const dataConverter = encrypting(codec);
    const { connection, namespace } = await testConnection();
    const activityHeaders = new Set<string>();
    const client = new Client({
      connection,
      namespace,
      dataConverter,
      interceptors: {
        workflow: [
          {
            start: (input, next) => next({ ...input, headers: note }),
            signal: (input, next) => next({ ...input, headers: note }),
            query: (input, next) => next({ ...input, headers: note }),
            startUpdate: (input, next) => next({ ...input, headers: note }),
          },
        ],
      },
    });
    const options = {
      dataConverter,
      activities,
      workflowsPath,
      workflowThreadPoolSize: 2,
      interceptors: {
        workflowModules: [workflowsPath],
        activity: [
          () => ({
            inbound: {
              execute: (input: any, next: any) => {
                activityHeaders.add(defaultPayloadConverter.fromPayload<string>(input.headers.note));
                return next(input);
              },
            },
          }),
        ],
      },
    };
    await withWorker(async ({ taskQueue }) => {
      const start = {
        taskQueue,
        workflowId: randomUUID(),
        memo: { first: "SECRET memo" },
        staticSummary: "SECRET text",
        staticDetails: "SECRET details",
      };
      const handle = await client.workflow.start("everything", { ...start, args: ["SECRET input", true] });
      await handle.signal("tell", "SECRET signal");
      expect(await handle.query<string, [string]>("ask", "SECRET question")).toMatch(
        /^SECRET question \d SECRET answer$/,
      );
      expect(await handle.executeUpdate<string, [string]>("change", { args: ["SECRET update"] })).toBe(
        "SECRET update changed",
      );
      const refused = await rejection(handle.executeUpdate("change", { args: ["SECRET refused"] }));
      expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
      expect(refused.cause.message).toBe("SECRET refusal");
      const failed = await rejection(handle.executeUpdate("change", { args: ["SECRET failing"] }));
      expect([failed.cause.message, failed.cause.details]).toEqual(["SECRET update failure", ["SECRET input"]]);
      await handle.signal("finish");
      const firstRun = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId, { followRuns: false });
      await rejection(firstRun.result());
      const next = client.workflow.getHandle(handle.workflowId);
      await next.signal("finish");
      const result: any = await next.result();
      expect(result).toEqual({
        memo: { first: "SECRET memo" },
        told: [],
        worked: "SECRET input SECRET worked",
        worksLocally: "SECRET input SECRET worked",
        heartbeatDetails: { at: "SECRET input" },
        failed: "SECRET failure of SECRET input",
        failedLocally: "SECRET failure of SECRET input",
        hung: "activity Heartbeat timeout",
        childResult: {
          secret: "SECRET input",
          told: ["SECRET to child", "SECRET to external"],
          memo: { note: "SECRET child memo" },
          headers: ["SECRET header", "SECRET header", "SECRET header"],
        },
        childFailed: "SECRET workflow failure",
        noSuch: expect.any(String),
        headers: ["SECRET header"],
      });
      expect([...activityHeaders]).toEqual(["SECRET header"]);
      const description = await firstRun.describe();
      expect(description.memo).toEqual({ first: "SECRET memo", later: "SECRET later" });
      expect([await description.staticSummary(), await description.staticDetails()]).toEqual([
        "SECRET text",
        "SECRET details",
      ]);

      const { events } = await firstRun.fetchHistory();
      const children = (events ?? []).flatMap(
        ({ childWorkflowExecutionStartedEventAttributes: started }) => started?.workflowExecution ?? [],
      );
      expect(children).toHaveLength(2);
      const histories = [{ events }, await next.fetchHistory()];
      for (const { workflowId = "", runId } of children)
        histories.push(await client.workflow.getHandle(workflowId, runId).fetchHistory());
      for (const history of histories) expect(leaks(history)).toEqual([]);
      const kinds = new Set([...codec.seen].map((owner) => owner.slice(0, owner.indexOf(" "))));
      expect(kinds).toEqual(new Set(["workflow", "activity", "local"]));

      const plain = new Client({ connection, namespace });
      expect(
        (await rejection(plain.workflow.getHandle(handle.workflowId).query("ask", "SECRET question"))).message,
      ).toBe("Encoded failure");

      for (const history of histories.slice(0, 2)) {
        const replayed = { workflowsPath, dataConverter, interceptors: { workflowModules: [workflowsPath] } };
        await Worker.runReplayHistory(replayed, history, handle.workflowId);
      }
    }, options);
  });

  test("the failure of a workflow hides message and details", async () => {
    const dataConverter = encrypting(new BindingCodec());
    const { connection, namespace } = await testConnection();
    const client = new Client({ connection, namespace, dataConverter });
    await withWorker(
      async ({ taskQueue }) => {
        const handle = await client.workflow.start("failing", {
          taskQueue,
          workflowId: randomUUID(),
          args: ["SECRET input"],
        });
        const error = await rejection(handle.result());
        expect(error).toBeInstanceOf(WorkflowFailedError);
        expect(error.cause).toBeInstanceOf(ApplicationFailure);
        expect([error.cause.message, error.cause.details]).toEqual([
          "SECRET workflow failure",
          [{ secret: "SECRET input" }],
        ]);
        const history = await handle.fetchHistory();
        expect(leaks(history)).toEqual([]);
        expect(history.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure?.message).toBe(
          "Encoded failure",
        );
      },
      { dataConverter, activities, workflowsPath },
    );
  });

  test("search attributes are left as they are: the server has to read them", async () => {
    await searchAttribute("EncryptionTest", "KEYWORD");
    const key = defineSearchAttributeKey("EncryptionTest", "KEYWORD");
    const dataConverter = encrypting(new BindingCodec());
    const { connection, namespace } = await testConnection();
    const client = new Client({ connection, namespace, dataConverter });
    await withWorker(
      async ({ taskQueue }) => {
        const typedSearchAttributes = [{ key, value: "start" }];
        const handle = await client.workflow.start("searchable", {
          taskQueue,
          workflowId: randomUUID(),
          args: [true],
          typedSearchAttributes,
        });
        expect(await handle.result()).toEqual(["start", "child"]);
        expect((await handle.describe()).typedSearchAttributes.get(key)).toBe("start upserted");
        const { events } = await handle.fetchHistory();
        const indexed = events!.flatMap((event) => [
          event.workflowExecutionStartedEventAttributes?.searchAttributes?.indexedFields?.EncryptionTest ?? [],
          event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.EncryptionTest ?? [],
          event.startChildWorkflowExecutionInitiatedEventAttributes?.searchAttributes?.indexedFields?.EncryptionTest ??
            [],
        ]);
        expect(indexed.flat().map(({ data }) => new TextDecoder().decode(data))).toEqual([
          '"start"',
          '"start upserted"',
          '"child"',
        ]);
      },
      { dataConverter, activities, workflowsPath },
    );
  });

  test("encodeHeaders: false leaves headers as the official SDK does", async () => {
    const dataConverter = encrypting(new BindingCodec(), false);
    const { connection, namespace } = await testConnection();
    const interceptors = { workflow: [{ start: (input: any, next: any) => next({ ...input, headers: note }) }] };
    const client = new Client({ connection, namespace, dataConverter, interceptors });
    await withWorker(
      async ({ taskQueue }) => {
        const handle = await client.workflow.start("receiver", {
          taskQueue,
          workflowId: randomUUID(),
          args: ["SECRET input"],
        });
        await handle.signal("tell", "SECRET 1");
        await handle.signal("tell", "SECRET 2");
        expect(((await handle.result()) as any).headers).toEqual(["SECRET header", "none", "none"]);
        const [started] = (await handle.fetchHistory()).events ?? [];
        const { header } = started!.workflowExecutionStartedEventAttributes!;
        expect(new TextDecoder().decode(header!.fields!.note!.data)).toBe('"SECRET header"');
      },
      { dataConverter, activities, workflowsPath, interceptors: { workflowModules: [workflowsPath] } },
    );
  });
});
