import type {
  Duration,
  Headers,
  MetricTags,
  Next,
  PayloadTypeInfo,
  SignalTypeInfo,
  Timestamp,
  TypeInfo,
  WorkflowExecution,
} from "../common";
import type { WorkflowActivation } from "../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import type { WorkflowCommand } from "../proto/temporal/sdk/core/workflow_commands/workflow_commands";
import type { ActivityOptions, LocalActivityOptions } from "./activity-options";
import type { NexusOperationCancellationType } from "./enums";
import type { EventGroupMarker } from "./event-groups";
import type { ChildWorkflowOptionsWithDefaults, ContinueAsNewOptions } from "./interfaces";
import type { WorkflowRun } from "./run/run";

export type { Headers, Next };

/** Makes the interceptors of one run. A module of interceptors exports one under the name `interceptors`. */
export type WorkflowInterceptorsFactory = () => WorkflowInterceptors;

/** Interceptors of one run; of each list the first is the outermost. */
export interface WorkflowInterceptors {
  /** Around what comes in to the Workflow. */
  inbound?: WorkflowInboundCallsInterceptor[];
  /** Around what the Workflow calls. */
  outbound?: WorkflowOutboundCallsInterceptor[];
  /** Around the machinery of the run. */
  internals?: WorkflowInternalsInterceptor[];
}

/** Intercepts what comes in to a Workflow. Every method is optional. */
export interface WorkflowInboundCallsInterceptor {
  /** Around the call of the Workflow's function; returns its result. */
  execute?: (input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, "execute">) => Promise<unknown>;
  /** Around the handler of an update; returns its result. */
  handleUpdate?: (input: UpdateInput, next: Next<WorkflowInboundCallsInterceptor, "handleUpdate">) => Promise<unknown>;
  /** Around the validator of an update; not called if there is none. */
  validateUpdate?: (input: UpdateInput, next: Next<WorkflowInboundCallsInterceptor, "validateUpdate">) => void;
  /** Around the handler of a signal. */
  handleSignal?: (input: SignalInput, next: Next<WorkflowInboundCallsInterceptor, "handleSignal">) => Promise<void>;
  /** Around the handler of a query; returns its answer. */
  handleQuery?: (input: QueryInput, next: Next<WorkflowInboundCallsInterceptor, "handleQuery">) => Promise<unknown>;
}

/** What {@link WorkflowInboundCallsInterceptor.execute} gets. */
export interface WorkflowExecuteInput {
  /** The decoded arguments. */
  readonly args: unknown[];
  /** Headers set by the caller's interceptors. */
  readonly headers: Headers;
}

/** What the interceptors of updates get. */
export interface UpdateInput {
  /** Identifier of the update. */
  readonly updateId: string;
  /** Name of the update. */
  readonly name: string;
  /** The decoded arguments. */
  readonly args: unknown[];
  /** Headers set by the caller's interceptors. */
  readonly headers: Headers;
}

/** What {@link WorkflowInboundCallsInterceptor.handleSignal} gets. */
export interface SignalInput {
  /** Name of the signal. */
  readonly signalName: string;
  /** The decoded arguments. */
  readonly args: unknown[];
  /** Headers set by the caller's interceptors. */
  readonly headers: Headers;
}

/** What {@link WorkflowInboundCallsInterceptor.handleQuery} gets. */
export interface QueryInput {
  /** Identifier of the query. */
  readonly queryId: string;
  /** Name of the query. */
  readonly queryName: string;
  /** The decoded arguments. */
  readonly args: unknown[];
  /** Headers set by the caller's interceptors. */
  readonly headers: Headers;
}

