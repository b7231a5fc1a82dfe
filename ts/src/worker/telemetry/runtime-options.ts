import type { Duration, Logger, LogLevel } from "../../common";
import { msToNumber } from "../../common/time";
import {
  loggingDefaults,
  type MetricsOptions,
  metricsDefaults,
  type RuntimeOptions as NativeRuntimeOptions,
  otelDefaults,
  runtimeDefaults,
} from "../../native/options.generated";
import { DefaultLogger } from "./logger";
import { MetricsBuffer } from "./metrics-buffer";

/** Options of `Runtime.install`. */
export interface RuntimeOptions {
  /** Where the SDK, Workflows and activities log. Default: a `DefaultLogger` at level INFO, to stderr. */
  logger?: Logger;
  /** Logs and metrics of Core. */
  telemetryOptions?: TelemetryOptions;
  /** Time between the heartbeats that Workers send to the server, 1 s to 60 s; 0 for none. Default 60 s. */
  workerHeartbeatInterval?: Duration;
  /** Signals that shut down the running Workers. Default SIGINT, SIGTERM, SIGQUIT, SIGUSR2. */
  shutdownSignals?: NodeJS.Signals[];
}

/** Logs and metrics of Core. */
export interface TelemetryOptions {
  /** Where the records of Core go. Default: warnings of Core, to standard output. */
  logging?: LogExporterConfig;
  /** Which metrics are exported, and how. Default: none. */
  metrics?: MetricsExporterConfig;
  /** @deprecated Use `logging.filter`. */
  tracingFilter?: string;
  /** @deprecated Core no longer traces: ignored. */
  tracing?: unknown;
  /** @deprecated Use `metrics.metricPrefix`. */
  noTemporalPrefixForMetrics?: boolean;
}

/** Which records of Core to keep, and where they go: to the console (the default) or to the Runtime's logger. */
export type LogExporterConfig = {
  /** Levels, or a text such as `"ERROR,temporalio_sdk_core=DEBUG"`. Default `{ core: "WARN", other: "ERROR" }`. */
  filter?: string | CoreLogFilterOptions;
} & Partial<ConsoleLogger & ForwardLogger>;

/**
 * Core writes its records to standard output itself, in colours if that is a terminal and NO_COLOR isn't set. With
 * {@link ForwardLogger} they are where the SDK's are, and without.
 */
export interface ConsoleLogger {
  console: {
    /** How records look. Default `"compact"`. */
    format?: "compact" | "pretty" | "json";
  };
}

/** Core's records go to the Runtime's logger. */
export interface ForwardLogger {
  forward: {
    /** @deprecated Use `filter`. */
    level?: LogLevel;
  };
}

/** Levels of log records. */
export interface CoreLogFilterOptions {
  /** Lowest level of Core's own records. */
  core: LogLevel;
  /** Lowest level of the records of the libraries that Core uses. Default `"ERROR"`. */
  other?: LogLevel;
}

/** Metrics: what to call them, and where they go. */
export type MetricsExporterConfig = {
  /** What the names of Core's metrics start with. Default `"temporal_"`. */
  metricPrefix?: string;
  /** Tags on every metric. Default none. */
  globalTags?: Record<string, string>;
  /** Whether Core's own metrics have the tag `service_name`. Default `true`. */
  attachServiceName?: boolean;
  /** @deprecated Use `otel.temporality`. */
  temporality?: "cumulative" | "delta";
} & (PrometheusMetricsExporter | OtelCollectorExporter | BufferedMetricsExporter);

/**
 * Metrics wait in a buffer, for you to export them.
 *
 * @experimental as in the official SDK
 */
export interface BufferedMetricsExporter {
  /** The buffer. */
  buffer: MetricsBuffer;
}

/** Metrics are sent to an OpenTelemetry collector. */
export interface OtelCollectorExporter {
  otel: {
    /** Address of the collector, for example `"http://localhost:4317"`. */
    url: string;
    /** OTLP over HTTP instead of gRPC. Default `false`. */
    http?: boolean;
    /** Headers of every export. Default none. */
    headers?: Record<string, string>;
    /** Time between exports. Default 1 s. */
    metricsExportInterval?: Duration;
    /** Durations in seconds, not milliseconds. Default `false`. */
    useSecondsForDurations?: boolean;
    /** Whether points add up or start anew after each export. Default `"cumulative"`. */
    temporality?: "cumulative" | "delta";
    /** Upper bounds of histogram buckets by name of the metric. */
    histogramBucketOverrides?: Record<string, number[]>;
  };
}

/** Metrics are read by Prometheus from an HTTP server in this process. */
export interface PrometheusMetricsExporter {
  prometheus: {
    /** `host:port` of that server; metrics are at `/metrics`. */
    bindAddress: string;
    /** Names of counters end in `_total`. Default `false`. */
    countersTotalSuffix?: boolean;
    /** Names of histograms end in their unit. Default `false`. */
    unitSuffix?: boolean;
    /** Durations in seconds, not milliseconds. Default `false`. */
    useSecondsForDurations?: boolean;
    /** Upper bounds of histogram buckets by name of the metric. */
    histogramBucketOverrides?: Record<string, number[]>;
  };
}

