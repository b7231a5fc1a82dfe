/** What the server says of standalone activities. */

import { makeEnumConverters } from "../../common/enums";
import type { Priority } from "../../common/priority";
import type { RetryPolicy } from "../../common/retry-policy";
import type { TypedSearchAttributes } from "../../common/search-attributes";
import type { WorkerDeploymentVersion } from "../../common/worker-deployments";
import type {
  CallbackInfo,
  ActivityExecutionInfo as RawActivityExecutionInfo,
  ActivityExecutionListInfo as RawActivityExecutionListInfo,
} from "../../proto/temporal/api/activity/v1/message";

export type { RawActivityExecutionInfo, RawActivityExecutionListInfo };
/** The server's messages about callbacks. */
export type RawActivityExecutionCallbacks = CallbackInfo[];

/** Number of activities, and of each group if the query has GROUP BY. */
export interface CountActivityExecutions {
  readonly count: number;
  readonly groups?: {
    readonly count: number;
    readonly groupValues?: any[];
  }[];
}

/** What a list says of an activity. */
export interface ActivityExecutionInfo {
  /** The server's message, if the information comes from a list. */
  rawListInfo?: RawActivityExecutionListInfo;
  activityId: string;
  activityRunId: string;
  /** Type name. */
  activityType: string;
  scheduleTime?: Date;
  closeTime?: Date;
  status: ActivityExecutionStatus;
  typedSearchAttributes: TypedSearchAttributes;
  taskQueue: string;
  /** From schedule to close, if it is closed. */
  executionDurationMs?: number;
  /** Schedule time and the start delay. */
  executionTime?: Date;
}

/** What `ActivityHandle.describe` returns. */
export interface ActivityExecutionDescription extends ActivityExecutionInfo {
  /** The server's messages about callbacks. */
  rawCallbacks: RawActivityExecutionCallbacks;
  /** The server's message. */
  rawInfo: RawActivityExecutionInfo;
  /** More about an activity that is running. */
  runState?: PendingActivityState;
  scheduleToCloseTimeoutMs?: number;
  scheduleToStartTimeoutMs?: number;
  startToCloseTimeoutMs?: number;
  heartbeatTimeoutMs?: number;
  retryPolicy: RetryPolicy;
  lastHeartbeatTime?: Date;
  lastStartedTime?: Date;
  /** Counts from 1. */
  attempt: number;
  /** Schedule time and `scheduleToCloseTimeout`. */
  expirationTime?: Date;
  lastWorkerIdentity?: string;
  currentRetryIntervalMs?: number;
  lastAttemptCompleteTime?: Date;
  nextAttemptScheduleTime?: Date;
  lastDeploymentVersion?: WorkerDeploymentVersion;
  priority: Priority;
  /** Why cancellation was requested. */
  canceledReason?: string;
  startDelayMs?: number;
  totalHeartbeatCount?: number;
  /** Whether there are details of a heartbeat; needs `includeHeartbeatDetails`, like {@link getHeartbeatDetails}. */
  hasHeartbeatDetails: boolean;
  /** Whether an attempt failed; needs `includeLastFailure`, like {@link getLastFailure}. */
  hasLastFailure: boolean;
  /** Whether the arguments are there; needs `includeInput`, like {@link getInput}. */
  hasInput: boolean;
  /** Whether there is a result; needs `includeOutcome`, like {@link getResult}. */
  hasResult: boolean;
  /** Whether the activity ended with a failure; needs `includeOutcome`, like {@link getOutcomeFailure}. */
  hasOutcomeFailure: boolean;
  /** Details of the last heartbeat; undefined if there are none. */
  getHeartbeatDetails<T = any>(): Promise<T | undefined>;
  /** Failure of the last attempt; undefined if there is none. */
  getLastFailure(): Promise<Error | undefined>;
  /** Arguments; undefined if they are not there. */
  getInput<T extends any[] = any[]>(): Promise<T | undefined>;
  /** Result; undefined if there is none. */
  getResult<T = any>(): Promise<T | undefined>;
  /** The failure that the activity ended with; undefined if there is none. */
  getOutcomeFailure(): Promise<Error | undefined>;
}

