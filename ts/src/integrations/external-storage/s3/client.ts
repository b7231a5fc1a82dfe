/** What a driver for S3 needs of a library that speaks with S3. */

/** Options of one request. */
export interface S3RequestOptions {
  /** Ends the request. */
  abortSignal?: AbortSignal;
}

/**
 * Objects in S3, or in a store that speaks its language.
 *
 * @experimental
 */
export interface S3StorageDriverClient {
  /** Stores an object. */
  putObject(bucket: string, key: string, data: Uint8Array, options?: S3RequestOptions): Promise<void>;
  /** Whether there is an object of that key. */
  objectExists(bucket: string, key: string, options?: S3RequestOptions): Promise<boolean>;
  /** Reads an object. Rejects if there is none. */
  getObject(bucket: string, key: string, options?: S3RequestOptions): Promise<Uint8Array>;
  /** What helps to find out why a request failed, e.g. the region; goes into messages of errors. */
  describe?(): Record<string, string>;
}
