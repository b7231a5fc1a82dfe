/** What errors of Nexus handlers become: the failures that Nexus has for them. */
import { HandlerError, type HandlerErrorType, OperationError } from "nexus-rpc";
import { ActivityExecutionAlreadyStartedError, GrpcStatus, isGrpcServiceError, ServiceError } from "../../client";
import {
  ApplicationFailure,
  CancelledFailure,
  ensureTemporalFailure,
  FAILURE_SOURCE,
  type LoadedDataConverter,
  type ProtoFailure,
  WorkflowExecutionAlreadyStartedError,
} from "../../common";
import { encodeErrorOrNotice } from "../../payloads/codec-helpers";
import { failureTooLarge, SHORT_TEXT, withoutDetails } from "../../payloads/size-limit";
import { NexusHandlerErrorRetryBehavior } from "../../proto/temporal/api/enums/v1/nexus";

/** Told of an error that couldn't be converted. */
type Report = (conversionError: unknown) => void;

/** Kinds of handler errors for what the server answered to a call that the handler made. Others are INTERNAL. */
const kindsOfStatus: Partial<Record<number, HandlerErrorType>> = {
  [GrpcStatus.INVALID_ARGUMENT]: "BAD_REQUEST",
  [GrpcStatus.ABORTED]: "UNAVAILABLE",
  [GrpcStatus.UNAVAILABLE]: "UNAVAILABLE",
  [GrpcStatus.NOT_FOUND]: "NOT_FOUND",
  [GrpcStatus.RESOURCE_EXHAUSTED]: "RESOURCE_EXHAUSTED",
  [GrpcStatus.UNIMPLEMENTED]: "NOT_IMPLEMENTED",
  [GrpcStatus.DEADLINE_EXCEEDED]: "UPSTREAM_TIMEOUT",
};

/** What will be answered the same however often it is asked. */
const permanentStatuses: ReadonlySet<number> = new Set([
  GrpcStatus.ALREADY_EXISTS,
  GrpcStatus.FAILED_PRECONDITION,
  GrpcStatus.OUT_OF_RANGE,
]);

/** The handler error for anything that a handler threw. Unless it says otherwise itself, the request is tried again. */
export function toHandlerError(error: unknown): HandlerError {
  if (error instanceof HandlerError) return error;
  if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof ActivityExecutionAlreadyStartedError) {
    return new HandlerError("INTERNAL", undefined, { cause: error, retryableOverride: false });
  }
  if (error instanceof ApplicationFailure && error.nonRetryable) {
    return new HandlerError("INTERNAL", "Handler failed with non-retryable application error", {
      cause: error,
      retryableOverride: false,
    });
  }
  if (error instanceof ServiceError && isGrpcServiceError(error.cause)) {
    const { code } = error.cause;
    return new HandlerError(kindsOfStatus[code] ?? "INTERNAL", undefined, {
      cause: error,
      ...(permanentStatuses.has(code) ? { retryableOverride: false } : {}),
    });
  }
  return new HandlerError("INTERNAL", undefined, { cause: error });
}

/**
 * The failure of a request that couldn't be handled. If the server would refuse it for its size, it has no details.
 *
 * @param operation whose it is, e.g. "operation 'charge'"
 * @param limit how many bytes the server takes
 */
export async function handlerFailure(
  converter: LoadedDataConverter,
  error: HandlerError,
  operation: string,
  limit: number,
  report: Report,
): Promise<ProtoFailure> {
  const failure = await encodeHandlerError(converter, error, report);
  const note = failureTooLarge(failure, limit, operation);
  if (note === undefined) return failure;
  const { type, message, retryableOverride, cause = error } = error;
  const short = new HandlerError(type, message.slice(0, SHORT_TEXT), {
    retryableOverride,
    cause: withoutDetails(ensureTemporalFailure(cause), note),
  });
  return encodeHandlerError(converter, short, report);
}

/** Core takes no other kind of failures here, whatever a failure converter makes. */
async function encodeHandlerError(
  converter: LoadedDataConverter,
  error: HandlerError,
  report: Report,
): Promise<ProtoFailure> {
  const failure = await encodeErrorOrNotice(converter, error, undefined, report);
  if (failure.nexusHandlerFailureInfo !== undefined) return failure;
  const { RETRYABLE, NON_RETRYABLE } = retryBehaviors;
  const retryBehavior = error.retryable ? RETRYABLE : NON_RETRYABLE;
  return {
    message: failure.message,
    source: FAILURE_SOURCE,
    nexusHandlerFailureInfo: { type: error.type, retryBehavior },
    cause: failure,
  };
}

const retryBehaviors = {
  RETRYABLE: NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE,
  NON_RETRYABLE: NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE,
};

/**
 * The failure of an operation that was handled and ended badly. If the server would refuse it for its size, it has no
 * details.
 *
 * @param operation whose it is, e.g. "operation 'charge'"
 * @param limit how many bytes the server takes
 */
export async function operationFailure(
  converter: LoadedDataConverter,
  error: OperationError,
  operation: string,
  limit: number,
  report: Report,
): Promise<ProtoFailure> {
  const failure = await encodeOperationError(converter, error, report);
  const note = failureTooLarge(failure, limit, operation);
  if (note === undefined) return failure;
  const { state, message, cause = error } = error;
  const short = new OperationError(state, message.slice(0, SHORT_TEXT), {
    cause: withoutDetails(ensureTemporalFailure(cause), note),
  });
  return encodeOperationError(converter, short, report);
}

/** Core takes no other kinds of failures here, whatever a failure converter makes. */
async function encodeOperationError(
  converter: LoadedDataConverter,
  error: OperationError,
  report: Report,
): Promise<ProtoFailure> {
  const canceled = error.state === "canceled";
  const failed = canceled
    ? new CancelledFailure(error.message, undefined, error.cause)
    : ApplicationFailure.create({
        message: error.message,
        type: "OperationError",
        nonRetryable: true,
        cause: error.cause,
      });
  failed.stack = error.stack;
  const failure = await encodeErrorOrNotice(converter, failed, undefined, report);
  if (canceled ? failure.canceledFailureInfo : failure.applicationFailureInfo) return failure;
  const info: ProtoFailure = canceled
    ? { canceledFailureInfo: {} }
    : { applicationFailureInfo: { type: "OperationError", nonRetryable: true } };
  return { message: failure.message, source: FAILURE_SOURCE, ...info, cause: failure };
}
