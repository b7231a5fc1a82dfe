import { describe, expect, test } from "bun:test";
import Long from "long";
import {
  compilePriority,
  compileRetryPolicy,
  decodePriority,
  decodeRetryState,
  decodeTimeoutType,
  decompileRetryPolicy,
  defineSearchAttributeKey,
  ExternalStorage,
  encodeRetryState,
  encodeVersioningBehavior,
  encodeWorkflowIdReusePolicy,
  extractWorkflowType,
  type Logger,
  LoggerWithComposedMetadata,
  noopMetricMeter,
  type SearchAttributePair,
  type StorageDriver,
  TypedSearchAttributes,
  toCanonicalString,
  ValueError,
} from "../../src/common";
import {
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  encodeUnifiedSearchAttributes,
} from "../../src/common/converter/payload-search-attributes";
import { decode } from "../../src/common/encoding";
import { composeInterceptors } from "../../src/common/interceptors";
import { throwIfReservedName } from "../../src/common/reserved";
import {
  msNumberToTs,
  msToNumber,
  optionalDateToTs,
  optionalTsToMs,
  requiredTsToMs,
  tsToDate,
  tsToMs,
} from "../../src/common/time";

describe("time", () => {
  test.each<[any, number]>([
    [1500, 1500],
    ["1500", 1500],
    ["1.5s", 1500],
    ["10 seconds", 10_000],
    ["-3 min", -180_000],
    [".5 hrs", 1_800_000],
    ["2 DAYS", 172_800_000],
    ["1w", 604_800_000],
    ["1y", 31_557_600_000],
    ["100 msecs", 100],
    ["7ms", 7],
    ["2m", 120_000],
  ])("%p is %d ms", (text, expected) => expect(msToNumber(text)).toBe(expected));

  test.each<[any]>([[""], ["soon"], ["1 fortnight"], ["s"], ["1s 2s"], [undefined], [{}], ["1".repeat(101)]])(
    "%p is no duration",
    (text) => {
      expect(() => msToNumber(text)).toThrow("Invalid duration string");
    },
  );

  test("protobuf times and durations", () => {
    expect(msNumberToTs(1500)).toEqual({ seconds: Long.fromNumber(1), nanos: 500_000_000 });
    for (const millis of [0, 1, -1, -1500, 1_790_000_000_123, 0.5])
      expect(tsToMs(msNumberToTs(millis))).toBe(Math.floor(millis));
    expect(tsToMs({})).toBe(0);
    expect(optionalTsToMs(undefined)).toBeUndefined();
    expect(tsToDate(optionalDateToTs(new Date(5))!)).toEqual(new Date(5));
    expect(() => requiredTsToMs(undefined, "startTime")).toThrow("Expected startTime to be a timestamp, got undefined");
    expect(() => msNumberToTs(Number.NaN)).toThrow(ValueError);
    expect(() => msNumberToTs(Number.POSITIVE_INFINITY)).toThrow(ValueError);
  });
});

describe("retry policies", () => {
  test("compile and back", () => {
    const policy = {
      backoffCoefficient: 2,
      initialInterval: 1000,
      maximumAttempts: 5,
      maximumInterval: 60_000,
      nonRetryableErrorTypes: ["T"],
    };
    expect(
      decompileRetryPolicy(compileRetryPolicy({ ...policy, initialInterval: "1s", maximumInterval: "1m" })),
    ).toEqual(policy);
    expect(compileRetryPolicy({ maximumAttempts: Number.POSITIVE_INFINITY }).maximumAttempts).toBeUndefined();
    expect(decompileRetryPolicy(undefined)).toBeUndefined();
  });

  test.each([
    [{ backoffCoefficient: 0 }, "backoffCoefficient must be greater than 0"],
    [{ maximumAttempts: 0 }, "maximumAttempts must be a positive integer"],
    [{ maximumAttempts: 1.5 }, "maximumAttempts must be an integer"],
    [{ maximumInterval: 0 }, "maximumInterval cannot be 0"],
    [{ initialInterval: 0 }, "initialInterval cannot be 0"],
    [{ initialInterval: 10, maximumInterval: 5 }, "maximumInterval cannot be less than its initialInterval"],
  ])("%p is refused", (policy, message) => expect(() => compileRetryPolicy(policy)).toThrow(message));
});

