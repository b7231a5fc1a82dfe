/**
 * What drivers for object stores have in common: objects are named by the hash of what is in them. Semantics of the
 * official SDK.
 */

import { createHash } from "node:crypto";
import {
  type Payload,
  type StorageDriver,
  StorageDriverClaim,
  type StorageDriverRetrieveContext,
  type StorageDriverStoreContext,
  type StorageDriverTargetInfo,
  ValueError,
} from "../../common";
import { Payload as PayloadMessage } from "../../proto/temporal/api/common/v1/message";

/** Chooses the bucket for a payload. */
export type BucketSelector = (context: StorageDriverStoreContext, payload: Payload) => string;

/** Options that drivers for object stores have in common. */
export interface ObjectDriverOptions {
  /** Name of the bucket, or a function that chooses one for each payload. */
  bucket: string | BucketSelector;
  /**
   * Name by which references in histories find this driver again; must be the same wherever they are read. Default: the
   * driver's type. Needed only for several drivers of one type.
   */
  driverName?: string;
  /** The largest payload that is stored, in bytes of its protobuf message. Default 50 MiB. */
  maxPayloadSize?: number;
}

const DEFAULT_MAX_PAYLOAD_SIZE = 50 * 1024 * 1024;
const HASH_ALGORITHM = "sha256";

/**
 * A driver for an object store. What it stores and what it reads is interchangeable with the official driver of the
 * same type.
 */
export abstract class ObjectDriver implements StorageDriver {
  readonly name: string;
  abstract readonly type: string;
  readonly #bucket: BucketSelector;
  readonly #maxPayloadSize: number;

  /**
   * @param options of the driver
   * @param defaultName its name if the options don't have one
   * @param locationField field of claims that holds the name of the object
   * @throws ValueError if `maxPayloadSize` is not a positive number
   */
  protected constructor(
    { bucket, driverName, maxPayloadSize = DEFAULT_MAX_PAYLOAD_SIZE }: ObjectDriverOptions,
    defaultName: string,
    private readonly locationField: string,
  ) {
    if (!Number.isFinite(maxPayloadSize) || maxPayloadSize <= 0) {
      throw new ValueError(`maxPayloadSize must be a positive finite number of bytes, got ${String(maxPayloadSize)}`);
    }
    this.name = driverName ?? defaultName;
    this.#bucket = typeof bucket === "function" ? bucket : () => bucket;
    this.#maxPayloadSize = maxPayloadSize;
  }

  /** Writes a part of an object's name so that it can't be taken for several. Never called with "". */
  protected abstract encodeSegment(value: string): string;

  /** Stores an object, unless there is one of that name, which then has the same bytes. */
  protected abstract upload(bucket: string, object: string, bytes: Uint8Array, abortSignal: AbortSignal): Promise<void>;

  /** Reads an object. */
  protected abstract download(bucket: string, object: string, abortSignal: AbortSignal): Promise<Uint8Array>;

  /** What helps to find out why the store refused something, e.g. its region. */
  protected abstract describeClient(): Record<string, string>;

  /**
   * Stores payloads, each under a name made of what it belongs to and of its hash. Payloads that are the same are
   * stored once.
   *
   * @throws ValueError if a payload is larger than `maxPayloadSize`
   * @throws Error if the store fails, with bucket and name in its message and the store's error as its cause
   */
  store(context: StorageDriverStoreContext, payloads: Payload[]): Promise<StorageDriverClaim[]> {
    const folder = `v0${this.#targetSegments(context.target)}/d/${HASH_ALGORITHM}`;
    const uploads = new Map<string, Promise<void>>();
    return allOrAbort(payloads, context.abortSignal, async (payload, abortSignal) => {
      const bucket = this.#bucket(context, payload);
      if (typeof bucket !== "string" || bucket === "") {
        throw new ValueError(`${this.constructor.name} needs the name of a bucket, got ${JSON.stringify(bucket)}`);
      }
      const bytes = PayloadMessage.encode(payload).finish();
      if (bytes.length > this.#maxPayloadSize) {
        const limit = `the maxPayloadSize of ${this.#maxPayloadSize} bytes`;
        throw new ValueError(
          `A payload of ${bytes.length} bytes is larger than ${limit}; raise that, or store less in one value`,
        );
      }
      const hashValue = hash(bytes);
      const object = `${folder}/${hashValue}`;
      const place = `${bucket} ${object}`;
      const uploading =
        uploads.get(place) ??
        this.#attempt("store", bucket, object, () => this.upload(bucket, object, bytes, abortSignal));
      uploads.set(place, uploading);
      await uploading;
      return new StorageDriverClaim({ bucket, [this.locationField]: object, hashAlgorithm: HASH_ALGORITHM, hashValue });
    });
  }

