import { describe, expect, test } from "bun:test";
import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  defaultDataConverter,
  defaultPayloadConverter,
  defineSearchAttributeKey,
  JsonPayloadConverter,
  type Payload,
  type PayloadCodec,
  PayloadConverterError,
  RawValue,
  rawValueTypeInfo,
  toPayloads,
  UndefinedPayloadConverter,
  ValueError,
} from "../../src/common";
import {
  fromPayloadWithTypeInfo,
  mapFromPayloads,
  mapToPayloads,
  toPayloadWithTypeInfo,
} from "../../src/common/converter/payload-converter";
import { encodeUnifiedSearchAttributes } from "../../src/common/converter/payload-search-attributes";
import { decode, encode } from "../../src/common/encoding";
import { ApplicationFailure } from "../../src/common/failure";
import {
  decodeArrayFromPayloads,
  decodeFailure,
  decodeMapFromPayloads,
  encodeErrorToFailure,
  encodeFailure,
  encodeMapToPayloads,
  encodeToPayload,
  encodeToPayloads,
} from "../../src/payloads/codec-helpers";
import { isLoadedDataConverter, loadDataConverter } from "../../src/payloads/load-data-converter";
import { Payload as PayloadMessage } from "../../src/proto/temporal/api/common/v1/message";

const encodingOf = (payload: Payload) => decode(payload.metadata!.encoding!);

/** What arrives at the other end: payloads cross the wire between conversion and conversion. */
const send = (payload: Payload) => PayloadMessage.decode(PayloadMessage.encode(payload).finish());

describe("payload converters", () => {
  test.each([
    [undefined, "binary/null"],
    [new Uint8Array([1, 2, 3]), "binary/plain"],
    [new Uint8Array(), "binary/plain"],
    [null, "json/plain"],
    ["text", "json/plain"],
    [{ deep: [1, { value: "grüße" }] }, "json/plain"],
    [false, "json/plain"],
  ])("%p travels as %s", (value, encoding) => {
    const payload = send(defaultPayloadConverter.toPayload(value));
    expect(encodingOf(payload)).toBe(encoding);
    expect(defaultPayloadConverter.fromPayload<unknown>(payload)).toEqual(value);
  });

  test("bytes come back as a Uint8Array, not as a Buffer", () => {
    const value = defaultPayloadConverter.fromPayload(send(defaultPayloadConverter.toPayload(Buffer.from("x"))));
    expect(value).not.toBeInstanceOf(Buffer);
    expect(value).toBeInstanceOf(Uint8Array);
  });

  test("values without JSON are refused", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const value of [
      circular,
      () => 1,
      Symbol("s"),
      1n,
      Object.create(null, { toJSON: { value: () => undefined } }),
    ]) {
      expect(() => defaultPayloadConverter.toPayload(value)).toThrow(ValueError);
    }
  });

  test("an unknown encoding is named, with the known ones", () => {
    const payload = { metadata: { encoding: encode("binary/other") }, data: encode("x") };
    const known = new ValueError("This payload converter knows: binary/null, binary/plain, json/plain");
    expect(() => defaultPayloadConverter.fromPayload(payload)).toThrow(
      new ValueError("Unknown encoding: binary/other", known),
    );
    expect(() => defaultPayloadConverter.fromPayload({ data: encode("x") })).toThrow("Missing payload metadata");
  });

  test("composite: order counts, and it needs a converter", () => {
    const converter = new CompositePayloadConverter(
      new JsonPayloadConverter(),
      new BinaryPayloadConverter(),
      new UndefinedPayloadConverter(),
    );
    expect(encodingOf(converter.toPayload(new Uint8Array([1])))).toBe("json/plain");
    expect(() => new CompositePayloadConverter()).toThrow(PayloadConverterError);
  });

  test("raw values pass unchanged", () => {
    const payload = { metadata: { encoding: encode("custom") }, data: encode("x") };
    expect(defaultPayloadConverter.toPayload(RawValue.fromPayload(payload))).toBe(payload);
    expect(encodingOf(new RawValue({ a: 1 }).payload)).toBe("json/plain");
    expect(
      toPayloadWithTypeInfo(defaultPayloadConverter, RawValue.fromPayload(payload), undefined, rawValueTypeInfo),
    ).toBe(payload);
    expect(fromPayloadWithTypeInfo(defaultPayloadConverter, payload, undefined, rawValueTypeInfo).payload).toBe(
      payload,
    );
    expect(() => toPayloadWithTypeInfo<any>(defaultPayloadConverter, 1, undefined, rawValueTypeInfo)).toThrow(
      ValueError,
    );
  });

  test("transfer types run before and after the converter", () => {
    const typeInfo = {
      transferTypeConverter: {
        toTransferType: (date: Date) => date.getTime(),
        fromTransferType: (millis: number) => new Date(millis),
      },
    };
    const payload = toPayloadWithTypeInfo(defaultPayloadConverter, new Date(5), undefined, typeInfo);
    expect(decode(payload.data!)).toBe("5");
    expect(fromPayloadWithTypeInfo(defaultPayloadConverter, payload, undefined, typeInfo)).toEqual(new Date(5));
  });

  test("hints go to converters that take them only", () => {
    const hint = { converter: "special" };
    expect(() => defaultPayloadConverter.toPayload(1, undefined, hint)).toThrow(
      "No payload converter supports converter hint 'special'",
    );
    const special = Object.assign(new JsonPayloadConverter(), {
      validateConverterHint: (item: { converter: string }) => item.converter === "special",
    });
    expect(
      encodingOf(new CompositePayloadConverter(new UndefinedPayloadConverter(), special).toPayload(1, undefined, hint)),
    ).toBe("json/plain");
  });

  test("lists and maps", () => {
    expect(toPayloads(defaultPayloadConverter)).toBeUndefined();
    expect(toPayloads(defaultPayloadConverter, 1, 2)).toHaveLength(2);
    const map = mapToPayloads(defaultPayloadConverter, { a: 1, b: "x" });
    expect(mapFromPayloads<string>(defaultPayloadConverter, map)).toEqual({ a: 1, b: "x" });
    expect(mapFromPayloads(defaultPayloadConverter, undefined)).toBeUndefined();
  });
});

