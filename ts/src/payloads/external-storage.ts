/** Moving payloads to external storage and back (experimental in Temporal's SDKs). Outside workflows only. */

import Long from "long";
import type { ExternalStorage, StorageDriver, StorageDriverTargetInfo } from "../common/converter/extstore";
import {
  decodeReferencePayload,
  encodeReferencePayload,
  isReferencePayload,
} from "../common/converter/storage-reference";
import { ExternalStorageNotConfiguredError, ValueError } from "../common/errors";
import type { Payload } from "../common/interfaces";
import { msNumberToTs } from "../common/time";
import { Payload as PayloadMessage } from "../proto/temporal/api/common/v1/message";
import type { ExternalStorageMetrics } from "../proto/temporal/sdk/core/common/common";

/** What {@link storePayloads} and {@link retrievePayloads} are told beside the payloads. */
export interface StorageOperation {
  /** What the payloads belong to, for drivers and their selection. */
  target?: StorageDriverTargetInfo;
  /** Tells drivers to give up. */
  abortSignal?: AbortSignal;
  /** Counts what is moved. */
  meter?: StorageMeter;
}

/** What storage did during one task in one direction; goes to Core, which logs it. */
export class StorageMeter {
  #payloads = 0;
  #bytes = 0;
  readonly #drivers = new Set<string>();
  readonly #spans: [start: number, end: number][] = [];

  /** Adds one finished call of a driver; times in milliseconds of a clock that only goes forward. */
  add(driverName: string, payloads: number, bytes: number, start: number, end: number): void {
    this.#payloads += payloads;
    this.#bytes += bytes;
    this.#drivers.add(driverName);
    this.#spans.push([start, end]);
  }

