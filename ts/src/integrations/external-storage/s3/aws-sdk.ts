/**
 * The AWS SDK as client of an `S3StorageDriver` (experimental): the official SDK's
 * `@temporalio/external-storage-s3-aws-sdk`. Needs the package `@aws-sdk/client-s3`.
 *
 * @module
 */

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { S3RequestOptions, S3StorageDriverClient } from "./client";

/**
 * An `S3Client` of `@aws-sdk/client-s3` for an `S3StorageDriver`.
 *
 * @experimental
 */
export class AwsSdkS3StorageDriverClient implements S3StorageDriverClient {
  #region: string | undefined;

  /** @param client with region, credentials and whatever else the application sets */
  constructor(private readonly client: S3Client) {}

  /** The region, once a request has failed. */
  describe(): Record<string, string> {
    return this.#region === undefined ? {} : { clientRegion: this.#region };
  }

  /** Whether there is an object of that key. */
  async objectExists(bucket: string, key: string, options?: S3RequestOptions): Promise<boolean> {
    try {
      await this.#send(
        this.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: options?.abortSignal }),
      );
      return true;
    } catch (error) {
      if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404) return false;
      throw error;
    }
  }

  /** Stores an object. */
  async putObject(bucket: string, key: string, data: Uint8Array, options?: S3RequestOptions): Promise<void> {
    await this.#send(
      this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: data }), {
        abortSignal: options?.abortSignal,
      }),
    );
  }

  /** Reads an object. Rejects if there is none. */
  async getObject(bucket: string, key: string, options?: S3RequestOptions): Promise<Uint8Array> {
    const { Body } = await this.#send(
      this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: options?.abortSignal }),
    );
    if (Body === undefined) throw new Error(`S3 answered without the object [bucket=${bucket}, key=${key}]`);
    return Body.transformToByteArray();
  }

  /** A request, and the region for {@link describe} if it fails: the library has it behind a promise only. */
  async #send<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      this.#region ??= await this.client.config.region().catch(() => undefined);
      throw error;
    }
  }
}
