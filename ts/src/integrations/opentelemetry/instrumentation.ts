/**
 * What all interceptors share: names of attributes, the way of a span's context through headers, and how a call is
 * wrapped in a span.
 */

import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  propagation,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { ApplicationFailure, ApplicationFailureCategory, defaultPayloadConverter, type Headers } from "../../common";

/**
 * Header of Workflows, Activities, signals, updates and queries with the context of the caller's span: a map of texts,
 * as JSON.
 */
const traceHeader = "_tracer-data";

/** Names of attributes of spans. */
export const attributeNames = {
  runId: "run_id",
  workflowId: "temporalWorkflowId",
  activityId: "temporalActivityId",
  updateId: "temporalUpdateId",
  terminateReason: "temporalTerminateReason",
  nexusService: "temporalNexusService",
  nexusOperation: "temporalNexusOperation",
  nexusEndpoint: "temporalNexusEndpoint",
} as const;

/** The context that a caller's interceptor put into headers; `undefined` if there is none. */
export function contextFromHeaders(headers: Headers): Context | undefined {
  const payload = headers[traceHeader];
  if (payload === undefined) return undefined;
  const carrier: unknown = defaultPayloadConverter.fromPayload(payload);
  return propagation.extract(context.active(), carrier, defaultTextMapGetter);
}

/**
 * The context that a caller's interceptor put into the headers of a Nexus request, which hold texts; `undefined`
 * without headers.
 */
export function contextFromNexusHeaders(headers: Record<string, string>): Context | undefined {
  return Object.keys(headers).length === 0
    ? undefined
    : propagation.extract(context.active(), headers, defaultTextMapGetter);
}

/** `headers` with the active context. */
export function withActiveContext(headers: Headers): Headers {
  return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(carrierOfActiveContext()) };
}

/** `headers` of a Nexus request with the active context. */
export function withActiveContextForNexus(headers: Record<string, string>): Record<string, string> {
  return { ...headers, ...carrierOfActiveContext() };
}

function carrierOfActiveContext(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier, defaultTextMapSetter);
  return carrier;
}

/**
 * `attributes` of a log record with the ids of the active span, if there is a valid one. Attributes of the same names
 * win.
 */
export function withTraceAttributes(attributes: Record<string, unknown>): Record<string, unknown> {
  const span = trace.getSpan(context.active())?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return attributes;
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    trace_flags: `0${span.traceFlags.toString(16)}`,
    ...attributes,
  };
}

/** A call to wrap in a span. */
export interface TracedCall<R> {
  tracer: Tracer;
  /** Name of the span. */
  name: string;
  /** Context of the parent. Default: the active one. */
  parent?: Context;
  /** Errors that don't count as such; default none. */
  isExpected?: (error: unknown) => boolean;
  /** Gets errors before they are recorded. */
  beforeRecording?: (error: unknown) => void;
  /** The call; the span is the active one meanwhile. */
  fn(span: Span): R;
}

/**
 * Wraps an asynchronous call in a span that ends with it: with status OK, or with an exception and its message. Errors
 * of category BENIGN are recorded, but leave the status unset.
 *
 * In Workflows the order of commands depends on how many steps the promise takes, which therefore must stay the same
 * for ever.
 */
export async function traced<T>(call: TracedCall<Promise<T>>): Promise<T> {
  return await startActiveSpan(call, async (span) => await settle(call, span));
}

/**
 * {@link traced} with one step more where there is a parent, as in Workflows whose histories follow the interceptors
 * for OpenTelemetry 1.
 */
export async function tracedInSteps<T>({ parent, ...call }: TracedCall<Promise<T>>): Promise<T> {
  if (parent === undefined) return await startActiveSpan(call, async (span) => await settle(call, span));
  return await context.with(parent, async () => await startActiveSpan(call, async (span) => await settle(call, span)));
}

/** {@link traced} for a call that isn't asynchronous. */
export function tracedSync<T>(call: TracedCall<T>): T {
  return startActiveSpan(call, (span) => {
    try {
      const result = call.fn(span);
      span.setStatus({ code: SpanStatusCode.OK });
      return result;
    } catch (error) {
      recordError(call, span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

async function settle<T>(call: TracedCall<Promise<T>>, span: Span): Promise<T> {
  try {
    const result = await call.fn(span);
    span.setStatus({ code: SpanStatusCode.OK });
    return result;
  } catch (error) {
    recordError(call, span, error);
    throw error;
  } finally {
    span.end();
  }
}

function startActiveSpan<R>(
  { tracer, name, parent }: Pick<TracedCall<unknown>, "tracer" | "name" | "parent">,
  fn: (span: Span) => R,
): R {
  return tracer.startActiveSpan(name, {}, parent ?? context.active(), fn);
}

function recordError(
  { isExpected, beforeRecording }: Pick<TracedCall<unknown>, "isExpected" | "beforeRecording">,
  span: Span,
  error: unknown,
): void {
  if (isExpected?.(error) === true) {
    span.setStatus({ code: SpanStatusCode.OK });
    return;
  }
  const isBenign = error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN;
  const text: unknown = (error as { message?: unknown } | null | undefined)?.message;
  const message = typeof text === "string" ? text : String(error);
  span.setStatus({ code: isBenign ? SpanStatusCode.UNSET : SpanStatusCode.ERROR, message });
  beforeRecording?.(error);
  // Anything can be thrown; what isn't an object is recorded by its text.
  span.recordException(typeof error === "object" && error !== null ? (error as Error) : message);
}
