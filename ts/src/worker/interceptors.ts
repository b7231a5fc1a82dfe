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
  getMetricTags?: (input: GetMetricTagsInput, next: Next<ActivityOutboundCallsInterceptor, "getMetricTags">) => MetricTags;
}

/** What {@link ActivityOutboundCallsInterceptor.getLogAttributes} gets. */
export type GetLogAttributesInput = Record<string, unknown>;

/** What {@link ActivityOutboundCallsInterceptor.getMetricTags} gets. */
export type GetMetricTagsInput = MetricTags;

/** @deprecated Use {@link ActivityInterceptorsFactory}. */
export type ActivityInboundCallsInterceptorFactory = (context: Context) => ActivityInboundCallsInterceptor;

/** Interceptors of a Worker. */
export interface WorkerInterceptors {
  /** For the client that activities get from the Worker. */
  client?: ClientInterceptors;
  /** For activities; the first is the outermost. */
  activity?: ActivityInterceptorsFactory[];
  /** @deprecated Use {@link WorkerInterceptors.activity}. These come before the ones given there. */
  activityInbound?: ActivityInboundCallsInterceptorFactory[];
  /** Modules that export `interceptors` for Workflows. Not used with a ready-made `workflowBundle`. */
  workflowModules?: string[];
}

/** {@link WorkerInterceptors} with every list present. */
export type CompiledWorkerInterceptors = Required<Pick<WorkerInterceptors, "activity" | "workflowModules">> & {
  client: ClientInterceptors | undefined;
};
