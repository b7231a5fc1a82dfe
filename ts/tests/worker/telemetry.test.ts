import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { ShutdownWorkerRequest } from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { DefaultLogger, type LogEntry, LogTimestamp } from "../../src/worker";
import { LogBuffer } from "../../src/worker/threads/log-buffer";
import { grpcServer } from "../support/grpc-server";
import { type ExportedMetric, readExport } from "../support/otlp";
import { inNewProcess, run } from "../support/process";
import { freePort } from "../support/server";
import { type RecordingServer, recordingTemporal } from "./recorded";

setDefaultTimeout(180_000);

/**
 * Makes two calls, the second of which fails, with a runtime of its own, and returns what Prometheus would read then.
 */
async function scrape(metrics: Record<string, any> = {}, connection: object = {}): Promise<string[]> {
  await using server = await grpcServer(({ rpc }) => {
    if (rpc === "ListNamespaces") throw { code: 3, message: "chosen by the test" };
  });
  const { prometheus, ...rest } = metrics;
  const bindAddress = `127.0.0.1:${await freePort()}`;
  return await inNewProcess(
    `sdk.Runtime.install({ telemetryOptions: { metrics: data.metrics } });
    const connection = await sdk.NativeConnection.connect(data.connection);
    await connection.workflowService.describeNamespace({ namespace: "ns" });
    await connection.workflowService.listNamespaces({}).catch(() => {});
    console.log(await (await fetch("http://" + data.metrics.prometheus.bindAddress + "/metrics")).text());
    await connection.close();`,
    {
      metrics: { prometheus: { bindAddress, ...prometheus }, ...rest },
      connection: { address: server.address, ...connection },
    },
  );
}

describe("Prometheus", () => {
  const all = {
    prometheus: {
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: { request_latency: [0.5, 2.5] },
    },
    metricPrefix: "mine_",
    globalTags: { region: "north" },
    attachServiceName: false,
  };

  test("reads Core's metrics; every option changes them", async () => {
    const plain = await scrape();
    expect(plain).toContain(
      'temporal_request{namespace="ns",operation="DescribeNamespace",service_name="temporal-core-sdk"} 1',
    );
    expect(plain).toContain("# TYPE temporal_request_latency histogram");
    const changed = await scrape(all);
    expect(changed).toContain('mine_request_total{namespace="ns",operation="DescribeNamespace",region="north"} 1');
    const buckets = changed.filter((line) => line.startsWith('mine_request_latency_seconds_bucket{namespace="ns"'));
    expect(buckets.map((line) => /le="(.*)"/.exec(line)?.[1])).toEqual(["0.5", "2.5", "+Inf"]);
    expect([changed.join().includes("temporal_"), changed.join().includes("service_name")]).toEqual([false, false]);
  });

  test("the prefix, tags and the name of the service", async () => {
    const lines = await scrape({ metricPrefix: "", globalTags: { region: "north", zone: "a" } });
    expect(lines).toContain(
      'request{namespace="ns",operation="DescribeNamespace",service_name="temporal-core-sdk",region="north",zone="a"} 1',
    );
    const nameless = await scrape({ attachServiceName: false });
    expect(nameless).toContain('temporal_request{namespace="ns",operation="DescribeNamespace"} 1');
  });

  test("failed requests are tagged with their code, unless disableErrorCodeMetricTags", async () => {
    const failure = 'temporal_request_failure{operation="ListNamespaces",service_name="temporal-core-sdk"';
    expect(await scrape()).toContain(`${failure},status_code="INVALID_ARGUMENT"} 1`);
    expect(await scrape({}, { disableErrorCodeMetricTags: true })).toContain(`${failure}} 1`);
  });
});

