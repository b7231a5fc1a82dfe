/** Failures: the errors that travel between workflows, activities and clients. */

import type { WorkflowExecution as ProtoWorkflowExecution } from "../proto/temporal/api/common/v1/message";
import type { Failure } from "../proto/temporal/api/failure/v1/message";
import { makeEnumConverters } from "./enums";
import { describeInnerErrors } from "./inner-errors";
import type { Duration } from "./time";
import { brandError, errorMessage, isError, isRecord } from "./type-helpers";

/** Which SDK made a failure. The value is the TypeScript SDK's, so that histories read the same to every tool. */
export const FAILURE_SOURCE = "TypeScriptSDK";

/** The protobuf form of a failure. */
export type ProtoFailure = Failure;

/** Which time limit was exceeded. */
export const TimeoutType = {
  START_TO_CLOSE: "START_TO_CLOSE",
  SCHEDULE_TO_START: "SCHEDULE_TO_START",
  SCHEDULE_TO_CLOSE: "SCHEDULE_TO_CLOSE",
  HEARTBEAT: "HEARTBEAT",
  /** @deprecated Use START_TO_CLOSE. */
  TIMEOUT_TYPE_START_TO_CLOSE: "START_TO_CLOSE",
  /** @deprecated Use SCHEDULE_TO_START. */
  TIMEOUT_TYPE_SCHEDULE_TO_START: "SCHEDULE_TO_START",
  /** @deprecated Use SCHEDULE_TO_CLOSE. */
  TIMEOUT_TYPE_SCHEDULE_TO_CLOSE: "SCHEDULE_TO_CLOSE",
  /** @deprecated Use HEARTBEAT. */
  TIMEOUT_TYPE_HEARTBEAT: "HEARTBEAT",
  /** @deprecated Use undefined. */
  TIMEOUT_TYPE_UNSPECIFIED: undefined,
} as const;
export type TimeoutType = (typeof TimeoutType)[keyof typeof TimeoutType];

/** Between {@link TimeoutType} and protobuf. */
export const [encodeTimeoutType, decodeTimeoutType] = makeEnumConverters("TIMEOUT_TYPE_", {
  START_TO_CLOSE: 1,
  SCHEDULE_TO_START: 2,
  SCHEDULE_TO_CLOSE: 3,
  HEARTBEAT: 4,
});

/** Why there was no further retry. */
export const RetryState = {
  IN_PROGRESS: "IN_PROGRESS",
  NON_RETRYABLE_FAILURE: "NON_RETRYABLE_FAILURE",
  TIMEOUT: "TIMEOUT",
  MAXIMUM_ATTEMPTS_REACHED: "MAXIMUM_ATTEMPTS_REACHED",
  RETRY_POLICY_NOT_SET: "RETRY_POLICY_NOT_SET",
  INTERNAL_SERVER_ERROR: "INTERNAL_SERVER_ERROR",
  CANCEL_REQUESTED: "CANCEL_REQUESTED",
  /** @deprecated Use IN_PROGRESS. */
  RETRY_STATE_IN_PROGRESS: "IN_PROGRESS",
  /** @deprecated Use NON_RETRYABLE_FAILURE. */
  RETRY_STATE_NON_RETRYABLE_FAILURE: "NON_RETRYABLE_FAILURE",
  /** @deprecated Use TIMEOUT. */
  RETRY_STATE_TIMEOUT: "TIMEOUT",
  /** @deprecated Use MAXIMUM_ATTEMPTS_REACHED. */
  RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED: "MAXIMUM_ATTEMPTS_REACHED",
  /** @deprecated Use RETRY_POLICY_NOT_SET. */
  RETRY_STATE_RETRY_POLICY_NOT_SET: "RETRY_POLICY_NOT_SET",
  /** @deprecated Use INTERNAL_SERVER_ERROR. */
  RETRY_STATE_INTERNAL_SERVER_ERROR: "INTERNAL_SERVER_ERROR",
  /** @deprecated Use CANCEL_REQUESTED. */
  RETRY_STATE_CANCEL_REQUESTED: "CANCEL_REQUESTED",
  /** @deprecated Use undefined. */
  RETRY_STATE_UNSPECIFIED: undefined,
} as const;
export type RetryState = (typeof RetryState)[keyof typeof RetryState];