describe("search attributes", () => {
  const pairs: SearchAttributePair[] = [
    { key: defineSearchAttributeKey("text", "TEXT"), value: "t" },
    { key: defineSearchAttributeKey("keyword", "KEYWORD"), value: "k" },
    { key: defineSearchAttributeKey("int", "INT"), value: 3 },
    { key: defineSearchAttributeKey("double", "DOUBLE"), value: 1.5 },
    { key: defineSearchAttributeKey("bool", "BOOL"), value: false },
    { key: defineSearchAttributeKey("date", "DATETIME"), value: new Date(5) },
    { key: defineSearchAttributeKey("list", "KEYWORD_LIST"), value: ["a", "b"] },
  ];

  test("typed ones travel with their types", () => {
    const payloads = encodeUnifiedSearchAttributes(undefined, new TypedSearchAttributes(pairs));
    expect(decode(payloads.list!.metadata!.type!)).toBe("KeywordList");
    expect(decodeTypedSearchAttributes(payloads).getAll()).toEqual(pairs);
    expect(decodeSearchAttributes(payloads)).toMatchObject({ int: [3], date: [new Date(5)], list: ["a", "b"] });
  });

  test("untyped ones are arrays; typed ones go before", () => {
    const payloads = encodeUnifiedSearchAttributes({ int: [1], other: ["x"] }, pairs);
    expect([decode(payloads.int!.data!), decode(payloads.other!.data!)]).toEqual(["3", '["x"]']);
    expect(() => encodeUnifiedSearchAttributes({ mixed: [1, "x"] as any })).toThrow("must be of the same type");
    expect(() => encodeUnifiedSearchAttributes({ single: 1 as any })).toThrow("must be an array");
    expect(() => encodeUnifiedSearchAttributes({ object: [{}] as any })).toThrow(
      "arrays of strings, numbers, booleans, or Dates",
    );
    expect(() => encodeUnifiedSearchAttributes(undefined, [{ key: { name: "int", type: "INT" }, value: 1.5 }])).toThrow(
      "Invalid search attribute value 1.5",
    );
  });

  test("sets: get, update, copy", () => {
    const attributes = new TypedSearchAttributes(pairs);
    const key = defineSearchAttributeKey("int", "INT");
    expect(attributes.get(key)).toBe(3);
    expect(attributes.get(defineSearchAttributeKey("int", "TEXT"))).toBeUndefined();
    const updated = attributes.updateCopy([
      { key, value: 4 },
      { key: defineSearchAttributeKey("bool", "BOOL"), value: null },
      { key: defineSearchAttributeKey("text", "KEYWORD"), value: null },
    ]);
    expect([updated.get(key), attributes.get(key)]).toEqual([4, 3]);
    expect(updated.getAll().map((pair) => pair.key.name)).toEqual(["text", "keyword", "int", "double", "date", "list"]);
    expect(() => new TypedSearchAttributes([pairs[0]!, pairs[0]!])).toThrow("Duplicate search attribute key: text");
    expect(JSON.parse(JSON.stringify(attributes))).toHaveLength(7);
    // What tests compare with.
    expect(attributes).toEqual(new TypedSearchAttributes(pairs));
    expect(updated).not.toEqual(attributes);
    expect(decode(encodeUnifiedSearchAttributes(undefined, [{ key, value: null }]).int!.data!)).toBe("null");
  });

  test("types of untyped values and of metadata", () => {
    expect(TypedSearchAttributes.getKeyFromUntyped("x", [1.5])).toEqual({ name: "x", type: "DOUBLE" });
    expect(TypedSearchAttributes.getKeyFromUntyped("x", ["a", "b"])).toEqual({ name: "x", type: "KEYWORD_LIST" });
    expect(TypedSearchAttributes.getKeyFromUntyped("x", undefined)).toBeUndefined();
    expect(TypedSearchAttributes.toSearchAttributeType("INDEXED_VALUE_TYPE_KEYWORD_LIST")).toBe("KEYWORD_LIST");
    expect(TypedSearchAttributes.toSearchAttributeType("Whatever")).toBeUndefined();
  });
});

