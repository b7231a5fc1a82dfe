import type { Duration } from "../common";
import { then } from "../common/intact";
import { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";
import type { TimerOptions } from "./interceptors";
import { patched } from "./patches";
import { trace } from "./run/traces";
import { sleep } from "./timers";

/** Recorded where `condition(fn, 0)` means a timeout; before SDK 1.5 it meant none. */
const zeroTimeoutPatch = "__sdk_internal_patch_number:1";

/**
 * Waits until `fn` is true or the time is up.
 *
 * @param fn evaluated when something happens in the Workflow; must not have side effects
 * @param timeout milliseconds or text such as `"2 hours"`
 * @param options of the timer, see {@link TimerOptions}
 * @returns whether `fn` became true in time; rejects with a `CancelledFailure` if the current scope is cancelled
 */
export function condition(fn: () => boolean, timeout: Duration, options?: TimerOptions): Promise<boolean>;
/**
 * Waits until `fn` is true.
 *
 * @param fn evaluated when something happens in the Workflow; must not have side effects
 * @returns rejects with a `CancelledFailure` if the current scope is cancelled
 */
export function condition(fn: () => boolean): Promise<void>;
export async function condition(
  fn: () => boolean,
  timeout?: Duration,
  options?: TimerOptions,
): Promise<void | boolean> {
  requireRun("Workflow.condition(...)");
  if (timeout === 0 && !patched(zeroTimeoutPatch)) return blockUntil(fn);
  if (typeof timeout !== "number" && typeof timeout !== "string") return blockUntil(fn);
  return CancellationScope.cancellable(async () => {
    try {
      // Promise.race(), whatever the run has made of arrays and promises.
      return await new Promise<boolean>((resolve, reject) => {
        const timedOut = then(sleep(timeout, options), () => false);
        const becameTrue = then(blockUntil(fn), () => true);
        then(timedOut, resolve, reject);
        then(becameTrue, resolve, reject);
      });
    } finally {
      CancellationScope.current().cancel();
    }
  });
}

function blockUntil(fn: () => boolean): Promise<void> {
  const run = requireRun("Workflow.condition(...)");
  run.assertWritable("condition(...)");
  return new Promise((resolve, reject) => {
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) {
      then(scope.cancelRequested, undefined, reject);
      return;
    }
    const seq = run.nextSeqs.condition++;
    const release = scope.cancellable
      ? scope.onCancelRequested((reason) => {
          run.conditions.delete(seq);
          reject(reason);
        })
      : undefined;
    if (fn()) {
      release?.();
      resolve();
      return;
    }
    run.conditions.set(seq, { fn, resolve, release, trace: trace() });
  });
}
