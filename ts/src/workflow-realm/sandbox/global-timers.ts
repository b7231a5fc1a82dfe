import { apply, then } from "../../common/intact";
import { msNumberToTs } from "../../common/time";
import { CancellationScope } from "../../workflow/cancellation-scope";
import { requireRun } from "../../workflow/current";
import { SdkFlags } from "../../workflow/flags";
import type { WorkflowRun } from "../../workflow/run/run";
import { sleep } from "../../workflow/timers";

const scopes = new WeakMap<WorkflowRun, Map<number, CancellationScope>>();

/**
 * `setTimeout` of Workflow code: a timer of the Temporal service.
 *
 * @param callback called when the timer fired
 * @param ms how long, in milliseconds; anything below 1 counts as 1
 * @returns number of the timer, for {@link clearTimeout}
 */
export function setTimeout(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): number {
  const run = requireRun("setTimeout(...)");
  run.assertWritable("setTimeout(...)");
  const durationMs = Math.max(1, Number(ms) || 0);
  if (!run.hasFlag(SdkFlags.NonCancellableScopesAreShieldedFromPropagation))
    return setLegacyTimeout(run, callback, durationMs, args);
  const seq = run.nextSeqs.timer;
  const timers = timersOf(run);
  const scope = new CancellationScope({ cancellable: true });
  then(
    scope.run(() => sleep(durationMs)),
    () => {
      timers.delete(seq);
      apply(callback, args);
    },
    () => {
      timers.delete(seq);
    },
  );
  timers.set(seq, scope);
  return seq;
}

/**
 * `clearTimeout` of Workflow code: cancels the timer.
 *
 * @param handle what {@link setTimeout} returned; other values do nothing
 */
export function clearTimeout(handle?: number): void {
  const run = requireRun("clearTimeout(...)");
  run.assertWritable("clearTimeout(...)");
  if (typeof handle !== "number" || !Number.isInteger(handle) || handle < 1 || handle >= run.nextSeqs.timer) return;
  const timers = timersOf(run);
  const scope = timers.get(handle);
  if (scope !== undefined) {
    timers.delete(handle);
    scope.cancel();
    return;
  }
  // The timer has fired, or was set long ago by an old SDK. The command and the gap in the numbers of timers have no
  // purpose, but every SDK for JavaScript makes them, so they are in histories.
  run.nextSeqs.timer++;
  run.completions.timer.delete(handle);
  run.pushCommand({ cancelTimer: { seq: handle } });
}

/** As it was before timers of `setTimeout` could be intercepted; for histories from then. */
function setLegacyTimeout(
  run: WorkflowRun,
  callback: (...args: unknown[]) => void,
  durationMs: number,
  args: unknown[],
): number {
  const seq = run.nextSeqs.timer++;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  run.completions.timer.set(seq, { resolve, reject });
  run.pushCommand({ startTimer: { seq, startToFireTimeout: msNumberToTs(durationMs) } });
  then(
    promise,
    () => apply(callback, args),
    () => undefined,
  );
  return seq;
}

function timersOf(run: WorkflowRun): Map<number, CancellationScope> {
  let timers = scopes.get(run);
  if (timers === undefined) scopes.set(run, (timers = new Map()));
  return timers;
}
