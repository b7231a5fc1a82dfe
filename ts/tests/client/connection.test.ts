import { describe, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
  Client,
  Connection,
  type ConnectionOptions,
  GrpcServiceError,
  IllegalStateError,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  ServiceError,
  WorkflowFailedError,
} from "../../src/client";
import { normalizeGrpcEndpointAddress } from "../../src/client/connection/address";
import { normalizeTlsConfig } from "../../src/client/connection/tls";
import { run } from "../support/process";
import { freePort } from "../support/server";
import { address, connection, namespace, unique } from "./support";

async function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      throw new Error(`resolved to ${Bun.inspect(value)}`);
    },
    (reason) => reason,
  );
}

/** A server that accepts connections and says nothing. */
async function silentServer(): Promise<AsyncDisposable & { address: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("addresses", () => {
  test.each([
    ["localhost", "localhost:7233"],
    ["host:1", "host:1"],
    ["127.0.0.1", "127.0.0.1:7233"],
    ["[::1]", "[::1]:7233"],
    ["[fe80::1]:80", "[fe80::1]:80"],
    ["ns.account.tmprl.cloud:7233", "ns.account.tmprl.cloud:7233"],
  ])("%s is %s", (given, expected) => expect(normalizeGrpcEndpointAddress(given)).toBe(expected));

  test.each<any>([["http://localhost:7233"], ["::1"], ["host:"], ["host:99999"], ["host/path"], [""], ["a b"], [7233]])(
    "%p is refused",
    (given) => {
      expect(() => normalizeGrpcEndpointAddress(given)).toThrow(`got '${given}'`);
      if (given) expect(() => Connection.lazy({ address: given })).toThrow(TypeError);
    },
  );

  test("the default", () => expect(Connection.lazy().options.address).toBe("localhost:7233"));
});

describe("options", () => {
  test("TLS", () => {
    expect(normalizeTlsConfig(undefined)).toBeUndefined();
    expect(normalizeTlsConfig(null)).toBeUndefined();
    expect(normalizeTlsConfig(false)).toBeUndefined();
    expect(normalizeTlsConfig(true)).toEqual({});
    expect(normalizeTlsConfig({ serverNameOverride: "n" })).toEqual({ serverNameOverride: "n" });
    expect(normalizeTlsConfig(undefined, "key")).toEqual({});
    expect(normalizeTlsConfig(false, "key")).toBeUndefined();
  });

  test("defaults, and null for what can be turned off", () => {
    expect(
      Connection.lazy({ address: "h", metadata: { Name: "v" }, keepAlive: null, retry: null }).options,
    ).toMatchObject({
      address: "h:7233",
      connectTimeoutMs: 10_000,
      metadata: { name: "v" },
      keepAlive: null,
      retry: null,
      plugins: [],
    });
    expect(Connection.lazy({ connectTimeout: "3s" }).options.connectTimeoutMs).toBe(3000);
  });

  test.each<[any, string]>([
    [
      { credentials: {} },
      "ConnectionOptions.credentials holds objects of grpc-js, which this SDK does not use; use `tls`",
    ],
    [{ channelArgs: {} }, "use `keepAlive`"],
    [{ interceptors: {} }, "ConnectionOptions.interceptors must be an array of functions, got object"],
    [
      { interceptors: [null] },
      "ConnectionOptions.interceptors[0] must be a function (call, next) => next(call), got null",
    ],
    [{ proxy: { targetHost: "proxy" } }, 'proxy.targetHost must be "host:port" or "http://host:port", got "proxy"'],
    [{ proxy: { targetHost: "https://proxy:1" } }, 'got "https://proxy:1"'],
    [{ proxy: { type: "socks", targetHost: "proxy:1" } }, 'proxy.type must be "http-connect", got "socks"'],
    [{ callCredentials: [] }, "which may be a function"],
    [{ apiKey: "k", metadata: { Authorization: "x" } }, "Both `apiKey` option and `Authorization` header"],
    [{ connectTimeout: 0 }, "connectTimeout must be greater than 0"],
    [{ connectTimeout: "soon" }, "Invalid duration string: 'soon'"],
  ])("are checked: #%#", (options, message) => expect(() => Connection.lazy(options)).toThrow(message));

  test("TLS certificates must be bytes", async () => {
    await expect(Connection.connect({ address, tls: { serverRootCACertificate: "text" as any } })).rejects.toThrow(
      "tls.serverRootCACertificate must be the bytes of a PEM file",
    );
    await expect(
      Connection.connect({ address, tls: { clientCertPair: { key: new Uint8Array() } as any } }),
    ).rejects.toThrow("tls.clientCertPair.crt must be the bytes");
  });

  test("metadata values must be text or bytes", async () => {
    await expect(Connection.connect({ address, metadata: { a: 1 as any } })).rejects.toThrow(
      "gRPC metadata 'a' must be a string or a Uint8Array, got number",
    );
    const error = await rejection(Connection.connect({ address, metadata: { "b-bin": "text" } }));
    expect(error.message).toContain("b-bin");
  });

  test("plugins configure connections and clients", async () => {
    const plugin = {
      name: "p",
      configureConnection: (options: ConnectionOptions) => ({ ...options, address: "plugged" }),
      configureClient: (options: any) => ({ ...options, namespace: "plugged" }),
    };
    const plugged = Connection.lazy({ plugins: [plugin] });
    expect(plugged.options.address).toBe("plugged:7233");
    expect(new Client({ connection: plugged }).options.namespace).toBe("plugged");
    expect(new Client({ connection: plugged }).workflow.options.namespace).toBe("plugged");
  });
});

describe("connecting", () => {
  test("to nobody: an error that names the address", async () => {
    const port = await freePort();
    const error = await rejection(Connection.connect({ address: `127.0.0.1:${port}` }));
    expect(error).toBeInstanceOf(ServiceError);
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(isGrpcServiceError(error.cause)).toBe(true);
    expect(error.cause.code).toBe(14);
    expect(error.cause.message).toContain("refused");
  });

  test("to a server that says nothing: an error at connectTimeout", async () => {
    await using server = await silentServer();
    const error = await rejection(Connection.connect({ address: server.address, connectTimeout: 500 }));
    expect(error.message).toContain(server.address);
    expect(error.message).toContain("500 ms");
  });

  test("with TLS to a server without: says so", async () => {
    const error = await rejection(Connection.connect({ address, tls: true }));
    expect(error.message).toContain("TLS mismatch");
    expect(error.message).toContain(address);
  });

  test("lazily: no connection before the first call; after a failure the next call tries again", async () => {
    const port = await freePort();
    const lazy = Connection.lazy({ address: `127.0.0.1:${port}` });
    const error = await rejection(lazy.workflowService.getSystemInfo({}));
    expect(error).toBeInstanceOf(GrpcServiceError);
    expect(error.code).toBe(14);
    // Now there is somebody at that port: the dev server, through a relay.
    const relay = createServer((socket) => {
      const upstream = connect(Number(address.split(":")[1]), "127.0.0.1");
      socket.pipe(upstream).pipe(socket);
      socket.on("error", () => upstream.destroy());
      upstream.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(port, "127.0.0.1", resolve));
    await lazy.ensureConnected();
    expect((await lazy.workflowService.getSystemInfo({})).serverVersion).toBeString();
    await lazy.close();
    await new Promise((resolve) => relay.close(resolve));
  });

  test("closing", async () => {
    const own = await Connection.connect({ address });
    await own.close();
    await own.close();
    await expect(own.workflowService.getSystemInfo({})).rejects.toThrow(IllegalStateError);
    await expect(own.ensureConnected()).rejects.toThrow("Connection is closed");
    const never = Connection.lazy({ address });
    await never.close();
    await expect(never.ensureConnected()).rejects.toThrow(IllegalStateError);
  });

  test("calls of a server that is away end at the deadline, and write nothing", async () => {
    const script = `
      const { Connection } = await import("${import.meta.dir}/../../src/client/index.ts");
      const { grpcServer } = await import("${import.meta.dir}/../support/grpc-server.ts");
      const server = await grpcServer(({ rpc }) => {
        if (rpc !== "GetSystemInfo") throw { code: 14, message: "no upstream" };
      });
      const connection = await Connection.connect({ address: server.address });
      const call = () => connection.workflowService.describeNamespace({});
      // Core would warn of its fifth attempt, after a second and a half.
      await connection.withDeadline(Date.now() + 3000, call).catch(({ code }) => console.log(code));
      process.exit();`;
    expect(await run([process.execPath, "-e", script])).toEqual({ output: "4\n", errors: "" });
  });

  test("the process exits when the connection is all that is left", async () => {
    const script = `
      const { Connection } = await import("${import.meta.dir}/../../src/client/index.ts");
      const connection = await Connection.connect({ address: "${address}" });
      await connection.workflowService.getSystemInfo({});
      console.log("done");`;
    expect((await run([process.execPath, "-e", script])).output).toBe("done\n");
  });
});

describe("raw services", () => {
  test("workflow, operator and health", async () => {
    const { workflowService, operatorService, healthService } = await connection();
    expect((await workflowService.getSystemInfo({})).capabilities).toMatchObject({ signalAndQueryHeader: true });
    expect((await operatorService.listSearchAttributes({ namespace })).systemAttributes).toHaveProperty("WorkflowId");
    expect((await healthService.check({ service: "temporal.api.workflowservice.v1.WorkflowService" })).status).toBe(1);
  });

  test("services that the server lacks", async () => {
    const { testService, cloudService } = await connection();
    expect(await rejection(testService.getCurrentTime({}))).toMatchObject({ code: 12 });
    expect((await rejection(cloudService.getUsers({}))).code).toBeGreaterThan(0);
  });

  test("a service is no promise, and has nothing but its RPCs", async () => {
    const { workflowService, operatorService } = await connection();
    expect(await workflowService).toBe(workflowService);
    expect(await operatorService).toBe(operatorService);
    expect([workflowService, operatorService].map((service) => (service as any).nonsense)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("errors have gRPC's code, details and metadata", async () => {
    const { workflowService } = await connection();
    const error = await rejection(workflowService.describeNamespace({ namespace: "nothing" }));
    expect(error).toBeInstanceOf(GrpcServiceError);
    expect(error).toMatchObject({ code: 5, message: `5 NOT_FOUND: ${error.details}` });
    expect(error.details).toContain("nothing");
    expect(error.metadata.get("grpc-status-details-bin")[0]).toBeInstanceOf(Uint8Array);
  });
});

describe("scopes", () => {
  test("a deadline ends a long poll", async () => {
    const own = await connection();
    const { workflow } = new Client({ connection: own, namespace });
    const handle = await workflow.start("order", { taskQueue: unique("queue"), workflowId: unique("workflow") });
    const error = await rejection(workflow.withDeadline(Date.now() + 300, () => handle.result()));
    expect(isGrpcDeadlineError(error)).toBe(true);
    const getSystemInfo = () => own.workflowService.getSystemInfo({});
    expect(await rejection(own.withDeadline(new Date(Date.now() - 1), getSystemInfo))).toMatchObject({ code: 4 });
    await expect(own.withDeadline(Number.NaN, getSystemInfo)).rejects.toThrow("deadline must be a Date");
    await own.withDeadline(Number.POSITIVE_INFINITY, getSystemInfo);
    await handle.terminate();
  });

  test("an abort signal ends result() at once; its reason is the cause", async () => {
    const own = await connection();
    const { workflow } = new Client({ connection: own, namespace });
    const handle = await workflow.start("order", { taskQueue: unique("queue"), workflowId: unique("workflow") });
    const controller = new AbortController();
    const result = workflow.withAbortSignal(controller.signal, () => handle.result());
    await handle.signal("now the poll is on its way");
    controller.abort(new Error("enough"));
    const error = await rejection(result);
    expect(error).toBeInstanceOf(ServiceError);
    expect(isGrpcCancelledError(error)).toBe(true);
    expect(error.cause.cause.message).toBe("enough");
    const already = await rejection(workflow.withAbortSignal(controller.signal, () => handle.describe()));
    expect(isGrpcCancelledError(already)).toBe(true);
    await handle.terminate();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
  });

  test("signals of enclosing scopes hold too", async () => {
    const own = await connection();
    const outer = new AbortController();
    const poll = () => own.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: unique("queue") } });
    const nested = own.withAbortSignal(outer.signal, () => own.withAbortSignal(new AbortController().signal, poll));
    outer.abort();
    expect(isGrpcCancelledError(await rejection(nested))).toBe(true);
  });

  test("deadline and signal hold while connecting", async () => {
    await using server = await silentServer();
    const lazy = Connection.lazy({ address: server.address, connectTimeout: 3000 });
    const call = () => lazy.workflowService.getSystemInfo({});
    expect(isGrpcDeadlineError(await rejection(lazy.withDeadline(Date.now() + 100, call)))).toBe(true);
    expect(isGrpcCancelledError(await rejection(lazy.withAbortSignal(AbortSignal.timeout(100), call)))).toBe(true);
    await lazy.close();
    await rejection(lazy.ensureConnected());
  });
});
