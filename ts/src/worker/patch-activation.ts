import type { WorkflowInfo } from "../workflow";
import { infoFromMessage } from "../workflow-realm/info-message";
import type { PatchQuestion } from "./threads/thread-question";

/** What a {@link PatchActivationCallback} gets. */
export interface PatchActivationInput {
  /** The Workflow as it was when it met the patch: a copy. Time and randomness in it are real. */
  readonly workflowInfo: Readonly<WorkflowInfo>;
  /** What `patched` was called with. The SDK has patches of its own, which begin with `__`. */
  readonly patchId: string;
}

/**
 * Decides whether a patch becomes active in a Workflow, for example to keep the old code until every Worker has the new
 * one. Called when a Workflow meets the patch for the first time beyond its history, with `patched`, not with
 * `deprecatePatch`. The answer is kept for that run; `false` leaves no marker, so a Worker that replays the run later
 * says `false` again while it replays.
 *
 * It runs on the Worker's main thread and may do what it likes, but not wait: the answer must be `true` or `false`, no
 * promise. The Workflow's thread stands still meanwhile, and its time limit of 5 seconds goes on. What it throws, or
 * any other answer, is thrown by `patched`, which fails the Workflow Task.
 */
export type PatchActivationCallback = (input: PatchActivationInput) => boolean;

/**
 * Asks a Worker's callback about a patch.
 *
 * @throws TypeError if the answer isn't a boolean; what the callback throws
 */
export function decidePatch(callback: PatchActivationCallback, { info, patchId }: PatchQuestion): boolean {
  const workflowInfo = Object.freeze(infoFromMessage(info));
  const active: unknown = callback(Object.freeze({ workflowInfo, patchId }));
  if (typeof active === "boolean") return active;
  throw new TypeError(
    `patchActivationCallback must return true or false, got ${typeof active} about patch '${patchId}'`,
  );
}
