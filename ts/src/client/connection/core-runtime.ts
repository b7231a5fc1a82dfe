/** Core's runtime for the connections of clients. Workers have another one, see `Runtime`. */

import { NativeRuntime } from "../../native/runtime";

let shared: NativeRuntime | undefined;

/** Started by the first connection. It logs nothing: callers are told what there is to say. */
export function clientRuntime(): NativeRuntime {
  return (shared ??= new NativeRuntime({ logging: null }));
}
