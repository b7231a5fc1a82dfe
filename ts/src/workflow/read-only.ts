import { AsyncLocalStorage } from "node:async_hooks";

/** What must not change the Workflow, for error messages: goes along with what such code starts and awaits. */
const storage = new AsyncLocalStorage<string>();

/**
 * Runs code that must not change the Workflow, because a replay doesn't repeat it.
 *
 * @param where what the code is, for error messages, for example "the handler of query 'status'"
 */
export function withoutChanges<T>(where: string, fn: () => T): T {
  return storage.run(where, fn);
}

/** What the calling code is, if it must not change the Workflow. */
export function readOnlyCode(): string | undefined {
  return storage.getStore();
}
