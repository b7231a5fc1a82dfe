import { type BucketSelector, ObjectDriver, type ObjectDriverOptions } from "../object-driver";
import type { S3StorageDriverClient } from "./client";

const DRIVER_TYPE = "aws.s3driver";

export type { BucketSelector };

/**
 * Options of {@link S3StorageDriver}.
 *
 * @experimental
 */
export interface S3StorageDriverOptions extends ObjectDriverOptions {
  /** Sends the requests: a `BunS3StorageDriverClient`, an `AwsSdkS3StorageDriverClient`, or one of your own. */
  client: S3StorageDriverClient;
}

/**
 * Keeps large payloads in Amazon S3, or in a store that speaks its language. Keys are `v0/ns/{namespace}/wt/{workflow
 * type}/wi/{workflow id}/ri/{run id}/d/sha256/{hash}`, with `at` and `ai` for activities; the official SDKs of all
 * languages use the same.
 *
 * @experimental
 */
export class S3StorageDriver extends ObjectDriver {
  readonly type = DRIVER_TYPE;
  readonly #client: S3StorageDriverClient;

  /** @throws ValueError if `maxPayloadSize` is not a positive number */
  constructor(options: S3StorageDriverOptions) {
    super(options, DRIVER_TYPE, "key");
    this.#client = options.client;
  }

  /** Only the characters that S3 calls safe stay as they are. */
  protected override encodeSegment(value: string): string {
    return encodeURIComponent(value.toWellFormed()).replaceAll("~", "%7E");
  }

  protected override async upload(
    bucket: string,
    key: string,
    bytes: Uint8Array,
    abortSignal: AbortSignal,
  ): Promise<void> {
    if (await this.#client.objectExists(bucket, key, { abortSignal })) return;
    await this.#client.putObject(bucket, key, bytes, { abortSignal });
  }

  protected override download(bucket: string, key: string, abortSignal: AbortSignal): Promise<Uint8Array> {
    return this.#client.getObject(bucket, key, { abortSignal });
  }

  protected override describeClient(): Record<string, string> {
    return this.#client.describe?.() ?? {};
  }
}
