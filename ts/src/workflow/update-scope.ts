import { AsyncLocalStorage } from "node:async_hooks";
import { requireRun } from "./current";

/** What is known about the update whose handler is running. */
export interface UpdateInfo {
  /** Identifier of the update, unique in its Workflow. */
  readonly id: string;
  /** Name of the update. */
  readonly name: string;
}

const storage = new AsyncLocalStorage<UpdateInfo>();

/** Runs an update's handler (and its validator) so that {@link currentUpdateInfo} knows about it. */
export function withUpdate<T>(info: UpdateInfo, fn: () => T): T {
  return storage.run(info, fn);
}

/** The update whose handler is running, for log attributes. */
export function runningUpdate(): UpdateInfo | undefined {
  return storage.getStore();
}

/**
 * The update whose handler the calling code runs in.
 *
 * @returns `undefined` in code that isn't part of an update's handler
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function currentUpdateInfo(): UpdateInfo | undefined {
  requireRun("Workflow.currentUpdateInfo(...)");
  return storage.getStore();
}