describe("OpenTelemetry", () => {
  /** Makes a call with a runtime of its own, which lasts until the collector has got what it waits for. */
  const program = `
    sdk.Runtime.install({ telemetryOptions: { metrics: data.metrics } });
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    await connection.workflowService.describeNamespace({ namespace: "ns" });
    await fetch(data.done);
    await connection.close();`;
  const find = (exports: ExportedMetric[][], name: string) => exports.flat().find((metric) => metric.name === name);

  test("gets metrics by HTTP, with headers, at the interval, with every option", async () => {
    await using server = await grpcServer();
    const exports: ExportedMetric[][] = [];
    const headers: Headers[] = [];
    const arrived = Promise.withResolvers<void>();
    using collector = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/done") await arrived.promise;
        else {
          headers.push(request.headers);
          exports.push(readExport(await request.bytes()));
          // What adds nothing is not exported again.
          if (find(exports, "temporal_request_latency") !== undefined) arrived.resolve();
        }
        return new Response();
      },
    });
    const otel = {
      url: `${collector.url}v1/metrics`,
      http: true,
      headers: { "x-team": "payments" },
      metricsExportInterval: "50ms",
      useSecondsForDurations: true,
      temporality: "delta",
      histogramBucketOverrides: { request_latency: [0.5, 2.5] },
    };
    await inNewProcess(program, {
      metrics: { otel, globalTags: { region: "north" } },
      address: server.address,
      done: `${collector.url}done`,
    });
    expect(headers[0]?.get("x-team")).toBe("payments");
    expect(find(exports, "temporal_request")).toMatchObject({
      temporality: 1,
      attributes: { region: "north", service_name: "temporal-core-sdk" },
    });
    expect(find(exports, "temporal_request_latency")).toMatchObject({ temporality: 1, unit: "s", bounds: [0.5, 2.5] });
  });

  test("gets metrics by gRPC, adding up and in milliseconds, by default", async () => {
    const exports: ExportedMetric[][] = [];
    const twice = Promise.withResolvers<void>();
    await using server = await grpcServer(({ rpc, request }) => {
      if (rpc !== "Export") return;
      exports.push(readExport(request));
      if (exports.length === 2) twice.resolve();
    });
    using done = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async () => (await twice.promise, new Response()),
    });
    const otel = { url: `http://${server.address}`, headers: { "x-team": "payments" }, metricsExportInterval: 50 };
    await inNewProcess(program, { metrics: { otel }, address: server.address, done: done.url.href });
    const call = server.calls.find(({ rpc }) => rpc === "Export");
    expect(call).toMatchObject({
      service: "opentelemetry.proto.collector.metrics.v1.MetricsService",
      headers: { "x-team": "payments" },
    });
    expect(find(exports, "temporal_request")).toMatchObject({ temporality: 2 });
    expect(find(exports, "temporal_request_latency")).toMatchObject({ temporality: 2, unit: "ms" });
  });
});

