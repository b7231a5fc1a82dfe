/** What a driver for Google Cloud Storage needs of a library that speaks with it. */

/** Options of one request. */
export interface GcsRequestOptions {
  /** Ends the request. */
  abortSignal?: AbortSignal;
}

/**
 * Objects in Google Cloud Storage.
 *
 * @experimental
 */
export interface GcsStorageDriverClient {
  /** Stores an object. If there is one of that name it has the same bytes, and may stay. */
  save(bucket: string, object: string, data: Uint8Array, options?: GcsRequestOptions): Promise<void>;
  /** Reads an object. Rejects if there is none. */
  download(bucket: string, object: string, options?: GcsRequestOptions): Promise<Uint8Array>;
  /** What helps to find out why a request failed, e.g. the project; goes into messages of errors. */
  describe?(): Record<string, string>;
}
