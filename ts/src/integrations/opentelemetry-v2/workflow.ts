/**
 * Interceptors that trace Workflows, for Workflow code. Histories are those of
 * `@temporalio/interceptors-opentelemetry-v2`: everything is traced always, and the ids of spans come from a sequence
 * of their own, so that `Math.random()` gives the same with and without tracing. In the official SDK this is
 * `@temporalio/interceptors-opentelemetry-v2/lib/workflow`.
 */

// First: OpenTelemetry's SDK reads it when it is loaded.
import "../opentelemetry/workflow/performance";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { getRandomStream } from "../../workflow";
import { traced } from "../opentelemetry/instrumentation";
import { idGenerator } from "../opentelemetry/workflow/ids";
import { TracingInboundInterceptor, TracingOutboundInterceptor } from "../opentelemetry/workflow/interceptors";
import type { TracingRules } from "../opentelemetry/workflow/tracer";

export * from "../opentelemetry/definitions";
export { OpenTelemetryInternalsInterceptor } from "../opentelemetry/workflow/interceptors";

/** The name decides about the ids. */
const streamName = "@temporalio/interceptors-opentelemetry-v2/id-generator";

const rules: TracingRules = {
  idGenerator: idGenerator(() => {
    const stream = getRandomStream(streamName);
    return () => stream.random();
  }),
  makePropagator: () => new W3CTraceContextPropagator(),
  usesFlag: () => true,
  traced,
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
