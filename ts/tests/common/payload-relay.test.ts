import { describe, expect, test } from "bun:test";
import {
  defaultDataConverter,
  defaultPayloadConverter,
  ExternalStorage,
  type Logger,
  type Payload,
  type SerializationContext,
  StorageDriverClaim,
} from "../../src/common";
import { encodeReferencePayload } from "../../src/common/converter/storage-reference";
import { payloadSize } from "../../src/payloads/external-storage";
import { PayloadRelay, type PayloadRequest, type RelayPlan } from "../../src/worker/payloads/payload-relay";
import { PayloadService } from "../../src/worker/payloads/payload-service";
import type { PayloadSite } from "../../src/worker/payloads/payload-sites";
import { MemoryDriver } from "./fixtures/memory-driver";

const logger = { error() {} } as unknown as Logger;
const codec = { encode: async (payloads: Payload[]) => payloads, decode: async (payloads: Payload[]) => payloads };
const externalStorage = new ExternalStorage({ drivers: [new MemoryDriver()], payloadSizeThreshold: 100 });
const context = { type: "workflow", namespace: "n", workflowId: "w" } as const;

function site(payload: Payload, header = false): PayloadSite & { got: Payload[] | undefined } {
  const made = {
    payloads: [payload],
    single: true,
    header,
    context: context as SerializationContext,
    target: undefined,
    got: undefined as Payload[] | undefined,
    put: (payloads: Payload[]) => void (made.got = payloads),
  };
  return made;
}

describe("what a thread sends to the main thread", () => {
  const [small, large] = [defaultPayloadConverter.toPayload("x"), defaultPayloadConverter.toPayload("x".repeat(200))];
  const reference = encodeReferencePayload({ driverName: "memory", claim: new StorageDriverClaim({}), sizeBytes: 1 });
  const sent = (plan: RelayPlan, direction: PayloadRequest["direction"], ...sites: PayloadSite[]) => {
    const requests: PayloadRequest[] = [];
    let done = 0;
    new PayloadRelay(plan, (request) => requests.push(request)).run(direction, context, sites, () => done++);
    // Without a request it is done at once.
    expect(done).toBe(requests.length === 0 ? 1 : 0);
    return requests.flatMap(({ places }) => places.length);
  };
  const planOf = (parts: object, replays = false) =>
    new PayloadService({ ...defaultDataConverter, ...parts }, logger, replays).plan!;

  test("nothing without codecs and storage: there is no relay at all", () => {
    expect(planOf({})).toBeUndefined();
  });

  test("everything with codecs; headers unless they are left alone", () => {
    const plan = planOf({ payloadCodecs: [codec] });
    expect(plan).toEqual({ codecs: true, headers: true, retrieves: false, storesFrom: undefined });
    expect(sent(plan, "decode", site(small), site(small, true))).toEqual([2]);
    expect(
      sent(planOf({ payloadCodecs: [codec], encodeHeaders: false }), "encode", site(small), site(small, true)),
    ).toEqual([1]);
    expect(sent(plan, "decode")).toEqual([]);
  });

  test("with storage alone what is or may be stored, headers too; on replay nothing is stored", () => {
    const plan = planOf({ externalStorage });
    expect(payloadSize(small)).toBeLessThan(100);
    expect(sent(plan, "decode", site(small), site(large))).toEqual([]);
    expect(sent(plan, "decode", site(small), site(reference, true))).toEqual([1]);
    expect(sent(plan, "encode", site(small), site(large))).toEqual([1]);
    expect(sent(planOf({ externalStorage }, true), "encode", site(large))).toEqual([]);
    expect(sent(planOf({ externalStorage }, true), "decode", site(reference))).toEqual([1]);
  });
});

test("payloads come back to their places, with what storage did", async () => {
  const service = new PayloadService({ ...defaultDataConverter, externalStorage }, logger, false);
  const requests: PayloadRequest[] = [];
  const relay = new PayloadRelay(service.plan!, (request) => requests.push(structuredClone(request)));
  const original = defaultPayloadConverter.toPayload("y".repeat(200));
  const outward = site(original);
  let outcome: any;
  relay.run("encode", context, [outward], (result) => (outcome = result));
  relay.answer(structuredClone(await service.handle(requests[0]!)));
  expect(outcome.metrics.payloadCount.toNumber()).toBe(1);
  expect(outcome.metrics.totalSizeBytes.toNumber()).toBe(payloadSize(original));
  const inward = site(outward.got![0]!);
  relay.run("decode", context, [inward], (result) => (outcome = result));
  relay.answer(structuredClone(await service.handle(requests[1]!)));
  expect(inward.got).toEqual([original]);
  expect(() => relay.answer({ id: 99, places: [], metrics: undefined })).toThrow("number 99");
});
