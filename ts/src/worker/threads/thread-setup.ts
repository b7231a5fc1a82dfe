import type { LoadedBundle } from "../bundler/worker-bundle";
import type { CompiledWorkerOptions } from "../compile-options";
import type { PayloadService } from "../payloads/payload-service";
import { type Logger, lowestLevel } from "../telemetry/logger";
import type { ThreadSetup } from "./thread-messages";

/**
 * What the workflow threads of a Worker need to know.
 *
 * @param options options of the Worker
 * @param bundle its Workflow code
 * @param logger where the log records of Workflow code will go
 * @param payloads runs codecs and external storage
 */
export function threadSetup(
  options: CompiledWorkerOptions,
  bundle: LoadedBundle,
  logger: Logger,
  payloads: PayloadService,
): Omit<ThreadSetup, "state" | "library"> {
  return {
    ...bundle,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    activityNames: [...options.activities.keys()],
    deadlockTimeoutMs: options.isolateExecutionTimeoutMs,
    reuseRealm: options.reuseV8Context,
    showStackTraceSources: options.showStackTraceSources,
    logLevel: lowestLevel(logger),
    failureErrorTypes: options.workflowFailureErrorTypes ?? {},
    sinks: Object.fromEntries(
      Object.entries(options.sinks ?? {}).map(([sink, functions]) => [
        sink,
        Object.fromEntries(
          Object.entries(functions).map(([name, { callDuringReplay = false }]) => [name, callDuringReplay]),
        ),
      ]),
    ),
    isReplay: false,
    keepsEvidence: false,
    asksAboutPatches: options.patchActivationCallback !== undefined,
    relay: payloads.plan,
  };
}
