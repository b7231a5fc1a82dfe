import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { S3Client } from "@aws-sdk/client-s3";
import { Storage } from "@google-cloud/storage";
import { BunGcsStorageDriverClient, type GcsStorageDriverClient } from "../../src/integrations/external-storage/gcs";
import { GoogleCloudGcsStorageDriverClient } from "../../src/integrations/external-storage/gcs/google-sdk";
import { BunS3StorageDriverClient, type S3StorageDriverClient } from "../../src/integrations/external-storage/s3";
import { AwsSdkS3StorageDriverClient } from "../../src/integrations/external-storage/s3/aws-sdk";
import { rejection } from "../worker/support";
import { accessKeyId, type ObjectServer, objectServer } from "./object-server";

// The libraries take their time to load on a busy machine.
setDefaultTimeout(180_000);

const secretAccessKey = "test-secret-key";
const bun = (endpoint: string, key: string) =>
  new Bun.S3Client({ endpoint, region: "test-region", accessKeyId: key, secretAccessKey });
const aws = (endpoint: string, key: string) =>
  new S3Client({
    endpoint,
    region: "test-region",
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: key, secretAccessKey },
  });

const name = "v0/ns/payments%20prod/wi/a b+c=d'é漢😀(!)/d/sha256/00";
const bytes = new Uint8Array([0, 1, 254, 255]);

describe.each([
  [
    "Bun",
    (url: string, key: string = accessKeyId): S3StorageDriverClient => new BunS3StorageDriverClient(bun(url, key)),
  ],
  [
    "the AWS SDK",
    (url: string, key: string = accessKeyId): S3StorageDriverClient => new AwsSdkS3StorageDriverClient(aws(url, key)),
  ],
])("S3 by %s", (_, make) => {
  test("objects are stored, found and read", async () => {
    using server = objectServer();
    const client = make(server.url);
    expect(await client.objectExists("payloads", name)).toBe(false);
    await client.putObject("payloads", name, bytes);
    expect(server.objects.get(`payloads/${name}`)).toEqual(bytes);
    expect(await client.objectExists("payloads", name)).toBe(true);
    expect(new Uint8Array(await client.getObject("payloads", name))).toEqual(bytes);
  });

  test("more than a few megabytes go in one request", async () => {
    using server = objectServer();
    const large = new Uint8Array(9_000_000).fill(7);
    await make(server.url).putObject("payloads", "large", large);
    expect(server.objects.get("payloads/large")).toEqual(large);
    expect(new Uint8Array(await make(server.url).getObject("payloads", "large"))).toEqual(large);
  });

  test("what the store refuses is an error, not a missing object", async () => {
    using server = objectServer();
    expect(String(await rejection(make(server.url).getObject("payloads", "missing")))).toContain("NoSuchKey");
    expect(String(await rejection(make(server.url).putObject("no-such-bucket", name, bytes)))).toContain(
      "NoSuchBucket",
    );
    const stranger = make(server.url, "somebody-else");
    await rejection(stranger.objectExists("payloads", name));
    expect(String(await rejection(stranger.putObject("payloads", name, bytes)))).toContain("AccessDenied");
    await rejection(stranger.getObject("payloads", name));
    expect(server.objects.size).toBe(0);
  });

  test("a store that isn't there is an error", async () => {
    const server = objectServer();
    server[Symbol.dispose]();
    await rejection(make(server.url).objectExists("payloads", name));
  });

  test("an aborted request is not sent", () =>
    withoutRequests((server) => make(server.url), ["objectExists", "putObject", "getObject"]));
});

test("S3 by the AWS SDK: a request that is aborted on its way ends", async () => {
  using server = objectServer();
  const abort = new AbortController();
  server.intercept = () => {
    abort.abort();
    return new Promise(() => undefined);
  };
  const client = new AwsSdkS3StorageDriverClient(aws(server.url, accessKeyId));
  expect((await rejection(client.getObject("payloads", name, { abortSignal: abort.signal }))).name).toBe("AbortError");
  expect(client.describe()).toEqual({ clientRegion: "test-region" });
});

describe.each([
  ["Bun", (url: string): GcsStorageDriverClient => new BunGcsStorageDriverClient(bun(url, accessKeyId))],
  [
    "Google's SDK",
    (url: string): GcsStorageDriverClient =>
      new GoogleCloudGcsStorageDriverClient(
        new Storage({ apiEndpoint: url, projectId: "test-project", retryOptions: { autoRetry: false } }),
      ),
  ],
])("Google Cloud Storage by %s", (_, make) => {
  test("objects are stored once, and read", async () => {
    using server = objectServer();
    const client = make(server.url);
    await client.save("payloads", name, bytes);
    expect(server.objects.get(`payloads/${name}`)).toEqual(bytes);
    // Content-addressed objects are never different; this one shows that the first stays.
    await client.save("payloads", name, new Uint8Array([9]));
    expect(server.objects.get(`payloads/${name}`)).toEqual(bytes);
    expect(new Uint8Array(await client.download("payloads", name))).toEqual(bytes);
  });

  test("what the store refuses is an error", async () => {
    using server = objectServer();
    await rejection(make(server.url).download("payloads", "missing"));
    await rejection(make(server.url).save("no-such-bucket", name, bytes));
    expect(server.objects.size).toBe(0);
  });

  test("an aborted request is not sent", () => withoutRequests((server) => make(server.url), ["save", "download"]));
});

test("Google Cloud Storage by Google's SDK: the project is known to errors", () => {
  expect(new GoogleCloudGcsStorageDriverClient(new Storage({ projectId: "test-project" })).describe()).toEqual({
    projectId: "test-project",
  });
});

async function withoutRequests(make: (server: ObjectServer) => object, methods: string[]): Promise<void> {
  using server = objectServer();
  const client = make(server) as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const options = { abortSignal: AbortSignal.abort() };
  for (const method of methods) {
    const data = /put|save/.test(method) ? [bytes] : [];
    await rejection(client[method]!("payloads", name, ...data, options));
  }
  expect(server.requests).toEqual([]);
}