describe("logs of Core", () => {
  const failing = `await sdk.NativeConnection.connect({ address: "127.0.0.1:1", connectTimeout: "1s" }).catch(() => {});`;
  const source = (logging: object) =>
    `import * as sdk from ${JSON.stringify(join(import.meta.dir, "../../src/worker"))};
    sdk.Runtime.install({ telemetryOptions: { logging: ${JSON.stringify(logging)} } });
    ${failing}`;
  const write = async (logging: object) =>
    (await run([process.execPath, "-e", source(logging)])).output.trimEnd().split("\n");

  test("look as the option says: compact, pretty or JSON", async () => {
    const filter = { core: "DEBUG", other: "DEBUG" };
    const json = (await write({ filter, console: { format: "json" } })).map((line) => JSON.parse(line));
    expect(json[0]).toMatchObject({
      level: "DEBUG",
      timestamp: expect.any(String),
      fields: { message: expect.any(String) },
    });
    const compact = /^\S+Z DEBUG [\w:]+: /;
    for (const logging of [{ filter }, { filter, console: {} }, { filter, console: { format: "compact" } }])
      expect((await write(logging))[0]).toMatch(compact);
    const pretty = await write({ filter, console: { format: "pretty" } });
    expect(pretty[0]).toMatch(/^ {2}\S+Z DEBUG [\w:]+: /);
    expect(pretty.join("\n")).not.toMatch(/\x1b|\.rs/);
  });

  test("have colours on a terminal, unless NO_COLOR is set", async () => {
    const onTerminal = async (environment: Record<string, string>) => {
      let text = "";
      const decoder = new TextDecoder();
      const child = Bun.spawn([process.execPath, "-e", source({ filter: "DEBUG" })], {
        env: { ...process.env, NO_COLOR: undefined, ...environment },
        terminal: { cols: 200, data: (_, bytes) => void (text += decoder.decode(bytes, { stream: true })) },
      });
      expect(await child.exited).toBe(0);
      child.terminal?.close();
      return text;
    };
    expect(await onTerminal({})).toContain("\x1b[34mDEBUG\x1b[0m");
    expect(await onTerminal({ NO_COLOR: "1" })).toMatch(/^\S+Z DEBUG [\w:]+: /);
  });

  test("are filtered, and forwarded to the logger in the order of their times", async () => {
    expect(await write({ filter: "off", console: {} })).toEqual([""]);
    const lines = await inNewProcess(
      `const core = Promise.withResolvers();
      const logger = new sdk.DefaultLogger("TRACE", ({ message, meta, timestampNanos }) => {
        if (meta?.sdkComponent !== "core") return console.log(message);
        console.log("core " + (timestampNanos > 0n) + " " + typeof meta.target);
        core.resolve();
      });
      const runtime = sdk.Runtime.install({ logger, telemetryOptions: { logging: { filter: { core: "DEBUG", other: "DEBUG" }, forward: {} } } });
      runtime.logger.info("later", { [sdk.LogTimestamp]: 2n });
      runtime.logger.info("earlier", { [sdk.LogTimestamp]: 1n });
      runtime.flushLogs();
      runtime.logger.info("waits", { [sdk.LogTimestamp]: 3n });
      ${failing}
      await core.promise;
      runtime.logger.info("at the exit");`,
    );
    expect(lines.slice(0, 3)).toEqual(["earlier", "later", "waits"]);
    expect(lines).toContain("core true string");
    expect(lines.at(-1)).toBe("at the exit");
  });
});

describe("LogBuffer", () => {
  const records: LogEntry[] = [];
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const target = new DefaultLogger("INFO", (entry) => {
    records.push(entry);
    if (entry.message === "last") resolve();
  });

  test("sorts, keeps attributes, drops what the logger drops, and passes on by itself", async () => {
    const buffer = new LogBuffer(target);
    buffer.warn("second", { [LogTimestamp]: 2n, answer: 42 });
    buffer.error("first", { [LogTimestamp]: 1n });
    buffer.debug("dropped");
    buffer.info("second too", { [LogTimestamp]: 2n });
    buffer.info("last");
    expect([records.length, buffer.isEnabled("DEBUG"), buffer.isEnabled("INFO")]).toEqual([0, false, true]);
    await arrived;
    expect(records.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "ERROR first",
      "WARN second",
      "INFO second too",
      "INFO last",
    ]);
    expect(records[1]).toMatchObject({ timestampNanos: 2n, meta: { answer: 42 } });
    buffer.close();
  });

  test("holds 2000 records; a logger that throws does no harm", () => {
    let count = 0;
    const failing = new DefaultLogger("INFO", () => {
      count++;
      throw new Error("a bug in the logger");
    });
    const buffer = new LogBuffer(failing);
    for (let index = 0; index < 2_000; index++)
      buffer.info("record", { [LogTimestamp]: BigInt(Date.now()) * 2_000_000n });
    expect(count).toBe(0);
    buffer.info("one more");
    expect(count).toBe(1);
    buffer.close();
    expect(count).toBe(2_001);
  });
});

