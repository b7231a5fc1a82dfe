import { describe, expect, test } from "bun:test";
import { DefaultLogger, type LogEntry, LogTimestamp, makeTelemetryFilterString, Runtime } from "../../src/worker";
import { compileOptions } from "../../src/worker/telemetry/runtime-options";
import { inNewProcess } from "../support/process";
import { freePort, testServer } from "../support/server";

describe("DefaultLogger", () => {
  test("drops what is below its level", () => {
    const entries: LogEntry[] = [];
    const logger = new DefaultLogger("WARN", (entry) => entries.push(entry));
    logger.info("dropped");
    logger.warn("kept", { answer: 42 });
    logger.error("kept too", { [LogTimestamp]: 5n });
    expect(entries).toMatchObject([
      { level: "WARN", message: "kept", meta: { answer: 42 } },
      { level: "ERROR", message: "kept too", timestampNanos: 5n },
    ]);
    expect(entries[1]?.meta).toBeUndefined();
    expect(Math.abs(Number(entries[0]!.timestampNanos / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  });

  test("refuses a level that doesn't exist", () => {
    expect(() => new DefaultLogger("LOUD" as never)).toThrow('"LOUD"');
  });
});

describe("options", () => {
  test("the filter text", () => {
    expect(makeTelemetryFilterString({ core: "DEBUG", other: "WARN" })).toBe(
      "WARN,temporalio_sdk_core=DEBUG,temporalio_client=DEBUG,temporalio_common=DEBUG",
    );
  });

  test("defaults", () => {
    const { native, shutdownSignals } = compileOptions({});
    expect(shutdownSignals).toEqual(["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2"]);
    expect(native).toEqual({
      logging: { filter: makeTelemetryFilterString({ core: "WARN" }), forward: false },
      workerHeartbeatIntervalMs: 60_000,
    });
  });

  test("metrics", () => {
    const prometheus = compileOptions({
      telemetryOptions: {
        metrics: { prometheus: { bindAddress: "127.0.0.1:0", unitSuffix: true }, globalTags: { a: "b" } },
      },
    });
    expect(prometheus.native.metrics).toMatchObject({
      exporter: { prometheus: { bindAddress: "127.0.0.1:0", unitSuffix: true } },
      globalTags: { a: "b" },
      prefix: "temporal_",
    });
    const otel = compileOptions({
      telemetryOptions: { metrics: { otel: { url: "http://localhost:4317", metricsExportInterval: "5s" } } },
    });
    expect(otel.native.metrics).toMatchObject({
      exporter: { otel: { url: "http://localhost:4317", intervalMs: 5000, temporality: "cumulative" } },
    });
  });
});

describe("the runtime of a process", () => {
  test("is made once, and can be replaced after a shutdown", async () => {
    const lines = await inNewProcess(`
      console.log(sdk.Runtime._instance === undefined);
      const first = sdk.Runtime.install({});
      console.log(first === sdk.Runtime.instance(), first === sdk.Runtime._instance);
      try { sdk.Runtime.install({}); } catch (error) { console.log(error.name); }
      await sdk.Runtime._instance?.shutdown();
      sdk.Runtime.instance();
      try { sdk.Runtime.install({}); } catch (error) { console.log(error.message.includes("instantiated")); }`);
    expect(lines).toEqual(["true", "true true", "IllegalStateError", "true"]);
  });

  test("refuses options that make no sense, naming them", async () => {
    const lines = await inNewProcess(`
      try { sdk.Runtime.install({ workerHeartbeatInterval: "1ms" }); } catch (error) { console.log(error.message); }
      try { sdk.Runtime.install({ telemetryOptions: { metrics: { prometheus: { bindAddress: "nowhere" } } } }); } catch (error) { console.log(error.message); }`);
    expect(lines[0]).toContain("workerHeartbeatIntervalMs");
    expect(lines[1]).toContain("bindAddress");
  });

  test("passes Core's logs on to the logger", async () => {
    const [line] = await inNewProcess(`
      const received = Promise.withResolvers();
      const logger = new sdk.DefaultLogger("TRACE", (entry) => {
        if (entry.meta?.sdkComponent === "core") received.resolve(entry);
      });
      sdk.Runtime.install({ logger, telemetryOptions: { logging: { forward: {}, filter: { core: "DEBUG", other: "DEBUG" } } } });
      await sdk.NativeConnection.connect({ address: "127.0.0.1:1", connectTimeout: "1s" }).catch(() => {});
      const { level, meta, timestampNanos } = await received.promise;
      console.log(JSON.stringify({ level, target: meta.target, recent: Math.abs(Number(timestampNanos / 1000000n) - Date.now()) < 60000 }));
      await sdk.Runtime.instance().shutdown();`);
    const { level, target, recent } = JSON.parse(line ?? "{}");
    expect(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]).toContain(level);
    expect(target).toBeString();
    expect(recent).toBe(true);
  });

  test("is left alone by clients: it can be installed when they have connected, or failed to", async () => {
    const { address } = await testServer();
    const lines = await inNewProcess(
      `const { Connection } = await import(data.client);
      await Connection.connect({ address: "127.0.0.1:1" }).catch(() => console.log("nobody there"));
      const connection = await Connection.connect({ address: data.address });
      const runtime = sdk.Runtime.install({ logger: new sdk.DefaultLogger("ERROR") });
      console.log(runtime === sdk.Runtime.instance());
      await runtime.shutdown();
      console.log(typeof (await connection.workflowService.getSystemInfo({})).serverVersion);
      await connection.close();`,
      { address, client: `${import.meta.dir}/../../src/client` },
    );
    expect(lines).toEqual(["nobody there", "true", "string"]);
  });

  test.each([
    ["a NativeConnection", `const it = await connect(); return () => it.close();`],
    [
      "a NativeConnection that failed",
      `const it = await connect(); await connect("127.0.0.1:1").catch(() => {}); return () => it.close();`,
    ],
    [
      "a Worker",
      `const connection = await connect();
      const worker = await sdk.Worker.create({ connection, taskQueue: "queue", activities: { async nothing() {} } });
      return async () => { await worker.runUntil(Promise.resolve()); await connection.close(); };`,
    ],
    [
      "a replay",
      `const [asked, over] = [Promise.withResolvers(), Promise.withResolvers()];
      const histories = (async function* () { asked.resolve(); await over.promise; })();
      const next = sdk.Worker.runReplayHistories({ workflowsPath: data.workflowsPath }, histories).next();
      await asked.promise;
      return () => { over.resolve(); return next; };`,
    ],
  ])("can't be installed while it is used, and can be again when nothing uses it: %s", async (_, use) => {
    const { address } = await testServer();
    const lines = await inNewProcess(
      `const metrics = { prometheus: { bindAddress: data.metrics } };
      const options = { logger: new sdk.DefaultLogger("ERROR"), telemetryOptions: { metrics } };
      const connect = (address = data.address) => sdk.NativeConnection.connect({ address });
      const install = () => { try { sdk.Runtime.install(options); return "installed"; } catch (error) { return error.name; } };
      console.log(install());
      const end = await (async () => { ${use} })();
      console.log(install());
      await end();
      if (sdk.Runtime._instance) console.log("still in use");
      // With the same port for its metrics: nothing is left of the first one.
      console.log(install());`,
      { address, workflowsPath: `${import.meta.dir}/fixtures/workflows.ts`, metrics: `127.0.0.1:${await freePort()}` },
    );
    expect(lines).toEqual(["installed", "IllegalStateError", "installed"]);
  });

  test("doesn't listen to signals unless something is to be shut down", () => {
    const runtime = Runtime.instance();
    const before = process.listenerCount("SIGTERM");
    const callback = () => {};
    runtime.registerShutdownSignalCallback(callback);
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    runtime.deregisterShutdownSignalCallback(callback);
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
