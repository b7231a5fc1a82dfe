/** What the inner errors of an `AggregateError` become in a failure, which has room for one cause only: its details. */

import { cutoffStackTrace } from "./stack-trace";
import { isError } from "./type-helpers";

/** How many inner errors are described, those of inner errors included. */
const MAXIMUM_INNER_ERRORS = 50;

/** How many characters of a message and of a stack trace of an inner error are sent. */
const MAXIMUM_TEXT = 5000;

/** What is told of one inner error. */
interface InnerError {
  /** Its class. */
  type: string;
  message: string;
  stackTrace: string;
  cause?: InnerError;
  /** If it is an `AggregateError` itself. */
  errors?: InnerError[];
}

/** What is told of the inner errors of an `AggregateError`; undefined for other values and if there are none. */
export function describeInnerErrors(error: unknown): InnerError[] | undefined {
  return isError(error) ? describeErrors(error, new Set([error])) : undefined;
}

function describeErrors(error: Error, seen: Set<unknown>): InnerError[] | undefined {
  // Errors of other realms are not `instanceof AggregateError`.
  if (!(error instanceof AggregateError || error.name === "AggregateError")) return undefined;
  const { errors } = error as AggregateError;
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const result: InnerError[] = [];
  for (let index = 0; index < errors.length; index++) {
    if (seen.size > MAXIMUM_INNER_ERRORS) {
      const message = `[${errors.length - index} more errors were left out: only the first ${MAXIMUM_INNER_ERRORS} are sent]`;
      result[index] = { type: "", message, stackTrace: "" };
      break;
    }
    result[index] = describe(errors[index], seen);
  }
  return result;
}

function describe(error: unknown, seen: Set<unknown>): InnerError {
  try {
    return describeReadable(error, seen);
  } catch {
    // A getter of the error throws. What can be read of the others still arrives.
    return { type: "", message: "[This error can't be read]", stackTrace: "" };
  }
}

function describeReadable(error: unknown, seen: Set<unknown>): InnerError {
  if (!isError(error)) return { type: "", message: short(String(error)), stackTrace: "" };
  const { message, cause } = error;
  const type = error.constructor?.name || error.name;
  if (seen.has(error)) return { type, message: short(message), stackTrace: "" };
  seen.add(error);
  const errors = describeErrors(error, seen);
  return {
    type,
    message: short(message),
    stackTrace: short(cutoffStackTrace(error.stack)),
    ...(cause && seen.size <= MAXIMUM_INNER_ERRORS ? { cause: describe(cause, seen) } : {}),
    ...(errors === undefined ? {} : { errors }),
  };
}

function short(text: string): string {
  return text.length <= MAXIMUM_TEXT ? text : `${text.slice(0, MAXIMUM_TEXT)} … [shortened: ${text.length} characters]`;
}
