import { type BucketSelector, ObjectDriver, type ObjectDriverOptions } from "../object-driver";
import type { GcsStorageDriverClient } from "./client";

const DRIVER_TYPE = "gcp.gcsdriver";

/**
 * What Google forbids or advises against in names of objects, the slash, which would begin another segment, and the
 * percent sign.
 */
const UNSAFE = /[\p{Cc}#[\]*?:"<>|/%]/gu;

export type { BucketSelector };

/**
 * Options of {@link GcsStorageDriver}.
 *
 * @experimental
 */
export interface GcsStorageDriverOptions extends ObjectDriverOptions {
  /** Sends the requests: a `BunGcsStorageDriverClient`, a `GoogleCloudGcsStorageDriverClient`, or one of your own. */
  client: GcsStorageDriverClient;
}

/**
 * Keeps large payloads in Google Cloud Storage. Names of objects are `v0/ns/{namespace}/wt/{workflow type}/wi/{workflow
 * id}/ri/{run id}/d/sha256/{hash}`, with `at` and `ai` for activities; the official SDKs of all languages use the same.
 *
 * @experimental
 */
export class GcsStorageDriver extends ObjectDriver {
  readonly type = DRIVER_TYPE;
  readonly #client: GcsStorageDriverClient;

  /** @throws ValueError if `maxPayloadSize` is not a positive number */
  constructor(options: GcsStorageDriverOptions) {
    super(options, DRIVER_TYPE, "object");
    this.#client = options.client;
  }

  /** Names may have nearly all characters, which stay readable. */
  protected override encodeSegment(value: string): string {
    if (value === "." || value === "..") return value.replaceAll(".", "%2E");
    return value.replace(UNSAFE, (character) => Array.from(Buffer.from(character), percentEncoded).join(""));
  }

  protected override upload(
    bucket: string,
    object: string,
    bytes: Uint8Array,
    abortSignal: AbortSignal,
  ): Promise<void> {
    return this.#client.save(bucket, object, bytes, { abortSignal });
  }

  protected override download(bucket: string, object: string, abortSignal: AbortSignal): Promise<Uint8Array> {
    return this.#client.download(bucket, object, { abortSignal });
  }

  protected override describeClient(): Record<string, string> {
    return this.#client.describe?.() ?? {};
  }
}

function percentEncoded(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
