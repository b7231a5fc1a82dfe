/**
 * What is inside of a realm: the SDK's library for Workflow code, and what runs it. Bundled into one text that
 * `workflow-host/realm.ts` evaluates in the realm.
 *
 * @module
 */
// First: the library uses it.
import "./web/install";
import { RootCancellationScope } from "../workflow/cancellation-scope";
import { DeterminismViolationError } from "../workflow/errors";
import { type RuntimeOptions, WorkflowRuntime } from "./runtime";
import { requireShared, shared } from "./sandbox/bundle";
import { installGlobals } from "./sandbox/globals";

// Bundlers rename classes whose names are taken; people see the names in errors and in stack traces.
for (const namespace of Object.values(shared) as Record<string, unknown>[]) nameExports(namespace);
// With what Workflow code meets though nothing exports it.
installGlobals([...Object.values(shared), requireShared, RootCancellationScope]);

function nameExports(namespace: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(namespace)) {
    if (typeof value !== "function" || value.name === name || !value.name.startsWith(name)) continue;
    Object.defineProperty(value, "name", { value: name, configurable: true });
  }
}

/** Makes the realm ready for a bundle. Once. */
export function open(options: RuntimeOptions): WorkflowRuntime {
  return new WorkflowRuntime(options);
}

/** What `import()` rejects with in code that isn't bundled: text that was evaluated. */
export function importRefusal(specifier: string): Error {
  return new DeterminismViolationError(
    `import(${JSON.stringify(specifier)}) can't be used in Workflow code: import modules at the top of a file, so that they are bundled`,
  );
}
