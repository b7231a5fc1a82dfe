import { afterAll, beforeAll, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { NativeClient, NativeError, type NativeLogRecord, NativeRuntime, Service } from "../../src/native";
import { library, results } from "../../src/native/library";
import {
  DescribeNamespaceRequest,
  GetSystemInfoResponse,
  PollActivityTaskQueueRequest,
} from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { freePort, testServer } from "../support/server";

const runtime = new NativeRuntime({});
const noBytes = new Uint8Array(0);
/** A call that the server holds open for a minute when there is no task. */
const longPoll = PollActivityTaskQueueRequest.encode({
  namespace: "default",
  taskQueue: { name: "nobody-posts-here" },
}).finish();
let client: NativeClient;

beforeAll(async () => {
  client = await NativeClient.connect(runtime, { address: (await testServer()).address });
}, 180_000);

afterAll(() => {
  client.close();
  runtime.close();
});

/** The error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<NativeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NativeError)) throw new Error(`expected a NativeError, got ${error}`);
  return error;
}

test("an RPC answers with the encoded response", async () => {
  const response = await client.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes);
  expect(GetSystemInfoResponse.decode(response).serverVersion).toMatch(/^\d+\.\d+/);
});

test("many RPCs at once get their own answers", async () => {
  const names = Array.from({ length: 50 }, (_, index) => `no-such-namespace-${index}`);
  const errors = await Promise.all(
    names.map((namespace) =>
      errorOf(
        client.rpc(Service.WORKFLOW, "DescribeNamespace", DescribeNamespaceRequest.encode({ namespace }).finish()),
      ),
    ),
  );
  errors.forEach((error, index) => {
    expect(error.status).toBe("RPC_FAILED");
    expect(error.grpcCode).toBe(5);
    expect(error.message).toContain(names[index]!);
    // The encoded google.rpc.Status: field 1 is the code.
    expect([...error.details!.subarray(0, 2)]).toEqual([8, 5]);
  });
});

test("aborting a call cancels it with the signal's reason", async () => {
  const controller = new AbortController();
  const call = client.rpc(Service.WORKFLOW, "PollActivityTaskQueue", longPoll, { signal: controller.signal });
  // Another call goes all the way and back meanwhile, so the first one is on its way by now.
  await client.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes);
  controller.abort("no longer needed");
  const error = await errorOf(call);
  expect(error.status).toBe("CANCELLED");
  expect(error.cause).toBe("no longer needed");
});

test("a call leaves neither a listener on its signal nor a cancellation behind", async () => {
  // Handles that are free are used again, the last one first.
  const nextIndex = () => {
    expect(library().temporal_bun_cancellation_new(results)).toBe(0);
    const handle = results[0]!;
    library().temporal_bun_cancellation_free(handle);
    return handle % 2 ** 24;
  };
  const index = nextIndex();
  const { signal } = new AbortController();
  await client.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes, { signal });
  await errorOf(client.rpc(Service.WORKFLOW, "NoSuchRpc", noBytes, { signal }));
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(nextIndex()).toBe(index);
});

test("a call with an aborted signal is not made", async () => {
  const error = await errorOf(
    client.rpc(Service.WORKFLOW, "NoSuchRpc", noBytes, { signal: AbortSignal.abort("before") }),
  );
  expect(error.status).toBe("CANCELLED");
  expect(error.cause).toBe("before");
});

test("a call that takes longer than its timeout fails with the deadline's gRPC code", async () => {
  // A server that takes connections and never says a word.
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const mute = await NativeClient.connect(runtime, { address: `127.0.0.1:${silent.port}`, skipGetSystemInfo: true });
  for (const retry of [true, false]) {
    const error = await errorOf(mute.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes, { timeoutMs: 100, retry }));
    expect(error.status).toBe("RPC_FAILED");
    expect(error.grpcCode).toBe(4);
    expect(error.message).toContain("GetSystemInfo was not answered");
  }
  mute.close();
  silent.stop(true);
});

test("an unknown RPC, a wrong service and bytes that are no request are refused at once", async () => {
  for (const call of [
    client.rpc(Service.WORKFLOW, "GetSystemInfos", noBytes),
    client.rpc(99 as Service, "GetSystemInfo", noBytes),
    client.rpc(Service.WORKFLOW, "DescribeNamespace", new Uint8Array([255, 255, 255])),
  ]) {
    expect((await errorOf(call)).status).toBe("INVALID_ARGUMENT");
  }
});

test("other services are reached through the same client", async () => {
  const health = await client.rpc(Service.HEALTH, "Check", noBytes);
  expect(health).toBeInstanceOf(Uint8Array);
  const attributes = await client.rpc(
    Service.OPERATOR,
    "ListSearchAttributes",
    new Uint8Array([10, 7, ...new TextEncoder().encode("default")]),
  );
  expect(attributes.length).toBeGreaterThan(100);
});

test("metadata and API key can be changed, and what can't be sent is refused", async () => {
  client.updateMetadata({
    metadata: { "x-team": "orders" },
    binaryMetadata: { "x-trace-bin": new Uint8Array([0, 255]) },
  });
  client.updateApiKey("secret");
  await client.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes, { metadata: { "x-once": "1" } });
  client.updateApiKey();
  client.updateMetadata({ metadata: {}, binaryMetadata: {} });
  expect(() => client.updateMetadata({ metadata: { "not a header": "x" } })).toThrow(/not a header/);
  expect(() => client.updateApiKey("line\nbreak")).toThrow(NativeError);
});

test("connecting to nobody names the address within the connect timeout", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const error = await errorOf(NativeClient.connect(runtime, { address, connectTimeoutMs: 2_000 }));
  expect(error.status).toBe("CONNECTION_FAILED");
  expect(error.message).toContain(address);
});

test("wrong options name the path", async () => {
  const connect = NativeClient.connect(runtime, { address: "127.0.0.1", keepAlive: { intervalMs: "often" } } as never);
  const error = await errorOf(connect);
  expect(error.status).toBe("INVALID_OPTIONS");
  expect(error.message).toContain("keepAlive.intervalMs");
  expect(() => new NativeRuntime({ threads: -1 })).toThrow(/threads/);
});

test("a closed client refuses calls, and closing twice is harmless", async () => {
  const own = await NativeClient.connect(runtime, { address: (await testServer()).address });
  own.close();
  own.close();
  expect((await errorOf(own.rpc(Service.WORKFLOW, "GetSystemInfo", noBytes))).status).toBe("INVALID_HANDLE");
});

test("forwarded logs reach the handler", async () => {
  const own = new NativeRuntime({ logging: { filter: "debug", forward: true } });
  const { promise, resolve } = Promise.withResolvers<NativeLogRecord>();
  own.forwardLogs(resolve);
  const connected = await NativeClient.connect(own, { address: (await testServer()).address });
  const record = await promise;
  expect(record.level).toMatch(/^(TRACE|DEBUG|INFO|WARN|ERROR)$/);
  expect(record.timestampMs).toBeGreaterThan(Date.now() - 3_600_000);
  connected.close();
  own.close();
  expect(() => runtime.forwardLogs(() => {})).toThrow(NativeError);
});
