import { describe, expect, test } from "bun:test";
import Long from "long";
import {
  defaultDataConverter,
  defaultPayloadConverter,
  ExternalStorage,
  ExternalStorageNotConfiguredError,
  type Payload,
  rawValueTypeInfo,
  StorageDriverClaim,
  ValueError,
} from "../../src/common";
import { fromPayloadWithTypeInfo } from "../../src/common/converter/payload-converter";
import {
  decodeReferencePayload,
  encodeReferencePayload,
  isReferencePayload,
} from "../../src/common/converter/storage-reference";
import {
  decodeArrayFromPayloads,
  decodeMapFromPayloads,
  decodeOptionalSinglePayload,
  encodeMapToPayloads,
  encodeToPayload,
  encodeToPayloadsWithContext,
} from "../../src/payloads/codec-helpers";
import { payloadSize, retrievePayloads, StorageMeter, storePayloads } from "../../src/payloads/external-storage";
import { Payload as PayloadMessage } from "../../src/proto/temporal/api/common/v1/message";
import { MemoryDriver } from "./fixtures/memory-driver";

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const send = (sent: Payload) => PayloadMessage.decode(PayloadMessage.encode(sent).finish());

describe("ExternalStorage", () => {
  test("defaults and the options that don't fit together", () => {
    const [one, two] = [new MemoryDriver("one"), new MemoryDriver("two")];
    const storage = new ExternalStorage({ drivers: [one] });
    expect(storage.payloadSizeThreshold).toBe(262_144);
    expect(storage.driverSelector({}, payload(1))).toBe(one);
    expect([storage.getDriver("one"), storage.getDriver("two")]).toEqual([one, null]);
    expect(() => new ExternalStorage({ drivers: [] })).toThrow(ValueError);
    expect(() => new ExternalStorage({ drivers: [one, two] })).toThrow("driverSelector is required");
    expect(() => new ExternalStorage({ drivers: [one, new MemoryDriver("one")] })).toThrow(
      "Duplicate storage driver name: 'one'",
    );
    expect(() => new ExternalStorage({ drivers: [new MemoryDriver("")] })).toThrow("non-empty string");
    expect(() => new ExternalStorage({ drivers: [one], payloadSizeThreshold: -1 })).toThrow(
      "non-negative finite number, got -1",
    );
  });
});

describe("references", () => {
  test("have the form that all SDKs share", () => {
    const reference = encodeReferencePayload({
      driverName: "s3",
      claim: new StorageDriverClaim({ key: "k" }),
      sizeBytes: 5_000_000_000,
    });
    expect(text(reference.metadata?.encoding)).toBe("json/protobuf");
    expect(text(reference.metadata?.messageType)).toBe("temporal.api.sdk.v1.ExternalStorageReference");
    expect(JSON.parse(text(reference.data))).toEqual({ driverName: "s3", claimData: { key: "k" } });
    expect(reference.externalPayloads?.[0]?.sizeBytes).toEqual(Long.fromNumber(5_000_000_000));
    expect(isReferencePayload(reference)).toBe(true);
    expect(decodeReferencePayload(send(reference))).toEqual({
      driverName: "s3",
      claim: new StorageDriverClaim({ key: "k" }),
      sizeBytes: 5_000_000_000,
    });
  });

  test("other payloads are none", () => {
    expect(isReferencePayload(payload("x"))).toBe(false);
    expect(isReferencePayload({})).toBe(false);
    const reference = encodeReferencePayload({ driverName: "s3", claim: new StorageDriverClaim({}), sizeBytes: 1 });
    expect(
      isReferencePayload({
        ...reference,
        metadata: { ...reference.metadata, encoding: new TextEncoder().encode("json/plain") },
      }),
    ).toBe(false);
  });

  test.each([
    ["not json", "is not JSON"],
    ["{}", "has no 'driverName'"],
    ['{"driverName":""}', "has no 'driverName'"],
    ['{"driverName":"s3","claimData":[1]}', "must be an object of strings"],
    ["null", "has no 'driverName'"],
  ])("malformed: %s", (data, message) => {
    expect(() => decodeReferencePayload({ data: new TextEncoder().encode(data) })).toThrow(message);
  });
});