/** Intercepts what a Workflow calls. Every method is optional. */
export interface WorkflowOutboundCallsInterceptor {
  /** Around a timer; resolves when it fired. */
  startTimer?: (input: TimerInput, next: Next<WorkflowOutboundCallsInterceptor, "startTimer">) => Promise<void>;
  /** Around an Activity; returns its result. */
  scheduleActivity?: (
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, "scheduleActivity">,
  ) => Promise<unknown>;
  /** Around a local Activity; returns its result. */
  scheduleLocalActivity?: (
    input: LocalActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, "scheduleLocalActivity">,
  ) => Promise<unknown>;
  /** Around the start of a Nexus operation. */
  startNexusOperation?: (
    input: StartNexusOperationInput,
    next: Next<WorkflowOutboundCallsInterceptor, "startNexusOperation">,
  ) => Promise<StartNexusOperationOutput>;
  /** Around a Child Workflow; gives promises for its run's identifier and for its result. */
  startChildWorkflowExecution?: (
    input: StartChildWorkflowExecutionInput,
    next: Next<WorkflowOutboundCallsInterceptor, "startChildWorkflowExecution">,
  ) => Promise<[Promise<string>, Promise<unknown>]>;
  /** Around a signal to another Workflow. */
  signalWorkflow?: (
    input: SignalWorkflowInput,
    next: Next<WorkflowOutboundCallsInterceptor, "signalWorkflow">,
  ) => Promise<void>;
  /** Around continuing as new. */
  continueAsNew?: (
    input: ContinueAsNewInput,
    next: Next<WorkflowOutboundCallsInterceptor, "continueAsNew">,
  ) => Promise<never>;
  /** Around the attributes of every log record. */
  getLogAttributes?: (
    input: GetLogAttributesInput,
    next: Next<WorkflowOutboundCallsInterceptor, "getLogAttributes">,
  ) => Record<string, unknown>;
  /** Around the tags of every metric. */
  getMetricTags?: (
    input: GetMetricTagsInput,
    next: Next<WorkflowOutboundCallsInterceptor, "getMetricTags">,
  ) => MetricTags;
}

/** What {@link WorkflowOutboundCallsInterceptor.startTimer} gets. */
export interface TimerInput {
  /** How long, in milliseconds. */
  readonly durationMs: number;
  /** Number of the timer. */
  readonly seq: number;
  /** Options of the call. */
  readonly options?: TimerOptions;
}

/** Options of `sleep` and of the timer in `condition`. */
export interface TimerOptions {
  /**
   * One line for people to see.
   * @experimental
   */
  readonly summary?: string;
  /**
   * Groups of the timer.
   * @experimental
   */
  readonly eventGroups?: EventGroupMarker[];
}

/** What {@link WorkflowOutboundCallsInterceptor.scheduleActivity} gets. */
export interface ActivityInput {
  /** Name of the Activity. */
  readonly activityType: string;
  /** Its arguments. */
  readonly args: unknown[];
  /** Its options. */
  readonly options: ActivityOptions;
  /** Headers to send along. */
  readonly headers: Headers;
  /** Number of the Activity. */
  readonly seq: number;
  /** Type information for this call. */
  readonly typeInfo?: PayloadTypeInfo;
}

/** What {@link WorkflowOutboundCallsInterceptor.scheduleLocalActivity} gets. */
export interface LocalActivityInput {
  /** Name of the Activity. */
  readonly activityType: string;
  /** Its arguments. */
  readonly args: unknown[];
  /** Its options. */
  readonly options: LocalActivityOptions;
  /** Headers to send along. */
  readonly headers: Headers;
  /** Number of the Activity. */
  readonly seq: number;
  /** When the first attempt was scheduled, if this isn't it. */
  readonly originalScheduleTime?: Timestamp;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Type information for this call. */
  readonly typeInfo?: PayloadTypeInfo;
}

/** What {@link WorkflowOutboundCallsInterceptor.startNexusOperation} gets. */
export interface StartNexusOperationInput {
  /** Input of the operation. */
  readonly input: unknown;
  /** Type information for the input. */
  readonly inputType?: TypeInfo;
  /** Type information for the result. */
  readonly outputType?: TypeInfo;
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** Name of the service. */
  readonly service: string;
  /** Options of the call. */
  readonly options: StartNexusOperationOptions;
  /** Name of the operation. */
  readonly operation: string;
  /** Number of the operation. */
  readonly seq: number;
  /** Headers of the Nexus request. */
  readonly headers: Record<string, string>;
}

/** Options of a Nexus operation. */
export interface StartNexusOperationOptions {
  /** Limit from scheduling to completion. */
  readonly scheduleToCloseTimeout?: Duration;
  /** Limit from scheduling to the start. */
  readonly scheduleToStartTimeout?: Duration;
  /** Limit from the start to completion. */
  readonly startToCloseTimeout?: Duration;
  /**
   * Whether and when cancellation reaches the operation and its outcome the caller. Default
   * `WAIT_CANCELLATION_COMPLETED`.
   */
  readonly cancellationType?: NexusOperationCancellationType;
  /**
   * One line for people to see.
   * @experimental
   */
  readonly summary?: string;
  /**
   * Groups of the command.
   * @experimental
   */
  readonly eventGroups?: EventGroupMarker[];
}

