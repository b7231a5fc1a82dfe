import { type Span, type Tracer, trace } from "@opentelemetry/api";
import type {
  DescribeWorkflowExecutionResponse,
  Next,
  RequestCancelWorkflowExecutionResponse,
  TerminateWorkflowExecutionResponse,
  WorkflowCancelInput,
  WorkflowClientInterceptor,
  WorkflowDescribeInput,
  WorkflowQueryInput,
  WorkflowSignalInput,
  WorkflowSignalWithStartInput,
  WorkflowStartInput,
  WorkflowStartOutput,
  WorkflowStartUpdateInput,
  WorkflowStartUpdateOutput,
  WorkflowStartUpdateWithStartInput,
  WorkflowStartUpdateWithStartOutput,
  WorkflowTerminateInput,
} from "../../client";
import { SPAN_DELIMITER, SpanName } from "./definitions";
import { attributeNames, traced, withActiveContext } from "./instrumentation";

/** Options of the interceptors that work outside of Workflows. */
export interface InterceptorOptions {
  /** Makes the spans. Default: a tracer of the global provider. */
  readonly tracer?: Tracer;
}

type Calls = WorkflowClientInterceptor;

/**
 * Makes a span of every call of a client, and sends its context along with starts, signals, updates and queries, so
 * that spans of the Workflow become its children.
 */
export class OpenTelemetryWorkflowClientInterceptor implements WorkflowClientInterceptor {
  protected readonly tracer: Tracer;

  constructor(options?: InterceptorOptions) {
    this.tracer = options?.tracer ?? trace.getTracer("@temporalio/interceptor-client");
  }

  /** @deprecated Clients call {@link startWithDetails}. */
  start(input: WorkflowStartInput, next: Next<Calls, "start">): Promise<string> {
    return this.#trace(SpanName.WORKFLOW_START, input.workflowType, async (span) => {
      identify(span, input.options);
      const runId = await next({ ...input, headers: withActiveContext(input.headers) });
      identify(span, { runId });
      return runId;
    });
  }

  /** Around the start of a Workflow. */
  startWithDetails(input: WorkflowStartInput, next: Next<Calls, "startWithDetails">): Promise<WorkflowStartOutput> {
    return this.#trace(SpanName.WORKFLOW_START, input.workflowType, async (span) => {
      identify(span, input.options);
      const output = await next({ ...input, headers: withActiveContext(input.headers) });
      identify(span, { runId: output.runId });
      return output;
    });
  }

  /** Around a signal. */
  signal(input: WorkflowSignalInput, next: Next<Calls, "signal">): Promise<void> {
    return this.#trace(SpanName.WORKFLOW_SIGNAL, input.signalName, async (span) => {
      identify(span, { workflowId: input.workflowExecution.workflowId });
      await next({ ...input, headers: withActiveContext(input.headers) });
    });
  }

  /** Around a signal that starts the Workflow if it doesn't run. */
  signalWithStart(input: WorkflowSignalWithStartInput, next: Next<Calls, "signalWithStart">): Promise<string> {
    return this.#trace(SpanName.WORKFLOW_SIGNAL_WITH_START, input.workflowType, async (span) => {
      identify(span, input.options);
      const runId = await next({ ...input, headers: withActiveContext(input.headers) });
      identify(span, { runId });
      return runId;
    });
  }

  /** Around the start of an update. */
  startUpdate(input: WorkflowStartUpdateInput, next: Next<Calls, "startUpdate">): Promise<WorkflowStartUpdateOutput> {
    return this.#trace(SpanName.WORKFLOW_START_UPDATE, input.updateName, async (span) => {
      identify(span, { workflowId: input.workflowExecution.workflowId, updateId: input.options.updateId });
      const output = await next({ ...input, headers: withActiveContext(input.headers) });
      identify(span, { runId: output.workflowRunId });
      return output;
    });
  }

  /** Around an update that starts the Workflow if it doesn't run. */
  startUpdateWithStart(
    input: WorkflowStartUpdateWithStartInput,
    next: Next<Calls, "startUpdateWithStart">,
  ): Promise<WorkflowStartUpdateWithStartOutput> {
    return this.#trace(SpanName.WORKFLOW_UPDATE_WITH_START, input.updateName, async (span) => {
      identify(span, { workflowId: input.workflowStartOptions.workflowId, updateId: input.updateOptions.updateId });
      const output = await next({
        ...input,
        workflowStartHeaders: withActiveContext(input.workflowStartHeaders),
        updateHeaders: withActiveContext(input.updateHeaders),
      });
      identify(span, { runId: output.workflowExecution.runId });
      return output;
    });
  }

  /** Around a query. */
  query(input: WorkflowQueryInput, next: Next<Calls, "query">): Promise<unknown> {
    return this.#trace(SpanName.WORKFLOW_QUERY, input.queryType, (span) => {
      identify(span, input.workflowExecution);
      return next({ ...input, headers: withActiveContext(input.headers) });
    });
  }

  /** Around the termination of a Workflow. */
  terminate(
    input: WorkflowTerminateInput,
    next: Next<Calls, "terminate">,
  ): Promise<TerminateWorkflowExecutionResponse> {
    return this.#trace(SpanName.WORKFLOW_TERMINATE, undefined, (span) => {
      identify(span, input.workflowExecution);
      if (input.reason) span.setAttribute(attributeNames.terminateReason, input.reason);
      return next(input);
    });
  }

  /** Around a request to cancel a Workflow. */
  cancel(input: WorkflowCancelInput, next: Next<Calls, "cancel">): Promise<RequestCancelWorkflowExecutionResponse> {
    return this.#trace(SpanName.WORKFLOW_CANCEL, undefined, (span) => {
      identify(span, input.workflowExecution);
      return next(input);
    });
  }

  /** Around the description of a Workflow. */
  describe(input: WorkflowDescribeInput, next: Next<Calls, "describe">): Promise<DescribeWorkflowExecutionResponse> {
    return this.#trace(SpanName.WORKFLOW_DESCRIBE, undefined, (span) => {
      identify(span, input.workflowExecution);
      return next(input);
    });
  }

  #trace<T>(kind: SpanName, callee: string | undefined, fn: (span: Span) => Promise<T>): Promise<T> {
    return traced({ tracer: this.tracer, name: callee === undefined ? kind : `${kind}${SPAN_DELIMITER}${callee}`, fn });
  }
}

/** Sets the attributes that say what a call is about, those that are known. */
function identify(
  span: Span,
  { workflowId, runId, updateId }: { workflowId?: string; runId?: string; updateId?: string },
): void {
  if (workflowId) span.setAttribute(attributeNames.workflowId, workflowId);
  if (runId) span.setAttribute(attributeNames.runId, runId);
  if (updateId) span.setAttribute(attributeNames.updateId, updateId);
}
