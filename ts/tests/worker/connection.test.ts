import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { GrpcStatus, isGrpcCancelledError, isGrpcDeadlineError } from "../../src/client";
import { compileConnectionOptions, loadConnectionOptions } from "../../src/client/connection/connection-options";
import { IllegalStateError } from "../../src/common";
import { NativeConnection, type NativeConnectionOptions, TransportError, Worker } from "../../src/worker";
import { grpcServer } from "../support/grpc-server";
import { inNewProcess } from "../support/process";
import { recordedConnection } from "../support/recorded-connection";
import { recordingTemporal } from "./recorded";
import { rejection, testConnection } from "./support";

setDefaultTimeout(180_000);

const recorded = (options: NativeConnectionOptions = {}) =>
  recordedConnection(({ address }) => NativeConnection.connect({ address, ...options }));

describe("NativeConnection", () => {
  test("all services, scopes, and what can be replaced later", async () => {
    await using it = await recorded({ metadata: { "x-team": "first" }, apiKey: "key", tls: false });
    const { connection, server } = it;
    expect(it.connecting.map(({ rpc, headers }) => [rpc, headers.authorization])).toEqual([
      ["GetSystemInfo", "Bearer key"],
    ]);
    await connection.ensureConnected();
    await it.call();
    await connection.operatorService.listSearchAttributes({});
    await connection.cloudService.getUsers({});
    await connection.testService.getCurrentTime({});
    await connection.healthService.check({});
    expect(server.calls.map(({ service, rpc }) => `${service.split(".").at(-1)}.${rpc}`)).toEqual([
      "WorkflowService.DescribeNamespace",
      "OperatorService.ListSearchAttributes",
      "CloudService.GetUsers",
      "TestService.GetCurrentTime",
      "Health.Check",
    ]);
    await connection.withMetadata({ "x-scope": "inner" }, it.call);
    connection.setMetadata({ "x-team": "second" });
    connection.setApiKey("other key");
    await it.call();
    const sent = server.calls
      .slice(-2)
      .map(({ headers }) => [headers["x-team"], headers["x-scope"], headers.authorization]);
    expect(sent).toEqual([
      ["first", "inner", "Bearer key"],
      ["second", undefined, "Bearer other key"],
    ]);
    expect(isGrpcDeadlineError(await rejection(connection.withDeadline(Date.now() - 1, it.call)))).toBe(true);
    expect(isGrpcCancelledError(await rejection(connection.withAbortSignal(AbortSignal.abort(), it.call)))).toBe(true);
  });

  test("a server that goes away is told by Worker.create within connectTimeout, although Core tries for longer", async () => {
    await using server = await grpcServer(({ rpc }) => {
      if (rpc !== "GetSystemInfo") throw { code: GrpcStatus.UNAVAILABLE, message: "no upstream" };
    });
    const connection = await NativeConnection.connect({ address: server.address, connectTimeout: 500 });
    const error = await rejection(Worker.create({ connection, taskQueue: "queue", activities: { work() {} } }));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.message).toStartWith(`${server.address} has not said within 500 ms (connectTimeout)`);
    await connection.close();
  });

  test("can't be closed under a Worker, nor be used when it is closed", async () => {
    await using server = await recordingTemporal();
    const connection = await NativeConnection.connect({ address: server.address });
    const worker = await Worker.create({ connection, taskQueue: "queue", activities: { work() {} } });
    expect(await rejection(connection.close())).toBeInstanceOf(IllegalStateError);
    await worker.runUntil(async () => {});
    await connection.close();
    expect(await rejection(connection.ensureConnected())).toBeInstanceOf(IllegalStateError);
    expect(
      (await rejection(Worker.create({ connection, taskQueue: "queue", activities: { work() {} } }))).message,
    ).toContain("closed");
  });
});

