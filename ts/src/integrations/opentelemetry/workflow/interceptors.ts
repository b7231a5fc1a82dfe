import type { Tracer } from "@opentelemetry/api";
import {
  type ActivityInput,
  ContinueAsNew,
  type ContinueAsNewInput,
  type DisposeInput,
  type GetLogAttributesInput,
  type GetMetricTagsInput,
  type LocalActivityInput,
  type Next,
  type QueryInput,
  type SignalInput,
  type SignalWorkflowInput,
  type StartChildWorkflowExecutionInput,
  type StartNexusOperationInput,
  type StartNexusOperationOutput,
  type UpdateInput,
  type WorkflowExecuteInput,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInternalsInterceptor,
  type WorkflowOutboundCallsInterceptor,
  workflowInfo,
} from "../../../workflow";
import { mapStack } from "../../../workflow/tracing";
import { SPAN_DELIMITER, SpanName } from "../definitions";
import {
  attributeNames,
  contextFromHeaders,
  type TracedCall,
  tracedSync,
  withActiveContext,
  withActiveContextForNexus,
  withTraceAttributes,
} from "../instrumentation";
import { disposeContexts, type TracingRules, tracerOfRun } from "./tracer";

/*
 * Whether a promise is awaited before it is returned, and where a call yields, decides about the order of commands. So
 * it is as it is in the official interceptors, everywhere below.
 */

type Inbound = WorkflowInboundCallsInterceptor;
type Outbound = WorkflowOutboundCallsInterceptor;

const isContinueAsNew = (error: unknown): boolean => error instanceof ContinueAsNew;

/** Makes spans of what comes in to a Workflow, as children of the spans of the callers. */
export abstract class TracingInboundInterceptor implements WorkflowInboundCallsInterceptor {
  protected readonly tracer: Tracer;
  readonly #rules: TracingRules;

  protected constructor(rules: TracingRules) {
    this.#rules = rules;
    this.tracer = tracerOfRun(rules);
  }

  /** Around the run. Continuing as new is no error. */
  async execute(input: WorkflowExecuteInput, next: Next<Inbound, "execute">): Promise<unknown> {
    const parent = contextFromHeaders(input.headers);
    if (!this.#rules.usesFlag("OpenTelemetryInterceporsAvoidsExtraYields")) await Promise.resolve();
    const name = `${SpanName.WORKFLOW_EXECUTE}${SPAN_DELIMITER}${workflowInfo().workflowType}`;
    return await this.#trace({ name, parent, isExpected: isContinueAsNew, fn: () => next(input) });
  }

  /** Around the handler of a signal. */
  async handleSignal(input: SignalInput, next: Next<Inbound, "handleSignal">): Promise<void> {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsTracesInboundSignals")) return next(input);
    const parent = contextFromHeaders(input.headers);
    if (!this.#rules.usesFlag("OpenTelemetryInterceporsAvoidsExtraYields")) await Promise.resolve();
    const name = `${SpanName.WORKFLOW_HANDLE_SIGNAL}${SPAN_DELIMITER}${input.signalName}`;
    return await this.#trace({ name, parent, fn: () => next(input) });
  }

  /** Around the handler of an update. */
  async handleUpdate(input: UpdateInput, next: Next<Inbound, "handleUpdate">): Promise<unknown> {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsInstrumentsAllMethods")) return next(input);
    return await this.#trace({
      name: `${SpanName.WORKFLOW_HANDLE_UPDATE}${SPAN_DELIMITER}${input.name}`,
      parent: contextFromHeaders(input.headers),
      fn: (span) => {
        span.setAttribute(attributeNames.updateId, input.updateId);
        return next(input);
      },
    });
  }

  /** Around the validator of an update. */
  validateUpdate(input: UpdateInput, next: Next<Inbound, "validateUpdate">): void {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsInstrumentsAllMethods")) return next(input);
    tracedSync({
      tracer: this.tracer,
      beforeRecording: mapStack,
      name: `${SpanName.WORKFLOW_VALIDATE_UPDATE}${SPAN_DELIMITER}${input.name}`,
      parent: contextFromHeaders(input.headers),
      fn: (span) => {
        span.setAttribute(attributeNames.updateId, input.updateId);
        return next(input);
      },
    });
  }

  /** Around the handler of a query. */
  async handleQuery(input: QueryInput, next: Next<Inbound, "handleQuery">): Promise<unknown> {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsInstrumentsAllMethods")) return next(input);
    const name = `${SpanName.WORKFLOW_HANDLE_QUERY}${SPAN_DELIMITER}${input.queryName}`;
    return await this.#trace({ name, parent: contextFromHeaders(input.headers), fn: () => next(input) });
  }

