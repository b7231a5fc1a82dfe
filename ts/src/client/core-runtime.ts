/** The process's one Core runtime, which clients and workers share. */

import { IllegalStateError } from "../common/errors";
import { NativeRuntime } from "../native/runtime";
import type { RuntimeOptions } from "../native/options.generated";

let current: NativeRuntime | undefined;

/** The runtime; started with default options by the first call if {@link installCoreRuntime} was not called before. */
export function coreRuntime(): NativeRuntime {
  return (current ??= new NativeRuntime({}));
}

/**
 * Starts the runtime with these options. Throws `IllegalStateError` when there is one already: its options can't change any more.
 */
export function installCoreRuntime(options: RuntimeOptions): NativeRuntime {
  if (current) {
    throw new IllegalStateError("The runtime has already been started: install it before the first connection and the first worker");
  }
  return (current = new NativeRuntime(options));
}

/** Closes the runtime once its clients and workers are gone. The next {@link coreRuntime} starts another. */
export function closeCoreRuntime(): void {
  current?.close();
  current = undefined;
}
