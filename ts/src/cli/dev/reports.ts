/**
 * Preloaded into the process of a project's Worker by `dev`: reports to it, over the channel between the two, when the
 * Worker takes tasks and which files it was made of.
 */
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
