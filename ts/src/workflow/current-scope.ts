import { AsyncLocalStorage } from "node:async_hooks";
import type { CancellationScope } from "./cancellation-scope";
import { requireRun } from "./current";

const storage = new AsyncLocalStorage<CancellationScope>();

/** The scope that the calling code runs in: see `CancellationScope.current`. */
export function currentScope(): CancellationScope {
  return storage.getStore() ?? requireRun("CancellationScope.current()").rootScope;
}

/** Calls `fn` with `scope` as the current one; what `fn` awaits or starts keeps it. */
export function withScope<T>(scope: CancellationScope, fn: () => T): T {
  return storage.run(scope, fn);
}
