import { expect, test } from "bun:test";
import { GrpcStatus, isGrpcCancelledError, isGrpcDeadlineError } from "../../src/client";
import {
  CloudOperationsClient,
  CloudOperationsConnection,
  type CloudOperationsConnectionOptions,
} from "../../src/cloud";
import { table } from "../../src/proto/rpc/cloud";
import {
  GetNamespaceRequest,
  GetNamespaceResponse,
} from "../../src/proto/temporal/api/cloud/cloudservice/v1/request_response";
import { type GrpcAnswer, grpcServer } from "../support/grpc-server";

const CLOUD_SERVICE = "temporal.api.cloud.cloudservice.v1.CloudService";

/** A stand-in of Temporal Cloud: like it, it has no WorkflowService. */
async function cloud(options: Partial<CloudOperationsConnectionOptions> = {}, answer: GrpcAnswer = () => {}) {
  const server = await grpcServer((call) => {
    if (call.service.includes("workflowservice")) throw { code: GrpcStatus.UNIMPLEMENTED, message: "unknown service" };
    return answer(call);
  });
  const connection = await CloudOperationsConnection.connect({
    address: server.address,
    tls: false,
    apiKey: "key",
    ...options,
  });
  server.calls.length = 0;
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("calls reach the service, with API key, metadata and version of the API", async () => {
  await using it = await cloud({ metadata: { one: "1" } }, ({ request }) => {
    const { namespace } = GetNamespaceRequest.decode(request);
    return GetNamespaceResponse.encode({ namespace: { namespace, activeRegion: "aws-eu-central-1" } }).finish();
  });
  const client = new CloudOperationsClient({ connection: it.connection, apiVersion: "2024-10-01-00" });
  const response = await client.withMetadata({ two: "2" }, () =>
    client.cloudService.getNamespace({ namespace: "shop.abc" }),
  );
  expect(response.namespace).toMatchObject({ namespace: "shop.abc", activeRegion: "aws-eu-central-1" });
  const { service, rpc, headers } = it.server.calls[0]!;
  expect([service, rpc]).toEqual([CLOUD_SERVICE, "GetNamespace"]);
  expect(headers).toMatchObject({
    authorization: "Bearer key",
    one: "1",
    two: "2",
    "temporal-cloud-api-version": "2024-10-01-00",
  });
});

test("without a version none is sent", async () => {
  await using it = await cloud();
  await new CloudOperationsClient({ connection: it.connection }).cloudService.getRegions({});
  expect(it.server.calls[0]!.headers["temporal-cloud-api-version"]).toBeUndefined();
});

test("every RPC of the service can be called", async () => {
  await using it = await cloud();
  const service = it.connection.cloudService as unknown as Record<string, (request: object) => Promise<unknown>>;
  const rpcs = Object.entries<{ name: string }>(table.rpcs);
  expect(rpcs.length).toBeGreaterThan(60);
  for (const [method] of rpcs) await service[method]!({});
  expect(it.server.calls.map((call) => call.rpc)).toEqual(rpcs.map(([, rpc]) => rpc.name));
  expect(new Set(it.server.calls.map((call) => call.service))).toEqual(new Set([CLOUD_SERVICE]));
});

test("API keys: of a scope, replaced, by a function", async () => {
  await using it = await cloud();
  const { connection } = it;
  const call = () => connection.cloudService.getUsers({});
  await connection.withApiKey("scope", call);
  connection.setApiKey(() => "function");
  await call();
  expect(it.server.calls.map(({ headers }) => headers.authorization)).toEqual(["Bearer scope", "Bearer function"]);
});

test("deadlines and abort signals end calls; errors have gRPC's code", async () => {
  const never = new Promise<void>(() => {});
  await using it = await cloud({}, ({ rpc }) => {
    if (rpc !== "DeleteUser") return never;
    throw { code: GrpcStatus.NOT_FOUND, message: "no such user" };
  });
  const client = new CloudOperationsClient({ connection: it.connection });
  await expect(client.cloudService.deleteUser({ userId: "u" })).rejects.toMatchObject({
    code: GrpcStatus.NOT_FOUND,
    details: "no such user",
  });
  const late = await client
    .withDeadline(Date.now() + 200, () => client.cloudService.getUsers({}))
    .catch((error) => error);
  expect(isGrpcDeadlineError(late)).toBe(true);
  const controller = new AbortController();
  const aborted = client
    .withAbortSignal(controller.signal, () => client.cloudService.getUsers({}))
    .catch((error) => error);
  controller.abort();
  expect(isGrpcCancelledError(await aborted)).toBe(true);
});

test("health checks", async () => {
  await using it = await cloud();
  await it.connection.healthService.check({});
  expect(it.server.calls[0]).toMatchObject({ service: "grpc.health.v1.Health", rpc: "Check" });
});

test("lazily: Temporal Cloud's address and TLS by default; an API key is needed", () => {
  const connection = CloudOperationsConnection.lazy({ apiKey: "key" });
  expect(connection.options).toMatchObject({
    address: "saas-api.tmprl.cloud:443",
    tls: true,
    connectTimeoutMs: 10_000,
  });
  connection.close();
  expect(() => CloudOperationsConnection.lazy({} as CloudOperationsConnectionOptions)).toThrow(
    "Missing CloudOperationsConnectionOptions.apiKey",
  );
});