/** What {@link WorkflowOutboundCallsInterceptor.startNexusOperation} returns. */
export interface StartNexusOperationOutput {
  /** Token of the operation; `undefined` if it completed at once. */
  readonly token?: string;
  /** Result of the operation. */
  readonly result: Promise<unknown>;
}

/** What {@link WorkflowOutboundCallsInterceptor.startChildWorkflowExecution} gets. */
export interface StartChildWorkflowExecutionInput {
  /** Name of the child's Workflow. */
  readonly workflowType: string;
  /** Options and arguments of the child. */
  readonly options: ChildWorkflowOptionsWithDefaults;
  /** Headers to send along. */
  readonly headers: Headers;
  /** Number of the child. */
  readonly seq: number;
}

/** What {@link WorkflowOutboundCallsInterceptor.signalWorkflow} gets. */
export interface SignalWorkflowInput {
  /** Number of the signal. */
  readonly seq: number;
  /** Name of the signal. */
  readonly signalName: string;
  /** Arguments of the signal. */
  readonly args: unknown[];
  /** Type information for the arguments. */
  readonly typeInfo?: SignalTypeInfo;
  /** Headers to send along. */
  readonly headers: Headers;
  /** Who gets it. */
  readonly target:
    | { readonly type: "external"; readonly workflowExecution: WorkflowExecution }
    | { readonly type: "child"; readonly childWorkflowId: string };
}

/** What {@link WorkflowOutboundCallsInterceptor.continueAsNew} gets. */
export interface ContinueAsNewInput {
  /** Arguments of the next run. */
  readonly args: unknown[];
  /** Headers to send along. */
  readonly headers: Headers;
  /** Options of the next run. */
  readonly options: ContinueAsNewInputOptions;
}

/** Options of the next run, its type filled in. */
export type ContinueAsNewInputOptions = ContinueAsNewOptions & Required<Pick<ContinueAsNewOptions, "workflowType">>;

/** What {@link WorkflowOutboundCallsInterceptor.getLogAttributes} gets. */
export type GetLogAttributesInput = Record<string, unknown>;

/** What {@link WorkflowOutboundCallsInterceptor.getMetricTags} gets. */
export type GetMetricTagsInput = MetricTags;

/** Intercepts the machinery of a run. Every method is optional, synchronous, and must not issue commands. */
export interface WorkflowInternalsInterceptor {
  /** Around the application of jobs. */
  activate?(input: ActivateInput, next: Next<this, "activate">): void;
  /** Around the end of an activation; may change the commands. */
  concludeActivation?(input: ConcludeActivationInput, next: Next<this, "concludeActivation">): ConcludeActivationOutput;
  /** Around the end of the run's life in this process. */
  dispose?(input: DisposeInput, next: Next<this, "dispose">): void;
}

/** What {@link WorkflowInternalsInterceptor.activate} gets. */
export interface ActivateInput {
  /** The activation, with the jobs of this batch. */
  readonly activation: WorkflowActivation;
  /** Number of the batch, from 0; more than one only in replays of old histories. */
  readonly batchIndex: number;
}

/** What {@link WorkflowInternalsInterceptor.dispose} gets: nothing yet. */
export type DisposeInput = {};

/** What {@link WorkflowInternalsInterceptor.concludeActivation} gets. */
export interface ConcludeActivationInput {
  /** The commands of the activation. */
  readonly commands: WorkflowCommand[];
}

/** What {@link WorkflowInternalsInterceptor.concludeActivation} returns. */
export type ConcludeActivationOutput = ConcludeActivationInput;

/**
 * Makes one function of the interceptors that have `method`, in order, and `next`. What they call through their own
 * `next` runs with the random sequence that is current here, so that `WorkflowRandomStream.with` doesn't leak.
 */
export function compose<I, M extends keyof I>(
  run: WorkflowRun,
  interceptors: readonly I[],
  method: M,
  next: Next<I, M>,
): Next<I, M> {
  if (interceptors.length === 0) return next;
  let composed = next as unknown as (input: unknown) => unknown;
  for (let index = interceptors.length - 1; index >= 0; index--) {
    const interceptor = interceptors[index] as Record<M, ((input: unknown, next: unknown) => unknown) | undefined>;
    if (interceptor[method] === undefined) continue;
    const rest = run.random.bind(composed as (...args: unknown[]) => unknown);
    composed = (input) => interceptor[method]!(input, rest);
  }
  return composed as unknown as Next<I, M>;
}
