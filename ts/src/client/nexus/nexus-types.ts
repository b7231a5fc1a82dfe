/** Options of standalone Nexus operations, and what the server says of them (experimental). */

import { makeEnumConverters } from "../../common/enums";
import type {
  SearchAttributePair,
  SearchAttributeType,
  TypedSearchAttributes,
  TypedSearchAttributeValue,
} from "../../common/search-attributes";
import type { Duration } from "../../common/time";
import type { Replace } from "../../common/type-helpers";
import type { PayloadTypeInfo } from "../../common/type-info";
import type {
  NexusOperationExecutionCancellationInfo as RawNexusOperationExecutionCancellationInfo,
  NexusOperationExecutionInfo as RawNexusOperationExecutionInfo,
  NexusOperationExecutionListInfo as RawNexusOperationExecutionListInfo,
} from "../../proto/temporal/api/nexus/v1/message";

export type {
  RawNexusOperationExecutionCancellationInfo,
  RawNexusOperationExecutionInfo,
  RawNexusOperationExecutionListInfo,
};

/**
 * Whether an operation may have the id of a closed one. (For running ones see {@link NexusOperationIdConflictPolicy}.)
 */
export const NexusOperationIdReusePolicy = {
  /** It may. The default. */
  ALLOW_DUPLICATE: "ALLOW_DUPLICATE",
  /** It may if the closed one did not complete. */
  ALLOW_DUPLICATE_FAILED_ONLY: "ALLOW_DUPLICATE_FAILED_ONLY",
  /** It may not. */
  REJECT_DUPLICATE: "REJECT_DUPLICATE",
} as const;
export type NexusOperationIdReusePolicy =
  (typeof NexusOperationIdReusePolicy)[keyof typeof NexusOperationIdReusePolicy];

/** Between {@link NexusOperationIdReusePolicy} and protobuf. */
export const [encodeNexusOperationIdReusePolicy, decodeNexusOperationIdReusePolicy] = makeEnumConverters(
  "NEXUS_OPERATION_ID_REUSE_POLICY_",
  {
    ALLOW_DUPLICATE: 1,
    ALLOW_DUPLICATE_FAILED_ONLY: 2,
    REJECT_DUPLICATE: 3,
  },
);

/** What happens when an operation with the same id is running. */
export const NexusOperationIdConflictPolicy = {
  /** Starting fails with `NexusOperationAlreadyStartedError`. The default. */
  FAIL: "FAIL",
  /** Nothing is started; the handle is one of the running operation. */
  USE_EXISTING: "USE_EXISTING",
} as const;
export type NexusOperationIdConflictPolicy =
  (typeof NexusOperationIdConflictPolicy)[keyof typeof NexusOperationIdConflictPolicy];

/** Between {@link NexusOperationIdConflictPolicy} and protobuf. */
export const [encodeNexusOperationIdConflictPolicy, decodeNexusOperationIdConflictPolicy] = makeEnumConverters(
  "NEXUS_OPERATION_ID_CONFLICT_POLICY_",
  {
    FAIL: 1,
    USE_EXISTING: 2,
  },
);

/** Status of an operation. */
export const NexusOperationExecutionStatus = {
  RUNNING: "RUNNING",
  COMPLETED: "COMPLETED",
  FAILED: "FAILED",
  CANCELED: "CANCELED",
  TERMINATED: "TERMINATED",
  TIMED_OUT: "TIMED_OUT",
} as const;
export type NexusOperationExecutionStatus =
  (typeof NexusOperationExecutionStatus)[keyof typeof NexusOperationExecutionStatus];

/** Between {@link NexusOperationExecutionStatus} and protobuf. */
export const [encodeNexusOperationExecutionStatus, decodeNexusOperationExecutionStatus] = makeEnumConverters(
  "NEXUS_OPERATION_EXECUTION_STATUS_",
  {
    RUNNING: 1,
    COMPLETED: 2,
    FAILED: 3,
    CANCELED: 4,
    TERMINATED: 5,
    TIMED_OUT: 6,
  },
);

/** More about an operation that is running. */
export const PendingNexusOperationState = {
  /** It waits for its handler. */
  SCHEDULED: "SCHEDULED",
  /** An attempt failed; the next one is to come. */
  BACKING_OFF: "BACKING_OFF",
  /** Its handler has started it, and it completes later. */
  STARTED: "STARTED",
  /** Its endpoint's circuit breaker is open. */
  BLOCKED: "BLOCKED",
} as const;
export type PendingNexusOperationState = (typeof PendingNexusOperationState)[keyof typeof PendingNexusOperationState];

/** Between {@link PendingNexusOperationState} and protobuf. */
export const [encodePendingNexusOperationState, decodePendingNexusOperationState] = makeEnumConverters(
  "PENDING_NEXUS_OPERATION_STATE_",
  {
    SCHEDULED: 1,
    BACKING_OFF: 2,
    STARTED: 3,
    BLOCKED: 4,
  },
);

/** State of a request to cancel an operation. */
export const NexusOperationCancellationState = {
  SCHEDULED: "SCHEDULED",
  BACKING_OFF: "BACKING_OFF",
  SUCCEEDED: "SUCCEEDED",
  FAILED: "FAILED",
  TIMED_OUT: "TIMED_OUT",
  BLOCKED: "BLOCKED",
} as const;
export type NexusOperationCancellationState =
  (typeof NexusOperationCancellationState)[keyof typeof NexusOperationCancellationState];

