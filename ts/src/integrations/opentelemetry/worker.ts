import { type Span, type Tracer, trace } from "@opentelemetry/api";
import type { OperationContext } from "nexus-rpc";
import type { Context as ActivityContext } from "../../activity";
import { CompleteAsyncError } from "../../common";
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityOutboundCallsInterceptor,
  GetLogAttributesInput,
  GetMetricTagsInput,
  Next,
  NexusCancelOperationInput,
  NexusInboundCallsInterceptor,
  NexusOutboundCallsInterceptor,
  NexusStartOperationInput,
  NexusStartOperationOutput,
} from "../../worker";
import type { InterceptorOptions } from "./client";
import { SPAN_DELIMITER, SpanName } from "./definitions";
import {
  attributeNames,
  contextFromHeaders,
  contextFromNexusHeaders,
  traced,
  withTraceAttributes,
} from "./instrumentation";

/** Makes a span of every attempt of an Activity, as a child of the span of its caller. */
export class OpenTelemetryActivityInboundInterceptor implements ActivityInboundCallsInterceptor {
  protected readonly tracer: Tracer;

  /** @param ctx the context of the execution, which the Worker gives to factories of interceptors */
  constructor(
    protected readonly ctx: ActivityContext,
    options?: InterceptorOptions,
  ) {
    this.tracer = options?.tracer ?? trace.getTracer("@temporalio/interceptor-activity");
  }

  /** Around the Activity. Leaving it to be completed from elsewhere is no error. */
  execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    const { activityType, activityId, workflowExecution } = this.ctx.info;
    return traced({
      tracer: this.tracer,
      name: `${SpanName.ACTIVITY_EXECUTE}${SPAN_DELIMITER}${activityType}`,
      parent: contextFromHeaders(input.headers),
      isExpected: (error) => error instanceof CompleteAsyncError,
      fn: (span) => {
        span.setAttribute(attributeNames.activityId, activityId);
        if (workflowExecution !== undefined) {
          span.setAttribute(attributeNames.workflowId, workflowExecution.workflowId);
          span.setAttribute(attributeNames.runId, workflowExecution.runId);
        }
        return next(input);
      },
    });
  }
}

/** Adds the ids of the active span to the log records of an Activity: `trace_id`, `span_id`, `trace_flags`. */
export class OpenTelemetryActivityOutboundInterceptor implements ActivityOutboundCallsInterceptor {
  /** @param ctx the context of the execution, which the Worker gives to factories of interceptors */
  constructor(protected readonly ctx: ActivityContext) {}

  /** Around the attributes of every log record. */
  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<ActivityOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown> {
    return next(withTraceAttributes(input));
  }

  /** Around the tags of every metric, which get no ids: each would make a time series of its own. */
  getMetricTags(
    input: GetMetricTagsInput,
    next: Next<ActivityOutboundCallsInterceptor, "getMetricTags">,
  ): GetMetricTagsInput {
    return next(input);
  }
}

/** Makes a span of every Nexus request, as a child of the span of its caller. */
export class OpenTelemetryNexusInboundInterceptor implements NexusInboundCallsInterceptor {
  protected readonly tracer: Tracer;

  /** @param ctx the context of the request, which the Worker gives to factories of interceptors */
  constructor(
    protected readonly ctx: OperationContext,
    options?: InterceptorOptions,
  ) {
    this.tracer = options?.tracer ?? trace.getTracer("@temporalio/interceptor-nexus");
  }

  /** Around the start of an Operation. */
  startOperation(
    input: NexusStartOperationInput,
    next: Next<NexusInboundCallsInterceptor, "startOperation">,
  ): Promise<NexusStartOperationOutput> {
    return this.#trace(SpanName.NEXUS_START_OPERATION_EXECUTE, input.ctx, () => next(input));
  }

  /** Around the cancellation of an Operation. */
  cancelOperation(
    input: NexusCancelOperationInput,
    next: Next<NexusInboundCallsInterceptor, "cancelOperation">,
  ): Promise<void> {
    return this.#trace(SpanName.NEXUS_CANCEL_OPERATION_EXECUTE, input.ctx, () => next(input));
  }

  #trace<T>(
    kind: SpanName,
    { service, operation, headers }: OperationContext,
    fn: (span: Span) => Promise<T>,
  ): Promise<T> {
    return traced({
      tracer: this.tracer,
      name: `${kind}${SPAN_DELIMITER}${service}/${operation}`,
      parent: contextFromNexusHeaders(headers),
      fn: (span) => {
        span.setAttribute(attributeNames.nexusService, service);
        span.setAttribute(attributeNames.nexusOperation, operation);
        return fn(span);
      },
    });
  }
}

/** Adds the ids of the active span to the log records of a Nexus handler: `trace_id`, `span_id`, `trace_flags`. */
export class OpenTelemetryNexusOutboundInterceptor implements NexusOutboundCallsInterceptor {
  /** @param ctx the context of the request, which the Worker gives to factories of interceptors */
  constructor(protected readonly ctx: OperationContext) {}

  /** Around the attributes of every log record. */
  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<NexusOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown> {
    return next(withTraceAttributes(input));
  }

  /** Around the tags of every metric, which get no ids: each would make a time series of its own. */
  getMetricTags(
    input: GetMetricTagsInput,
    next: Next<NexusOutboundCallsInterceptor, "getMetricTags">,
  ): GetMetricTagsInput {
    return next(input);
  }
}
