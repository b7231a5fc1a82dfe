import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Long from "long";
import { Client } from "../../src/client";
import {
  BinaryPayloadConverter,
  defaultPayloadConverter,
  type Payload,
  PayloadConverterError,
  ValueError,
} from "../../src/common";
import {
  DefaultPayloadConverterWithProtobufs,
  ProtobufBinaryPayloadConverter,
  ProtobufJsonPayloadConverter,
  patchProtobufRoot,
} from "../../src/common/protobufs";
import { bundleWorkflowCode } from "../../src/worker";
import { testConnection, withWorker } from "../worker/support";
import { type Order, original, shop, shopRoot } from "./fixtures/shop-root";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);

const message = shop.v1.Order.create({
  id: "o-1",
  amount: Long.fromString("9007199254740993"),
  token: Uint8Array.of(0, 255, 7),
  lines: [shop.v1.Line.create({ articleNumber: "a", blob: Uint8Array.of(1) })],
  state: 1,
});

function expectOrder(value: Order): void {
  expect(value.constructor).not.toBe(Uint8Array);
  expect([value.id, String(value.amount), [...value.token], value.state]).toEqual([
    "o-1",
    "9007199254740993",
    [0, 255, 7],
    1,
  ]);
  expect(value.lines.map(({ articleNumber, blob }) => [articleNumber, [...blob]])).toEqual([["a", [1]]]);
  expect([value.token.constructor, value.lines[0]!.blob.constructor]).toEqual([Uint8Array, Uint8Array]);
}

describe("patchProtobufRoot", () => {
  test("makes packages and messages properties", () => {
    expect(shop.v1.Order).toBe(original.lookupType("shop.v1.Order") as never);
    expect((shopRoot as any).lookupType("shop.v1.Order")).toBe(shop.v1.Order);
    expect((shopRoot as any).root).toBe(shopRoot);
    // A message whose name protobufjs uses itself is not promoted.
    expect((shop.v1 as any).nested.nested).toBe(original.lookupType("shop.v1.nested") as never);
    expect("shop" in original).toBe(false);
  });

  test("survives import * as root", () => {
    const namespace = Object.fromEntries(
      Object.entries(patchProtobufRoot(original as unknown as Record<string, unknown>)),
    );
    const converter = new ProtobufBinaryPayloadConverter(namespace);
    expectOrder(converter.fromPayload(converter.toPayload(message)!));
  });
});

