import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { Storage } from "@google-cloud/storage";
import { Client } from "../../src/client";
import { ExternalStorage, type StorageDriver } from "../../src/common";
import { BunGcsStorageDriverClient, GcsStorageDriver } from "../../src/integrations/external-storage/gcs";
import { GoogleCloudGcsStorageDriverClient } from "../../src/integrations/external-storage/gcs/google-sdk";
import { BunS3StorageDriverClient, S3StorageDriver } from "../../src/integrations/external-storage/s3";
import { AwsSdkS3StorageDriverClient } from "../../src/integrations/external-storage/s3/aws-sdk";
import { History } from "../../src/proto/temporal/api/history/v1/message";
import * as activities from "../common/fixtures/large-activities";
import { testConnection, withWorker } from "../worker/support";
import { accessKeyId, objectServer } from "./object-server";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/../common/fixtures/large-workflows.ts`;
const large = "large".repeat(1000);
const credentials = { accessKeyId, secretAccessKey: "test-secret-key" };
const bucket = "payloads";

const bunClient = (endpoint: string) => new Bun.S3Client({ endpoint, region: "test-region", ...credentials });
const s3ByBun = (url: string) => new S3StorageDriver({ client: new BunS3StorageDriverClient(bunClient(url)), bucket });
const s3ByAws = (endpoint: string) =>
  new S3StorageDriver({
    client: new AwsSdkS3StorageDriverClient(
      new S3Client({ endpoint, region: "test-region", forcePathStyle: true, credentials }),
    ),
    bucket,
  });
const gcsByBun = (url: string) =>
  new GcsStorageDriver({ client: new BunGcsStorageDriverClient(bunClient(url)), bucket });
const gcsByGoogle = (apiEndpoint: string) =>
  new GcsStorageDriver({
    client: new GoogleCloudGcsStorageDriverClient(new Storage({ apiEndpoint, projectId: "test-project" })),
    bucket,
  });

const storage = (driver: StorageDriver) => ({
  externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 2000 }),
});

test.each([
  ["S3: the Worker by Bun, the client by the AWS SDK", s3ByBun, s3ByAws],
  ["S3: the Worker by the AWS SDK, the client by Bun", s3ByAws, s3ByBun],
  ["Google Cloud Storage: the Worker by Bun, the client by Google's SDK", gcsByBun, gcsByGoogle],
  ["Google Cloud Storage: the Worker by Google's SDK, the client by Bun", gcsByGoogle, gcsByBun],
])("large values of Workflows and activities are kept in %s", async (_, forWorker, forClient) => {
  using server = objectServer();
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace, dataConverter: storage(forClient(server.url)) });
  await withWorker(
    async ({ taskQueue }) => {
      const handle = await client.workflow.start("large", {
        taskQueue,
        workflowId: randomUUID(),
        args: [large],
        memo: { large },
      });
      await handle.signal("signal", large);
      const { sizes, filler } = (await handle.result()) as any;
      expect(sizes).toEqual({
        input: 5000,
        memo: 5000,
        signal: 5000,
        activity: 10_000,
        local: 10_000,
        heartbeat: 5000,
        child: 5000,
      });
      expect(filler).toBe(large);
      expect(Buffer.from(History.encode(await handle.fetchHistory()).finish()).includes(large)).toBe(false);
      const folder = `payloads/v0/ns/${namespace}/wt/large/wi/${handle.workflowId}/ri/`;
      const names = [...server.objects.keys()];
      expect(names).toContainEqual(expect.stringMatching(new RegExp(`^${folder}null/d/sha256/[0-9a-f]{64}$`)));
      expect(names).toContainEqual(
        expect.stringMatching(new RegExp(`^${folder}${handle.firstExecutionRunId}/d/sha256/[0-9a-f]{64}$`)),
      );
    },
    { dataConverter: storage(forWorker(server.url)), activities, workflowsPath },
  );
});

test("a store that fails once fails a task, which is tried again", async () => {
  using server = objectServer();
  const { connection, namespace } = await testConnection();
  const dataConverter = storage(s3ByBun(server.url));
  const client = new Client({ connection, namespace, dataConverter });
  await withWorker(
    async ({ taskQueue }) => {
      let failures = 0;
      server.intercept = ({ method }) => {
        if (method !== "GET" || failures > 0) return undefined;
        failures++;
        return new Response("<Error><Code>SlowDown</Code><Message>slow down</Message></Error>", { status: 403 });
      };
      const result = await client.workflow.execute("echo", { taskQueue, workflowId: randomUUID(), args: [large] });
      expect(result).toBe(large);
      expect(failures).toBe(1);
    },
    { dataConverter, activities, workflowsPath },
  );
});
