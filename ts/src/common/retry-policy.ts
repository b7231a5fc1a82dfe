/** Retry policies of workflows and activities. */

import type { RetryPolicy as ProtoRetryPolicy } from "../proto/temporal/api/common/v1/message";
import { ValueError } from "./errors";
import type { Duration } from "./time";
import { msOptionalToNumber, msOptionalToTs, msToNumber, msToTs, optionalTsToMs } from "./time";

/** How failed workflows or activities are tried again. */
export interface RetryPolicy {
  /** Factor by which the interval grows with each retry. At least 1, default 2. */
  backoffCoefficient?: number;
  /** Interval before the first retry: milliseconds, or text like "10 seconds". Default 1 second. */
  initialInterval?: Duration;
  /** How many attempts there are at most, the first included. Default `Infinity`. */
  maximumAttempts?: number;
  /** Bound of the growing interval: milliseconds, or text like "10 seconds". Default 100 times `initialInterval`. */
  maximumInterval?: Duration;
  /** Types of `ApplicationFailure` that are not retried. */
  nonRetryableErrorTypes?: string[];
}

/** The protobuf form of a retry policy. Throws `ValueError` for values that make no sense. */
export function compileRetryPolicy(policy: RetryPolicy): ProtoRetryPolicy {
  const { backoffCoefficient, maximumAttempts } = policy;
  if (backoffCoefficient != null && !(backoffCoefficient > 0))
    throw new ValueError("RetryPolicy.backoffCoefficient must be greater than 0");
  if (maximumAttempts != null && maximumAttempts !== Number.POSITIVE_INFINITY) {
    if (maximumAttempts <= 0) throw new ValueError("RetryPolicy.maximumAttempts must be a positive integer");
    if (!Number.isInteger(maximumAttempts)) throw new ValueError("RetryPolicy.maximumAttempts must be an integer");
  }
  const maximumInterval = msOptionalToNumber(policy.maximumInterval, "RetryPolicy.maximumInterval");
  const initialInterval = msToNumber(policy.initialInterval ?? 1000, "RetryPolicy.initialInterval");
  if (maximumInterval === 0) throw new ValueError("RetryPolicy.maximumInterval cannot be 0");
  if (initialInterval === 0) throw new ValueError("RetryPolicy.initialInterval cannot be 0");
  if (maximumInterval != null && maximumInterval < initialInterval) {
    throw new ValueError("RetryPolicy.maximumInterval cannot be less than its initialInterval");
  }
  return {
    maximumAttempts: maximumAttempts === Number.POSITIVE_INFINITY ? undefined : maximumAttempts,
    initialInterval: msToTs(initialInterval, "RetryPolicy.initialInterval"),
    maximumInterval: msOptionalToTs(maximumInterval, "RetryPolicy.maximumInterval"),
    backoffCoefficient,
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes,
  };
}

/** The retry policy that a protobuf one describes; intervals in milliseconds. */
export function decompileRetryPolicy(policy?: ProtoRetryPolicy | null): RetryPolicy | undefined {
  if (!policy) return undefined;
  return {
    backoffCoefficient: policy.backoffCoefficient,
    maximumAttempts: policy.maximumAttempts,
    maximumInterval: optionalTsToMs(policy.maximumInterval),
    initialInterval: optionalTsToMs(policy.initialInterval),
    // As in the official SDK, whose messages have an empty list where there is none.
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes ?? [],
  };
}
