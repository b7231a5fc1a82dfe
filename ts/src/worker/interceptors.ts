import type {
  CancelOperationContext,
  HandlerStartOperationResult,
  OperationContext,
  StartOperationContext,
} from "nexus-rpc";
import type { Context } from "../activity";
import type { ClientInterceptors } from "../client";
import type { Headers, MetricTags, Next } from "../common";

export type { Headers, Next };

/** Makes the interceptors of one activity execution. Called for each; may return the same object every time. */
export type ActivityInterceptorsFactory = (context: Context) => ActivityInterceptors;

/** Interceptors of one activity execution. */
export interface ActivityInterceptors {
  /** Around the execution itself. */
  inbound?: ActivityInboundCallsInterceptor;
  /** Around what the activity calls. */
  outbound?: ActivityOutboundCallsInterceptor;
}

/** Intercepts what comes in to an activity. Each method is optional. */
export interface ActivityInboundCallsInterceptor {
  /** Around the call of the activity function; returns its result. */
  execute?: (input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">) => Promise<unknown>;
}

/** What {@link ActivityInboundCallsInterceptor.execute} gets. */
export interface ActivityExecuteInput {
  /** The decoded arguments. */
  readonly args: unknown[];
  /** Headers set by the caller's interceptors. */
  readonly headers: Headers;
}

/** Intercepts what an activity calls. Each method is optional. */
export interface ActivityOutboundCallsInterceptor {
  /** Around the attributes that every log record of the activity carries. */
  getLogAttributes?: (
    input: GetLogAttributesInput,
    next: Next<ActivityOutboundCallsInterceptor, "getLogAttributes">,
  ) => Record<string, unknown>;
  /** Around the tags that every metric of the activity carries. */
  getMetricTags?: (
    input: GetMetricTagsInput,
    next: Next<ActivityOutboundCallsInterceptor, "getMetricTags">,
  ) => MetricTags;
}

/** What `getLogAttributes` gets. */
export type GetLogAttributesInput = Record<string, unknown>;

/** What `getMetricTags` gets. */
export type GetMetricTagsInput = MetricTags;

/** @deprecated Use {@link ActivityInterceptorsFactory}. */
export type ActivityInboundCallsInterceptorFactory = (context: Context) => ActivityInboundCallsInterceptor;

/** Makes the interceptors of one Nexus request. Called for each; may return the same object every time. */
export type NexusInterceptorsFactory = (ctx: OperationContext) => NexusInterceptors;

/** Interceptors of one Nexus request. */
export interface NexusInterceptors {
  /** Around the handler. */
  inbound?: NexusInboundCallsInterceptor;
  /** Around what the handler calls. */
  outbound?: NexusOutboundCallsInterceptor;
}

/** Intercepts what comes in to the handler of a Nexus operation. Each method is optional. */
export interface NexusInboundCallsInterceptor {
  /** Around the start of an operation. */
  startOperation?: (
    input: NexusStartOperationInput,
    next: Next<NexusInboundCallsInterceptor, "startOperation">,
  ) => Promise<NexusStartOperationOutput>;
  /** Around the cancellation of an operation. */
  cancelOperation?: (
    input: NexusCancelOperationInput,
    next: Next<NexusInboundCallsInterceptor, "cancelOperation">,
  ) => Promise<void>;
}

/** What {@link NexusInboundCallsInterceptor.startOperation} gets. */
export interface NexusStartOperationInput {
  /** What the handler gets. */
  readonly ctx: StartOperationContext;
  /** The decoded input. */
  readonly input: unknown;
}

/** What {@link NexusInboundCallsInterceptor.startOperation} returns. */
export interface NexusStartOperationOutput {
  /** The handler's result. */
  readonly result: HandlerStartOperationResult<unknown>;
}

/** What {@link NexusInboundCallsInterceptor.cancelOperation} gets. */
export interface NexusCancelOperationInput {
  /** What the handler gets. */
  readonly ctx: CancelOperationContext;
  /** Token of the operation. */
  readonly token: string;
}

/** Intercepts what the handler of a Nexus operation calls. Each method is optional. */
export interface NexusOutboundCallsInterceptor {
  /** Around the attributes that every log record about the request carries. */
  getLogAttributes?: (
    input: GetLogAttributesInput,
    next: Next<NexusOutboundCallsInterceptor, "getLogAttributes">,
  ) => Record<string, unknown>;
  /** Around the tags that every metric of the handler carries. */
  getMetricTags?: (input: GetMetricTagsInput, next: Next<NexusOutboundCallsInterceptor, "getMetricTags">) => MetricTags;
}

/** Interceptors of a Worker. */
export interface WorkerInterceptors {
  /** For the client that activities and Nexus handlers get from the Worker. */
  client?: ClientInterceptors;
  /** For activities; the first is the outermost. */
  activity?: ActivityInterceptorsFactory[];
  /** @deprecated Use {@link WorkerInterceptors.activity}. These come before the ones given there. */
  activityInbound?: ActivityInboundCallsInterceptorFactory[];
  /** For Nexus requests; the first is the outermost. */
  nexus?: NexusInterceptorsFactory[];
  /** Modules that export `interceptors` for Workflows. Not used with a ready-made `workflowBundle`. */
  workflowModules?: string[];
}

/** {@link WorkerInterceptors} with every list present. */
export type CompiledWorkerInterceptors = Required<
  Pick<WorkerInterceptors, "activity" | "nexus" | "workflowModules">
> & {
  client: ClientInterceptors | undefined;
};
