/** Messages as programs give them, in the habits of protobufjs, and as they get them. */

import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import Long from "long";
import { encodeRequest } from "../../src/client/connection/encode-request";
import * as proto from "../../src/proto";
import fields from "../../src/proto/fields.json";
import { Duration } from "../../src/proto/google/protobuf/duration";
import { table } from "../../src/proto/rpc/workflow";
import { Payload } from "../../src/proto/temporal/api/common/v1/message";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { TaskQueueMetadata } from "../../src/proto/temporal/api/taskqueue/v1/message";
import { WorkflowExecutionInfo } from "../../src/proto/temporal/api/workflow/v1/message";
import {
  ListWorkflowExecutionsRequest,
  StartWorkflowExecutionRequest,
  UpdateWorkflowExecutionOptionsRequest,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { asBuffer } from "../../src/proto/wire";
import { encodeHistory } from "../../src/worker/bundler/history";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** A message as a program in JavaScript writes it. */
const loose = (message: object): any => message;

describe("given messages", () => {
  test("have 64-bit integers as numbers, text, bigint or Long", () => {
    const cases: [unknown, string][] = [
      [86_400, "0880a305"],
      ["86400", "0880a305"],
      [86_400n, "0880a305"],
      [Long.fromNumber(86_400), "0880a305"],
      [{ low: 86_400, high: 0, unsigned: false }, "0880a305"],
      [-1, "08ffffffffffffffffff01"],
      ["-9223372036854775808", "0880808080808080808001"],
      [0, ""],
      ["0", ""],
      [undefined, ""],
    ];
    for (const [seconds, bytes] of cases) expect(hex(Duration.encode(loose({ seconds })).finish())).toBe(bytes);
  });

  test("have null for any field that isn't set", () => {
    for (const name of Object.keys(fields.messages)) {
      const type = messageType(name);
      if (type === undefined) continue;
      const nulls = Object.fromEntries(namesOf(name).map((field) => [field, null]));
      expect([name, hex(type.encode(nulls).finish())]).toEqual([name, ""]);
    }
  });

  test("have Base64 for bytes", () => {
    const { metadata, data } = Payload.decode(
      Payload.encode(loose({ metadata: { a: "aGk=" }, data: "aGVsbG8=" })).finish(),
    );
    expect([Buffer.from(metadata!["a"]!).toString(), Buffer.from(data!).toString()]).toEqual(["hi", "hello"]);
  });

  test("have wrappers and masks as values or as messages", () => {
    const rates = [0, { value: 0 }, 2.5, { value: 2.5 }].map((maxTasksPerSecond) =>
      hex(TaskQueueMetadata.encode(loose({ maxTasksPerSecond })).finish()),
    );
    expect(rates).toEqual(["0a00", "0a00", "0a09090000000000000440", "0a09090000000000000440"]);
    const masks = [["a"], { paths: ["a"] }].map((updateMask) =>
      hex(UpdateWorkflowExecutionOptionsRequest.encode(loose({ updateMask })).finish()),
    );
    expect(masks).toEqual(["22030a0161", "22030a0161"]);
  });

  test("that are read and given back are the same, whatever they inherit", () => {
    const bytes = WorkflowExecutionInfo.encode({
      taskQueue: "q",
      memo: {},
      historyLength: Long.fromNumber(3),
    }).finish();
    const message = WorkflowExecutionInfo.decode(bytes);
    expect(hex(WorkflowExecutionInfo.encode(message).finish())).toBe(hex(bytes));
  });

  test.each<[object, string]>([
    [{ namespace: 5 }, ".namespace: expected a string, got 5"],
    [{ pageSize: 1, query: {} }, ".query: expected a string, got {}"],
  ])("are refused with the name of the field: %p", (request, reason) => {
    const encode = () => encodeRequest(table.name, table.rpcs.listWorkflowExecutions, request as any);
    expect(encode).toThrow(TypeError);
    expect(encode).toThrow(`temporal.api.workflowservice.v1.ListWorkflowExecutionsRequest${reason}`);
  });

  test("are refused with the names of the fields around it", () => {
    const request = loose({ workflowRunTimeout: { seconds: "soon" } });
    expect(() => encodeRequest(table.name, table.rpcs.startWorkflowExecution, request)).toThrow(
      'StartWorkflowExecutionRequest.workflowRunTimeout.seconds: expected an integer, got "soon"',
    );
  });
});

describe("messages that were read", () => {
  test("have protobuf's defaults where nothing is set", () => {
    const info = WorkflowExecutionInfo.decode(new Uint8Array());
    expect([info.taskQueue, info.status as number, info.historyLength!.toNumber()]).toEqual(["", 0, 0]);
    expect([info.memo, info.execution, info.closeTime]).toEqual([undefined, undefined, undefined]);
    const { payloads } = StartWorkflowExecutionRequest.decode(
      StartWorkflowExecutionRequest.encode({ input: { payloads: [{}] } }).finish(),
    ).input!;
    expect([payloads![0]!.metadata, payloads![0]!.data!.length, payloads![0]!.data!.toString()]).toEqual([{}, 0, ""]);
    expect(ListWorkflowExecutionsRequest.decode(new Uint8Array()).nextPageToken!.length).toBe(0);
  });

  test("of every type, and as every type", () => {
    const kinds: Record<string, unknown> = { s: "string", b: "boolean", l: "object", u: "object", y: "object" };
    const found = { fields: 0, without: new Set<string>() };
    for (const name of Object.keys(fields.messages)) {
      const type = messageType(name);
      if (type === undefined || name.startsWith("coresdk.")) continue;
      const message = type.decode(new Uint8Array());
      for (const [field, kind, shape] of described(name)) {
        const value = message[field];
        if (shape === "*") expect([name, field, value]).toEqual([name, field, []]);
        else if (shape !== "") expect([name, field, value]).toEqual([name, field, {}]);
        else if (kind === "m") expect([name, field, value]).toEqual([name, field, undefined]);
        else if (value === undefined) found.without.add(`${name}.${field}`);
        else expect([name, field, typeof value]).toEqual([name, field, (kinds[kind] ?? "number") as string]);
        found.fields++;
      }
    }
    expect(found.fields).toBeGreaterThan(3000);
    expect([...found.without]).toEqual([]);
  });

  test("don't share what can be changed", () => {
    const first = Payload.decode(new Uint8Array());
    expect(() => (first.metadata!["a"] = new Uint8Array(1))).toThrow(TypeError);
    expect(() => first.externalPayloads!.push({})).toThrow(TypeError);
    first.metadata = { a: new Uint8Array(1) };
    expect(Payload.decode(new Uint8Array()).metadata).toEqual({});
  });

  test("have only what is set as their own", () => {
    const message = Payload.decode(Payload.encode({ data: new Uint8Array([1]) }).finish());
    expect(Object.keys(message)).toEqual(["data"]);
    expect({ ...message }).toEqual({ data: new Uint8Array([1]) });
    const inherited: string[] = [];
    for (const key in message) inherited.push(key);
    expect(inherited).toEqual(["data"]);
    expect(inspect(message)).toBe("Payload { data: Uint8Array(1) [ 1 ] }");
  });

  test("have buffers if they were read from one, and otherwise plain bytes", () => {
    const bytes = Payload.encode({ metadata: { encoding: Buffer.from("json") }, data: Buffer.from("text") }).finish();
    const message = Payload.decode(asBuffer(bytes));
    expect(`${message.data} ${message.metadata!["encoding"]}`).toBe("text json");
    expect(Payload.decode(bytes).data!.constructor).toBe(Uint8Array);
  });

  test("are JSON as protobufjs writes it", () => {
    const message = History.decode(
      History.encode(
        loose({
          events: [
            {
              eventId: 7,
              eventTime: { seconds: 5, nanos: 6 },
              eventType: 12,
              workerMayIgnore: true,
              activityTaskCompletedEventAttributes: {
                result: { payloads: [{ metadata: { encoding: "aGk=" }, data: "aGVsbG8=" }] },
                scheduledEventId: 5,
              },
            },
          ],
        }),
      ).finish(),
    );
    expect(JSON.stringify(message)).toBe(
      '{"events":[{"eventId":"7","eventTime":{"seconds":"5","nanos":6},"eventType":"EVENT_TYPE_ACTIVITY_TASK_COMPLETED",' +
        '"activityTaskCompletedEventAttributes":{"result":{"payloads":[{"metadata":{"encoding":"aGk="},' +
        '"data":"aGVsbG8="}]},"scheduledEventId":"5"},"workerMayIgnore":true}]}',
    );
  });
});

describe("types of messages", () => {
  const { Payload: Type, WorkflowExecution } = proto.temporal.api.common.v1;

  test("make messages that have defaults and JSON", () => {
    const made = Type.create({ data: Buffer.from("hi") });
    expect([made.metadata, JSON.stringify(made), JSON.stringify(Type.fromObject({ data: [104, 105] }))]).toEqual([
      {},
      '{"data":"aGk="}',
      '{"data":"aGk="}',
    ]);
  });

  test("leave messages as they are, and what is not set unset", () => {
    const execution = WorkflowExecution.decode(new Uint8Array());
    expect(WorkflowExecution.fromObject(execution)).toBe(execution);
    expect(WorkflowExecution.toObject(execution)).toEqual({});
    expect(Object.keys(WorkflowExecution.fromObject({ workflowId: "", runId: "r" }))).toEqual(["runId"]);
  });
});

test("histories are taken as messages, as proto3 JSON, with numbers as ids, and as protobufjs writes them", async () => {
  const event = {
    eventType: "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED",
    workflowTaskScheduledEventAttributes: { attempt: 1 },
  };
  const message = History.decode(
    await encodeHistory({ events: [{ ...event, eventId: 7, eventTime: "2025-02-03T04:05:06.000000007Z" }] }),
  );
  expect(message.events![0]).toMatchObject({ eventType: 5, workflowTaskScheduledEventAttributes: { attempt: 1 } });
  expect([message.events![0]!.eventId!.toNumber(), message.events![0]!.eventTime!.nanos]).toEqual([7, 7]);
  for (const history of [
    message,
    JSON.parse(JSON.stringify(message)),
    { events: [{ ...event, eventId: "7", eventTime: "2025-02-03T04:05:06.000000007Z" }] },
    { events: [{ ...event, eventType: 5, eventId: 7, eventTime: { seconds: 1_738_555_506, nanos: 7 } }] },
  ]) {
    expect(JSON.stringify(History.decode(await encodeHistory(history)))).toBe(JSON.stringify(message));
  }
});

/** The type of a message in fields.json; undefined for those that are bare values, or not to be reached by name. */
function messageType(name: string): any {
  if (/^google\.protobuf\.(\w*Value|Struct|FieldMask)$/.test(name)) return undefined;
  const path = name.startsWith(".") ? `temporal.api${name}` : name;
  return path.split(".").reduce<any>((parent, part) => parent?.[part], proto);
}

/** Name, kind and shape of the fields of a message. */
function described(name: string): [name: string, kind: string, shape: string][] {
  const texts = (fields.messages as Record<string, string[]>)[name]!;
  return texts.map((text) => {
    const [, field, kind, shape] = /^(\w+)(?:=\w+)? \d+(\w)([*%#]?)/.exec(text)!;
    return [field!, kind!, shape!];
  });
}

const namesOf = (name: string): string[] => described(name).map(([field]) => field);
