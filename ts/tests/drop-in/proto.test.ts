/** `@temporalio/proto`: the namespaces of all messages, and what can be done with a message. */

import { describe, expect, test } from "bun:test";
import Long from "long";
import { namespaces } from "../../scripts/proto-namespaces";
import * as proto from "../../src/proto";
import fields from "../../src/proto/fields.json";
import type { MessageType } from "../../src/proto/reflection";

const { common, enums, history, update, workflowservice } = proto.temporal.api;
const { Payload, WorkflowExecution } = common.v1;

const full = (name: string): string => (name.startsWith(".") ? `temporal.api${name}` : name);
/** Bun can't compile a namespace that is named after a keyword. */
const isThere = (name: string): boolean => !name.startsWith("temporal.api.export.");
const find = (name: string): unknown => name.split(".").reduce<any>((parent, part) => parent?.[part], proto);

test("the file is what the generator makes of the modules", async () => {
  const folder = `${import.meta.dir}/../../src/proto`;
  expect(await Bun.file(`${folder}/index.ts`).text()).toBe(namespaces(folder));
});

test("every message is there, and is read and written by its module", () => {
  const names = Object.keys(fields.messages).map(full).filter(isThere);
  expect(names.length).toBeGreaterThan(1000);
  // What is a bare value in TypeScript can't be made of nothing.
  const bare = new Set(["Struct", "Value", "ListValue", "FieldMask"].map((name) => `google.protobuf.${name}`));
  for (const name of names) {
    const type = find(name) as MessageType<object> | undefined;
    expect(type?.getTypeUrl(), name).toBe(`type.googleapis.com/${name}`);
    if (!bare.has(name)) expect(type?.encode(type.create()).finish(), name).toBeInstanceOf(Uint8Array);
  }
});

test("every enumeration is there, by number and by name", () => {
  for (const [name, values] of Object.entries(fields.enums)) {
    if (!isThere(full(name))) continue;
    const found = find(full(name)) as Record<string, unknown>;
    expect({ ...found }, name).toEqual(values);
    for (const value of Object.values(values))
      expect((values as Record<string, number>)[found[value] as string], name).toBe(value);
  }
});

describe("a message", () => {
  test("is encoded and decoded, with its length before it too", () => {
    const message = { workflowId: "order", runId: "first" };
    expect(WorkflowExecution.decode(WorkflowExecution.encode(message).finish())).toEqual(message);
    expect(WorkflowExecution.decodeDelimited(WorkflowExecution.encodeDelimited(message).finish())).toEqual(message);
    expect(WorkflowExecution.encodeDelimited(message).finish()[0]).toBe(
      WorkflowExecution.encode(message).finish().length,
    );
    expect(() => WorkflowExecution.decode(new Uint8Array([255]))).toThrow("protobuf");
  });

  test("is made of an object with names, numbers, text and lists", () => {
    const event = history.v1.HistoryEvent.fromObject({
      eventId: "12",
      eventTime: { seconds: 5, nanos: 7 },
      eventType: "EVENT_TYPE_TIMER_STARTED",
      taskId: 9n,
      unknown: 1,
      version: null,
      timerStartedEventAttributes: { timerId: "t", startToFireTimeout: { seconds: Long.fromNumber(3) } },
    });
    expect(event).toEqual({
      eventId: Long.fromNumber(12),
      eventTime: { seconds: Long.fromNumber(5), nanos: 7 },
      eventType: enums.v1.EventType.EVENT_TYPE_TIMER_STARTED,
      taskId: Long.fromNumber(9),
      timerStartedEventAttributes: { timerId: "t", startToFireTimeout: { seconds: Long.fromNumber(3) } },
    });
    const bytes = new Uint8Array([1, 2, 3]);
    expect(
      Payload.fromObject({ data: "AQID", metadata: { a: [1, 2, 3] }, externalPayloads: [{ sizeBytes: 4 }] }),
    ).toEqual({
      data: bytes,
      metadata: { a: bytes },
      externalPayloads: [{ sizeBytes: Long.fromNumber(4) }],
    });
    const request = workflowservice.v1.UpdateWorkerConfigRequest.fromObject({ updateMask: { paths: ["a"] } });
    expect(request.updateMask).toEqual(["a"]);
    expect(workflowservice.v1.UpdateWorkerConfigRequest.toObject(request)).toEqual({ updateMask: { paths: ["a"] } });
  });

  test.each([
    [Payload, { data: 1 }, "temporal.api.common.v1.Payload.data: expected bytes, got 1"],
    [Payload, { metadata: "a" }, "temporal.api.common.v1.Payload.metadata: expected an object, got string"],
    [
      Payload,
      { externalPayloads: {} },
      "temporal.api.common.v1.Payload.externalPayloads: expected an array, got object",
    ],
    [
      Payload,
      { externalPayloads: [1] },
      "temporal.api.common.v1.Payload.externalPayloads[0]: expected an object, got number",
    ],
    [
      WorkflowExecution,
      { workflowId: 1 },
      "temporal.api.common.v1.WorkflowExecution.workflowId: expected a string, got 1",
    ],
    [history.v1.HistoryEvent, { eventType: "NONE" }, 'eventType: expected a value of .enums.v1.EventType, got "NONE"'],
    [history.v1.HistoryEvent, { eventId: true }, "eventId: expected an integer, got true"],
    [history.v1.HistoryEvent, { workerMayIgnore: 1 }, "workerMayIgnore: expected a boolean, got 1"],
    [history.v1.WorkflowExecutionStartedEventAttributes, { attempt: "x" }, 'attempt: expected a number, got "x"'],
    [update.v1.Meta, undefined, "temporal.api.update.v1.Meta: expected an object, got undefined"],
  ])("is not made of what fits no field: %#", (type, object, message) => {
    expect(() => (type as MessageType<object>).fromObject(object as object)).toThrow(message);
    expect((type as MessageType<object>).verify(object as object)).toContain(message);
  });

  test("becomes an object of text, names and numbers where they are asked for", () => {
    const event = { eventId: Long.fromNumber(3), eventType: 17, eventTime: { seconds: Long.fromNumber(1) } };
    const { HistoryEvent } = history.v1;
    expect(HistoryEvent.verify(event)).toBeNull();
    expect(HistoryEvent.toObject(event)).toEqual(event);
    expect(HistoryEvent.toObject(event, { longs: String, enums: String })).toEqual({
      eventId: "3",
      eventType: "EVENT_TYPE_TIMER_STARTED",
      eventTime: { seconds: "1" },
    });
    expect(HistoryEvent.toObject(event, { longs: Number }).eventId).toBe(3);
    const payload = { data: new Uint8Array([1, 2]) };
    expect(Payload.toObject(payload, { bytes: String })).toEqual({ data: "AQI=" });
    expect(Payload.toObject(payload, { bytes: Array, arrays: true })).toEqual({ data: [1, 2], externalPayloads: [] });
    expect(Payload.toObject({}, { defaults: true })).toEqual({
      metadata: {},
      data: new Uint8Array(),
      externalPayloads: [],
    });
    expect(Payload.toObject({}, { objects: true })).toEqual({ metadata: {} });
    expect(WorkflowExecution.toObject({}, { defaults: true })).toEqual({ workflowId: "", runId: "" });
  });
});
