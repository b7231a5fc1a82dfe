import type { S3Client } from "bun";
import { BunObjectStore } from "../bun-object-store";
import type { S3RequestOptions, S3StorageDriverClient } from "./client";

/**
 * Bun's own S3 client, `Bun.S3Client`, for an `S3StorageDriver`: no package is needed. The official SDK has no such
 * class. Bun can't end a request, so an abort signal only keeps further ones from being sent.
 *
 * @experimental
 */
export class BunS3StorageDriverClient implements S3StorageDriverClient {
  readonly #objects: BunObjectStore;

  /** @param client keys, region and endpoint. Default: those of the environment, see `Bun.s3` */
  constructor(client: S3Client = Bun.s3) {
    this.#objects = new BunObjectStore(client);
  }

  /** Stores an object, in one request. */
  async putObject(bucket: string, key: string, data: Uint8Array, options?: S3RequestOptions): Promise<void> {
    await this.#objects.put(bucket, key, data, options);
  }

  /** Whether there is an object of that key. */
  async objectExists(bucket: string, key: string, options?: S3RequestOptions): Promise<boolean> {
    return this.#objects.exists(bucket, key, options);
  }

  /** Reads an object. Rejects if there is none. */
  async getObject(bucket: string, key: string, options?: S3RequestOptions): Promise<Uint8Array> {
    return this.#objects.get(bucket, key, options);
  }
}