/** {@link RuntimeOptions} with defaults filled in. */
export interface CompiledRuntimeOptions {
  /** See `RuntimeOptions.logger`. */
  logger: Logger;
  /** See `RuntimeOptions.shutdownSignals`. */
  shutdownSignals: NodeJS.Signals[];
  /** What metrics go to, if that is a buffer. */
  metricsBuffer?: MetricsBuffer;
  /** What the native runtime is made with. */
  native: NativeRuntimeOptions;
}

/** Fills in the defaults. @throws TypeError for values of the wrong kind */
export function compileOptions(options: RuntimeOptions): CompiledRuntimeOptions {
  const { logging, metrics, tracingFilter, noTemporalPrefixForMetrics } = options.telemetryOptions ?? {};
  const heartbeatMs = msToNumber(
    options.workerHeartbeatInterval ?? runtimeDefaults.workerHeartbeatIntervalMs,
    "workerHeartbeatInterval",
  );
  const forward = logging?.forward !== undefined;
  const native: NativeRuntimeOptions = {
    logging: {
      filter: logFilter(logging) ?? tracingFilter ?? loggingDefaults.filter,
      forward,
      ...(logging?.console?.format === undefined ? {} : { format: logging.console.format }),
    },
    workerHeartbeatIntervalMs: heartbeatMs === 0 ? null : heartbeatMs,
  };
  if (metrics) native.metrics = metricsOptions(metrics, noTemporalPrefixForMetrics === true);
  return {
    logger: options.logger ?? new DefaultLogger("INFO"),
    shutdownSignals: options.shutdownSignals ?? ["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2"],
    ...(metrics && "buffer" in metrics ? { metricsBuffer: metrics.buffer } : {}),
    native,
  };
}

/**
 * Writes log levels as a filter that Core understands.
 *
 * @returns for example `"ERROR,temporalio_sdk_core=WARN,temporalio_client=WARN,temporalio_common=WARN"`
 */
export function makeTelemetryFilterString({ core, other = "ERROR" }: CoreLogFilterOptions): string {
  return `${other},temporalio_sdk_core=${core},temporalio_client=${core},temporalio_common=${core}`;
}

function logFilter(logging: LogExporterConfig | undefined): string | undefined {
  const filter = logging?.filter;
  if (typeof filter === "string") return filter;
  if (filter !== undefined && filter !== null && typeof filter !== "object")
    throw new TypeError("Invalid logging filter");
  if (filter) return makeTelemetryFilterString(filter);
  const level = logging?.forward?.level;
  return level === undefined ? undefined : makeTelemetryFilterString({ core: level, other: level });
}

function metricsOptions(metrics: MetricsExporterConfig, withoutPrefix: boolean): MetricsOptions {
  return {
    ...exporterOptions(metrics),
    prefix: metrics.metricPrefix ?? (withoutPrefix ? "" : metricsDefaults.prefix),
    globalTags: metrics.globalTags ?? {},
    attachServiceName: metrics.attachServiceName,
  };
}

function exporterOptions(
  metrics: MetricsExporterConfig,
): Pick<MetricsOptions, "exporter" | "useSecondsForDurations" | "histogramBucketOverrides"> {
  if ("prometheus" in metrics) return prometheusOptions(metrics);
  if ("otel" in metrics) return otelOptions(metrics, metrics.temporality);
  if (!(metrics.buffer instanceof MetricsBuffer))
    throw new TypeError("telemetryOptions.metrics needs prometheus, otel, or a MetricsBuffer as buffer");
  const { maxBufferSize, useSecondsForDurations } = metrics.buffer;
  return { exporter: { buffer: { maximumUpdates: maxBufferSize } }, useSecondsForDurations };
}

function prometheusOptions({ prometheus }: PrometheusMetricsExporter) {
  return {
    exporter: {
      prometheus: {
        bindAddress: prometheus.bindAddress,
        countersTotalSuffix: prometheus.countersTotalSuffix,
        unitSuffix: prometheus.unitSuffix,
      },
    },
    ...durationsAndBuckets(prometheus),
  };
}

function otelOptions({ otel }: OtelCollectorExporter, temporality: "cumulative" | "delta" | undefined) {
  return {
    exporter: {
      otel: {
        url: otel.url,
        http: otel.http,
        headers: otel.headers ?? {},
        intervalMs: msToNumber(otel.metricsExportInterval ?? otelDefaults.intervalMs, "metricsExportInterval"),
        temporality: otel.temporality ?? temporality ?? otelDefaults.temporality,
      },
    },
    ...durationsAndBuckets(otel),
  };
}

type DurationsAndBuckets = Pick<
  PrometheusMetricsExporter["prometheus"],
  "useSecondsForDurations" | "histogramBucketOverrides"
>;

function durationsAndBuckets({ useSecondsForDurations, histogramBucketOverrides }: DurationsAndBuckets) {
  return { useSecondsForDurations, histogramBucketOverrides };
}
