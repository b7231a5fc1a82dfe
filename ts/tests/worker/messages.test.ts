/** What codecs, Workflow code and raw requests may do with messages, with the server at the other end. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { ApplicationFailure, type Payload, type PayloadCodec } from "../../src/common";
import { causes, rejection, testConnection, withWorker } from "./support";

setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/message-workflows.ts`;

/** Puts the data into the metadata, with null in its place, and notes what it is given to decode. */
class Moving implements PayloadCodec {
  readonly seen: string[] = [];

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map(({ metadata, data }): any => ({ metadata: { ...metadata, moved: data }, data: null }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const { moved, ...metadata } = payload.metadata!;
      this.seen.push(`${moved!.constructor.name} ${moved} ${payload.data!.constructor.name} ${payload.data!.length}`);
      return { metadata, data: moved! };
    });
  }
}

test("codecs may return null as data, and get buffers, in clients, activities and for Workflows", async () => {
  const [ours, theirs] = [new Moving(), new Moving()];
  await withWorker(
    async ({ connection, taskQueue }) => {
      const { namespace } = await testConnection();
      const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: [ours] } });
      const handle = await client.workflow.start("callShout", {
        taskQueue,
        workflowId: randomUUID(),
        args: ["hello"],
      });
      expect((await handle.result()) as unknown).toBe("HELLO");
      expect(ours.seen).toEqual(['Buffer "HELLO" Buffer 0']);
      // The arguments of the Workflow and of the activity, and the result of the latter.
      expect(theirs.seen.toSorted()).toEqual([
        'Buffer "HELLO" Buffer 0',
        'Buffer "hello" Buffer 0',
        'Buffer "hello" Buffer 0',
      ]);
    },
    {
      workflowsPath,
      activities: { shout: async (text: string) => text.toUpperCase() },
      dataConverter: { payloadCodecs: [theirs] },
    },
  );
});

test("Workflow code converts payloads and histories", () =>
  withWorker(
    async ({ execute }) => {
      const payload = { metadata: { encoding: "anNvbi9wbGFpbg==" }, data: "MQ==" };
      const history = {
        events: [{ eventId: "1", eventType: "EVENT_TYPE_TIMER_FIRED", eventTime: "2026-01-02T03:04:05Z" }],
      };
      expect(await execute("convert", payload, history)).toEqual({ payload, history });
    },
    { workflowsPath },
  ));

test("in Workflow code messages are plain objects, so that runs share no prototype", () =>
  withWorker(
    async ({ execute }) => {
      expect(await execute("prototypes")).toEqual([true, true]);
    },
    {
      workflowsPath,
      activities: {
        shout: async () => {
          throw ApplicationFailure.nonRetryable("no");
        },
      },
    },
  ));

test("what can't be sent, from a codec or a converter, is a failure that says so", async () => {
  const broken: PayloadCodec = {
    encode: async (payloads) => payloads.map(({ metadata }): any => ({ metadata, data: 5 })),
    decode: async (payloads) => payloads,
  };
  const activities = { shout: async (text: string) => text.toUpperCase() };
  const options = { workflowsPath: undefined, activities } as const;
  const failureOf = async (dataConverter: object) =>
    withWorker(
      async ({ client, taskQueue }) => {
        const call = client.activity.execute("shout", {
          id: randomUUID(),
          taskQueue,
          args: ["x"],
          startToCloseTimeout: "1 minute",
          retry: { maximumAttempts: 1 },
        });
        return causes(await rejection(call)).at(-1);
      },
      { ...options, dataConverter } as any,
    );
  expect((await failureOf({ payloadCodecs: [broken] })).message).toBe("expected bytes, got number");
  const failing = { failureConverterPath: `${import.meta.dir}/fixtures/broken-failures.ts` };
  activities.shout = async () => {
    throw new Error("x");
  };
  expect((await failureOf(failing)).message).toStartWith("The error could not be converted for the server");
});

test("raw requests take null for what isn't set, and responses are JSON", async () => {
  const { connection, namespace } = await testConnection();
  const { workflowService } = connection;
  const request = (fields: object): any => ({ namespace, ...fields });
  const { executions } = await workflowService.listWorkflowExecutions(
    request({ pageSize: 1, query: `WorkflowId = "${randomUUID()}"`, nextPageToken: null }),
  );
  expect(executions).toEqual([]);
  const started = await workflowService.startWorkflowExecution(
    request({
      workflowId: randomUUID(),
      requestId: randomUUID(),
      workflowType: { name: "none" },
      taskQueue: { name: randomUUID(), kind: null },
      workflowRunTimeout: { seconds: 30, nanos: null },
      workflowTaskTimeout: { seconds: "10" },
      input: null,
      retryPolicy: null,
      memo: null,
    }),
  );
  const eventType = "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED";
  expect(JSON.parse(JSON.stringify(started))).toEqual({
    runId: started.runId,
    started: true,
    status: "WORKFLOW_EXECUTION_STATUS_RUNNING",
    firstExecutionRunId: started.runId,
    link: { workflowEvent: expect.objectContaining({ eventRef: { eventId: "1", eventType } }) },
  });
  await expect(workflowService.listWorkflowExecutions(request({ query: 5 }))).rejects.toThrow(
    "ListWorkflowExecutionsRequest.query: expected a string, got 5",
  );
});
