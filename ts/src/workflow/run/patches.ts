import { IllegalStateError } from "../../common";
import { eventGroupMarkers } from "../event-groups";
import type { WorkflowRun } from "./run";

/** Which patches are active in a run. */
export class Patches {
  /** Patches whose marker is in the history. */
  readonly #recorded = new Set<string>();
  /** Final answers. */
  readonly #decisions = new Map<string, boolean>();

  constructor(private readonly run: WorkflowRun) {}

  /** The history has the marker of that patch. */
  notify(patchId: string): void {
    if (!this.run.isReplaying)
      throw new IllegalStateError(`Got the marker of patch '${patchId}' in an activation that isn't a replay`);
    this.#recorded.add(patchId);
  }

  /** Whether the patch is active. Issues a marker where the answer becomes final. */
  decide(patchId: string, deprecated: boolean): boolean {
    const { run } = this;
    if (run.workflow === undefined) throw new IllegalStateError("Patches cannot be used before Workflow starts");
    const decided = this.#decisions.get(patchId);
    if (decided !== undefined) return decided;
    const recorded = this.#recorded.has(patchId);
    // Not final: this run may go on beyond the replay, where the patch can become active.
    if (run.isReplaying && !recorded) return false;
    const callback = recorded || deprecated ? undefined : run.host.patchActivationCallback;
    const active = callback?.(run.info, patchId) ?? true;
    // A query or a validator isn't part of the history: it may ask, but not decide.
    if (run.readOnly !== undefined) return active;
    this.#decisions.set(patchId, active);
    if (active) run.pushCommand({ setPatchMarker: { patchId, deprecated }, eventGroupMarkers: eventGroupMarkers() });
    return active;
  }
}
