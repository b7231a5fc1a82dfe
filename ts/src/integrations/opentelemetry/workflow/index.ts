/**
 * Interceptors that trace Workflows, for Workflow code. Histories are those of
 * `@temporalio/interceptors-opentelemetry`: flags of the SDK say what is traced, and the ids of spans are drawn from
 * the sequence of `Math.random()`. In the official SDK this is `@temporalio/interceptors-opentelemetry/lib/workflow`.
 */

// First: OpenTelemetry's SDK reads it when it is loaded.
import "./performance";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { usesFlag } from "../../../workflow/tracing";
import { tracedInSteps } from "../instrumentation";
import { idGenerator } from "./ids";
import { TracingInboundInterceptor, TracingOutboundInterceptor } from "./interceptors";
import type { TracingRules } from "./tracer";

export * from "../definitions";
export { OpenTelemetryInternalsInterceptor } from "./interceptors";

const rules: TracingRules = {
  idGenerator: idGenerator(() => Math.random),
  makePropagator: () =>
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  usesFlag,
  traced: tracedInSteps,
};

/** Makes spans of what comes in to a Workflow, as children of the spans of the callers. */
export class OpenTelemetryInboundInterceptor extends TracingInboundInterceptor {
  /** @throws IllegalStateError outside of a Workflow Execution */
  constructor() {
    super(rules);
  }
}

/** Makes spans of what a Workflow calls, and sends their contexts along. */
export class OpenTelemetryOutboundInterceptor extends TracingOutboundInterceptor {
  /** @throws IllegalStateError outside of a Workflow Execution */
  constructor() {
    super(rules);
  }
}
