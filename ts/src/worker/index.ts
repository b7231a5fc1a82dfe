/**
 * Workers: they take tasks from a Temporal server and run Workflow and activity code.
 *
 * @module
 */
export { type DataConverter, defaultPayloadConverter, IllegalStateError } from "../common";
export type { LoggerSinks } from "../workflow";
export { workflowLogAttributes } from "../workflow/logs";
export { activityLogAttributes } from "./activity-info";
export {
  type BundleOptions,
  type BundlerPlugin,
  bundleWorkflowCode,
  type WorkflowBundle,
  type WorkflowBundleWithSourceMap,
} from "./bundler";
export { type ForbiddenImport, ForbiddenModuleError } from "./bundler-errors";
export type { CompiledWorkerOptions } from "./compile-options";
export type { DNSLoadBalancingConfig, GrpcCompressionConfig, PayloadLimitsConfig, TLSConfig } from "../client";
export { NativeConnection, type NativeConnectionOptions, type NativeConnectionPlugin } from "./connection";
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
export { startDebugReplayer } from "./debug-replayer";
export {
  ActivityInboundLogInterceptor,
  appendDefaultInterceptors,
  defaultSinks,
  defaultWorkflowInterceptorModules,
  errors,
  WorkflowInboundLogInterceptor,
  WorkflowLogInterceptor,
} from "./deprecated";
export type { History, HistoryInput } from "./history";
export * from "./interceptors";
export { DefaultLogger, type LogEntry, type Logger, type LogLevel, type LogMetadata, LogTimestamp } from "./logger";
export { type BufferedMetricUpdate, MetricsBuffer, type MetricsBufferOptions } from "./metrics-buffer";
export type { HistoryAndWorkflowId, ReplayHistoriesIterable } from "./replay";
export { ReplayError, type ReplayResult } from "./replay-error";
export { ResourceBasedController } from "./resource-controller";
export { Runtime } from "./runtime";
export {
  type BufferedMetricsExporter,
  type ConsoleLogger,
  type CoreLogFilterOptions,
  type ForwardLogger,
  type LogExporterConfig,
  makeTelemetryFilterString,
  type MetricsExporterConfig,
  type MetricsExporterConfig as MetricsExporter,
  type OtelCollectorExporter,
  type PrometheusMetricsExporter,
  type RuntimeOptions,
  type TelemetryOptions,
} from "./runtime-options";
export type { PatchActivationCallback, PatchActivationInput } from "./patch-activation";
export * from "./sinks";
export { type PollerState, type RunUntilOptions, type State, Worker, type WorkerStatus } from "./worker";
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
} from "./worker-tuner";
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
