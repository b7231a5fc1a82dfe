/** How runs end: the steps that are undone, and what is called at the end. */
import { CancellationScope, isCancellation, log } from "../../../workflow";
import { PAYLOAD } from "../plan";
import { errorOfCall } from "./errors";
import type { Execution } from "./execution";

/** Undoes the finished steps of a run that failed or was cancelled, the newest first, whatever cancels it meanwhile. */
export function unwind(execution: Execution, error: unknown): Promise<void> {
  // It is in no verb any more.
  execution.main.frames.length = 0;
  return CancellationScope.nonCancellable(async () => {
    // What still ends may be a step that is to be undone.
    await Promise.all([...execution.actions, ...execution.losers]);
    while (execution.undos.length > 0) {
      const { step, path, ...rest } = execution.undos.pop()!;
      await attempt(execution, `${step}.undo`, `${path}.undo`, { ...rest });
    }
    if (execution.plan.onFailure && !isCancellation(error))
      await attempt(execution, "onFailure", "onFailure", { error: errorOfCall(error) });
  });
}

/** Tells the flow of a run that ended well. */
export async function succeed(execution: Execution, output: unknown): Promise<void> {
  await Promise.all(execution.actions);
  if (execution.plan.onSuccess) await attempt(execution, "onSuccess", "onSuccess", { output });
}

/** Calls a handler whose failure doesn't change how the run ends. */
async function attempt(execution: Execution, handler: string, path: string, extra: object): Promise<void> {
  execution.progress.begins(handler, path);
  try {
    const call = { ...execution.values.call(execution.root, false, [PAYLOAD]), ...extra };
    await execution.calls.call({ handler, path, local: false, options: {} }, call);
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.error(`'${path}' failed, the run ends without it`, { error });
  }
  execution.progress.ends(path);
}
