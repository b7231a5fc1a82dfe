import { then } from "../common/intact";
import { type Duration, msNumberToTs, msToNumber } from "../common/time";
import { requireRun } from "./current";
import { currentScope } from "./current-scope";
import { eventGroupMarkers } from "./event-groups";
import { compose, type TimerInput, type TimerOptions } from "./interceptors";
import { trace } from "./run/traces";

/**
 * Waits, on a timer of the Temporal service: it survives restarts of the Worker and may be as long as wanted.
 *
 * @param ms how long: milliseconds, or text such as `"30 days"`. Anything below 1 ms counts as 1 ms
 * @param options see {@link TimerOptions}
 * @returns resolves when the timer fired; rejects with a `CancelledFailure` if the current scope is cancelled
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function sleep(ms: Duration, options?: TimerOptions): Promise<void> {
  const run = requireRun("Workflow.sleep(...)");
  run.assertWritable("sleep(...)");
  const seq = run.nextSeqs.timer++;
  const durationMs = Math.max(1, msToNumber(ms));
  return compose(run, run.interceptors.outbound, "startTimer", startTimer)({ durationMs, seq, options });
}

function startTimer({ seq, durationMs, options }: TimerInput): Promise<void> {
  const run = requireRun("Workflow.sleep(...)");
  return new Promise((resolve, reject) => {
    const scope = currentScope();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const markers = eventGroupMarkers(options?.eventGroups);
    const release = scope.cancellable
      ? scope.onCancelRequested((reason) => {
          if (!run.completions.timer.delete(seq)) return;
          run.pushCommand({ cancelTimer: { seq }, eventGroupMarkers: markers });
          reject(reason);
        })
      : undefined;
    run.pushCommand({
      startTimer: { seq, startToFireTimeout: msNumberToTs(durationMs) },
      userMetadata: run.userMetadata(options?.summary),
      eventGroupMarkers: markers,
    });
    run.completions.timer.set(seq, { resolve, reject, release, trace: trace() });
  });
}