  /** The sum as Core takes it; undefined if there was nothing. */
  toProto(): ExternalStorageMetrics | undefined {
    if (this.#payloads === 0) return undefined;
    return {
      payloadCount: Long.fromNumber(this.#payloads, true),
      totalSizeBytes: Long.fromNumber(this.#bytes, true),
      totalDuration: msNumberToTs(this.#duration()),
      driverNames: [...this.#drivers].sort(),
    };
  }

  /** Time during which at least one driver was at work: what ran side by side counts once. */
  #duration(): number {
    let total = 0;
    let covered = Number.NEGATIVE_INFINITY;
    for (const [start, end] of this.#spans.toSorted(([a], [b]) => a - b)) {
      total += Math.max(0, end - Math.max(start, covered));
      covered = Math.max(covered, end);
    }
    return total;
  }
}

/** Throws `ExternalStorageNotConfiguredError` if a payload stands for one in external storage. */
export function refuseReferences(payloads: readonly Payload[]): void {
  if (payloads.some(isReferencePayload)) throw new ExternalStorageNotConfiguredError();
}

/**
 * Stores the payloads that are large enough and puts references in their places. Throws what a driver or the selector
 * throws, and `ValueError` if one of them doesn't keep to its contract.
 */
export async function storePayloads(
  storage: ExternalStorage,
  payloads: Payload[],
  operation: StorageOperation = {},
): Promise<Payload[]> {
  const batches = new Map<StorageDriver, Item[]>();
  const { context, run } = sideBySide(operation);
  for (const [index, payload] of payloads.entries()) {
    const sizeBytes = payloadSize(payload);
    if (sizeBytes < storage.payloadSizeThreshold) continue;
    const driver = storage.driverSelector({ ...context, target: operation.target }, payload);
    if (driver === null) continue;
    if (storage.getDriver(driver.name) !== driver) {
      throw new ValueError(
        `Driver '${driver.name}' returned by driverSelector is not registered in ExternalStorage.drivers`,
      );
    }
    const batch = batches.get(driver);
    if (batch === undefined) batches.set(driver, [{ index, payload, sizeBytes }]);
    else batch.push({ index, payload, sizeBytes });
  }
  if (batches.size === 0) return payloads;
  const result = payloads.slice();
  await run(batches, async (driver, items) => {
    const claims = await driver.store(
      { ...context, target: operation.target },
      items.map(({ payload }) => payload),
    );
    checkCount(driver, "claims", claims, "payloads", items);
    for (const [at, { index, sizeBytes }] of items.entries()) {
      result[index] = encodeReferencePayload({ driverName: driver.name, claim: claims[at]!, sizeBytes });
    }
    return items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  });
  return result;
}

/**
 * Undoes {@link storePayloads}. Throws what a driver throws, and `ValueError` for references that can't be followed.
 */
export async function retrievePayloads(
  storage: ExternalStorage,
  payloads: Payload[],
  operation: StorageOperation = {},
): Promise<Payload[]> {
  if (!payloads.some(isReferencePayload)) return payloads;
  const batches = new Map<StorageDriver, (ReturnType<typeof decodeReferencePayload> & { index: number })[]>();
  for (const [index, payload] of payloads.entries()) {
    if (!isReferencePayload(payload)) continue;
    const reference = decodeReferencePayload(payload);
    const driver = storage.getDriver(reference.driverName);
    if (driver === null) {
      const known = storage.drivers.map(({ name }) => name).join(", ");
      throw new ValueError(`No driver registered with name '${reference.driverName}'; registered drivers: ${known}`);
    }
    const batch = batches.get(driver);
    if (batch === undefined) batches.set(driver, [{ ...reference, index }]);
    else batch.push({ ...reference, index });
  }
  const { context, run } = sideBySide(operation);
  const result = payloads.slice();
  await run(batches, async (driver, items) => {
    const retrieved = await driver.retrieve(
      context,
      items.map(({ claim }) => claim),
    );
    checkCount(driver, "payloads", retrieved, "claims", items);
    for (const [at, { index }] of items.entries()) result[index] = retrieved[at]!;
    return items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  });
  return result;
}

interface Item {
  index: number;
  payload: Payload;
  sizeBytes: number;
}

/**
 * Runs the drivers of one operation at the same time; when one fails the others are told to stop, and are waited for.
 */
function sideBySide({ abortSignal, meter }: StorageOperation) {
  const failed = new AbortController();
  const context = {
    abortSignal: abortSignal === undefined ? failed.signal : AbortSignal.any([failed.signal, abortSignal]),
  };
  const run = async <T>(
    batches: Map<StorageDriver, T[]>,
    call: (driver: StorageDriver, items: T[]) => Promise<number>,
  ): Promise<void> => {
    let first: { error: unknown } | undefined;
    const one = async ([driver, items]: [StorageDriver, T[]]): Promise<void> => {
      const start = performance.now();
      try {
        const bytes = await call(driver, items);
        meter?.add(driver.name, items.length, bytes, start, performance.now());
      } catch (error) {
        first ??= { error };
        failed.abort(error);
      }
    };
    await Promise.all([...batches].map(one));
    if (first !== undefined) throw (first as { error: unknown }).error;
  };
  return { context, run };
}

function checkCount(driver: StorageDriver, got: string, results: unknown, wanted: string, items: unknown[]): void {
  if (Array.isArray(results) && results.length === items.length) return;
  const count = Array.isArray(results) ? String(results.length) : `${typeof results} instead of`;
  throw new ValueError(`Driver '${driver.name}' returned ${count} ${got} for ${items.length} ${wanted}`);
}

/** Size of a payload as a protobuf message, in bytes, without making a copy of its data. */
export function payloadSize(payload: Payload): number {
  const { data, ...rest } = payload;
  const size = PayloadMessage.encode(rest).finish().length;
  if (data == null || data.length === 0) return size;
  const lengthBytes = Math.max(1, Math.ceil((32 - Math.clz32(data.length)) / 7));
  return size + 1 + lengthBytes + data.length;
}
