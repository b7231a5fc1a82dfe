import type { S3Client } from "bun";
import { BunObjectStore } from "../bun-object-store";
import type { GcsRequestOptions, GcsStorageDriverClient } from "./client";

/**
 * Bun's own S3 client, `Bun.S3Client`, for a `GcsStorageDriver`: Google Cloud Storage speaks the language of S3 at
 * `https://storage.googleapis.com`, with HMAC keys, so no package is needed. The official SDK has no such class. Bun
 * can't end a request, so an abort signal only keeps further ones from being sent.
 *
 * @experimental
 */
export class BunGcsStorageDriverClient implements GcsStorageDriverClient {
  readonly #objects: BunObjectStore;

  /** @param client with the endpoint `https://storage.googleapis.com` and an HMAC key */
  constructor(client: S3Client) {
    this.#objects = new BunObjectStore(client);
  }

  /** Stores an object unless there is one of that name. */
  async save(bucket: string, object: string, data: Uint8Array, options?: GcsRequestOptions): Promise<void> {
    if (!(await this.#objects.exists(bucket, object, options))) await this.#objects.put(bucket, object, data, options);
  }

  /** Reads an object. Rejects if there is none. */
  async download(bucket: string, object: string, options?: GcsRequestOptions): Promise<Uint8Array> {
    return this.#objects.get(bucket, object, options);
  }
}