/** Adds a letter in front of the data, so that order shows. */
const prefixCodec = (letter: string): PayloadCodec => ({
  encode: async (payloads) =>
    payloads.map((payload) => ({ ...payload, data: encode(letter + decode(payload.data ?? new Uint8Array())) })),
  decode: async (payloads) =>
    payloads.map((payload) => {
      const text = decode(payload.data!);
      if (!text.startsWith(letter)) throw new Error(`expected ${letter} in front of ${text}`);
      return { ...payload, data: encode(text.slice(1)) };
    }),
});

describe("codecs", () => {
  const converter = { ...defaultDataConverter, payloadCodecs: [prefixCodec("a"), prefixCodec("b")] };

  test("encode in order and decode in the opposite order", async () => {
    const payloads = await encodeToPayloads(converter, 1, "two");
    expect(payloads!.map((payload) => decode(payload.data!))).toEqual(["ba1", 'ba"two"']);
    expect(await decodeArrayFromPayloads(converter, payloads)).toEqual([1, "two"]);
    expect(decode((await encodeToPayload(converter, 1)).data!)).toBe("ba1");
    expect(await encodeToPayloads(converter)).toBeUndefined();
  });

  test("maps, e.g. memos", async () => {
    const map = await encodeMapToPayloads(converter, { a: 1, b: [2] });
    expect(decode(map.a!.data!)).toBe("ba1");
    expect(await decodeMapFromPayloads(converter, map)).toEqual({ a: 1, b: [2] });
    expect(await decodeMapFromPayloads(converter, null)).toBeUndefined();
  });

  test("failures: details, encoded attributes and causes", async () => {
    const cause = ApplicationFailure.create({ message: "inner", details: ["d"] });
    const failure = await encodeErrorToFailure(
      converter,
      ApplicationFailure.create({ message: "outer", details: [1], cause }),
    );
    expect(decode(failure.applicationFailureInfo!.details!.payloads![0]!.data!)).toBe("ba1");
    expect(decode(failure.cause!.applicationFailureInfo!.details!.payloads![0]!.data!)).toBe('ba"d"');
    const decoded = await decodeFailure(converter, failure);
    expect(decode(decoded.cause!.applicationFailureInfo!.details!.payloads![0]!.data!)).toBe('"d"');
    for (const info of ["timeoutFailureInfo", "resetWorkflowFailureInfo"] as const) {
      const details = { payloads: [{ data: encode("x") }] };
      const encoded = await encodeFailure(converter, { [info]: { lastHeartbeatDetails: details } });
      expect(decode(encoded[info]!.lastHeartbeatDetails!.payloads![0]!.data!)).toBe("bax");
      expect(await decodeFailure(converter, encoded)).toEqual({ [info]: { lastHeartbeatDetails: details } });
    }
    const encoded = await encodeFailure(converter, { encodedAttributes: { data: encode("x") } });
    expect(decode(encoded.encodedAttributes!.data!)).toBe("bax");
  });

  test("a codec that returns no list is named", async () => {
    const broken = {
      ...defaultDataConverter,
      payloadCodecs: [{ encode: async () => undefined as any, decode: async (payloads: Payload[]) => payloads }],
    };
    await expect(encodeToPayloads(broken, 1)).rejects.toThrow(
      "PayloadCodec.encode must resolve to an array of payloads",
    );
  });
});