/** Between {@link RetryState} and protobuf. */
export const [encodeRetryState, decodeRetryState] = makeEnumConverters("RETRY_STATE_", {
  IN_PROGRESS: 1,
  NON_RETRYABLE_FAILURE: 2,
  TIMEOUT: 3,
  MAXIMUM_ATTEMPTS_REACHED: 4,
  RETRY_POLICY_NOT_SET: 5,
  INTERNAL_SERVER_ERROR: 6,
  CANCEL_REQUESTED: 7,
});

/** How much attention an application failure deserves (experimental). */
export const ApplicationFailureCategory = {
  /** Expected: an activity that fails so is logged at DEBUG and not counted in metrics. */
  BENIGN: "BENIGN",
} as const;
export type ApplicationFailureCategory = (typeof ApplicationFailureCategory)[keyof typeof ApplicationFailureCategory];

/** Between {@link ApplicationFailureCategory} and protobuf. */
export const [encodeApplicationFailureCategory, decodeApplicationFailureCategory] = makeEnumConverters(
  "APPLICATION_ERROR_CATEGORY_",
  { BENIGN: 1 },
);

/** A workflow's id and run id. */
export type WorkflowExecution = ProtoWorkflowExecution;

/**
 * Base of the failures that can cross the borders of workflows and activities. Do not extend it or its children; the
 * only one to throw from application code is {@link ApplicationFailure}.
 */
export class TemporalFailure extends Error {
  /** The protobuf form that this error was made from, if it came from elsewhere. */
  failure?: ProtoFailure;

  constructor(
    message?: string | undefined | null,
    override readonly cause?: Error,
  ) {
    super(message ?? undefined);
  }
  static {
    brandError(this, "TemporalFailure");
  }
}

/** A failure that the Temporal server itself produced. */
export class ServerFailure extends TemporalFailure {
  constructor(
    message: string | undefined,
    readonly nonRetryable: boolean,
    cause?: Error,
  ) {
    super(message, cause);
  }
  static {
    brandError(this, "ServerFailure");
  }
}

/** What an {@link ApplicationFailure} is made of. */
export interface ApplicationFailureOptions {
  /** Error message. */
  message?: string;
  /** Kind of error; `RetryPolicy.nonRetryableErrorTypes` lists such types. */
  type?: string;
  /** Whether retrying makes no sense. Default false. */
  nonRetryable?: boolean;
  /** Further values, serialized by the payload converter. */
  details?: unknown[];
  /**
   * Replaces the retry policy's delay before the next attempt; the number of attempts and the total time stay limited.
   */
  nextRetryDelay?: Duration;
  /** What caused this failure. */
  cause?: Error;
  /** How much attention it deserves. */
  category?: ApplicationFailureCategory;
}

/**
 * A failure of the application. Thrown from a workflow, it fails the workflow (any other error only fails the workflow
 * task, which is retried); thrown from an activity, it fails the attempt (any other error is converted to one of these
 * first).
 */
export class ApplicationFailure extends TemporalFailure {
  /** Usually made by {@link ApplicationFailure.create} or {@link ApplicationFailure.fromError}. */
  constructor(
    message?: string | undefined | null,
    readonly type?: string | undefined | null,
    readonly nonRetryable?: boolean | undefined | null,
    readonly details?: unknown[] | undefined | null,
    cause?: Error,
    readonly nextRetryDelay?: Duration | undefined | null,
    readonly category?: ApplicationFailureCategory | undefined | null,
  ) {
    super(message, cause);
  }
  static {
    brandError(this, "ApplicationFailure");
  }

  /**
   * The failure that {@link ensureApplicationFailure} makes of `error`, with `overrides` in place of its own fields.
   */
  static fromError(error: Error | unknown, overrides?: ApplicationFailureOptions): ApplicationFailure {
    return Object.assign(ensureApplicationFailure(error), overrides);
  }

  /** A failure with the given fields; retryable unless they say otherwise. */
  static create(options: ApplicationFailureOptions): ApplicationFailure {
    const { message, type, nonRetryable = false, details, nextRetryDelay, cause, category } = options;
    return new this(message, type, nonRetryable, details, cause, nextRetryDelay, category);
  }

  /** A failure that is retried, unless its type (default "Error") is in the retry policy's `nonRetryableErrorTypes`. */
  static retryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new this(message, type ?? "Error", false, details);
  }

  /** A failure that is not retried, whatever the retry policy says. */
  static nonRetryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new this(message, type ?? "Error", true, details);
  }
}

