import { IllegalStateError } from "../common";
import type { WorkflowRun } from "./run/run";

/**
 * The run whose code is executing on this thread, or `undefined` outside of an activation. A live binding: read it
 * afresh every time. Only the host sets it, around each synchronous activation, and {@link outside}; since an
 * activation drains its own microtasks, no code of a run ever executes under another run's value.
 */
export let current: WorkflowRun | undefined;

/** Sets {@link current}. For the host alone. */
export function setCurrent(run: WorkflowRun | undefined): void {
  current = run;
}

/** Calls code that isn't the Workflow's in the middle of an activation. It must be synchronous. */
export function outside<T>(fn: () => T): T {
  const run = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = run;
  }
}

/**
 * The executing run.
 *
 * @param usage the call that needs it, for example `"Workflow.sleep(...)"`
 * @param advice what to do instead
 * @throws IllegalStateError if called outside of a Workflow Execution
 */
export function requireRun(usage: string, advice = "No Workflow is running on this thread"): WorkflowRun {
  if (current === undefined)
    throw new IllegalStateError(`${usage} may only be used from a Workflow Execution. ${advice}`);
  return current;
}
