/** Failure converters: between errors and failures. */

import Long from "long";
import { HandlerError, HandlerErrorType } from "nexus-rpc";
import { encode } from "../encoding";
import { makeEnumConverters } from "../enums";
import type { ProtoFailure } from "../failure";
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  decodeApplicationFailureCategory,
  decodeRetryState,
  decodeTimeoutType,
  encodeApplicationFailureCategory,
  encodeRetryState,
  encodeTimeoutType,
  FAILURE_SOURCE,
  NexusOperationFailure,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "../failure";
import { describeInnerErrors } from "../inner-errors";
import { cutoffStackTrace } from "../stack-trace";
import { msOptionalToTs } from "../time";
import { isError, isRecord } from "../type-helpers";
import { FailureLimits } from "./failure-limits";
import type { PayloadConverter } from "./payload-converter";
import { arrayFromPayloads, fromPayloadsAtIndex, toPayloadsWithContext } from "./payload-converter";
import type { SerializationContext } from "./serialization-context";
import { encodingKeys } from "./types";

export { cutoffStackTrace } from "../stack-trace";

const [encodeRetryBehavior, decodeRetryBehavior] = makeEnumConverters("NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_", {
  RETRYABLE: 1,
  NON_RETRYABLE: 2,
});

const FAILURE_MESSAGE_TYPE = "temporal.api.failure.v1.Failure";

/**
 * Turns errors into failures and back. To stay compatible with the other SDKs, prefer the options of
 * {@link DefaultFailureConverter} to one of your own.
 */
export interface FailureConverter {
  /** The failure of a thrown value. */
  errorToFailure(err: unknown, payloadConverter: PayloadConverter, context?: SerializationContext): ProtoFailure;
  /** The error of a failure: a `TemporalFailure` (or a Nexus `HandlerError`). */
  failureToError(err: ProtoFailure, payloadConverter: PayloadConverter, context?: SerializationContext): Error;
}

/** What the payload in a failure's `encodedAttributes` holds. */
export interface DefaultEncodedFailureAttributes {
  message: string;
  stack_trace: string;
}

/** Options of {@link DefaultFailureConverter}. */
export interface DefaultFailureConverterOptions {
  /**
   * Whether messages and stack traces go into a payload instead of standing in plain text, so that a payload codec can
   * encrypt them. Default false.
   */
  encodeCommonAttributes: boolean;
}

/** The failure converter that the SDKs of all languages share. */
export class DefaultFailureConverter implements FailureConverter {
  readonly options: DefaultFailureConverterOptions;

  constructor(options?: Partial<DefaultFailureConverterOptions>) {
    this.options = { encodeCommonAttributes: options?.encodeCommonAttributes ?? false };
  }

  failureToError(failure: ProtoFailure, payloadConverter: PayloadConverter, context?: SerializationContext): Error {
    if (failure.encodedAttributes) {
      const attributes = payloadConverter.fromPayload<unknown>(failure.encodedAttributes, context);
      // Attributes of another shape are left alone: another SDK's converter may have written them.
      if (isRecord(attributes)) {
        failure = { ...failure };
        if (typeof attributes.message === "string") failure.message = attributes.message;
        if (typeof attributes.stack_trace === "string") failure.stackTrace = attributes.stack_trace;
      }
    }
    const error = this.failureToErrorInner(failure, payloadConverter, context);
    error.stack = failure.stackTrace ?? "";
    if (error instanceof TemporalFailure) error.failure = failure;
    return error;
  }

