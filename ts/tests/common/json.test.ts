import { describe, expect, test } from "bun:test";
import Long from "long";
import { Duration } from "../../src/proto/google/protobuf/duration";
import { Timestamp } from "../../src/proto/google/protobuf/timestamp";
import { encodeJson, JsonFormatError, toJson } from "../../src/proto/json";
import { EventType } from "../../src/proto/temporal/api/enums/v1/event_type";
import { TaskQueueKind } from "../../src/proto/temporal/api/enums/v1/task_queue";
import { History } from "../../src/proto/temporal/api/history/v1/message";

const readHistory = (value: unknown): History => History.decode(encodeJson(HISTORY, value));

const HISTORY = "temporal.api.history.v1.History";

const history: History = {
  events: [
    {
      eventId: Long.fromNumber(1),
      eventTime: { seconds: Long.fromNumber(1_790_000_000), nanos: 120_000_000 },
      eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
      workflowExecutionStartedEventAttributes: {
        workflowType: { name: "order" },
        taskQueue: { name: "queue", kind: TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
        workflowRunTimeout: { seconds: Long.fromNumber(90) },
        input: {
          payloads: [
            { metadata: { encoding: new Uint8Array(Buffer.from("json/plain")) }, data: new Uint8Array([255, 0, 1]) },
          ],
        },
        attempt: 1,
      },
    },
  ],
};

const json = {
  events: [
    {
      eventId: "1",
      eventTime: "2026-09-21T14:13:20.120Z",
      eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
      workflowExecutionStartedEventAttributes: {
        workflowType: { name: "order" },
        taskQueue: { name: "queue", kind: "TASK_QUEUE_KIND_NORMAL" },
        workflowRunTimeout: "90s",
        input: { payloads: [{ metadata: { encoding: "anNvbi9wbGFpbg==" }, data: "/wAB" }] },
        attempt: 1,
      },
    },
  ],
};

describe("proto3 JSON", () => {
  test("writes", () => expect(toJson(HISTORY, history)).toEqual(json));

  test("reads", () => {
    const read = readHistory(JSON.parse(JSON.stringify(json)));
    expect(read).toEqual(history);
  });

  test("reads the .proto names, numbers as text, and names of enumerations in the old style", () => {
    const read = readHistory({
      events: [
        {
          event_id: 1,
          eventType: "WorkflowExecutionStarted",
          workflow_execution_started_event_attributes: { attempt: "1", taskQueue: { kind: "Normal" } },
        },
      ],
    });
    expect(read.events![0]!.eventType).toBe(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
    expect(read.events![0]!.eventId!.toNumber()).toBe(1);
    expect(read.events![0]!.workflowExecutionStartedEventAttributes).toEqual({ attempt: 1, taskQueue: { kind: 1 } });
  });

  test("ignores unknown fields and null", () => {
    expect(readHistory({ someday: 1, events: null })).toEqual({});
  });

  test.each([
    [[], "$: expected an object"],
    [{ events: {} }, "$.events: expected an array"],
    [{ events: [{ eventId: "one" }] }, "$.events[0].eventId: expected an integer"],
    [{ events: [{ eventType: "EVENT_TYPE_NONSENSE" }] }, '$.events[0].eventType: "EVENT_TYPE_NONSENSE" is no value of'],
    [{ events: [{ eventTime: "yesterday" }] }, "$.events[0].eventTime: expected a time"],
  ])("names the path of what is wrong: %j", (value, message) => {
    expect(() => encodeJson(HISTORY, value)).toThrow(JsonFormatError);
    expect(() => encodeJson(HISTORY, value)).toThrow(message);
  });

  test.each([
    ["1.500s", 1, 500_000_000],
    ["-0.000000001s", 0, -1],
    ["315576000000s", 315_576_000_000, 0],
  ])("duration %s", (text, seconds, nanos) => {
    const message = Duration.decode(encodeJson("google.protobuf.Duration", text));
    expect([message.seconds?.toNumber() ?? 0, message.nanos ?? 0]).toEqual([seconds, nanos]);
    expect(toJson("google.protobuf.Duration", message)).toBe(text);
  });

  test.each(["2026-01-31T12:00:00Z", "1969-12-31T23:59:59.000000001Z", "2026-01-31T12:00:00.123456Z"])(
    "time %s",
    (text) => {
      expect(toJson("google.protobuf.Timestamp", Timestamp.decode(encodeJson("google.protobuf.Timestamp", text)))).toBe(
        text,
      );
    },
  );

  test("an unknown message type is an error", () =>
    expect(() => encodeJson("temporal.api.Nothing", {})).toThrow("no message type"));
});
