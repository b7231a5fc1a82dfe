import { ActivityFailure, CancelledFailure, ChildWorkflowFailure, NexusOperationFailure } from "../common";
import { brandError } from "../common/type-helpers";
import type { EventGroupMarker as EventGroupMarkerMessage } from "../proto/temporal/api/sdk/v1/event_group_marker";
import type { DoBackoff } from "../proto/temporal/sdk/core/activity_result/activity_result";
import type { ContinueAsNewWorkflowExecution } from "../proto/temporal/sdk/core/workflow_commands/workflow_commands";

/** Base class of the errors that the Workflow library throws. */
export class WorkflowError extends Error {
  static {
    brandError(this, "WorkflowError");
  }
}

/** Thrown when Workflow code does something that can't give the same result when its history is replayed. */
export class DeterminismViolationError extends WorkflowError {
  static {
    brandError(this, "DeterminismViolationError");
  }
}

/** How Core asks for a local activity to be retried after a timer. Never leaves the library. */
export class LocalActivityDoBackoff extends Error {
  /** @param backoff when to schedule the activity again, and as which attempt */
  constructor(readonly backoff: DoBackoff) {
    super();
  }
  static {
    brandError(this, "LocalActivityDoBackoff");
  }
}

/**
 * What `continueAsNew` throws to end the run; not a failure. Exported for `instanceof` checks, never to be constructed
 * by Workflow code.
 */
export class ContinueAsNew extends Error {
  /**
   * @param command the command that ends the run
   * @param eventGroupMarkers markers for the command, if there are any
   */
  constructor(
    readonly command: ContinueAsNewWorkflowExecution,
    readonly eventGroupMarkers?: EventGroupMarkerMessage[],
  ) {
    super("Workflow continued as new");
  }
  static {
    brandError(this, "ContinueAsNew");
  }
}

/**
 * Whether an error means that something was cancelled: a `CancelledFailure`, or the failure of an Activity, of a Child
 * Workflow or of a Nexus operation that was caused by one.
 */
export function isCancellation(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  const wraps =
    error instanceof ActivityFailure || error instanceof ChildWorkflowFailure || error instanceof NexusOperationFailure;
  return wraps && error.cause instanceof CancelledFailure;
}
