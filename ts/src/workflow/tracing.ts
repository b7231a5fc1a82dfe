/**
 * What interceptors that trace a run need of it besides the API. Not part of the API; one instance per workflow thread.
 */

import { requireRun } from "./current";
import { SdkFlags } from "./flags";

export { SdkFlags };

/**
 * Whether the current run does what a flag stands for; recorded in its history from then on if this isn't a replay.
 *
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function usesFlag(flag: keyof typeof SdkFlags): boolean {
  return requireRun("OpenTelemetry interceptors").hasFlag(SdkFlags[flag]);
}

/**
 * Makes the stack of an error show places in the sources, not in the bundle.
 *
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function mapStack(error: unknown): void {
  requireRun("OpenTelemetry interceptors").host.mapStack(error);
}
