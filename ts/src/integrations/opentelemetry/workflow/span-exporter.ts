import type { SpanContext } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { proxySinks } from "../../../workflow";
import type { OpenTelemetrySinks, SerializableSpan, SerializableSpanContext } from "../definitions";

/** A span of OpenTelemetry's SDK, of version 2 or 1. */
type AnySpan = Omit<ReadableSpan, "instrumentationScope"> & {
  instrumentationScope?: InstrumentationScope;
  instrumentationLibrary?: InstrumentationScope;
  parentSpanId?: string;
};

/** Hands spans to the sink that `makeWorkflowExporter` makes. */
export class SinkSpanExporter implements SpanExporter {
  readonly #sink = proxySinks<OpenTelemetrySinks>().exporter;

  /** Hands spans over at once. */
  export(spans: ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): void {
    this.#sink.export(spans.map(serializable));
    // ExportResultCode.SUCCESS
    done({ code: 0 });
  }

  /** Nothing to do. */
  async shutdown(): Promise<void> {}
}

function serializable(span: AnySpan): SerializableSpan {
  const spanContext = serializableContext(span.spanContext());
  const instrumentation = (span.instrumentationScope ?? span.instrumentationLibrary)!;
  const parentSpanContext = span.parentSpanContext
    ? serializableContext(span.parentSpanContext)
    : // Version 1 of the SDK knows no more of it.
      span.parentSpanId && {
        traceId: spanContext.traceId,
        spanId: span.parentSpanId,
        traceFlags: spanContext.traceFlags,
      };
  return {
    name: span.name,
    kind: span.kind,
    spanContext,
    ...(parentSpanContext && { parentSpanId: parentSpanContext.spanId, parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes: span.attributes,
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedLinksCount: span.droppedLinksCount,
    droppedEventsCount: span.droppedEventsCount,
    instrumentationLibrary: instrumentation,
    instrumentationScope: instrumentation,
  };
}

/** Without the methods of the trace state, which don't survive the way to the main thread. */
function serializableContext({ traceState, ...context }: SpanContext): SerializableSpanContext {
  return traceState === undefined ? context : { ...context, traceState: traceState.serialize() };
}
