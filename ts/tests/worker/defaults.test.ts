/** Comments that state a default state the one that holds. */
import { describe, expect, test } from "bun:test";
import { compileConnectionOptions, loadConnectionOptions } from "../../src/client/connection/connection-options";
import * as native from "../../src/native/options.generated";
import { DefaultLogger, MetricsBuffer } from "../../src/worker";
import { compileWorkerOptions, nativeWorkerOptions } from "../../src/worker/compile-options";
import { compileOptions } from "../../src/worker/telemetry/runtime-options";

const units: Record<string, number> = { ms: 1, s: 1000, seconds: 1000, KiB: 1024 };

/** The value that a text begins with; `undefined` if it begins with words. */
function literal(text: string): string | number | boolean | undefined {
  const [, number, unit] = /^([\d,.]*\d)(?: (ms|s|seconds|KiB)\b)?/.exec(text) ?? [];
  if (number !== undefined) return Number(number.replaceAll(",", "")) * (unit === undefined ? 1 : units[unit]!);
  const [, word] = /^(?:`"?|")([\w:]+)(?:"?`|")/.exec(text) ?? [];
  return word === "true" || word === "false" ? word === "true" : word;
}

/** The comments of an interface's members, by name. */
async function comments(file: string, name: string): Promise<[member: string, comment: string][]> {
  const source = await Bun.file(`${import.meta.dir}/../../src/${file}`).text();
  const [, body] = new RegExp(`export (?:interface|type) ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  return [...(body ?? "").matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+)\??[:(]/g)].map(([, comment, member]) => [
    member!,
    comment!.replaceAll(/\s*\n\s*\*?\s*/g, " "),
  ]);
}

/** The defaults that an interface's comments state as values; "Default: …" is followed by words. */
async function stated(file: string, name: string) {
  const found = (await comments(file, name)).map(([member, comment]) => {
    const [, text] = /\bDefault (.*)/.exec(comment) ?? [];
    return [member, text === undefined ? undefined : literal(text)] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

const worker = compileWorkerOptions({ taskQueue: "q", activities: { work() {} } }, new DefaultLogger("ERROR"));
const slots = worker.tuner.native as Record<string, { slots: number }>;
const autoscaling = nativeWorkerOptions({ ...worker, activityTaskPollerBehavior: { type: "autoscaling" } }, "build");
const runtime = compileOptions({}).native;
const connection = loadConnectionOptions({});
const { keepAliveDefaults, loggingDefaults, metricsDefaults, otelDefaults, payloadLimitsDefaults } = native;
const { prometheusDefaults, retryDefaults, tunerDefaults, workerDefaults } = native;

describe("comments on defaults", () => {
  test.each<[file: string, name: string, values: object]>([
    [
      "worker/worker-options.ts",
      "WorkerOptions",
      {
        namespace: worker.namespace,
        shutdownGraceTime: worker.shutdownGraceTimeMs,
        maxConcurrentActivityTaskExecutions: slots["activities"]?.slots,
        maxConcurrentLocalActivityExecutions: slots["localActivities"]?.slots,
        maxConcurrentWorkflowTaskExecutions: slots["workflowTasks"]?.slots,
        maxConcurrentNexusTaskExecutions: slots["nexusTasks"]?.slots,
        enableNonLocalActivities: worker.enableNonLocalActivities,
        maxEagerActivityReservationsPerWorkflowTask: worker.maxEagerActivityReservationsPerWorkflowTask,
        nonStickyToStickyPollRatio: worker.nonStickyToStickyPollRatio,
        stickyQueueScheduleToStartTimeout: worker.stickyQueueScheduleToStartTimeoutMs,
        workflowThreadPoolSize: worker.workflowThreadPoolSize,
        maxHeartbeatThrottleInterval: worker.maxHeartbeatThrottleIntervalMs,
        defaultHeartbeatThrottleInterval: worker.defaultHeartbeatThrottleIntervalMs,
        showStackTraceSources: worker.showStackTraceSources,
        reuseV8Context: worker.reuseV8Context,
        useVersioning: worker.useVersioning ?? false,
        disablePayloadErrorLimit: workerDefaults.disablePayloadErrorLimit,
      },
    ],
    ["worker/worker-options.ts", "PollerBehaviorAutoscaling", { ...autoscaling.activityTaskPollers, type: undefined }],
    [
      "worker/telemetry/runtime-options.ts",
      "RuntimeOptions",
      { workerHeartbeatInterval: runtime.workerHeartbeatIntervalMs },
    ],
    ["worker/telemetry/runtime-options.ts", "ConsoleLogger", { format: loggingDefaults.format }],
    [
      "worker/telemetry/runtime-options.ts",
      "MetricsExporterConfig",
      { metricPrefix: metricsDefaults.prefix, attachServiceName: metricsDefaults.attachServiceName },
    ],
    [
      "worker/telemetry/runtime-options.ts",
      "OtelCollectorExporter",
      {
        http: otelDefaults.http,
        metricsExportInterval: otelDefaults.intervalMs,
        temporality: otelDefaults.temporality,
        useSecondsForDurations: metricsDefaults.useSecondsForDurations,
      },
    ],
    [
      "worker/telemetry/runtime-options.ts",
      "PrometheusMetricsExporter",
      { ...prometheusDefaults, useSecondsForDurations: metricsDefaults.useSecondsForDurations },
    ],
    [
      "worker/telemetry/metrics-buffer.ts",
      "MetricsBufferOptions",
      (({ maxBufferSize, useSecondsForDurations }) => ({ maxBufferSize, useSecondsForDurations }))(new MetricsBuffer()),
    ],
    [
      "client/connection/connection-options.ts",
      "ConnectionOptions",
      {
        address: connection.address,
        connectTimeout: connection.connectTimeoutMs,
        grpcCompression: compileConnectionOptions(connection, undefined).grpcCompression,
        disableErrorCodeMetricTags: native.clientDefaults.disableErrorCodeMetricTags,
      },
    ],
    [
      "client/connection/connection-options.ts",
      "KeepAliveOptions",
      { interval: keepAliveDefaults.intervalMs, timeout: keepAliveDefaults.timeoutMs },
    ],
    [
      "client/connection/connection-options.ts",
      "RpcRetryOptions",
      {
        initialInterval: retryDefaults.initialIntervalMs,
        factor: retryDefaults.multiplier,
        maxJitter: retryDefaults.randomizationFactor,
        maxInterval: retryDefaults.maxIntervalMs,
        maxAttempts: retryDefaults.maxRetries,
      },
    ],
    ["client/connection/connection-options.ts", "PayloadLimitsConfig", payloadLimitsDefaults],
    [
      "client/connection/grpc-retry.ts",
      "BackoffOptions",
      {
        factor: retryDefaults.multiplier,
        maxAttempts: retryDefaults.maxRetries,
        maxJitter: retryDefaults.randomizationFactor,
        maxIntervalMs: retryDefaults.maxIntervalMs,
      },
    ],
  ])("%s: %s", async (file, name, values) => {
    expect(await stated(file, name)).toEqual(values as Record<string, string | number | boolean>);
  });

  test("worker/slots/worker-tuner.ts: the limits of each kind of task", async () => {
    const { tuner } = compileWorkerOptions(
      { taskQueue: "q", tuner: { tunerOptions: { targetCpuUsage: 1, targetMemoryUsage: 1 } } },
      new DefaultLogger("ERROR"),
    );
    const kinds = ["workflowTasks", "activities", "localActivities", "nexusTasks"] as const;
    const limits = kinds.map((kind) => tuner.native[kind] as Record<string, unknown>);
    const said = await comments("worker/slots/worker-tuner.ts", "ResourceBasedTunerSlotOptions");
    expect(said.map(([, comment]) => /Default: .*/.exec(comment)?.[0].trim())).toEqual(
      limits.map(
        (kind) => `Default: ${kind["minimumSlots"]} to ${kind["maximumSlots"]}, one each ${kind["rampThrottleMs"]} ms.`,
      ),
    );
    expect(limits.map((kind) => kind["minimumSlots"])).toEqual(kinds.map((kind) => tunerDefaults[kind].minimumSlots));
  });
});
