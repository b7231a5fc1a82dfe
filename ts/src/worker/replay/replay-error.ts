import { RemoveFromCache_EvictionReason as EvictionReason } from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { DeterminismViolationError } from "../../workflow/errors";
import type { Eviction } from "../../workflow-realm/runtime";
import { type Divergence, describeDivergence } from "./divergence";

/** A history couldn't be replayed for a reason other than nondeterminism. */
export class ReplayError extends Error {
  override readonly name = "ReplayError";
}

/** How the replay of one history ended. */
export interface ReplayResult {
  /** Workflow ID that was given with the history. */
  readonly workflowId: string;
  /** Run ID of the history. */
  readonly runId: string;
  /** Why it failed; absent if the code agrees with the history. */
  readonly error?: ReplayError | DeterminismViolationError;
  /** Where the code went another way than the history, as far as it can be seen; of nondeterminism alone. */
  readonly divergence?: Divergence;
}

/** Whether an eviction at the end of a replay says that the code does something else than the history has. */
export function isDivergence({ reason }: Eviction): boolean {
  return (reason as EvictionReason) === EvictionReason.NONDETERMINISM;
}

/**
 * The error that an eviction at the end of a replay stands for; `undefined` for a good end.
 *
 * @param divergence where the code went another way, if that is known
 */
export function replayErrorOf(
  { reason, message }: Eviction,
  divergence: Divergence | undefined,
): ReplayError | DeterminismViolationError | undefined {
  switch (reason as EvictionReason) {
    case EvictionReason.NONDETERMINISM: {
      const place = divergence === undefined ? "" : `\n${describeDivergence(divergence)}`;
      return new DeterminismViolationError(
        `Replay failed with a nondeterminism error. This means that the workflow code as written is not compatible with the history that was fed in. Details: ${message}${place}`,
      );
    }
    case EvictionReason.LANG_FAIL:
      return new ReplayError(`Replay failed due workflow task failure. Details: ${message}`);
    case EvictionReason.LANG_REQUESTED:
    case EvictionReason.CACHE_FULL:
      return undefined;
    default:
      return new ReplayError(
        `Replay failed due to internal SDK issue. Code: ${EvictionReason[reason] ?? reason}, Details: ${message}`,
      );
  }
}
