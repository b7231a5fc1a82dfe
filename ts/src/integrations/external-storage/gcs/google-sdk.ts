/**
 * Google's SDK as client of a `GcsStorageDriver` (experimental): the official SDK's
 * `@temporalio/external-storage-gcs-google-sdk`. Needs the package `@google-cloud/storage`.
 *
 * @module
 */

import type { Storage } from "@google-cloud/storage";
import type { GcsRequestOptions, GcsStorageDriverClient } from "./client";

/**
 * A `Storage` of `@google-cloud/storage` for a `GcsStorageDriver`. That library can't end a request, so an abort signal
 * only keeps further ones from being sent.
 *
 * @experimental
 */
export class GoogleCloudGcsStorageDriverClient implements GcsStorageDriverClient {
  /** @param storage with project, credentials and whatever else the application sets */
  constructor(private readonly storage: Storage) {}

  /** The project, if it is known without asking. */
  describe(): Record<string, string> {
    const { projectId } = this.storage;
    return projectId ? { projectId } : {};
  }

  /** Stores an object unless there is one of that name. */
  async save(bucket: string, object: string, data: Uint8Array, options?: GcsRequestOptions): Promise<void> {
    options?.abortSignal?.throwIfAborted();
    try {
      // Generation 0 stands for an object that isn't there.
      const contents = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      await this.storage
        .bucket(bucket)
        .file(object)
        .save(contents, { preconditionOpts: { ifGenerationMatch: 0 } });
    } catch (error) {
      const preconditionFailed = 412;
      if ((error as { code?: unknown }).code !== preconditionFailed) throw error;
    }
  }

  /** Reads an object. Rejects if there is none. */
  async download(bucket: string, object: string, options?: GcsRequestOptions): Promise<Uint8Array> {
    options?.abortSignal?.throwIfAborted();
    const [contents] = await this.storage.bucket(bucket).file(object).download();
    return contents;
  }
}
