/**
 * External storage in Amazon S3 (experimental): the official SDK's `@temporalio/external-storage-s3`, and a client on
 * `Bun.S3Client`. For one on the AWS SDK see `temporal-bun-sdk/external-storage-s3-aws-sdk`.
 *
 * @module
 */
export { BunS3StorageDriverClient } from "./bun-client";
export type { S3RequestOptions, S3StorageDriverClient } from "./client";
export { type BucketSelector, S3StorageDriver, type S3StorageDriverOptions } from "./driver";