describe("protobuf payload converters", () => {
  test("binary", () => {
    const converter = new ProtobufBinaryPayloadConverter(shopRoot);
    const payload = converter.toPayload(message)!;
    expect([text(payload.metadata?.encoding), text(payload.metadata?.messageType)]).toEqual([
      "binary/protobuf",
      "shop.v1.Order",
    ]);
    expect(payload.data).toEqual(new Uint8Array(shop.v1.Order.encode(message).finish()));
    expect(payload.data!.constructor).toBe(Uint8Array);
    expectOrder(converter.fromPayload({ ...payload, data: Buffer.from(payload.data!) }));
  });

  test("JSON, in Protobuf's own form", () => {
    const converter = new ProtobufJsonPayloadConverter(shopRoot);
    const payload = converter.toPayload(message)!;
    expect([text(payload.metadata?.encoding), text(payload.metadata?.messageType)]).toEqual([
      "json/protobuf",
      "shop.v1.Order",
    ]);
    const json = {
      id: "o-1",
      amount: "9007199254740993",
      token: "AP8H",
      lines: [{ articleNumber: "a", blob: "AQ==" }],
      state: "SHIPPED",
    };
    expect(JSON.parse(text(payload.data))).toEqual(json);
    expectOrder(converter.fromPayload(payload));
    expectOrder(converter.fromPayload({ ...payload, data: bytes(JSON.stringify({ ...json, added: "later" })) }));
  });

  test("the default converter with protobufs sends JSON and receives both", () => {
    const converter = new DefaultPayloadConverterWithProtobufs({ protobufRoot: shopRoot });
    expect(text(converter.toPayload(message).metadata?.encoding)).toBe("json/protobuf");
    expectOrder(converter.fromPayload(new ProtobufBinaryPayloadConverter().toPayload(message)!));
    for (const value of [undefined, Uint8Array.of(1), { $type: "not a message" }, null, "text"]) {
      expect(converter.toPayload(value)).toEqual(defaultPayloadConverter.toPayload(value));
    }
    expect(converter.converters[1]).toBeInstanceOf(BinaryPayloadConverter);
  });

  test("what is wrong is named", () => {
    const payload = new ProtobufBinaryPayloadConverter().toPayload(message)!;
    const converter = new ProtobufBinaryPayloadConverter(shopRoot);
    const failure = (broken: Payload, by = converter) => {
      try {
        by.fromPayload(broken);
      } catch (error) {
        return error as Error;
      }
      throw new Error("expected an error");
    };
    expect(() => new ProtobufBinaryPayloadConverter({})).toThrow(TypeError);
    expect(
      () => new DefaultPayloadConverterWithProtobufs({ protobufRoot: { constructor: { className: "Type" } } }),
    ).toThrow("protobufjs Root");
    expect(failure({ metadata: payload.metadata })).toBeInstanceOf(ValueError);
    expect(failure({ ...payload, metadata: { encoding: payload.metadata!.encoding! } }).message).toContain(
      "without metadata.messageType",
    );
    expect(failure(payload, new ProtobufBinaryPayloadConverter())).toBeInstanceOf(PayloadConverterError);
    const unknown = failure({ ...payload, metadata: { ...payload.metadata, messageType: bytes("shop.v1.Nothing") } });
    expect(unknown).toBeInstanceOf(PayloadConverterError);
    expect(unknown.message).toContain("`shop.v1.Nothing`");
  });
});

test("messages travel through client, workflow and activity", async () => {
  const dataConverter = { payloadConverterPath: `${import.meta.dir}/fixtures/protobuf-converter.ts` };
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace, dataConverter });
  const activities = {
    async ship(order: Order): Promise<Order> {
      return shop.v1.Order.create({ ...order, id: `${order.id} shipped ${String(order.amount)}` });
    },
  };
  await withWorker(
    async ({ taskQueue }) => {
      const handle = await client.workflow.start("order", { taskQueue, workflowId: randomUUID(), args: [message] });
      const result = (await handle.result()) as Order;
      expect(result.id).toBe("o-1 in workflow shipped 9007199254740993, plain bytes: true, 2");
      expect([String(result.amount), [...result.token]]).toEqual(["9007199254740993", [0, 255, 7]]);
      const [started] = (await handle.fetchHistory()).events ?? [];
      const [input] = started!.workflowExecutionStartedEventAttributes!.input!.payloads!;
      expect([text(input!.metadata?.encoding), text(input!.metadata?.messageType)]).toEqual([
        "json/protobuf",
        "shop.v1.Order",
      ]);
    },
    { dataConverter, activities, workflowsPath: `${import.meta.dir}/fixtures/protobuf-workflows.ts` },
  );
});

test("workflow code finds the converters, and times, by their official paths too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "temporal-bundle-"));
  try {
    const file = join(folder, "workflows.ts");
    await Bun.write(
      file,
      `import { ProtobufJsonPayloadConverter } from "@temporalio/common/lib/protobufs";
       import { msToTs } from "@temporalio/common/lib/time";
       import { encode } from "@temporalio/common/lib/encoding";
       export async function lengths() { return [ProtobufJsonPayloadConverter.length, msToTs(1), encode("x")]; }`,
    );
    const { code } = await bundleWorkflowCode({ workflowsPath: file });
    expect(code).toContain("class ProtobufJsonPayloadConverter");
    // One copy of the library for all runs: only the protobuf converters are in the bundle.
    expect(code).not.toContain("class CompositePayloadConverter");
    for (const shared of ["common", "common/time", "common/encoding"])
      expect(code).toContain(`require("temporal-bun-sdk/${shared}")`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