/** Between {@link NexusOperationCancellationState} and protobuf. */
export const [encodeNexusOperationCancellationState, decodeNexusOperationCancellationState] = makeEnumConverters(
  "NEXUS_OPERATION_CANCELLATION_STATE_",
  {
    SCHEDULED: 1,
    BACKING_OFF: 2,
    SUCCEEDED: 3,
    FAILED: 4,
    TIMED_OUT: 5,
    BLOCKED: 6,
  },
);

/** A request to cancel an operation. */
export interface NexusOperationExecutionCancellationInfo {
  readonly requestedTime: Date | undefined;
  readonly state: NexusOperationCancellationState | undefined;
  /** How often the request was sent to the handler. */
  readonly attempt: number;
  readonly lastAttemptCompleteTime: Date | undefined;
  readonly nextAttemptScheduleTime: Date | undefined;
  readonly lastAttemptFailure: Error | undefined;
  /** More about the state BLOCKED. */
  readonly blockedReason: string | undefined;
  /** The reason that the request gave. */
  readonly reason: string;
  /** The server's message. */
  readonly raw: RawNexusOperationExecutionCancellationInfo;
}

/** What a list says of an operation. */
export interface NexusOperationExecution {
  readonly operationId: string;
  readonly runId: string;
  readonly endpoint: string;
  readonly service: string;
  /** Name of the operation. */
  readonly operation: string;
  readonly scheduleTime: Date | undefined;
  readonly closeTime: Date | undefined;
  readonly status: NexusOperationExecutionStatus | undefined;
  readonly searchAttributes: TypedSearchAttributes;
  readonly stateTransitionCount: number;
  /** Milliseconds from schedule to close, if it is closed. */
  readonly executionDuration: number | undefined;
  /** The server's message. */
  readonly raw: RawNexusOperationExecutionListInfo;
}

/** What `NexusOperationHandle.describe` returns. */
export type NexusOperationExecutionDescription = Replace<
  NexusOperationExecution,
  { raw: RawNexusOperationExecutionInfo }
> & {
  /** More about an operation that is running. */
  readonly state: PendingNexusOperationState | undefined;
  /** Milliseconds. */
  readonly scheduleToCloseTimeout: number | undefined;
  /** Milliseconds. */
  readonly scheduleToStartTimeout: number | undefined;
  /** Milliseconds. */
  readonly startToCloseTimeout: number | undefined;
  readonly attempt: number;
  /** Schedule time and schedule-to-close timeout. */
  readonly expirationTime: Date | undefined;
  readonly lastAttemptCompleteTime: Date | undefined;
  readonly nextAttemptScheduleTime: Date | undefined;
  readonly lastAttemptFailure: Error | undefined;
  /** More about the state BLOCKED. */
  readonly blockedReason: string | undefined;
  /** Id of the request, by which the handler recognizes one that is sent again. */
  readonly requestId: string;
  /** Set when the handler has started an operation that completes later. */
  readonly operationToken: string | undefined;
  /** Who started the operation. */
  readonly identity: string;
  /** Set if cancellation was requested. */
  readonly cancellationInfo: NexusOperationExecutionCancellationInfo | undefined;
  /** Text for UI and CLI, one line. */
  staticSummary: () => Promise<string | undefined>;
  /** Text for UI and CLI, several lines. */
  staticDetails: () => Promise<string | undefined>;
};

/** Number of operations, and of each group if the query has GROUP BY. */
export interface NexusOperationExecutionCount {
  readonly count: number;
  readonly groups: readonly NexusOperationExecutionCountGroup[];
}

/** A group of operations. */
export interface NexusOperationExecutionCountGroup {
  readonly count: number;
  readonly groupValues: readonly TypedSearchAttributeValue<SearchAttributeType>[];
}

/** Options for starting an operation. Durations are milliseconds, or text like "10 seconds". */
export interface StartNexusOperationOptions {
  /** Id of the operation: at most one operation with it runs at a time. */
  id: string;
  /** Time that the operation may take, retries included. */
  scheduleToCloseTimeout?: Duration;
  /** Time until a handler must have started it. */
  scheduleToStartTimeout?: Duration;
  /** Time that it may take once a handler has started it. */
  startToCloseTimeout?: Duration;
  /** Text for UI and CLI, one line of Temporal's markdown. */
  summary?: string;
  /** Whether the id of a closed operation may be used again. Default ALLOW_DUPLICATE. */
  idReusePolicy?: NexusOperationIdReusePolicy;
  /** What happens when an operation with the id is running. Default FAIL. */
  idConflictPolicy?: NexusOperationIdConflictPolicy;
  /** Indexed values by which the operation is found. */
  searchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
  /** Headers that the handler gets as they are. */
  headers?: Record<string, string>;
}

/** Options of `NexusClient.list`. */
export interface ListNexusOperationsOptions {
  /** Which operations, in Temporal's list filter language. Default: all. */
  query?: string;
  /** Operations per page. Default: the server's. */
  pageSize?: number;
}

/** Options of `NexusClient.getHandle`. */
export interface GetNexusOperationHandleOptions {
  /** Id of the run; by default the latest. */
  runId?: string;
  /** How the result is converted. */
  typeInfo?: Pick<PayloadTypeInfo, "outputType">;
}

/** Options of `NexusOperationHandle.describe`: none so far. */
export type DescribeNexusOperationOptions = {};