  /**
   * The error without its stack and `failure`, which {@link failureToError} sets. Text that isn't set is empty, in
   * Workflow code too, where messages have no defaults.
   */
  failureToErrorInner(
    failure: ProtoFailure,
    payloadConverter: PayloadConverter,
    context?: SerializationContext,
  ): Error {
    const cause = failure.cause && this.failureToError(failure.cause, payloadConverter, context);
    const message = failure.message;
    if (failure.applicationFailureInfo) {
      const { type, nonRetryable, details, category } = failure.applicationFailureInfo;
      const values = arrayFromPayloads(payloadConverter, details?.payloads, context);
      return new ApplicationFailure(
        message,
        type ?? "",
        Boolean(nonRetryable),
        values,
        cause,
        undefined,
        decodeApplicationFailureCategory(category),
      );
    }
    if (failure.serverFailureInfo)
      return new ServerFailure(message, Boolean(failure.serverFailureInfo.nonRetryable), cause);
    if (failure.timeoutFailureInfo) {
      const { lastHeartbeatDetails, timeoutType } = failure.timeoutFailureInfo;
      const details = fromPayloadsAtIndex(payloadConverter, 0, lastHeartbeatDetails?.payloads, context);
      return new TimeoutFailure(message, details, decodeTimeoutType(timeoutType));
    }
    if (failure.terminatedFailureInfo) return new TerminatedFailure(message, cause);
    if (failure.canceledFailureInfo) {
      return new CancelledFailure(
        message,
        arrayFromPayloads(payloadConverter, failure.canceledFailureInfo.details?.payloads, context),
        cause,
      );
    }
    if (failure.resetWorkflowFailureInfo) {
      const details = arrayFromPayloads(
        payloadConverter,
        failure.resetWorkflowFailureInfo.lastHeartbeatDetails?.payloads,
        context,
      );
      return new ApplicationFailure(message, "ResetWorkflow", false, details, cause);
    }
    if (failure.childWorkflowExecutionFailureInfo) {
      const { namespace, workflowType, workflowExecution, retryState } = failure.childWorkflowExecutionFailureInfo;
      if (!workflowType?.name || !workflowExecution)
        throw new TypeError("Missing attributes on childWorkflowExecutionFailureInfo");
      return new ChildWorkflowFailure(
        namespace ?? "",
        workflowExecution,
        workflowType.name,
        decodeRetryState(retryState),
        cause,
      );
    }
    if (failure.activityFailureInfo) {
      const { activityType, activityId, retryState, identity } = failure.activityFailureInfo;
      if (!activityType?.name) throw new TypeError("Missing activityType?.name on activityFailureInfo");
      return new ActivityFailure(
        message,
        activityType.name,
        activityId ?? "",
        decodeRetryState(retryState),
        identity ?? "",
        cause,
      );
    }
    if (failure.nexusHandlerFailureInfo) {
      const rawErrorType = failure.nexusHandlerFailureInfo.type ?? "";
      const type = Object.hasOwn(HandlerErrorType, rawErrorType) ? (rawErrorType as HandlerErrorType) : "UNKNOWN";
      const behavior = decodeRetryBehavior(failure.nexusHandlerFailureInfo.retryBehavior);
      return new HandlerError(type, message ?? "Nexus handler error", {
        cause,
        rawErrorType,
        retryableOverride: behavior === "RETRYABLE" ? true : behavior === "NON_RETRYABLE" ? false : undefined,
        // Kept whole, so that sending the error on loses nothing.
        originalFailure: { message: message ?? "", metadata: { type: FAILURE_MESSAGE_TYPE }, details: { ...failure } },
      });
    }
    if (failure.nexusOperationExecutionFailureInfo) {
      const { scheduledEventId, endpoint, service, operation, operationToken } =
        failure.nexusOperationExecutionFailureInfo;
      return new NexusOperationFailure(
        message,
        scheduledEventId?.toNumber() ?? 0,
        endpoint ?? "",
        service ?? "",
        operation ?? "",
        operationToken ?? "",
        cause,
      );
    }
    return new TemporalFailure(message, cause);
  }

  errorToFailure(err: unknown, payloadConverter: PayloadConverter, context?: SerializationContext): ProtoFailure {
    const failure = this.errorToFailureInner(err, payloadConverter, context);
    if (!this.options.encodeCommonAttributes) return failure;
    const { message, stackTrace } = failure;
    return {
      ...failure,
      message: "Encoded failure",
      stackTrace: "",
      encodedAttributes: payloadConverter.toPayload({ message, stack_trace: stackTrace }, context),
    };
  }

  /** The failure with message and stack trace in plain text. */
  errorToFailureInner(err: unknown, payloadConverter: PayloadConverter, context?: SerializationContext): ProtoFailure {
    const limits = FailureLimits.take();
    if (err instanceof TemporalFailure && err.failure) return limits.shorten(err.failure);
    if (isError(err)) {
      if (err instanceof HandlerError && err.originalFailure)
        return limits.shorten(nexusFailureToFailure(err.originalFailure, err.retryable));
      limits.add(err);
      const { cause } = err;
      return {
        ...limits.texts(String(err.message ?? ""), cutoffStackTrace(err.stack)),
        cause: cause ? limits.cause(cause, () => this.errorToFailure(cause, payloadConverter, context)) : undefined,
        source: FAILURE_SOURCE,
        ...failureInfo(err, payloadConverter, context),
      };
    }
    const recommendation =
      " [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]";
    return { source: FAILURE_SOURCE, message: limits.text(describeThrown(err), "value") + recommendation };
  }

