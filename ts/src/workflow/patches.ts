import { requireRun } from "./current";

/**
 * Marks a change of Workflow code, so that old runs go on with what they started with. Returns `true` in runs that are
 * new at this point, which records a marker, and in replays of runs that recorded it; `false` in replays of runs that
 * passed this point before the change.
 *
 * @param patchId name of the change; every call with the same name gives the same answer within a run
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function patched(patchId: string): boolean {
  return requireRun("Workflow.patch(...) and Workflow.deprecatePatch").patch(patchId, false);
}

/**
 * Says that only the new side of a patch is left in the code. For the time between {@link patched} and removing the
 * call altogether: as long as histories with the marker may be replayed, but none without it.
 *
 * @param patchId name that {@link patched} was called with
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function deprecatePatch(patchId: string): void {
  requireRun("Workflow.patch(...) and Workflow.deprecatePatch").patch(patchId, true);
}
