import { describe, expect, test } from "bun:test";
import Long from "long";
import { Duration } from "../../src/proto/google/protobuf/duration";
import { Header, Memo, Payload } from "../../src/proto/temporal/api/common/v1/message";
import type { EventType } from "../../src/proto/temporal/api/enums/v1/event_type";
import { Failure } from "../../src/proto/temporal/api/failure/v1/message";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import { WorkflowActivation } from "../../src/proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { BinaryReader, BinaryWriter, WireFormatError } from "../../src/proto/wire";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe("wire format", () => {
  // Expected bytes are those of the protobuf documentation's encoding rules, worked out by hand.
  test.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"],
    [0xffffffff, "ffffffff0f"],
  ])("uint32 %d", (value, expected) => {
    const encoded = new BinaryWriter().uint32(value).finish();
    expect(hex(encoded)).toBe(expected);
    expect(new BinaryReader(encoded).uint32()).toBe(value);
  });

  test.each([
    [Long.ZERO, "00"],
    [Long.fromNumber(2 ** 31), "8080808008"],
    [Long.fromNumber(2 ** 40 + 5), "858080808020"],
    [Long.MAX_VALUE, "ffffffffffffffff7f"],
    [Long.NEG_ONE, "ffffffffffffffffff01"],
    [Long.MIN_VALUE, "80808080808080808001"],
  ])("int64 %s", (value, expected) => {
    const encoded = new BinaryWriter().int64(value).finish();
    expect(hex(encoded)).toBe(expected);
    const reader = new BinaryReader(encoded);
    expect(reader.int64().equals(value)).toBe(true);
    expect(reader.pos).toBe(encoded.length);
  });

  test("uint64 keeps its sign bit as a value", () => {
    const encoded = new BinaryWriter().uint64(Long.MAX_UNSIGNED_VALUE).finish();
    expect(hex(encoded)).toBe("ffffffffffffffffff01");
    expect(new BinaryReader(encoded).uint64().toString()).toBe("18446744073709551615");
  });

  test("int32 writes negative numbers in ten bytes", () => {
    const encoded = new BinaryWriter().int32(-2).finish();
    expect(hex(encoded)).toBe("feffffffffffffffff01");
    expect(new BinaryReader(encoded).int32()).toBe(-2);
  });

  test("bool reads any varint that is not zero", () => {
    expect(new BinaryReader(bytes("01")).bool()).toBe(true);
    expect(new BinaryReader(bytes("00")).bool()).toBe(false);
    expect(new BinaryReader(bytes("808080808001")).bool()).toBe(true);
  });

  test("float and double", () => {
    expect(hex(new BinaryWriter().float(1.5).finish())).toBe("0000c03f");
    expect(hex(new BinaryWriter().double(1.5).finish())).toBe("000000000000f83f");
    expect(new BinaryReader(bytes("0000c03f")).float()).toBe(1.5);
    expect(new BinaryReader(bytes("000000000000f83f")).double()).toBe(1.5);
  });

  test.each(["", "a", "grüße", "日本", "😀", "x".repeat(1000), "é".repeat(20_000)])("string %#", (text) => {
    const encoded = new BinaryWriter().string(text).finish();
    expect(encoded.length).toBeGreaterThanOrEqual(Buffer.byteLength(text) + 1);
    expect(new BinaryReader(encoded).string()).toBe(text);
  });

  test("ill-formed UTF-8 and lone surrogates become U+FFFD", () => {
    expect(new BinaryReader(bytes("02c328")).string()).toBe("\ufffd(");
    expect(new BinaryReader(new BinaryWriter().string("a\ud800").finish()).string()).toBe("a\ufffd");
  });

  test("nested parts of every size get the right length", () => {
    for (const size of [0, 1, 127, 128, 5000, 20_000, 3_000_000]) {
      const payload = { data: new Uint8Array(size).fill(7) };
      const memo = Memo.decode(Memo.encode({ fields: { key: payload } }).finish());
      expect(memo.fields!.key!.data?.length ?? 0).toBe(size);
    }
  });

  test("two writers at the same time do not share a buffer", () => {
    const first = new BinaryWriter().string("first");
    const second = new BinaryWriter().string("second");
    expect(new BinaryReader(first.finish()).string()).toBe("first");
    expect(new BinaryReader(second.finish()).string()).toBe("second");
  });

  test("unknown fields of every wire type are skipped", () => {
    // Fields 100 to 104: varint, 64-bit, length-delimited, group with a field, 32-bit; then data (field 2) of Payload.
    const unknown = "a00601" + "a9060102030405060708" + "b20602aabb" + "bb060801bc06" + "c50601020304";
    expect(Payload.decode(bytes(`${unknown}120101`))).toEqual({ data: new Uint8Array([1]) });
  });

  test.each(["12", "1205aa", "0affffffff7f", "a9060102", "12ffffffffffffffffffff01", "0f"])(
    "bytes that are cut off or invalid throw: %s",
    (text) => {
      expect(() => Payload.decode(bytes(text))).toThrow(WireFormatError);
    },
  );

  test("messages nested too deep throw instead of overflowing the stack", () => {
    let failure: Failure = { message: "innermost" };
    for (let depth = 1; depth < 100; depth++) failure = { cause: failure };
    expect(Failure.decode(Failure.encode(failure).finish())).toEqual(failure);
    expect(() => Failure.decode(Failure.encode({ cause: failure }).finish())).toThrow("nested deeper than 100");
  });

  test("random bytes never do worse than throw", () => {
    for (let round = 0; round < 20_000; round++) {
      const input = crypto.getRandomValues(new Uint8Array(round % 64));
      try {
        WorkflowActivation.decode(input);
      } catch (error) {
        expect(error).toBeInstanceOf(WireFormatError);
      }
    }
  });
});

