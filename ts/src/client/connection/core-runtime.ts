/** The process's one Core runtime, which clients and workers share. */

import { IllegalStateError } from "../../common/errors";
import type { RuntimeOptions } from "../../native/options.generated";
import { NativeRuntime } from "../../native/runtime";

let current: NativeRuntime | undefined;
/** What it was started with last; a runtime that follows one that was closed has the same. */
let options: RuntimeOptions = {};

/**
 * The runtime; started by the first call, with the options of the last {@link installCoreRuntime} or, if there was
 * none, default ones.
 */
export function coreRuntime(): NativeRuntime {
  return (current ??= new NativeRuntime(options));
}

/**
 * Starts the runtime with these options. Throws `IllegalStateError` when there is one already: its options can't change
 * any more.
 */
export function installCoreRuntime(given: RuntimeOptions): NativeRuntime {
  if (current) {
    throw new IllegalStateError(
      "The runtime has already been started: install it before the first connection and the first worker",
    );
  }
  current = new NativeRuntime(given);
  options = given;
  return current;
}

/** Closes the runtime once its clients and workers are gone. The next {@link coreRuntime} starts another. */
export function closeCoreRuntime(): void {
  current?.close();
  current = undefined;
}
