import { type OpenTelemetryPluginOptions, TracingPlugin } from "../opentelemetry/tracing-plugin";

export type { OpenTelemetryPluginOptions } from "../opentelemetry/tracing-plugin";

/**
 * Traces clients, Activities, Nexus handlers and Workflows: for `plugins` of a `Client`, a `Worker` or
 * `bundleWorkflowCode`. Give it to the connection, and both have it.
 *
 * @experimental
 */
export class OpenTelemetryPlugin extends TracingPlugin {
  constructor(otelOptions: OpenTelemetryPluginOptions) {
    super(otelOptions, `${import.meta.dir}/workflow-interceptors.ts`);
  }
}
