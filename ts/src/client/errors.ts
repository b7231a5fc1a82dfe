/** Errors of clients. */

import type { RetryState } from "../common/failure";
import { brandError, isError, isRecord } from "../common/type-helpers";
import { type GrpcServiceError, GrpcStatus } from "./connection/grpc-error";

/** A call to the server failed; `cause` says why, usually a gRPC error. */
export class ServiceError extends Error {
  override readonly cause?: Error;

  constructor(message: string, options?: { cause: Error }) {
    super(message);
    this.cause = options?.cause;
  }
  static {
    brandError(this, "ServiceError");
  }
}

/** The workflow did not complete; `cause` says why, e.g. a `CancelledFailure` if it was cancelled. */
export class WorkflowFailedError extends Error {
  constructor(
    message: string,
    override readonly cause: Error | undefined,
    readonly retryState: RetryState,
  ) {
    super(message);
  }
  static {
    brandError(this, "WorkflowFailedError");
  }
}

/** The update was rejected or its handler failed; `cause` says why. */
export class WorkflowUpdateFailedError extends Error {
  constructor(
    message: string,
    override readonly cause: Error | undefined,
  ) {
    super(message);
  }
  static {
    brandError(this, "WorkflowUpdateFailedError");
  }
}

/** Waiting for an update timed out or was aborted. The update itself may go on. */
export class WorkflowUpdateRPCTimeoutOrCancelledError extends Error {
  override readonly cause?: Error;

  constructor(message: string, options?: { cause: Error }) {
    super(message);
    this.cause = options?.cause;
  }
  static {
    brandError(this, "WorkflowUpdateRPCTimeoutOrCancelledError");
  }
}

/** The workflow continued as new, and `followRuns` is false. */
export class WorkflowContinuedAsNewError extends Error {
  constructor(
    message: string,
    readonly newExecutionRunId: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "WorkflowExecutionContinuedAsNewError");
  }
}

/** The workflow's state does not permit the query: see `queryRejectCondition`. */
export class QueryRejectedError extends Error {
  constructor(
    /** The workflow's status, a number of protobuf's WorkflowExecutionStatus. */
    readonly status: number,
  ) {
    super("Query rejected");
  }
  static {
    brandError(this, "QueryRejectedError");
  }
}

/** The workflow has no handler for the query. */
export class QueryNotRegisteredError extends Error {
  constructor(
    message: string,
    /** gRPC's code. */
    readonly code: number,
  ) {
    super(message);
  }
  static {
    brandError(this, "QueryNotRegisteredError");
  }
}

/** The server does not know the activity (any more). */
export class ActivityNotFoundError extends Error {
  static {
    brandError(this, "ActivityNotFoundError");
  }
}

/** Completing or heartbeating an activity failed, but not because the server does not know it. */
export class ActivityCompletionError extends Error {
  static {
    brandError(this, "ActivityCompletionError");
  }
}

/** Cancellation of the activity was requested. */
export class ActivityCancelledError extends Error {
  static {
    brandError(this, "ActivityCancelledError");
  }
}

/** The activity was paused. */
export class ActivityPausedError extends Error {
  static {
    brandError(this, "ActivityPausedError");
  }
}

/** The activity was reset. */
export class ActivityResetError extends Error {
  static {
    brandError(this, "ActivityResetError");
  }
}

/** A standalone activity did not complete; `cause` says why. */
export class ActivityExecutionFailedError extends Error {
  constructor(
    message: string,
    override readonly cause: Error | undefined,
    readonly activityId: string,
    readonly runId?: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "ActivityExecutionFailedError");
  }
}

/** The id of a standalone activity is taken, and the policies for ids do not permit to use it again. */
export class ActivityExecutionAlreadyStartedError extends Error {
  constructor(
    message: string,
    readonly activityId: string,
    /** Id of the run that has the id. */
    readonly runId: string,
  ) {
    super(message);
  }
  static {
    brandError(this, "ActivityExecutionAlreadyStartedError");
  }
}

/** Whether the error is that of an RPC: it has gRPC's `code`, `details` and `metadata`. */
export function isGrpcServiceError(error: unknown): error is GrpcServiceError {
  return (
    isError(error) &&
    typeof (error as GrpcServiceError).details === "string" &&
    isRecord((error as GrpcServiceError).metadata)
  );
}

function hasGrpcCode(error: unknown, code: number): boolean {
  const seen = new Set<unknown>();
  for (let current = error; isError(current) && !seen.has(current); current = current.cause) {
    seen.add(current);
    if (isGrpcServiceError(current) && current.code === code) return true;
  }
  return false;
}

/** Whether the error or one of its causes is that of an RPC whose deadline passed. */
export function isGrpcDeadlineError(error: unknown): error is Error {
  return hasGrpcCode(error, GrpcStatus.DEADLINE_EXCEEDED);
}

/** Whether the error or one of its causes is that of an RPC which was aborted. */
export function isGrpcCancelledError(error: unknown): error is Error {
  return hasGrpcCode(error, GrpcStatus.CANCELLED);
}

/** @deprecated Use {@link isGrpcServiceError}. */
export const isServerErrorResponse = isGrpcServiceError;