describe("enumerations", () => {
  test("names with and without prefix, numbers, nothing, unknown", () => {
    expect(encodeWorkflowIdReusePolicy("REJECT_DUPLICATE")).toBe(3);
    expect(encodeWorkflowIdReusePolicy("WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE")).toBe(3);
    expect(encodeWorkflowIdReusePolicy(2)).toBe(2);
    expect(encodeWorkflowIdReusePolicy(undefined)).toBeUndefined();
    expect(() => encodeWorkflowIdReusePolicy("SOMETIMES" as any)).toThrow(
      "Invalid enum value: 'SOMETIMES'. Valid values are: ALLOW_DUPLICATE",
    );
    expect(() => encodeRetryState("toString" as any)).toThrow("Invalid enum value");
    expect([decodeRetryState(0), decodeRetryState(3), decodeRetryState(99), decodeTimeoutType(undefined)]).toEqual([
      undefined,
      "TIMEOUT",
      "unknown_99" as any,
      undefined,
    ]);
    expect(encodeVersioningBehavior("PINNED")).toBe(1);
  });
});

test("priorities", () => {
  expect(compilePriority({ priorityKey: 2 })).toEqual({ priorityKey: 2, fairnessKey: "", fairnessWeight: 0 });
  expect(decodePriority({ priorityKey: 2 })).toEqual({
    priorityKey: 2,
    fairnessKey: undefined,
    fairnessWeight: undefined,
  });
  expect(() => compilePriority({ priorityKey: 1.5 })).toThrow(TypeError);
  expect(() => compilePriority({ priorityKey: -1 })).toThrow(RangeError);
});

test("workflow types", () => {
  async function order(): Promise<void> {}
  expect([extractWorkflowType(order), extractWorkflowType("order")]).toEqual(["order", "order"]);
  expect(() => extractWorkflowType((() => async () => {})())).toThrow("anonymous");
  expect(() => extractWorkflowType(1 as any)).toThrow("expected either a string or a function, got 'number'");
});

test("interceptors run first to last, and those without the method are skipped", async () => {
  type Chain = { call?: (input: string, next: (input: string) => Promise<string>) => Promise<string> };
  const add = (letter: string): Chain => ({ call: async (input, next) => `${letter}(${await next(input + letter)})` });
  const call = composeInterceptors<Chain, "call">([add("a"), {}, add("b")], "call", async (input) => input);
  expect(await call("x")).toBe("a(b(xab))");
});

test("composed loggers", () => {
  const records: unknown[] = [];
  const target = {
    log: (...record: unknown[]) => records.push(record),
    info: (...record: unknown[]) => records.push(record),
  } as unknown as Logger;
  let count = 0;
  const logger = LoggerWithComposedMetadata.compose(LoggerWithComposedMetadata.compose(target, { a: 1, b: 1 }), () => ({
    count: ++count,
    b: 2,
  }));
  logger.info("m", { c: 3, a: undefined });
  logger.log("WARN", "n");
  expect(records).toEqual([
    ["m", { b: 2, c: 3, count: 1 }],
    ["WARN", "n", { a: 1, b: 2, count: 2 }],
  ]);
  expect(LoggerWithComposedMetadata.compose(target, {})).toBe(target);
});

test("reserved names", () => {
  expect(() => throwIfReservedName("signal", "__temporal_x")).toThrow("reserved prefix");
  expect(() => throwIfReservedName("query", "__stack_trace")).toThrow("reserved name");
  throwIfReservedName("signal", "__temporal_workflow_stream_publish");
  throwIfReservedName("signal", "ordinary");
});

test("external storage", () => {
  const driver = (name: string): StorageDriver => ({
    name,
    type: "test",
    store: async () => [],
    retrieve: async () => [],
  });
  const storage = new ExternalStorage({ drivers: [driver("a")] });
  expect([storage.payloadSizeThreshold, storage.getDriver("a")?.name, storage.getDriver("b")]).toEqual([
    262_144,
    "a",
    null,
  ]);
  expect(() => new ExternalStorage({ drivers: [] })).toThrow("at least one driver");
  expect(() => new ExternalStorage({ drivers: [driver("a"), driver("a")] })).toThrow(
    "Duplicate storage driver name: 'a'",
  );
  expect(() => new ExternalStorage({ drivers: [driver("a"), driver("b")] })).toThrow("driverSelector is required");
  expect(() => new ExternalStorage({ drivers: [driver("a")], payloadSizeThreshold: -1 })).toThrow("non-negative");
});

test("the rest", () => {
  expect(toCanonicalString({ deploymentName: "d", buildId: "b" })).toBe("d.b");
  noopMetricMeter.withTags({ a: 1 }).createCounter("c").withTags({}).add(1);
});
