import { describe, expect, test } from "bun:test";
import { DefaultLogger, type LogEntry, LogTimestamp, makeTelemetryFilterString, Runtime } from "../../src/worker";
import { compileOptions } from "../../src/worker/telemetry/runtime-options";
import { inNewProcess } from "../support/process";

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
      const first = sdk.Runtime.install({});
      console.log(first === sdk.Runtime.instance());
      try { sdk.Runtime.install({}); } catch (error) { console.log(error.name); }
      await first.shutdown();
      sdk.Runtime.instance();
      try { sdk.Runtime.install({}); } catch (error) { console.log(error.message.includes("instantiated")); }`);
    expect(lines).toEqual(["true", "IllegalStateError", "true"]);
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