test("compression: by name or as { codec }; of what is sent and what may be answered", async () => {
  for (const grpcCompression of ["gzip", { codec: "gzip" }] as const) {
    await using it = await recorded({ grpcCompression });
    await it.call();
    expect(it.server.calls[0]).toMatchObject({
      compressed: true,
      headers: { "grpc-encoding": "gzip", "grpc-accept-encoding": expect.stringContaining("gzip") },
    });
  }
  for (const grpcCompression of ["none", { codec: "none" }, undefined] as const) {
    await using it = await recorded(grpcCompression === undefined ? {} : { grpcCompression });
    await it.call();
    expect(it.server.calls[0]).toMatchObject({ compressed: false });
    expect(it.server.calls[0]?.headers["grpc-encoding"]).toBeUndefined();
  }
  expect((await rejection(NativeConnection.connect({ grpcCompression: { codec: "zstd" } as never }))).message).toBe(
    'Unsupported gRPC compression codec: zstd; use "gzip" or "none"',
  );
});

test("DNS load balancing: the addresses of a name, looked up at the interval; never with a proxy", async () => {
  const { connection } = await testConnection();
  const port = connection.options.address.split(":").at(-1);
  const balanced = await NativeConnection.connect({
    address: `127.0.0.1:${port}`,
    dnsLoadBalancingConfig: { resolutionInterval: "1s" },
  });
  expect((await balanced.workflowService.getSystemInfo({})).serverVersion).toBeString();
  await balanced.close();
  const error = await rejection(
    NativeConnection.connect({ address: `127.0.0.1:${port}`, dnsLoadBalancingConfig: { resolutionInterval: "1ms" } }),
  );
  expect(error.message).toContain("dnsLoadBalancing.resolutionIntervalMs");
  const compiled = (options: object) =>
    compileConnectionOptions(loadConnectionOptions(options), undefined).dnsLoadBalancing;
  expect(compiled({ dnsLoadBalancingConfig: { resolutionInterval: "2s" } })).toEqual({ resolutionIntervalMs: 2_000 });
  expect(
    compiled({ dnsLoadBalancingConfig: { resolutionInterval: "2s" }, proxy: { targetHost: "proxy:1" } }),
  ).toBeNull();
  expect(compiled({ dnsLoadBalancingConfig: null })).toBeNull();
  // A client's connection balances where it can, a Worker's as in the official SDK only when it is told to.
  expect([compiled({}), connection.options.dnsLoadBalancingConfig]).toEqual([undefined, null]);
});

test("payloads and memos above their limits are logged and sent; 0 is for no limit", async () => {
  await using server = await grpcServer(() => {});
  /** What is logged about a request with 1,000 bytes of input and of memo. */
  const warnings = async (payloadLimits?: object) => {
    const lines = await inNewProcess(
      `const records = [];
      const logger = { log: (level, message) => records.push(level + " " + message), warn() {}, info() {} };
      const runtime = sdk.Runtime.install({ logger, telemetryOptions: { logging: { forward: {} } } });
      const connection = await sdk.NativeConnection.connect({ address: data.address, payloadLimits: data.payloadLimits });
      const payload = { metadata: {}, data: new Uint8Array(1_000) };
      await connection.workflowService.startWorkflowExecution({ input: { payloads: [payload] }, memo: { fields: { large: payload } } });
      await connection.close();
      await runtime.shutdown();
      for (const record of records) if (record.includes("TMPRL1103")) console.log(record);`,
      { address: server.address, payloadLimits },
    );
    return lines.filter((line) => line !== "");
  };
  const memo = "WARN [TMPRL1103] Attempted to upload memo with size that exceeded the warning limit.";
  const payloads = "WARN [TMPRL1103] Attempted to upload payloads with size that exceeded the warning limit.";
  expect(await warnings()).toEqual([]);
  expect(await warnings({ memoWarnSize: 999 })).toEqual([memo]);
  expect((await warnings({ payloadsWarnSize: 999, memoWarnSize: 999 })).sort()).toEqual([memo, payloads]);
  expect(await warnings({ payloadsWarnSize: 0, memoWarnSize: 0 })).toEqual([]);
  expect(server.calls.filter(({ rpc }) => rpc === "StartWorkflowExecution")).toHaveLength(4);
  const error = await rejection(
    NativeConnection.connect({ address: server.address, payloadLimits: { memoWarnSize: -1 } }),
  );
  expect(error.message).toContain("payloadLimits.memoWarnSize");
});

test("a server that isn't there is a TransportError", async () => {
  expect(await rejection(NativeConnection.connect({ address: "127.0.0.1:1", connectTimeout: "1s" }))).toBeInstanceOf(
    TransportError,
  );
});
