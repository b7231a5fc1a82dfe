/** Options and handles of standalone activities. */

import type { ActivityFunction } from "../../common/interfaces";
import type { Priority } from "../../common/priority";
import type { RetryPolicy } from "../../common/retry-policy";
import type { SearchAttributePair, TypedSearchAttributes } from "../../common/search-attributes";
import type { Duration } from "../../common/time";
import type { Replace } from "../../common/type-helpers";
import type { PayloadTypeInfo } from "../../common/type-info";
import type { ActivityExecutionDescription, ActivityIdConflictPolicy, ActivityIdReusePolicy } from "./activity-types";

/**
 * An activity that runs on its own, without a workflow. All methods reject with `ActivityNotFoundError` if the server
 * does not know it.
 */
export interface ActivityHandle<R = any> {
  readonly activityId: string;
  /** Id of the run; without it the handle is about the latest run. */
  readonly runId?: string;

  /** Waits for the result. Rejects with `ActivityExecutionFailedError` if the activity does not complete. */
  result(): Promise<R>;

  /** What the server says of the activity. */
  describe(options?: ActivityDescribeOptions): Promise<ActivityExecutionDescription>;

  /** Asks the activity to cancel, which it may ignore. */
  cancel(reason: string): Promise<void>;

  /** Ends the activity at once. Its worker notices with its next heartbeat. */
  terminate(reason: string): Promise<void>;

  /** Asks the activity to pause, which it may ignore; no attempt is begun until {@link unpause} (experimental). */
  pause(options?: ActivityPauseOptions): Promise<void>;

  /** Lets a paused activity go on (experimental). */
  unpause(options?: ActivityUnpauseOptions): Promise<void>;

  /** Changes options; resolves to all that hold now (experimental). */
  updateOptions(options: ActivityOptionsUpdate): Promise<ActivityOptionsUpdateResult>;

  /** Brings back the options that the activity was started with; resolves to them (experimental). */
  restoreOriginalOptions(): Promise<ActivityOptionsUpdate>;
}

/** Options for starting an activity. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is needed. */
export interface ActivityOptions {
  /** Id of the activity, e.g. an order number: at most one activity with it runs at a time. */
  id: string;
  /** Task queue of the workers that run it. */
  taskQueue: string;
  /** Arguments of the activity. */
  args?: any[] | Readonly<any[]>;
  /** How arguments and result are converted (experimental). */
  typeInfo?: PayloadTypeInfo;
  /** Time without a heartbeat after which an attempt fails: milliseconds, or text like "10 seconds". */
  heartbeatTimeout?: Duration;
  /** How a failed attempt is tried again. Default: the server's. */
  retry?: RetryPolicy;
  /** Time that one attempt may take. */
  startToCloseTimeout?: Duration;
  /** Time that the activity may wait for a worker; then it is not retried. */
  scheduleToStartTimeout?: Duration;
  /** Time that the activity may take, retries included. */
  scheduleToCloseTimeout?: Duration;
  /** Text for UI and CLI, one line of Temporal's markdown. */
  summary?: string;
  /** Which of the tasks that wait in the queue goes first. */
  priority?: Priority;
  /** Time to wait before the first attempt. */
  startDelay?: Duration;
  /** Whether the id of a closed activity may be used again. Default ALLOW_DUPLICATE. */
  idReusePolicy?: ActivityIdReusePolicy;
  /** What happens when an activity with the id is running. Default FAIL. */
  idConflictPolicy?: ActivityIdConflictPolicy;
  /** Indexed values by which the activity is found. */
  typedSearchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
}

/** Options of `ActivityClient.getHandleWithOptions`. */
export interface GetActivityHandleOptions {
  /** Id of the run; by default the latest. */
  runId?: string;
  /** How the result is converted (experimental). */
  typeInfo?: Pick<PayloadTypeInfo, "outputType">;
}

/** What `ActivityHandle.describe` also fetches; by default none of it. */
export interface ActivityDescribeOptions {
  /** The arguments. */
  includeInput?: boolean;
  /** The result, or the failure that the activity ended with. */
  includeOutcome?: boolean;
  /** The details of the last heartbeat. */
  includeHeartbeatDetails?: boolean;
  /** The failure of the last attempt. */
  includeLastFailure?: boolean;
}

/** Options of `ActivityHandle.pause`. */
export interface ActivityPauseOptions {
  /** Text for people. */
  reason?: string;
}

/** Options of `ActivityHandle.unpause`. */
export interface ActivityUnpauseOptions {
  /** Text for people. */
  reason?: string;
  /** The activity waits for a random part of this time: milliseconds, or text like "10 seconds". */
  jitter?: Duration;
}

/** Options to change; null takes an option away, undefined leaves it as it is. */
export interface ActivityOptionsUpdate {
  taskQueue?: string;
  scheduleToCloseTimeout?: Duration | null;
  scheduleToStartTimeout?: Duration | null;
  startToCloseTimeout?: Duration | null;
  heartbeatTimeout?: Duration | null;
  retry?: RetryPolicy | null;
  priority?: Priority | null;
  startDelay?: Duration | null;
}

/** The options that hold after a change; durations in milliseconds. */
export type ActivityOptionsUpdateResult = {
  [K in keyof ActivityOptionsUpdate]: Exclude<ActivityOptionsUpdate[K], null>;
};

/** Starts the activities of interface `T`, with the types of their arguments and results. */
export interface TypedActivityClient<T> {
  /** See `ActivityClient.start`. */
  start<N extends ActivityName<T>>(
    activity: N,
    options: ActivityOptionsFor<T, N>,
  ): Promise<ActivityHandle<ActivityResult<T, N>>>;
  /** See `ActivityClient.execute`. */
  execute<N extends ActivityName<T>>(activity: N, options: ActivityOptionsFor<T, N>): Promise<ActivityResult<T, N>>;
}

/** Names of the activities of interface `T`. */
export type ActivityName<T> = {
  [N in keyof T & string]: T[N] extends ActivityFunction<any, any> ? N : never;
}[keyof T & string];

/** Arguments of activity `N`. */
export type ActivityArgs<T, N extends ActivityName<T>> = T[N] extends ActivityFunction<infer P, any> ? P : never;

/** Result of activity `N`. */
export type ActivityResult<T, N extends ActivityName<T>> = T[N] extends ActivityFunction<any, infer R> ? R : never;

/** {@link ActivityOptions} with arguments of these types, required if the activity has parameters that are. */
export type ActivityOptionsWithArgs<Args extends any[]> = Args extends [any, ...any]
  ? Replace<ActivityOptions, { args: Args | Readonly<Args> }>
  : Replace<ActivityOptions, { args?: Args | Readonly<Args> }>;

/** {@link ActivityOptions} with the arguments of activity `N`. */
export type ActivityOptionsFor<T, N extends ActivityName<T>> = ActivityOptionsWithArgs<ActivityArgs<T, N>>;
