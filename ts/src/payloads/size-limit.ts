/** Results and failures that the server would refuse for their size: they become failures that say so. */

import type { LoadedDataConverter } from "../common/converter/data-converter";
import type { SerializationContext } from "../common/converter/serialization-context";
import {
  ApplicationFailure,
  CancelledFailure,
  ensureApplicationFailure,
  type ProtoFailure,
  type TemporalFailure,
} from "../common/failure";
import type { Payload } from "../common/interfaces";
import { Payloads } from "../proto/temporal/api/common/v1/message";
import { Failure } from "../proto/temporal/api/failure/v1/message";
import { encodeErrorToFailure } from "./codec-helpers";

/** How many characters of message and stack trace are left when a failure is too large all the same. */
export const SHORT_TEXT = 10_000;

/** Bytes of a payload besides its data and the values of its metadata; generous. */
const OVERHEAD = 1000;

/**
 * Why a payload can't be sent, as Core says it, with whose payload it is and how large; undefined if it can be.
 *
 * @param what whose it is, e.g. "the result of activity 'charge'"
 */
export function tooLarge(payload: Payload, limit: number, what: string): ApplicationFailure | undefined {
  // Most are far from the limit, so that nothing needs to be encoded for this.
  if ((payload.data?.length ?? 0) < limit - OVERHEAD) return undefined;
  const size = Payloads.encode({ payloads: [payload] }).finish().length;
  if (size <= limit) return undefined;
  return ApplicationFailure.retryable(
    `[TMPRL1103] Attempted to upload payloads with size that exceeded the error limit. ${what} has ${size} bytes, ` +
      `and the server takes ${limit}: use less, or external storage.`,
    "PayloadsTooLarge",
  );
}

/**
 * What says how large a failure is; undefined if the server takes it.
 *
 * @param what whose it is, e.g. "activity 'charge'"
 */
export function failureTooLarge(failure: ProtoFailure, limit: number, what: string): string | undefined {
  const size = Failure.encode(failure).finish().length;
  return size <= limit
    ? undefined
    : `[The failure of ${what} has ${size} bytes, and the server takes ${limit}: its details and causes were left out]`;
}

/** The error without details and causes, and with a note in its message. */
export function withoutDetails(error: TemporalFailure, note: string): TemporalFailure {
  const message = `${error.message.slice(0, SHORT_TEXT)} … ${note}`;
  let result: TemporalFailure;
  if (error instanceof CancelledFailure) result = new CancelledFailure(message);
  else {
    const { type, nonRetryable, nextRetryDelay, category } = ensureApplicationFailure(error);
    result = new ApplicationFailure(message, type, nonRetryable, undefined, undefined, nextRetryDelay, category);
  }
  result.stack = error.stack?.slice(0, SHORT_TEXT) ?? "";
  return result;
}

/** The failure of an error, {@link withoutDetails} if the server would refuse it. */
export async function encodeErrorWithin(
  limit: number,
  what: string,
  converter: LoadedDataConverter,
  error: TemporalFailure,
  context: SerializationContext | undefined,
): Promise<ProtoFailure> {
  const failure = await encodeErrorToFailure(converter, error, context);
  const note = failureTooLarge(failure, limit, what);
  return note === undefined ? failure : encodeErrorToFailure(converter, withoutDetails(error, note), context);
}
