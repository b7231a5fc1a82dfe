/** Options for calling activities from workflows. */

import { makeEnumConverters } from "./enums";
import type { Priority } from "./priority";
import type { RetryPolicy } from "./retry-policy";
import type { Duration } from "./time";
import type { VersioningIntent } from "./versioning-intent";

/** What cancelling a workflow (or the scope of the call) does to its activities, and when the call fails. */
export const ActivityCancellationType = {
  /** Nothing is sent to the activity; the call fails at once. */
  ABANDON: "ABANDON",
  /** The activity is asked to cancel; the call fails at once, so that its outcome stays unknown. */
  TRY_CANCEL: "TRY_CANCEL",
  /**
   * The activity is asked to cancel; the call waits for its outcome. The activity must heartbeat to hear of it. The
   * default.
   */
  WAIT_CANCELLATION_COMPLETED: "WAIT_CANCELLATION_COMPLETED",
} as const;
export type ActivityCancellationType = (typeof ActivityCancellationType)[keyof typeof ActivityCancellationType];

/** Between {@link ActivityCancellationType} and protobuf. */
export const [encodeActivityCancellationType, decodeActivityCancellationType] = makeEnumConverters("", {
  TRY_CANCEL: 0,
  WAIT_CANCELLATION_COMPLETED: 1,
  ABANDON: 2,
});

/**
 * Options of activities. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is needed. Times: milliseconds, or
 * text like "10 seconds".
 */
export interface ActivityOptions {
  /** Id of the activity, unique in its workflow. Made up by default. */
  activityId?: string;
  /** Task queue that the activity is sent to. Default: the workflow's. */
  taskQueue?: string;
  /** Time between heartbeats after which the activity counts as lost. Default: none. */
  heartbeatTimeout?: Duration;
  /** How a failed attempt is tried again. The server's default tries for ever, with intervals from 1 to 100 seconds. */
  retry?: RetryPolicy;
  /** Time that one attempt may take. */
  startToCloseTimeout?: Duration;
  /** Time that the activity may wait in the queue. Default: no limit. Not retried. */
  scheduleToStartTimeout?: Duration;
  /** Time that the activity may take with all its attempts. */
  scheduleToCloseTimeout?: Duration;
  /** What cancelling does. Default WAIT_CANCELLATION_COMPLETED. */
  cancellationType?: ActivityCancellationType;
  /** Whether the server may hand the activity straight to this worker. Default true. */
  allowEagerDispatch?: boolean;
  /** @deprecated Worker versioning by build ids alone is gone; use worker deployments. */
  versioningIntent?: VersioningIntent;
  /** Text for UI and CLI, one line of Temporal's markdown. */
  summary?: string;
  /** Which of the tasks that wait in a queue go first. */
  priority?: Priority;
}

/**
 * Options of local activities, which run in the worker of the workflow. Times: milliseconds, or text like "10 seconds".
 */
export interface LocalActivityOptions {
  /** How a failed attempt is tried again. */
  retry?: RetryPolicy;
  /** Time that one attempt may take. */
  startToCloseTimeout?: Duration;
  /** Time that the activity may wait for a slot. Default: no limit. */
  scheduleToStartTimeout?: Duration;
  /** Time that the activity may take with all its attempts. */
  scheduleToCloseTimeout?: Duration;
  /** From this retry interval on, waiting is done by a timer of the workflow. Default 1 minute. */
  localRetryThreshold?: Duration;
  /** What cancelling does. Default WAIT_CANCELLATION_COMPLETED. */
  cancellationType?: ActivityCancellationType;
  /** Text for UI and CLI, one line of Temporal's markdown. */
  summary?: string;
}
