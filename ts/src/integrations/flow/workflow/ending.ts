/** How runs end: the steps that are undone, and what is called at the end. */
import { CancellationScope, isCancellation, log } from "../../../workflow";
import { PAYLOAD } from "../plan";
import { errorOfCall } from "./errors";
import type { Execution } from "./execution";

/** Undoes the finished steps of a run that failed or was cancelled, the newest first, whatever cancels it meanwhile. */
export function unwind(execution: Execution, error: unknown): Promise<void> {
  // It is in no verb any more.
  execution.main.frames.length = 0;
  const isCancelled = CancellationScope.current().consideredCancelled && isCancellation(error);
  return CancellationScope.nonCancellable(async () => {
    // What still ends may be a step that is to be undone.
    await Promise.all([...execution.actions, ...execution.losers]);
    while (execution.undos.length > 0) {
      const { step, path, ...rest } = execution.undos.pop()!;
      await attempt(execution, `${step}.undo`, `${path}.undo`, { ...rest });
    }
    if (execution.plan.onFailure && !isCancelled)
      await attempt(execution, "onFailure", "onFailure", { error: errorOfCall(error) });
  });
}

/** Waits for the actions of a run. @throws CancelledFailure if it is cancelled meanwhile, and they with it */
export async function settle(execution: Execution): Promise<void> {
  await Promise.all(execution.actions);
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) await scope.cancelRequested;
}

/** Tells the flow of a run that has ended well, which nothing changes any more. */
export async function succeed(execution: Execution, output: unknown): Promise<void> {
  if (execution.plan.onSuccess)
    await CancellationScope.nonCancellable(() => attempt(execution, "onSuccess", "onSuccess", { output }));
}

/** Calls a handler whose failure doesn't change how the run ends. */
async function attempt(execution: Execution, handler: string, path: string, extra: object): Promise<void> {
  execution.progress.begins(handler, path);
  try {
    const call = { ...execution.values.call(execution.root, false, [PAYLOAD]), ...extra };
    await execution.calls.call({ handler, path, local: false, options: {} }, call);
  } catch (error) {
    log.error(`'${path}' failed, the run ends without it`, { error });
  }
  execution.progress.ends(path);
}
