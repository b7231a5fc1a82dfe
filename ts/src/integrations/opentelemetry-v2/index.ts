/**
 * Tracing with OpenTelemetry: what `@temporalio/interceptors-opentelemetry-v2` has, with histories that are
 * interchangeable with its. Works with OpenTelemetry's SDK 1 and 2, which is an optional peer dependency. Workflow code
 * imports `temporal-bun-sdk/opentelemetry-v2/workflow`.
 */

export { type InterceptorOptions, OpenTelemetryWorkflowClientInterceptor } from "../opentelemetry/client";
export * from "../opentelemetry/exporter";
export * from "../opentelemetry/worker";
export * from "./plugin";
export * from "./workflow";