test("options that can't be used are TypeErrors, whoever notices", async () => {
  const metrics = (options: object) => ({ telemetryOptions: { metrics: options } });
  const prometheus = (options: object, more: object = {}) => metrics({ prometheus: options, ...more });
  const otel = (options: object) => metrics({ otel: { url: "http://localhost:1", ...options } });
  const logging = (options: object) => ({ telemetryOptions: { logging: options } });
  const free = { bindAddress: "127.0.0.1:0" };
  const wrong: [string, object][] = [
    ["bindAddress", prometheus({ bindAddress: ":invalid" })],
    ["bindAddress", prometheus({ bindAddress: "localhost" })],
    ["bindAddress", prometheus({})],
    ["histogramBucketOverrides", prometheus({ ...free, histogramBucketOverrides: { latency: ["x"] } })],
    ["globalTags.region", prometheus(free, { globalTags: { region: 1 } })],
    ["prefix", prometheus(free, { metricPrefix: 5 })],
    ["otel.url", otel({ url: ":invalid" })],
    ["otel.headers.team", otel({ headers: { team: 1 } })],
    ["otel.temporality", otel({ temporality: "sometimes" })],
    ["otel.intervalMs", otel({ metricsExportInterval: 0 })],
    ["'often'", otel({ metricsExportInterval: "often" })],
    ["MetricsBuffer", metrics({ buffer: {} })],
    ["logging.filter", logging({ filter: "!!!" })],
    ["LOUD", logging({ filter: { core: "LOUD" } })],
    ["LOUD", logging({ forward: { level: "LOUD" } })],
    ["workerHeartbeatInterval", { workerHeartbeatInterval: "999ms" }],
    ["'soon'", { workerHeartbeatInterval: "soon" }],
  ];
  const lines = await inNewProcess(
    `for (const [named, options] of data) {
      try {
        await sdk.Runtime.install(options).shutdown();
        console.log("installed " + JSON.stringify(options));
      } catch (error) {
        console.log(error instanceof TypeError && error.message.includes(named) ? "TypeError" : String(error));
      }
    }
    // The next one can be installed all the same.
    await sdk.Runtime.install({ telemetryOptions: { metrics: null } }).shutdown();`,
    wrong,
  );
  expect(lines).toEqual(wrong.map(() => "TypeError"));
});

describe("Workers of a runtime", () => {
  /** Runs a Worker in a process of its own for as long as the test says, and returns what it wrote. */
  const run = (server: RecordingServer, done: string, options: object) =>
    inNewProcess(
      `sdk.Runtime.install({ logger: new sdk.DefaultLogger("ERROR"), ...data.options });
      const connection = await sdk.NativeConnection.connect({ address: data.address });
      const worker = await sdk.Worker.create({ connection, taskQueue: "queue", activities: { work() {} } });
      if (data.done === "") {
        const running = worker.run();
        console.log(process.listenerCount("SIGTERM"));
        process.kill(process.pid, "SIGUSR1");
        await running;
        console.log(worker.getState());
        // A Worker that starts after the signal is shut down too.
        const late = await sdk.Worker.create({ connection, taskQueue: "queue", activities: { work() {} } });
        await late.run();
        console.log(late.getState());
      } else await worker.runUntil(() => fetch(data.done));
      await connection.close();`,
      { address: server.address, done, options },
    );

  test("report themselves to the server at the interval, or not at all", async () => {
    const shutdownHeartbeat = async (workerHeartbeatInterval: string | number, rpc: string) => {
      await using server = await recordingTemporal();
      using done = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: async () => (await server.seen(rpc), new Response()),
      });
      await run(server, done.url.href, { workerHeartbeatInterval });
      return server.last("ShutdownWorker", ShutdownWorkerRequest)?.workerHeartbeat;
    };
    expect((await shutdownHeartbeat("1s", "RecordWorkerHeartbeat"))?.taskQueue).toBe("queue");
    expect(await shutdownHeartbeat(0, "PollActivityTaskQueue")).toBeUndefined();
    await expect(shutdownHeartbeat("999ms", "PollActivityTaskQueue")).rejects.toThrow("workerHeartbeatIntervalMs");
    await expect(shutdownHeartbeat("61s", "PollActivityTaskQueue")).rejects.toThrow("workerHeartbeatIntervalMs");
  });

  test("shut down at the signals that were chosen, and at no others", async () => {
    await using server = await recordingTemporal();
    expect(await run(server, "", { shutdownSignals: ["SIGUSR1"] })).toEqual(["0", "STOPPED", "STOPPED"]);
  });
});