describe("loading data converters", () => {
  const path = `${import.meta.dir}/fixtures/converters.ts`;

  test("defaults", () => {
    const loaded = loadDataConverter();
    expect(loaded).toEqual(defaultDataConverter);
    expect(isLoadedDataConverter(loaded)).toBe(true);
    expect(isLoadedDataConverter({ payloadConverterPath: path })).toBe(false);
  });

  test("modules", () => {
    const loaded = loadDataConverter({ payloadConverterPath: path, failureConverterPath: path });
    expect(decode(loaded.payloadConverter.toPayload("x").data!)).toBe("fixture x");
    expect(loaded.failureConverter.errorToFailure(new Error("x"), loaded.payloadConverter).message).toBe("fixture");
  });

  test("what is wrong is named", () => {
    expect(() => loadDataConverter({ payloadConverterPath: "/nowhere/converter.ts" })).toThrow(
      "Could not find a file at the specified payloadConverterPath: '/nowhere/converter.ts'",
    );
    expect(() => loadDataConverter({ payloadConverterPath: `${import.meta.dir}/fixtures/empty.ts` })).toThrow(
      "does not have a `payloadConverter` named export",
    );
    expect(() => loadDataConverter({ failureConverterPath: `${import.meta.dir}/fixtures/wrong.ts` })).toThrow(
      "must be an object with errorToFailure and failureToError methods",
    );
  });
});

describe("of several values, the error names the one that can't be converted", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const why = "Unable to convert [object Object] to payload";

  test("by its place", () => {
    expect(() => toPayloads(defaultPayloadConverter, "one", circle)).toThrow(new ValueError(`${why} (value 2 of 2)`));
    expect(() => toPayloads(defaultPayloadConverter, circle)).toThrow(new ValueError(why));
  });

  test("by its name", async () => {
    const memo = { first: 1, second: circle };
    expect(() => mapToPayloads(defaultPayloadConverter, memo)).toThrow(new ValueError(`${why} ('second')`));
    await expect(encodeMapToPayloads(defaultDataConverter, memo)).rejects.toThrow(new ValueError(`${why} ('second')`));
    expect(() => encodeUnifiedSearchAttributes({ Amount: 1 as never })).toThrow(
      new ValueError("SearchAttribute value must be an array ('Amount')"),
    );
    const typed = [{ key: defineSearchAttributeKey("Total", "INT"), value: "much" as never }];
    expect(() => encodeUnifiedSearchAttributes(undefined, typed)).toThrow(
      new ValueError("Invalid search attribute value much for given type INT ('Total')"),
    );
  });
});
