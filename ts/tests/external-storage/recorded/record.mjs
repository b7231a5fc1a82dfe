/**
 * Records what the official drivers make of a payload for several targets: claims, with the names of objects, and bytes. Run with Node
 * in a folder where @temporalio/external-storage-s3 and @temporalio/external-storage-gcs are installed:
 *
 *     node record.mjs official.json
 */
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const require = createRequire(`${process.cwd()}/`);
const { S3StorageDriver } = require("@temporalio/external-storage-s3");
const { GcsStorageDriver } = require("@temporalio/external-storage-gcs");

const payload = {
  metadata: { encoding: Buffer.from("json/plain"), other: Buffer.from([0, 255]) },
  data: Buffer.from('"stored by the official driver"'),
};
const targets = [
  null,
  { kind: "workflow", namespace: "payments prod", type: "ChargeWorkflow", id: "order+123=abc", runId: "3f1d6c7a" },
  { kind: "activity", namespace: "payments prod", type: "Capture/Charge", id: "activity id+42", runId: "9e1d1fd9" },
  { kind: "workflow", namespace: "default", id: "" },
  { kind: "workflow", namespace: ".", type: "..", id: "~!-_.*'()#[]?:\"<>|/%\u0001\u0085é漢😀", runId: "a.b" },
];

async function record(Driver) {
  const objects = new Set();
  const store = async (bucket, object, bytes) => void objects.add(Buffer.from(bytes).toString("base64"));
  const driver = new Driver({ client: { putObject: store, save: store, objectExists: async () => false }, bucket: "payloads" });
  const claims = [];
  for (const target of targets) claims.push((await driver.store({ target: target ?? undefined }, [payload]))[0].claimData);
  return { type: driver.type, name: driver.name, claims, bytes: [...objects] };
}

writeFileSync(process.argv[2], `${JSON.stringify({ targets, s3: await record(S3StorageDriver), gcs: await record(GcsStorageDriver) }, null, 1)}\n`);
