/**
 * External storage in Google Cloud Storage (experimental): the official SDK's `@temporalio/external-storage-gcs`, and a
 * client on `Bun.S3Client`. For one on Google's SDK see `temporal-bun-sdk/external-storage-gcs-google-sdk`.
 *
 * @module
 */
export { BunGcsStorageDriverClient } from "./bun-client";
export type { GcsRequestOptions, GcsStorageDriverClient } from "./client";
export { type BucketSelector, GcsStorageDriver, type GcsStorageDriverOptions } from "./driver";
