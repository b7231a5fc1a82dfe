import { context, propagation, type TextMapPropagator, type Tracer, trace } from "@opentelemetry/api";
import { BasicTracerProvider, type IdGenerator, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { IllegalStateError } from "../../../common";
import { inWorkflowContext } from "../../../workflow";
import type { usesFlag } from "../../../workflow/tracing";
import type { TracedCall } from "../instrumentation";
import { WorkflowContextManager } from "./context-manager";
import { SinkSpanExporter } from "./span-exporter";

/**
 * What of the interceptors shows in histories, and so is not the same in the official packages for OpenTelemetry 1 and
 * 2.
 */
export interface TracingRules {
  /** Where the ids of spans come from. */
  readonly idGenerator: IdGenerator;
  /** Makes what writes and reads headers. */
  makePropagator(): TextMapPropagator;
  /** Whether the run does what a flag stands for. */
  usesFlag: typeof usesFlag;
  /** Wraps a call in a span; see `traced`. */
  traced<T>(call: TracedCall<Promise<T>>): Promise<T>;
}

// One for each run: bundles are evaluated for every run.
let runTracer: Tracer | undefined;
let contextManager: WorkflowContextManager | undefined;

/**
 * The tracer of the current run. Made at the first call, together with the global provider, propagator and context
 * manager of the run, so that spans which Workflow code makes itself go the same way.
 *
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function tracerOfRun(rules: TracingRules): Tracer {
  if (runTracer !== undefined) return runTracer;
  if (!inWorkflowContext()) {
    throw new IllegalStateError(
      "Interceptors of Workflows can only be made in Workflow code: export a function `interceptors` from a module in workflowInterceptorModules",
    );
  }
  contextManager = new WorkflowContextManager();
  const provider = new BasicTracerProvider({
    idGenerator: rules.idGenerator,
    spanProcessors: [new SimpleSpanProcessor(new SinkSpanExporter())],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(contextManager);
  propagation.setGlobalPropagator(rules.makePropagator());
  runTracer = provider.getTracer("@temporalio/interceptor-workflow");
  return runTracer;
}

/** Forgets the contexts of the run, at its end in this process. */
export function disposeContexts(): void {
  contextManager?.disable();
}