describe("generated messages", () => {
  test("round trip, with absent fields staying absent", () => {
    const activation: WorkflowActivation = {
      runId: "run",
      timestamp: { seconds: Long.fromNumber(1_790_000_000), nanos: 5 },
      isReplaying: true,
      historySizeBytes: Long.fromNumber(4096, true),
      availableInternalFlags: [1, 2, 300],
      jobs: [
        {
          initializeWorkflow: {
            workflowType: "order",
            workflowId: "id",
            arguments: [{ data: new Uint8Array([1, 2]) }],
            headers: {},
          },
        },
        { fireTimer: { seq: 7 } },
        { removeFromCache: {} },
      ],
    };
    const decoded = WorkflowActivation.decode(WorkflowActivation.encode(activation).finish());
    expect(decoded.runId).toBe("run");
    expect(decoded.timestamp!.seconds!.toNumber()).toBe(1_790_000_000);
    expect(decoded.historySizeBytes!.unsigned).toBe(true);
    expect(decoded.availableInternalFlags).toEqual([1, 2, 300]);
    expect(decoded.jobs!.map((job) => Object.keys(job))).toEqual([
      ["initializeWorkflow"],
      ["fireTimer"],
      ["removeFromCache"],
    ]);
    expect(decoded.jobs![0]!.initializeWorkflow!.arguments![0]!.data).toEqual(new Uint8Array([1, 2]));
    expect("lastSdkVersion" in decoded).toBe(false);
  });

  test("map entries keep default values", () => {
    // An entry with a key only, as encoders that leave out defaults write it.
    expect(Header.decode(bytes("0a030a016b"))).toEqual({ fields: { k: {} } });
    expect(Payload.decode(bytes("0a030a016b"))).toEqual({ metadata: { k: new Uint8Array() } });
  });

  test("bytes are views of the input", () => {
    const encoded = Payload.encode({ data: new Uint8Array([1, 2, 3]) }).finish();
    const { data } = Payload.decode(encoded);
    expect(data!.buffer).toBe(encoded.buffer);
    expect(data).not.toBeInstanceOf(Buffer);
  });

  test("enumerations keep numbers that this version does not know", () => {
    const encoded = History.encode({ events: [{ eventType: 9999 as EventType }] }).finish();
    expect(History.decode(encoded).events![0]!.eventType).toBe(9999 as EventType);
  });

  test("negative durations", () => {
    const decoded = Duration.decode(Duration.encode({ seconds: Long.fromNumber(-3), nanos: -500 }).finish());
    expect([decoded.seconds!.toNumber(), decoded.nanos]).toEqual([-3, -500]);
  });
});