  #trace<T>(call: Omit<TracedCall<Promise<T>>, "tracer">): Promise<T> {
    return this.#rules.traced({ tracer: this.tracer, beforeRecording: mapStack, ...call });
  }
}

/** Makes spans of what a Workflow calls, and sends their contexts along. */
export abstract class TracingOutboundInterceptor implements WorkflowOutboundCallsInterceptor {
  protected readonly tracer: Tracer;
  readonly #rules: TracingRules;

  protected constructor(rules: TracingRules) {
    this.#rules = rules;
    this.tracer = tracerOfRun(rules);
  }

  /** Around an Activity, up to its result. */
  async scheduleActivity(input: ActivityInput, next: Next<Outbound, "scheduleActivity">): Promise<unknown> {
    return await this.#traceSending(SpanName.ACTIVITY_START, input.activityType, input, next);
  }

  /** Around a local Activity, up to its result. */
  async scheduleLocalActivity(
    input: LocalActivityInput,
    next: Next<Outbound, "scheduleLocalActivity">,
  ): Promise<unknown> {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsTracesLocalActivities")) return next(input);
    return await this.#traceSending(SpanName.ACTIVITY_START, input.activityType, input, next);
  }

  /** Around a Nexus Operation, up to its start. */
  async startNexusOperation(
    input: StartNexusOperationInput,
    next: Next<Outbound, "startNexusOperation">,
  ): Promise<StartNexusOperationOutput> {
    if (!this.#rules.usesFlag("OpenTelemetryInterceptorsInstrumentsAllMethods")) return next(input);
    return await this.#trace({
      name: `${SpanName.NEXUS_OPERATION_START}${SPAN_DELIMITER}${input.service}/${input.operation}`,
      fn: async (span) => {
        span.setAttribute(attributeNames.nexusService, input.service);
        span.setAttribute(attributeNames.nexusOperation, input.operation);
        span.setAttribute(attributeNames.nexusEndpoint, input.endpoint);
        return await next({ ...input, headers: withActiveContextForNexus(input.headers) });
      },
    });
  }

  /** Around a Child Workflow, up to its start. */
  async startChildWorkflowExecution(
    input: StartChildWorkflowExecutionInput,
    next: Next<Outbound, "startChildWorkflowExecution">,
  ): Promise<[Promise<string>, Promise<unknown>]> {
    return await this.#traceSending(SpanName.CHILD_WORKFLOW_START, input.workflowType, input, next);
  }

  /** Around continuing as new. */
  async continueAsNew(input: ContinueAsNewInput, next: Next<Outbound, "continueAsNew">): Promise<never> {
    return await this.#traceSending(SpanName.CONTINUE_AS_NEW, input.options.workflowType, input, next, isContinueAsNew);
  }

  /** Around a signal to another Workflow. */
  async signalWorkflow(input: SignalWorkflowInput, next: Next<Outbound, "signalWorkflow">): Promise<void> {
    return await this.#traceSending(SpanName.WORKFLOW_SIGNAL, input.signalName, input, next);
  }

  /** Around the attributes of every log record: adds `trace_id`, `span_id` and `trace_flags`. */
  getLogAttributes(input: GetLogAttributesInput, next: Next<Outbound, "getLogAttributes">): Record<string, unknown> {
    return next(withTraceAttributes(input));
  }

  /** Around the tags of every metric, which get no ids: each would make a time series of its own. */
  getMetricTags(input: GetMetricTagsInput, next: Next<Outbound, "getMetricTags">): GetMetricTagsInput {
    return next(input);
  }

  /** Makes a span of a call that has headers. */
  #traceSending<I extends { headers: Parameters<typeof withActiveContext>[0] }, T>(
    kind: SpanName,
    callee: string,
    input: I,
    next: (input: I) => Promise<T>,
    isExpected?: (error: unknown) => boolean,
  ): Promise<T> {
    return this.#trace({
      name: `${kind}${SPAN_DELIMITER}${callee}`,
      isExpected,
      fn: async () => {
        const headers = withActiveContext(input.headers);
        if (!this.#rules.usesFlag("OpenTelemetryInterceporsAvoidsExtraYields")) await Promise.resolve();
        return next({ ...input, headers });
      },
    });
  }

  #trace<T>(call: Omit<TracedCall<Promise<T>>, "tracer">): Promise<T> {
    return this.#rules.traced({ tracer: this.tracer, beforeRecording: mapStack, ...call });
  }
}

/** Ends tracing with the run. */
export class OpenTelemetryInternalsInterceptor implements WorkflowInternalsInterceptor {
  /** Around the end of the run's life in this process. */
  dispose(input: DisposeInput, next: Next<WorkflowInternalsInterceptor, "dispose">): void {
    disposeContexts();
    next(input);
  }
}
