import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import { clientConfigToToml, loadClientConnectConfig } from "../../src/envconfig";
import { NativeConnection } from "../../src/worker";
import { authority } from "../support/certificates";
import { grpcServer } from "../support/grpc-server";
import { tlsProxy } from "../support/proxies";
import { testServer } from "../support/server";

const { address, namespace } = await testServer();
const folder = mkdtempSync(join(tmpdir(), "envconfig-connect-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "temporal.toml");

test("a client and a worker's connection by a profile with mutual TLS", async () => {
  const trusted = authority();
  const server = trusted.issue("temporal.test");
  const own = trusted.issue("client.test");
  await using proxy = await tlsProxy(address, {
    cert: server.crt,
    key: server.key,
    ca: trusted.crt,
    requestCert: true,
    rejectUnauthorized: true,
  });
  writeFileSync(join(folder, "client.key"), own.key);
  const tls = {
    serverName: "temporal.test",
    serverCACert: { data: trusted.crt },
    clientCert: { data: own.crt },
    clientKey: { path: join(folder, "client.key") },
  };
  writeFileSync(path, clientConfigToToml({ profiles: { secure: { address: proxy.address, namespace, tls } } }));
  const config = loadClientConnectConfig({
    overrideEnvVars: { TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: "secure" },
  });
  const connection = await Connection.connect(config.connectionOptions);
  const client = new Client({ connection, namespace: config.namespace });
  const handle = await client.workflow.start("order", {
    taskQueue: `queue-${crypto.randomUUID()}`,
    workflowId: `envconfig-${crypto.randomUUID()}`,
  });
  expect((await handle.describe()).status.name).toBe("RUNNING");
  await handle.terminate();
  const native = await NativeConnection.connect(config.connectionOptions);
  expect((await native.workflowService.getSystemInfo({})).serverVersion).toBeString();
  expect(proxy.clients).toEqual(["client.test", "client.test"]);
  await Promise.all([connection.close(), native.close()]);
});

test("API key and metadata of a profile and of the environment arrive", async () => {
  await using recorder = await grpcServer();
  const data = `[profile.default]\naddress = "${recorder.address}"\napi_key = "from the file"\ntls = { disabled = true }\ngrpc_meta = { X_From_File = "1", gone = "1" }`;
  const overrideEnvVars = {
    TEMPORAL_API_KEY: "from the environment",
    TEMPORAL_GRPC_META_X_ENV: "2",
    TEMPORAL_GRPC_META_GONE: "",
  };
  const { connectionOptions } = loadClientConnectConfig({ configSource: { data }, overrideEnvVars });
  const connection = await Connection.connect(connectionOptions);
  const { headers } = recorder.calls[0]!;
  expect(headers).toMatchObject({ authorization: "Bearer from the environment", "x-from-file": "1", "x-env": "2" });
  expect(headers.gone).toBeUndefined();
  await connection.close();
});
