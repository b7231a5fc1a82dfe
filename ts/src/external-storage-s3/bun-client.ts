import type { S3Client } from "bun";
import type { S3RequestOptions, S3StorageDriverClient } from "./client";

/**
 * Bun's own S3 client, `Bun.S3Client`, for an `S3StorageDriver`: no package is needed. The official SDK has no such class. Bun can't end
 * a request, so an abort signal only keeps further ones from being sent.
 *
 * @experimental
 */
export class BunS3StorageDriverClient implements S3StorageDriverClient {
  /** @param client keys, region and endpoint. Default: those of the environment, see `Bun.s3` */
  constructor(private readonly client: S3Client = Bun.s3) {}

  /** Stores an object, in one request. */
  async putObject(bucket: string, key: string, data: Uint8Array, options?: S3RequestOptions): Promise<void> {
    options?.abortSignal?.throwIfAborted();
    await this.client.write(key, data, { bucket });
  }

  /** Whether there is an object of that key. */
  async objectExists(bucket: string, key: string, options?: S3RequestOptions): Promise<boolean> {
    options?.abortSignal?.throwIfAborted();
    return this.client.exists(key, { bucket });
  }

  /** Reads an object. Rejects if there is none. */
  async getObject(bucket: string, key: string, options?: S3RequestOptions): Promise<Uint8Array> {
    options?.abortSignal?.throwIfAborted();
    return this.client.file(key, { bucket }).bytes();
  }
}