/**
 * The failure for payload converters and codecs that understand a payload but reject it; not retried. `details` become
 * its only detail.
 */
export function createPayloadValidationError(details: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    message: "Payload validation failed",
    type: "PayloadValidationError",
    nonRetryable: true,
    details: details == null ? [] : [details],
  });
}

/** Cancellation was requested. Let it through to be cancelled; catch it to go on. It is requested only once. */
export class CancelledFailure extends TemporalFailure {
  constructor(
    message: string | undefined,
    readonly details: unknown[] = [],
    cause?: Error,
  ) {
    super(message, cause);
  }
  static {
    brandError(this, "CancelledFailure");
  }
}

/** The workflow was terminated. */
export class TerminatedFailure extends TemporalFailure {
  constructor(message: string | undefined, cause?: Error) {
    super(message, cause);
  }
  static {
    brandError(this, "TerminatedFailure");
  }
}

/** A workflow or activity exceeded a time limit. */
export class TimeoutFailure extends TemporalFailure {
  constructor(
    message: string | undefined,
    readonly lastHeartbeatDetails: unknown,
    readonly timeoutType: TimeoutType,
  ) {
    super(message);
  }
  static {
    brandError(this, "TimeoutFailure");
  }
}

/** An activity failed; `cause` says why. Thrown by the SDK only. */
export class ActivityFailure extends TemporalFailure {
  constructor(
    message: string | undefined,
    readonly activityType: string,
    readonly activityId: string | undefined,
    readonly retryState: RetryState,
    readonly identity: string | undefined,
    cause?: Error,
  ) {
    super(message, cause);
  }
  static {
    brandError(this, "ActivityFailure");
  }
}

/** A child workflow failed; `cause` says why. Thrown by the SDK only. */
export class ChildWorkflowFailure extends TemporalFailure {
  constructor(
    readonly namespace: string | undefined,
    readonly execution: WorkflowExecution,
    readonly workflowType: string,
    readonly retryState: RetryState,
    cause?: Error,
  ) {
    super("Child Workflow execution failed", cause);
  }
  static {
    brandError(this, "ChildWorkflowFailure");
  }
}

/** A Nexus operation called from a workflow failed; `cause` says why. */
export class NexusOperationFailure extends TemporalFailure {
  constructor(
    message: string | undefined,
    readonly scheduledEventId: number | undefined,
    readonly endpoint: string,
    readonly service: string,
    readonly operation: string,
    readonly operationToken: string | undefined,
    cause?: Error,
  ) {
    super(message, cause);
  }
  static {
    brandError(this, "NexusOperationFailure");
  }
}

/**
 * A workflow with that id is running, or ran and the id must not be used again: see `workflowIdConflictPolicy` and
 * `workflowIdReusePolicy`.
 */
export class WorkflowExecutionAlreadyStartedError extends TemporalFailure {
  constructor(
    message: string,
    readonly workflowId: string,
    readonly workflowType: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "WorkflowExecutionAlreadyStartedError");
  }
}

/**
 * The error itself if it is an `ApplicationFailure`; otherwise a retryable one with its message, its class's name as
 * the type, its stack, and its cause if that is an error. The details tell of the inner errors of an `AggregateError`.
 */
export function ensureApplicationFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const record = isRecord(error) ? error : undefined;
  const failure = ApplicationFailure.create({
    message: (record && String(record.message)) || String(error),
    type:
      (record &&
        ((record.constructor as { name?: string } | undefined)?.name ?? (record.name as string | undefined))) ||
      undefined,
    nonRetryable: false,
    details: describeInnerErrors(error),
    cause: record && isError(record.cause) ? record.cause : undefined,
  });
  failure.stack = (record && String(record.stack)) || "";
  return failure;
}

/** The error itself if it is a `TemporalFailure`, otherwise {@link ensureApplicationFailure} of it. */
export function ensureTemporalFailure(error: unknown): TemporalFailure {
  return error instanceof TemporalFailure ? error : ensureApplicationFailure(error);
}

/** The message of the innermost cause of a `TemporalFailure`, or the message of any other error. */
export function rootCause(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  while (error instanceof TemporalFailure && error.cause && !seen.has(error)) {
    seen.add(error);
    error = error.cause;
  }
  return errorMessage(error);
}
