import { createTraceState, type SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { InjectedSink } from "../../worker";
import type { OpenTelemetryWorkflowExporter, SerializableSpan, SerializableSpanContext } from "./definitions";

/**
 * Makes the sink for spans of Workflows: `sinks: { exporter: makeWorkflowExporter(...) }`. Spans of replays don't
 * arrive, so that none is exported twice. Every span gets the fields of `workflowInfo()` as attributes.
 *
 * @param spanProcessor gets each span through `onEnd`, without `onStart`
 * @param resource the resource of the spans
 */
export function makeWorkflowExporter(
  spanProcessor: SpanProcessor,
  resource: Resource,
): InjectedSink<OpenTelemetryWorkflowExporter>;
/** @deprecated Give a `SpanProcessor`, which waits for attributes of the resource that come late. */
export function makeWorkflowExporter(
  spanExporter: SpanExporter,
  resource: Resource,
): InjectedSink<OpenTelemetryWorkflowExporter>;
export function makeWorkflowExporter(
  target: SpanProcessor | SpanExporter,
  resource: Resource,
): InjectedSink<OpenTelemetryWorkflowExporter> {
  return {
    export: {
      fn: (info, serialized) => {
        const spans = serialized.map((span) =>
          readableSpan({ ...span, attributes: Object.assign(span.attributes, info) }, resource),
        );
        if ("onEnd" in target) for (const span of spans) target.onEnd(span);
        // A failed export is the exporter's affair, as with OpenTelemetry's own processors.
        else target.export(spans, () => undefined);
      },
    },
  };
}

function readableSpan({ spanContext, parentSpanContext, ...span }: SerializableSpan, resource: Resource): ReadableSpan {
  const context = readableContext(spanContext);
  return {
    ...span,
    resource,
    spanContext: () => context,
    parentSpanContext: parentSpanContext && readableContext(parentSpanContext),
  };
}

function readableContext({ traceState, ...context }: SerializableSpanContext): SpanContext {
  return traceState ? { ...context, traceState: createTraceState(traceState) } : context;
}
