/**
 * Tracing with OpenTelemetry: what `@temporalio/interceptors-opentelemetry` has, with histories that are
 * interchangeable with its. Works with OpenTelemetry's SDK 1 and 2, which is an optional peer dependency. Workflow code
 * imports `temporal-bun-sdk/opentelemetry/workflow`.
 */

/** @deprecated Use {@link OpenTelemetryWorkflowClientInterceptor}. */
export {
  type InterceptorOptions,
  OpenTelemetryWorkflowClientInterceptor,
  OpenTelemetryWorkflowClientInterceptor as OpenTelemetryWorkflowClientCallsInterceptor,
} from "./client";
export * from "./exporter";
export * from "./plugin";
export * from "./worker";
export * from "./workflow";