  /**
   * Reads payloads and checks that they are what was stored.
   *
   * @throws ValueError if a claim is incomplete, or if an object is not what its claim says
   * @throws Error if the store fails, with bucket and name in its message and the store's error as its cause
   */
  retrieve(context: StorageDriverRetrieveContext, claims: StorageDriverClaim[]): Promise<Payload[]> {
    return allOrAbort(claims, context.abortSignal, async ({ claimData }, abortSignal) => {
      const { bucket, hashAlgorithm, hashValue } = claimData;
      const object = claimData[this.locationField];
      if (!bucket || !object || !hashAlgorithm || !hashValue) {
        const wanted = ["bucket", this.locationField, "hashAlgorithm", "hashValue"].filter(
          (field) => !claimData[field],
        );
        throw new ValueError(
          `A claim for ${this.constructor.name} has no ${wanted.join(", ")}: ${JSON.stringify(claimData)}`,
        );
      }
      const where = this.#place(bucket, object);
      if (hashAlgorithm !== HASH_ALGORITHM) {
        throw new ValueError(
          `${this.constructor.name} knows the hash algorithm ${HASH_ALGORITHM}, not '${hashAlgorithm}' ${where}`,
        );
      }
      const bytes = await this.#attempt("retrieve", bucket, object, () => this.download(bucket, object, abortSignal));
      const actual = hash(bytes);
      if (actual !== hashValue) {
        const difference = `its ${HASH_ALGORITHM} is ${actual} instead of ${hashValue}`;
        throw new ValueError(`What ${this.constructor.name} retrieved is not what was stored ${where}: ${difference}`);
      }
      return PayloadMessage.decode(bytes);
    });
  }

  #targetSegments(target: StorageDriverTargetInfo | undefined): string {
    if (target === undefined) return "";
    const [type, id] = target.kind === "workflow" ? ["wt", "wi"] : ["at", "ai"];
    const parts = { ns: target.namespace, [type]: target.type, [id]: target.id, ri: target.runId };
    // Empty and missing are the same.
    return Object.entries(parts)
      .map(([name, value]) => `/${name}/${value ? this.encodeSegment(value) : "null"}`)
      .join("");
  }

  #place(bucket: string, object: string): string {
    let details: Record<string, string> = {};
    try {
      details = this.describeClient();
    } catch {
      // It's only for the message about another error.
    }
    const fields = { bucket, [this.locationField]: object, ...details };
    return `[${Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join(", ")}]`;
  }

  async #attempt<T>(what: string, bucket: string, object: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${this.constructor.name} failed to ${what} ${this.#place(bucket, object)}: ${reason}`, {
        cause,
      });
    }
  }
}

function hash(bytes: Uint8Array): string {
  return createHash(HASH_ALGORITHM).update(bytes).digest("hex");
}

/**
 * Does something with all items at the same time. When one fails the others are told to stop and waited for, so that
 * nothing goes on behind the caller's back.
 */
async function allOrAbort<T, R>(
  items: readonly T[],
  outer: AbortSignal | undefined,
  each: (item: T, abortSignal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController();
  const signal = outer === undefined ? failed.signal : AbortSignal.any([outer, failed.signal]);
  const results = items.map((item) => each(item, signal));
  try {
    return await Promise.all(results);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(results);
    throw error;
  }
}