describe("storing and retrieving", () => {
  test("sizes are those of the message, without its being made", () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_097_152]) {
      const sized = payload(new Uint8Array(length));
      expect(payloadSize(sized)).toBe(PayloadMessage.encode(sized).finish().length);
    }
  });

  test("what reaches the threshold is stored, in one call per driver, and comes back in order", async () => {
    const [even, odd] = [new MemoryDriver("even"), new MemoryDriver("odd")];
    const payloads = [0, 1, 2, 3].map((number) => payload(`${number}`.repeat(100))).concat(payload("small"));
    const storage = new ExternalStorage({
      drivers: [even, odd],
      driverSelector: (_, { data }) =>
        text(data).startsWith('"3') ? null : Number(text(data)[1]) % 2 === 0 ? even : odd,
      payloadSizeThreshold: payloadSize(payloads[0]!),
    });
    const meter = new StorageMeter();
    const target = { kind: "workflow", namespace: "default", id: "w" } as const;
    const stored = await storePayloads(storage, payloads, { target, meter });
    expect(stored.map(isReferencePayload)).toEqual([true, true, true, false, false]);
    expect(even.stored.map(({ count }) => count)).toEqual([2]);
    expect(odd.stored).toEqual([{ context: { abortSignal: expect.any(AbortSignal), target }, count: 1 }]);
    expect(await retrievePayloads(storage, stored.map(send))).toEqual(payloads);
    const metrics = meter.toProto()!;
    expect([metrics.payloadCount?.toNumber(), metrics.totalSizeBytes?.toNumber(), metrics.driverNames]).toEqual([
      3,
      3 * payloadSize(payloads[0]!),
      ["even", "odd"],
    ]);
    expect(new StorageMeter().toProto()).toBeUndefined();
  });

  test("time of drivers that run side by side counts once", () => {
    const meter = new StorageMeter();
    for (const [start, end] of [
      [0, 10],
      [5, 15],
      [6, 7],
      [100, 101],
    ] as const)
      meter.add("d", 1, 1, start, end);
    expect(meter.toProto()?.totalDuration).toEqual({ seconds: Long.ZERO, nanos: 16_000_000 });
  });

  test("a driver that fails aborts the others and its error is thrown", async () => {
    const failing = new MemoryDriver("failing");
    failing.failStore = new Error("disk full");
    const waiting = new MemoryDriver("waiting");
    let reason: unknown;
    waiting.store = async ({ abortSignal }) => {
      await new Promise<void>((resolve) => abortSignal!.addEventListener("abort", () => resolve()));
      reason = abortSignal!.reason;
      throw new Error("aborted");
    };
    let count = 0;
    const storage = new ExternalStorage({
      drivers: [waiting, failing],
      driverSelector: () => (count++ === 0 ? waiting : failing),
      payloadSizeThreshold: 0,
    });
    await expect(storePayloads(storage, [payload(1), payload(2)])).rejects.toThrow("disk full");
    expect((reason as Error).message).toBe("disk full");
  });

  test("contracts that drivers and selectors break are named", async () => {
    const driver = new MemoryDriver();
    const stranger = new MemoryDriver("stranger");
    const choosing = (chosen: MemoryDriver) =>
      new ExternalStorage({ drivers: [driver], driverSelector: () => chosen, payloadSizeThreshold: 0 });
    await expect(storePayloads(choosing(stranger), [payload(1)])).rejects.toThrow(
      "'stranger' returned by driverSelector is not registered",
    );
    const [reference] = await storePayloads(choosing(driver), [payload(1)]);
    await expect(retrievePayloads(new ExternalStorage({ drivers: [stranger] }), [reference!])).rejects.toThrow(
      "No driver registered with name 'memory'; registered drivers: stranger",
    );
    driver.retrieve = async () => [];
    await expect(retrievePayloads(choosing(driver), [reference!])).rejects.toThrow(
      "Driver 'memory' returned 0 payloads for 1 claims",
    );
    driver.store = async () => [];
    await expect(storePayloads(choosing(driver), [payload(1)])).rejects.toThrow(
      "Driver 'memory' returned 0 claims for 1 payloads",
    );
  });
});

describe("data conversion", () => {
  const driver = new MemoryDriver();
  const converter = {
    ...defaultDataConverter,
    externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 50 }),
  };
  const large = "x".repeat(100);

  test("goes through external storage after the codecs", async () => {
    const codec = {
      encode: async (payloads: Payload[]) =>
        payloads.map(({ data }) => ({
          metadata: { encoding: new TextEncoder().encode("reversed") },
          data: data!.toReversed(),
        })),
      decode: async (payloads: Payload[]) =>
        payloads.map(({ data }) => ({ metadata: payload("").metadata, data: data!.toReversed() })),
    };
    const both = { ...converter, payloadCodecs: [codec] };
    const encoded = await encodeToPayloadsWithContext(both, { type: "workflow", namespace: "n", workflowId: "w" }, [
      large,
      1,
    ]);
    expect(encoded!.map(isReferencePayload)).toEqual([true, false]);
    expect(driver.stored.at(-1)!.context.target).toEqual({ kind: "workflow", namespace: "n", id: "w" });
    expect(text([...driver.payloads.values()].at(-1)!.metadata!.encoding)).toBe("reversed");
    expect(await decodeArrayFromPayloads(both, encoded)).toEqual([large, 1]);
    const memo = await encodeMapToPayloads(both, { large });
    expect(isReferencePayload(memo.large!)).toBe(true);
    expect(await decodeMapFromPayloads(both, memo)).toEqual({ large });
  });

  test("without external storage references are refused", async () => {
    const reference = await encodeToPayload(converter, large);
    const refused = { ...defaultDataConverter };
    const withCodec = {
      ...defaultDataConverter,
      payloadCodecs: [{ encode: async (payloads: Payload[]) => payloads, decode: async () => [] }],
    };
    for (const blind of [refused, withCodec]) {
      await expect(decodeArrayFromPayloads(blind, [reference])).rejects.toThrow(ExternalStorageNotConfiguredError);
      await expect(decodeMapFromPayloads(blind, { reference })).rejects.toThrow("[TMPRL1105]");
      await expect(decodeOptionalSinglePayload(blind, reference)).rejects.toThrow(ExternalStorageNotConfiguredError);
    }
    expect(() => fromPayloadWithTypeInfo(defaultPayloadConverter, reference, undefined, undefined)).toThrow(
      ExternalStorageNotConfiguredError,
    );
    expect(() => fromPayloadWithTypeInfo(defaultPayloadConverter, reference, undefined, rawValueTypeInfo)).toThrow(
      ExternalStorageNotConfiguredError,
    );
  });
});