/** Whether an activity may have the id of a closed one. (For running ones see {@link ActivityIdConflictPolicy}.) */
export const ActivityIdReusePolicy = {
  /** It may. The default. */
  ALLOW_DUPLICATE: "ALLOW_DUPLICATE",
  /** It may if the closed one did not complete. */
  ALLOW_DUPLICATE_FAILED_ONLY: "ALLOW_DUPLICATE_FAILED_ONLY",
  /** It may not. */
  REJECT_DUPLICATE: "REJECT_DUPLICATE",
} as const;
export type ActivityIdReusePolicy = (typeof ActivityIdReusePolicy)[keyof typeof ActivityIdReusePolicy];

/** Between {@link ActivityIdReusePolicy} and protobuf. */
export const [encodeActivityIdReusePolicy, decodeActivityIdReusePolicy] = makeEnumConverters(
  "ACTIVITY_ID_REUSE_POLICY_",
  {
    ALLOW_DUPLICATE: 1,
    ALLOW_DUPLICATE_FAILED_ONLY: 2,
    REJECT_DUPLICATE: 3,
  },
);

/** What happens when an activity with the same id is running. */
export const ActivityIdConflictPolicy = {
  /** Starting fails with `ActivityExecutionAlreadyStartedError`. The default. */
  FAIL: "FAIL",
  /** Nothing is started; the handle is one of the running activity. */
  USE_EXISTING: "USE_EXISTING",
} as const;
export type ActivityIdConflictPolicy = (typeof ActivityIdConflictPolicy)[keyof typeof ActivityIdConflictPolicy];

/** Between {@link ActivityIdConflictPolicy} and protobuf. */
export const [encodeActivityIdConflictPolicy, decodeActivityIdConflictPolicy] = makeEnumConverters(
  "ACTIVITY_ID_CONFLICT_POLICY_",
  {
    FAIL: 1,
    USE_EXISTING: 2,
  },
);

/** Status of an activity. */
export const ActivityExecutionStatus = {
  RUNNING: "RUNNING",
  COMPLETED: "COMPLETED",
  FAILED: "FAILED",
  CANCELED: "CANCELED",
  TERMINATED: "TERMINATED",
  TIMED_OUT: "TIMED_OUT",
  PAUSED: "PAUSED",
} as const;
export type ActivityExecutionStatus = (typeof ActivityExecutionStatus)[keyof typeof ActivityExecutionStatus];

/** Between {@link ActivityExecutionStatus} and protobuf. */
export const [encodeActivityExecutionStatus, decodeActivityExecutionStatus] = makeEnumConverters(
  "ACTIVITY_EXECUTION_STATUS_",
  {
    RUNNING: 1,
    COMPLETED: 2,
    FAILED: 3,
    CANCELED: 4,
    TERMINATED: 5,
    TIMED_OUT: 6,
    PAUSED: 7,
  },
);

/** More about an activity that is running. */
export const PendingActivityState = {
  /** It waits for a worker, or for its next attempt. */
  SCHEDULED: "SCHEDULED",
  /** A worker has it. */
  STARTED: "STARTED",
  /** A worker has it, and cancellation was requested. */
  CANCEL_REQUESTED: "CANCEL_REQUESTED",
  /** It waits to be let go on. */
  PAUSED: "PAUSED",
  /** A worker has it, and pausing was requested. */
  PAUSE_REQUESTED: "PAUSE_REQUESTED",
} as const;
export type PendingActivityState = (typeof PendingActivityState)[keyof typeof PendingActivityState];

/** Between {@link PendingActivityState} and protobuf. */
export const [encodePendingActivityState, decodePendingActivityState] = makeEnumConverters("PENDING_ACTIVITY_STATE_", {
  SCHEDULED: 1,
  STARTED: 2,
  CANCEL_REQUESTED: 3,
  PAUSED: 4,
  PAUSE_REQUESTED: 5,
});
