import { ensureTemporalFailure, TemporalFailure } from "../../common";
import { ContinueAsNew, isCancellation } from "../errors";
import type { WorkflowRun } from "./run";

/** Ends the run with the result of the Workflow's function. */
export function endWithResult(run: WorkflowRun, result: unknown): void {
  const payload = run.toPayload(result, run.context(), run.typeInfo?.outputType);
  run.pushCommand({ completeWorkflowExecution: { result: payload } }, true);
}

/**
 * Does what an error demands that left the Workflow's function or a handler: ends the run as cancelled, continued or
 * failed, or fails the Workflow Task, so that it is tried again when the code is fixed.
 */
export function endWithError(run: WorkflowRun, error: unknown): void {
  if (run.cancelled && isCancellation(error)) {
    run.pushCommand({ cancelWorkflowExecution: {} }, true);
  } else if (error instanceof ContinueAsNew) {
    run.pushCommand(
      { continueAsNewWorkflowExecution: error.command, eventGroupMarkers: error.eventGroupMarkers },
      true,
    );
  } else if (error instanceof TemporalFailure || failsWorkflow(run, error)) {
    run.messages.abandonRunning();
    run.pushCommand({ failWorkflowExecution: { failure: run.errorToFailure(ensureTemporalFailure(error)) } }, true);
  } else {
    run.failTask(error);
  }
}

/** Whether the Workflow or the Worker declared errors of that class to be failures of the Workflow. */
function failsWorkflow(run: WorkflowRun, error: unknown): boolean {
  const types = run.failureExceptionTypes;
  if (types?.some((type) => type === Error || error instanceof type)) return true;
  const names = run.host.failureErrorTypes(run.workflowType);
  if (names.length === 0) return false;
  if (names.includes("Error")) return true;
  if (typeof error !== "object" || error === null) return false;
  for (
    let type: unknown = error.constructor;
    typeof type === "function" && type !== Function.prototype;
    type = Object.getPrototypeOf(type)
  ) {
    if (names.includes(type.name)) return true;
  }
  return false;
}
