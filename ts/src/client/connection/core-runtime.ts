/** Core's runtime for the connections of clients. Workers have another one, see `Runtime`. */

import { NativeRuntime } from "../../native/runtime";

let shared: NativeRuntime | undefined;

/** Started by the first connection, with default options. */
export function clientRuntime(): NativeRuntime {
  return (shared ??= new NativeRuntime({}));
}
