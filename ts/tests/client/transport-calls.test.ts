import { describe, expect, test } from "bun:test";
import {
  Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  GrpcErrorMetadata,
  GrpcServiceError,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isRetryableError,
  makeGrpcRetryInterceptor,
  type RpcInterceptor,
} from "../../src/client";
import { compileConnectionOptions, loadConnectionOptions } from "../../src/client/connection/connection-options";
import { eventually } from "../support/eventually";
import { frameOf, grpcServer } from "../support/grpc-server";
import { relay } from "../support/proxies";
import { address, namespace } from "./support";

const status = (code: number, details = "") => ({ code, details, metadata: new GrpcErrorMetadata(undefined) });

/** A connection to a recording server that has forgotten the calls that connecting made. */
async function recorded(options: ConnectionOptions = {}) {
  const server = await grpcServer();
  const connection = await Connection.connect({ address: server.address, ...options });
  server.calls.splice(0);
  return {
    server,
    connection,
    call: () => connection.workflowService.describeNamespace({ namespace: "ns" }),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("API key", () => {
  test("replaced by a function, which is asked before each call", async () => {
    await using it = await recorded({ apiKey: "fixed", tls: false });
    let count = 0;
    it.connection.setApiKey(() => `key ${++count}`);
    await it.call();
    const first = count;
    await it.call();
    expect(count).toBeGreaterThan(first);
    expect(it.server.calls.map((call) => call.headers.authorization)).toEqual([
      `Bearer key ${first}`,
      `Bearer key ${count}`,
    ]);
    it.connection.setApiKey("fixed again");
    await it.call();
    expect(it.server.calls.at(-1)!.headers.authorization).toBe("Bearer fixed again");
  });

  test("a function that throws fails the call with what it throws", async () => {
    await using it = await recorded({ apiKey: "fixed", tls: false });
    let broken = false;
    it.connection.setApiKey(() => {
      if (broken) throw new Error("the vault is closed");
      return "key";
    });
    broken = true;
    await expect(it.call()).rejects.toThrow("the vault is closed");
    expect(it.server.calls).toEqual([]);
  });
});

describe("interceptors", () => {
  test("see each call, change it, and see its answer; the first one is outermost", async () => {
    const seen: unknown[] = [];
    const outer: RpcInterceptor = async (call, next) => {
      seen.push([call.service, call.method, call.request, call.metadata]);
      const response = await next({
        ...call,
        metadata: { ...call.metadata, "X-Outer": "1", "x-bin": new Uint8Array([1, 2]) },
      });
      seen.push(response);
      return response;
    };
    const inner: RpcInterceptor = (call, next) => {
      seen.push(call.metadata?.["X-Outer"]);
      return next({ ...call, request: { namespace: "changed" } });
    };
    await using it = await recorded({ interceptors: [outer, inner] });
    const response = await it.connection.withMetadata({ "x-scope": "2" }, it.call);
    expect(seen).toEqual([
      ["temporal.api.workflowservice.v1.WorkflowService", "DescribeNamespace", { namespace: "ns" }, { "x-scope": "2" }],
      "1",
      response,
    ]);
    expect(it.server.calls[0]!.headers).toMatchObject({
      "x-outer": "1",
      "x-scope": "2",
      "x-bin": "AQI",
      "temporal-namespace": "changed",
    });
  });

  test("may answer themselves, and fail calls", async () => {
    const answer = { namespaceInfo: { name: "made up" } };
    await using it = await recorded({
      interceptors: [async (call, next) => (call.method === "DescribeNamespace" ? answer : next(call))],
    });
    expect(await it.call()).toEqual(answer as any);
    expect(it.server.calls).toEqual([]);
    await using failing = await recorded({ interceptors: [() => Promise.reject(new Error("not today"))] });
    await expect(failing.call()).rejects.toThrow("not today");
  });

  test("of grpc-js are refused with advice", async () => {
    const ofGrpcJs = ((_options: unknown, _nextCall: unknown) => ({ start() {}, sendMessage() {} })) as any;
    await using it = await recorded({ interceptors: [ofGrpcJs] });
    const error = await it.call().catch((reason) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(
      "ConnectionOptions.interceptors[0] returned object instead of a promise for DescribeNamespace",
    );
    expect(error.message).toContain("(call, next) => next(call)");
  });

  test("objects of grpc-js are refused by the types too", () => {
    const options: ConnectionOptions[] = [
      // @ts-expect-error: use tls
      { credentials: {} },
      // @ts-expect-error: use keepAlive
      { channelArgs: {} },
      // @ts-expect-error: use metadata
      { callCredentials: [] },
      // @ts-expect-error: no promise
      { interceptors: [() => ({})] },
    ];
    for (const each of options.slice(0, 3))
      expect(() => Connection.lazy(each)).toThrow("holds objects of grpc-js, which this SDK does not use; use ");
  });

  test("deadlines that they set hold", async () => {
    await using it = await recorded({ interceptors: [(call, next) => next({ ...call, deadline: Date.now() - 1 })] });
    expect(isGrpcDeadlineError(await it.call().catch((reason) => reason))).toBe(true);
  });

  test("work for the calls of a Client, lazily loaded services included", async () => {
    const methods: string[] = [];
    const connection = await Connection.connect({
      address,
      interceptors: [(call, next) => (methods.push(call.method), next(call))],
    });
    await new Client({ connection, namespace }).workflow.count();
    await connection.operatorService.listSearchAttributes({ namespace });
    expect(methods).toEqual(["CountWorkflowExecutions", "ListSearchAttributes"]);
    await connection.close();
  });
});

describe("makeGrpcRetryInterceptor", () => {
  const quick = { initialIntervalMs: () => 1 };

  test("tries again what may pass, and takes the place of Core's retries", async () => {
    const failures: [number, number][] = [];
    const { delayFunction, retryableDecider } = defaultGrpcRetryOptions({ ...quick, maxAttempts: 3 });
    const interceptor = makeGrpcRetryInterceptor({
      delayFunction,
      retryableDecider: (attempt, { code }) => (
        failures.push([attempt, code]), retryableDecider(attempt, status(code))
      ),
    });
    await using it = await recorded({ interceptors: [interceptor] });
    it.server.codes.push(14, 8);
    await it.call();
    expect(failures).toEqual([
      [1, 14],
      [2, 8],
    ]);
    it.server.codes.push(14, 14, 14, 14);
    await expect(it.call()).rejects.toMatchObject({ code: 14, details: "chosen by the test" });
    expect(it.server.calls.length).toBe(6);
    it.server.codes.splice(0, 1, 3);
    await expect(it.call()).rejects.toMatchObject({ code: 3 });
    expect(it.server.calls.length).toBe(7);
  });

  test("without it, interceptors mean no retries; with `retry`, Core's", async () => {
    const nothing: RpcInterceptor = (call, next) => next(call);
    for (const [options, attempts] of [
      [{ interceptors: [nothing] }, 1],
      [{ interceptors: [nothing], retry: { initialInterval: 1, maxAttempts: 3 } }, 3],
    ] as const) {
      await using it = await recorded({ ...options, interceptors: [...options.interceptors] });
      it.server.codes.push(14, 14, 14, 14);
      await expect(it.call()).rejects.toMatchObject({ code: 14 });
      expect(it.server.calls.length).toBe(attempts);
    }
  });

  test("its waits end at the deadline and when the call is aborted", async () => {
    await using it = await recorded({
      interceptors: [makeGrpcRetryInterceptor({ delayFunction: () => 60_000, retryableDecider: () => true })],
    });
    it.server.codes.push(14, 14);
    expect(
      isGrpcDeadlineError(await it.connection.withDeadline(Date.now() + 100, it.call).catch((reason) => reason)),
    ).toBe(true);
    const controller = new AbortController();
    const call = it.connection.withAbortSignal(controller.signal, it.call);
    await eventually(
      async () => it.server.calls.length,
      (length) => length === 2,
    );
    controller.abort();
    expect(isGrpcCancelledError(await call.catch((reason) => reason))).toBe(true);
  });

  test("the backoff and its options", () => {
    const none = defaultGrpcRetryOptions({ maxJitter: 0 });
    expect([1, 2, 20].map((attempt) => Math.round(none.delayFunction(attempt, status(14))))).toEqual([170, 289, 5000]);
    expect(none.delayFunction(1, status(8))).toBe(1700);
    expect([9, 10].map((attempt) => none.retryableDecider(attempt, status(14)))).toEqual([true, false]);
    const own = defaultGrpcRetryOptions({
      factor: 2,
      maxAttempts: 2,
      maxJitter: 0,
      initialIntervalMs: ({ code }) => code,
      maxIntervalMs: () => 50,
    });
    expect([1, 2, 9].map((attempt) => own.delayFunction(attempt, status(10)))).toEqual([20, 40, 50]);
    expect([1, 2].map((attempt) => own.retryableDecider(attempt, status(14)))).toEqual([true, false]);
    const jitter = defaultGrpcRetryOptions({ factor: 1, maxJitter: 0.2, initialIntervalMs: () => 100 });
    const delays = Array.from({ length: 200 }, () => jitter.delayFunction(1, status(14)));
    expect(Math.min(...delays)).toBeWithin(80, 95);
    expect(Math.max(...delays)).toBeWithin(105, 120.001);
  });

  test("isRetryableError", () => {
    const retryable = Array.from({ length: 17 }, (_, code) => code).filter((code) => isRetryableError(status(code)));
    expect(retryable).toEqual([2, 8, 10, 11, 14, 15]);
    expect(isRetryableError(status(13, "Received RST_STREAM with code 2"))).toBe(true);
    expect(isRetryableError(status(13, "Received RST_STREAM with code 0"))).toBe(true);
    expect(isRetryableError(status(13, "h2 protocol error: http2 error"))).toBe(true);
    expect(
      isRetryableError(
        status(13, "Received RST_STREAM with code 2 triggered by internal client error: SSL alert number 42"),
      ),
    ).toBe(false);
    expect(isRetryableError(status(13, "cannot decode"))).toBe(false);
    expect(isRetryableError(new GrpcServiceError(14, "from the wire"))).toBe(true);
  });
});

describe("keep-alive", () => {
  test("is left to Core's defaults, set, or off", () => {
    const native = (options: ConnectionOptions) =>
      compileConnectionOptions(loadConnectionOptions(options), undefined).keepAlive;
    expect(native({})).toEqual({});
    expect(native({ keepAlive: { interval: "1 minute", timeout: 2000 } })).toEqual({
      intervalMs: 60_000,
      timeoutMs: 2000,
    });
    expect(native({ keepAlive: null })).toBeNull();
  });

  test("idle connections send pings, unless there are to be none", async () => {
    // Not the dev server, which ends connections that ping too often.
    await using server = await grpcServer();
    await using pinging = await relay(server.address);
    await using quiet = await relay(server.address);
    const connections = await Promise.all([
      Connection.connect({ address: pinging.address, keepAlive: { interval: "20ms", timeout: "5s" } }),
      Connection.connect({ address: quiet.address, keepAlive: null }),
    ]);
    await eventually(
      async () => pinging.pings,
      (pings) => pings >= 5,
    );
    expect(quiet.pings).toBe(0);
    await Promise.all(connections.map((connection) => connection.close()));
  });

  test("a ping without an answer ends the connection, and its calls", async () => {
    await using between = await relay(address);
    const keepAlive = { interval: "50ms", timeout: "100ms" } as const;
    // On a busy machine this process, through which the pings go, may be too late for one even now.
    const connection = (await eventually(
      () => Connection.connect({ address: between.address, keepAlive, retry: null }).catch(() => undefined),
      (made) => made !== undefined,
    ))!;
    const call = connection.workflowService
      .pollWorkflowTaskQueue({ namespace, taskQueue: { name: crypto.randomUUID() } })
      .catch((reason) => reason);
    between.frozen = true;
    const error = await call;
    expect(error).toBeInstanceOf(GrpcServiceError);
    expect([13, 14]).toContain(error.code);
    await connection.close();
  });
});

describe("messages from the server", () => {
  const field = 1000;

  /** A message of this many bytes, with one field that nobody knows. */
  function messageOf(bytes: number): Uint8Array {
    const message = new Uint8Array(bytes);
    const length = bytes - 6;
    // Key: two bytes; length of the field: four.
    message.set([(((field << 3) | 2) & 0x7f) | 0x80, (field << 3) >> 7], 0);
    message.set(
      [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, ((length >> 14) & 0x7f) | 0x80, length >> 21],
      2,
    );
    return message;
  }

  test("may have 128 MiB", async () => {
    await using it = await recorded({ retry: null });
    // Of the second only the announcement is sent.
    it.server.frames.push(frameOf(messageOf(100 * 2 ** 20)), frameOf(messageOf(128 * 2 ** 20 + 1)).subarray(0, 5));
    await it.call();
    const error = await it.call().catch((reason) => reason);
    expect(error).toBeInstanceOf(GrpcServiceError);
    expect(error.details).toContain(String(128 * 2 ** 20));
  }, 180_000);
});
