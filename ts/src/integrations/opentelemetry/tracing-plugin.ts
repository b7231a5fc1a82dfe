import type { Resource } from "@opentelemetry/resources";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { SimplePlugin } from "../../plugin";
import type { ReplayWorkerOptions, WorkerOptions } from "../../worker";
import { type InterceptorOptions, OpenTelemetryWorkflowClientInterceptor } from "./client";
import { makeWorkflowExporter } from "./exporter";
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryNexusInboundInterceptor,
  OpenTelemetryNexusOutboundInterceptor,
} from "./worker";

/**
 * Options of `OpenTelemetryPlugin`. The tracer, by default of the global provider, makes the spans outside of
 * Workflows.
 *
 * @experimental
 */
export interface OpenTelemetryPluginOptions extends InterceptorOptions {
  /** The resource of the spans of Workflows. */
  readonly resource: Resource;
  /** Gets the spans of Workflows. */
  readonly spanProcessor: SpanProcessor;
}

/** All of the plugins but for the module of the interceptors of Workflows. */
export class TracingPlugin extends SimplePlugin {
  /** @param workflowModule file of the interceptors of Workflows */
  constructor(
    /** The plugin's options. */
    readonly otelOptions: OpenTelemetryPluginOptions,
    workflowModule: string,
  ) {
    const { tracer } = otelOptions;
    const workflow = [new OpenTelemetryWorkflowClientInterceptor({ tracer })];
    super({
      name: "OpenTelemetryPlugin",
      clientInterceptors: { workflow },
      workerInterceptors: {
        client: { workflow },
        workflowModules: [workflowModule],
        activity: [
          (ctx) => ({
            inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer }),
            outbound: new OpenTelemetryActivityOutboundInterceptor(ctx),
          }),
        ],
        nexus: [
          (ctx) => ({
            inbound: new OpenTelemetryNexusInboundInterceptor(ctx, { tracer }),
            outbound: new OpenTelemetryNexusOutboundInterceptor(ctx),
          }),
        ],
      },
    });
  }

  /** Adds the interceptors, and the sink `exporter` in the place of one of that name. */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    return super.configureWorker({ ...options, ...this.#withSink(options) });
  }

  /** Adds the interceptors of Workflows, and the sink `exporter` in the place of one of that name. */
  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker({ ...options, ...this.#withSink(options) });
  }

  #withSink({ sinks }: ReplayWorkerOptions): Pick<ReplayWorkerOptions, "sinks"> {
    const { spanProcessor, resource } = this.otelOptions;
    return { sinks: { ...sinks, exporter: makeWorkflowExporter(spanProcessor, resource) } };
  }
}
