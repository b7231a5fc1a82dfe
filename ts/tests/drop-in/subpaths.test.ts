/** Modules that exist only under names inside the official packages, such as `@temporalio/common/lib/proto-utils`. */

import { describe, expect, test } from "bun:test";
import packageJson from "../../package.json";
import {
  ApplicationFailure,
  defaultDataConverter,
  defaultFailureConverter,
  defaultPayloadConverter,
  type Payload,
  type PayloadCodec,
} from "../../src/common";
import { hasOwnProperties, hasOwnProperty, SymbolBasedInstanceOfError } from "../../src/common/type-helpers";
import { counterpartOf } from "../../src/drop-in/table";
import * as internal from "../../src/payloads/internal-non-workflow";
import { historyFromJSON, historyToJSON, JSONToPayload, payloadToJSON } from "../../src/payloads/proto-utils";

/** Appends a byte, and takes it away again if it is the last one. */
const appending = (byte: number): PayloadCodec => ({
  encode: async (payloads) =>
    payloads.map((payload) => ({ ...payload, data: new Uint8Array([...(payload.data ?? []), byte]) })),
  decode: async (payloads) =>
    payloads.map((payload) => {
      if (payload.data?.at(-1) !== byte) throw new Error(`expected ${byte} at the end`);
      return { ...payload, data: payload.data.slice(0, -1) };
    }),
});
const codecs = [appending(1), appending(2)];
const payload: Payload = { metadata: { encoding: new Uint8Array([7]) }, data: new Uint8Array([9]) };

describe("internal-non-workflow", () => {
  test("runs codecs in order, and back", async () => {
    const encoded = await internal.encode(codecs, [payload]);
    expect(encoded[0]?.data).toEqual(new Uint8Array([9, 1, 2]));
    expect(await internal.decode(codecs, encoded)).toEqual([payload]);
    expect(await internal.decodeOptionalSingle(codecs, encoded[0])).toEqual(payload);
    expect([
      await internal.decodeOptionalSingle(codecs, null),
      await internal.decodeOptionalSingle(codecs, undefined),
    ]).toEqual([null, undefined]);
  });

  test("runs codecs on failures with their causes", async () => {
    const error = ApplicationFailure.create({
      message: "outer",
      details: ["a"],
      cause: ApplicationFailure.create({ message: "inner", details: ["b"] }),
    });
    const failure = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
    const encoded = await internal.encodeFailure(codecs, failure);
    expect(encoded.cause?.applicationFailureInfo?.details?.payloads?.[0]?.data?.slice(-2)).toEqual(
      new Uint8Array([1, 2]),
    );
    expect(await internal.decodeFailure(codecs, encoded)).toEqual(failure);
  });

  test("converts values with a data converter", async () => {
    const converter = { ...internal.loadDataConverter(defaultDataConverter), payloadCodecs: codecs };
    expect(internal.isLoadedDataConverter(converter)).toBe(true);
    const payloads = await internal.encodeToPayloads(converter, "a", 1);
    expect(await internal.decodeArrayFromPayloads(converter, payloads)).toEqual(["a", 1]);
  });
});

describe("proto-utils", () => {
  test("payloads are JSON and back", () => {
    expect(payloadToJSON(payload)).toEqual({ metadata: { encoding: "Bw==" }, data: "CQ==" });
    expect(JSONToPayload(payloadToJSON(payload))).toEqual(payload);
    expect(JSONToPayload({})).toEqual({});
  });

  test("histories are JSON and back", () => {
    const json = {
      events: [{ eventId: "1", eventTime: "2026-01-31T12:00:00Z", eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED" }],
    };
    const history = historyFromJSON(json);
    expect(history.events?.[0]?.eventId?.toNumber()).toBe(1);
    expect(JSON.parse(historyToJSON(history))).toEqual(json);
    expect(() => historyFromJSON({ events: 1 })).toThrow("events");
  });
});

test("type-helpers ask for own properties, and brand errors", () => {
  expect([
    hasOwnProperty({ a: 1 }, "a"),
    hasOwnProperty({}, "toString"),
    hasOwnProperties({ a: 1, b: 2 }, ["a", "b"]),
    hasOwnProperties({ a: 1 }, ["a", "b"]),
  ]).toEqual([true, false, true, false]);
  const make = () => {
    class Branded extends Error {}
    SymbolBasedInstanceOfError<Branded>("BrandedForTests")(Branded);
    return Branded;
  };
  const [One, Other] = [make(), make()];
  expect(new One()).toBeInstanceOf(Other);
  expect(new One().name).toBe("BrandedForTests");
  expect(new Error()).not.toBeInstanceOf(Other);
});

test.each([
  ["@temporalio/common/lib/proto-utils", "proto-utils.ts"],
  ["@temporalio/common/lib/internal-non-workflow", "internal-non-workflow.ts"],
  ["@temporalio/common/lib/internal-non-workflow/index.js", "internal-non-workflow.ts"],
  ["@temporalio/common/lib/type-helpers", "type-helpers.ts"],
  ["@temporalio/client/lib/workflow-client", "client/index.ts"],
  ["@temporalio/proto/protos/root", "proto/index.ts"],
  ["@temporalio/interceptors-opentelemetry/lib/workflow", "opentelemetry/workflow/index.ts"],
  ["@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors", "opentelemetry-v2/workflow-interceptors.ts"],
  ["@temporalio/external-storage-s3-aws-sdk", "external-storage/s3/aws-sdk.ts"],
  ["@temporalio/lambda-worker", "lambda-worker/index.ts"],
  ["@temporalio/workflow-streams/workflow", "workflow-streams/workflow.ts"],
])("%s leads to %s", (specifier, file) => expect(counterpartOf(specifier)?.file).toEndWith(file));

test.each(["@temporalio", "@temporalio/ai-sdk", "@temporalio/commonplace", "temporalio", "./common"])(
  "%s is not for the table",
  (specifier) => expect(counterpartOf(specifier)).toBeUndefined(),
);

test("lib/pkg says what a program runs on", async () => {
  for (const name of ["client", "worker"]) {
    const { default: pkg } = (await import(counterpartOf(`@temporalio/${name}/lib/pkg`)!.file!)) as {
      default: unknown;
    };
    expect(pkg).toEqual({ name: packageJson.name, version: packageJson.version });
  }
});