  /** {@link failureToError}, undefined for undefined and null. */
  optionalFailureToOptionalError(
    failure: ProtoFailure | undefined | null,
    payloadConverter: PayloadConverter,
    context?: SerializationContext,
  ): Error | undefined {
    return failure ? this.failureToError(failure, payloadConverter, context) : undefined;
  }

  /** {@link errorToFailure}, undefined for undefined and null. */
  optionalErrorToOptionalFailure(
    err: unknown,
    payloadConverter: PayloadConverter,
    context?: SerializationContext,
  ): ProtoFailure | undefined {
    return err ? this.errorToFailure(err, payloadConverter, context) : undefined;
  }
}

function describeThrown(value: unknown): string {
  if (typeof value === "object") {
    try {
      return JSON.stringify(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  }
  return String(value);
}

/** The part of a failure that only failures of the error's class have. */
function failureInfo(
  error: Error,
  payloadConverter: PayloadConverter,
  context: SerializationContext | undefined,
): Partial<ProtoFailure> {
  const payloads = (values: unknown[] | undefined | null) =>
    values?.length ? { payloads: toPayloadsWithContext(payloadConverter, context, values) } : undefined;
  if (error instanceof ActivityFailure) {
    const { activityType, activityId, identity, retryState } = error;
    return {
      activityFailureInfo: {
        activityId,
        identity,
        retryState: encodeRetryState(retryState),
        activityType: { name: activityType },
      },
    };
  }
  if (error instanceof ChildWorkflowFailure) {
    const { namespace, execution, workflowType, retryState } = error;
    return {
      childWorkflowExecutionFailureInfo: {
        namespace,
        retryState: encodeRetryState(retryState),
        workflowExecution: execution,
        workflowType: { name: workflowType },
      },
    };
  }
  if (error instanceof ApplicationFailure) {
    return {
      applicationFailureInfo: {
        type: error.type ?? undefined,
        nonRetryable: error.nonRetryable ?? undefined,
        details: payloads(error.details),
        nextRetryDelay: msOptionalToTs(error.nextRetryDelay, "nextRetryDelay"),
        category: encodeApplicationFailureCategory(error.category),
      },
    };
  }
  if (error instanceof CancelledFailure) return { canceledFailureInfo: { details: payloads(error.details) } };
  if (error instanceof TimeoutFailure) {
    const details = error.lastHeartbeatDetails;
    return {
      timeoutFailureInfo: {
        timeoutType: encodeTimeoutType(error.timeoutType),
        lastHeartbeatDetails: payloads(details ? [details] : undefined),
      },
    };
  }
  if (error instanceof ServerFailure) return { serverFailureInfo: { nonRetryable: error.nonRetryable } };
  if (error instanceof TerminatedFailure) return { terminatedFailureInfo: {} };
  if (error instanceof NexusOperationFailure) {
    const { scheduledEventId, endpoint, service, operation, operationToken } = error;
    return {
      nexusOperationExecutionFailureInfo: {
        scheduledEventId: scheduledEventId ? Long.fromNumber(scheduledEventId) : undefined,
        endpoint,
        service,
        operation,
        operationToken,
      },
    };
  }
  if (error instanceof HandlerError) {
    const behavior =
      error.retryableOverride === undefined ? undefined : error.retryableOverride ? "RETRYABLE" : "NON_RETRYABLE";
    return { nexusHandlerFailureInfo: { type: error.type, retryBehavior: encodeRetryBehavior(behavior) } };
  }
  const inner = error instanceof TemporalFailure ? undefined : describeInnerErrors(error);
  return inner === undefined
    ? {}
    : { applicationFailureInfo: { type: error.constructor?.name || error.name, details: payloads(inner) } };
}

/** The failure that a failure in Nexus's own form stands for. */
function nexusFailureToFailure(nexusFailure: unknown, retryable: boolean): ProtoFailure {
  const failure = nexusFailure as {
    message?: string;
    stackTrace?: string;
    metadata?: Record<string, string>;
    details?: ProtoFailure;
  };
  if (failure.metadata?.type === FAILURE_MESSAGE_TYPE) {
    if (failure.details == null)
      throw new TypeError(`missing details for Nexus Failure of type '${FAILURE_MESSAGE_TYPE}'`);
    return failure.details;
  }
  return {
    message: failure.message,
    stackTrace: failure.stackTrace ?? "",
    applicationFailureInfo: {
      type: "NexusFailure",
      nonRetryable: !retryable,
      details: {
        payloads: [
          {
            metadata: { encoding: encodingKeys.METADATA_ENCODING_JSON },
            data: encode(JSON.stringify({ ...failure, message: "" })),
          },
        ],
      },
    },
  };
}
