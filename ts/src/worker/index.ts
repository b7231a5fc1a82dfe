/**
 * Workers: they take tasks from a Temporal server and run Workflow and activity code.
 *
 * @module
 */

export type { DNSLoadBalancingConfig, GrpcCompressionConfig, PayloadLimitsConfig, TLSConfig } from "../client";
export { type DataConverter, defaultPayloadConverter, IllegalStateError } from "../common";
export type { LoggerSinks } from "../workflow";
export { workflowLogAttributes } from "../workflow/logs";
export { activityLogAttributes } from "./activities/activity-info";
export {
  type BundleOptions,
  type BundlerPlugin,
  bundleWorkflowCode,
  type WorkflowBundle,
  type WorkflowBundleWithSourceMap,
} from "./bundler/bundler";
export { type ForbiddenImport, ForbiddenModuleError } from "./bundler/bundler-errors";
export type { History, HistoryInput } from "./bundler/history";
export type { CompiledWorkerOptions } from "./compile-options";
export { NativeConnection, type NativeConnectionOptions, type NativeConnectionPlugin } from "./connection";
export {
  ActivityInboundLogInterceptor,
  appendDefaultInterceptors,
  defaultSinks,
  defaultWorkflowInterceptorModules,
  errors,
  WorkflowInboundLogInterceptor,
  WorkflowLogInterceptor,
} from "./deprecated";
export {
  CombinedWorkerRunError,
  type CombinedWorkerRunErrorCause,
  GracefulShutdownPeriodExpiredError,
  PromiseCompletionTimeoutError,
  ShutdownError,
  TransportError,
  UnexpectedError,
  UnhandledRejectionError,
} from "./errors";
export { type Health, type HealthOptions, type HealthServer, serveHealth } from "./health/serve-health";
export * from "./interceptors";
export type { PatchActivationCallback, PatchActivationInput } from "./patch-activation";
export { startDebugReplayer } from "./replay/debug-replayer";
export type { ReplayHistoriesIterable } from "./replay/replay";
export { ReplayError, type ReplayResult } from "./replay/replay-error";
export * from "./sinks";
export { ResourceBasedController } from "./slots/resource-controller";
export type {
  ActivitySlotInfo,
  CustomSlotSupplier,
  FixedSizeSlotSupplier,
  LocalActivitySlotInfo,
  NexusSlotInfo,
  ResourceBasedSlotOptions,
  ResourceBasedSlotsForType,
  ResourceBasedTuner,
  ResourceBasedTunerOptions,
  ResourceBasedTunerWithController,
  SlotInfo,
  SlotMarkUsedContext,
  SlotPermit,
  SlotReleaseContext,
  SlotReserveContext,
  SlotSupplier,
  TunerHolder,
  WorkerTuner,
  WorkflowSlotInfo,
} from "./slots/worker-tuner";
export { JsonLogger } from "./telemetry/json-logger";
export {
  DefaultLogger,
  type LogEntry,
  type Logger,
  type LogLevel,
  type LogMetadata,
  LogTimestamp,
} from "./telemetry/logger";
export { type BufferedMetricUpdate, MetricsBuffer, type MetricsBufferOptions } from "./telemetry/metrics-buffer";
export { Runtime } from "./telemetry/runtime";
export {
  type BufferedMetricsExporter,
  type ConsoleLogger,
  type CoreLogFilterOptions,
  type ForwardLogger,
  type LogExporterConfig,
  type MetricsExporterConfig,
  type MetricsExporterConfig as MetricsExporter,
  makeTelemetryFilterString,
  type OtelCollectorExporter,
  type PrometheusMetricsExporter,
  type RuntimeOptions,
  type TelemetryOptions,
} from "./telemetry/runtime-options";
export { type PollerState, type RunUntilOptions, type State, Worker, type WorkerStatus } from "./worker";
export type {
  PollerBehavior,
  PollerBehaviorAutoscaling,
  PollerBehaviorSimpleMaximum,
  ReplayWorkerOptions,
  WorkerDeploymentOptions,
  WorkerOptions,
  WorkerPlugin,
  WorkflowBundleOption,
  WorkflowBundlePath,
  WorkflowBundlePathWithSourceMap,
} from "./worker-options";
