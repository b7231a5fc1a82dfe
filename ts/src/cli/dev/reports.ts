/**
 * Preloaded into the process of a project's Worker by `dev`: reports to it, over the channel between the two, when the
 * Worker takes tasks and which files it was made of.
 */
import { BundleError, ForbiddenModuleError } from "../../worker/bundler/bundler-errors";
import { observeWorkers } from "../../worker/observer";

/** What the process sends. */
export type Report =
  /** It has begun. */
  | { kind: "started"; id: number }
  /** Its Worker takes tasks. The files are those that were loaded and those that Workflow code was bundled from. */
  | { kind: "running"; files: string[] };

const report = (value: Report) => process.send?.(value);

const bundled = new Set<string>();
observeWorkers({
  bundled(files) {
    for (const file of files) bundled.add(file);
  },
  running: () => report({ kind: "running", files: [...bundled, ...Object.keys(require.cache)] }),
});
report({ kind: "started", id: process.pid });

process.on("uncaughtException", (error: unknown) => {
  // The project's own listener decides.
  if (process.listenerCount("uncaughtException") > 1) return;
  // These name the project's files. Where in the SDK they were made would bury that.
  const isSaid = error instanceof BundleError || error instanceof ForbiddenModuleError;
  console.error(isSaid ? `${error.name}: ${error.message}` : error);
  process.exit(1);
});
