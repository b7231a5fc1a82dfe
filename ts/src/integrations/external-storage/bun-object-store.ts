import type { S3Client } from "bun";

/** What a request can be given. */
interface RequestOptions {
  /** Keeps the request from being sent; Bun can't end one that was. */
  abortSignal?: AbortSignal;
}

/** Objects in an object store that speaks the language of S3, by Bun's own client. */
export class BunObjectStore {
  constructor(private readonly client: S3Client) {}

  /** Stores an object, in one request. */
  async put(bucket: string, key: string, data: Uint8Array, options?: RequestOptions): Promise<void> {
    options?.abortSignal?.throwIfAborted();
    await this.client.write(key, data, { bucket });
  }

  /** Whether there is an object of that key. */
  async exists(bucket: string, key: string, options?: RequestOptions): Promise<boolean> {
    options?.abortSignal?.throwIfAborted();
    return this.client.exists(key, { bucket });
  }

  /** Reads an object. Rejects if there is none. */
  async get(bucket: string, key: string, options?: RequestOptions): Promise<Uint8Array> {
    options?.abortSignal?.throwIfAborted();
    return this.client.file(key, { bucket }).bytes();
  }
}
