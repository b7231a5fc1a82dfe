/** What handlers are told of errors. */
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from "../../../workflow";
import type { Call } from "../plan";

/** The error that a run or a step failed with: that of the application, not of what was between. */
export function errorOfCall(error: unknown): NonNullable<Call["error"]> {
  if ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause !== undefined)
    return errorOfCall(error.cause);
  if (error instanceof ApplicationFailure) {
    const { type, message, details } = error;
    return { type: type ?? "Error", message, ...(details?.length ? { details } : {}) };
  }
  if (error instanceof TimeoutFailure) return { type: `Timeout:${error.timeoutType}`, message: error.message };
  return error instanceof Error
    ? { type: error.name, message: error.message }
    : { type: "Error", message: String(error) };
}
