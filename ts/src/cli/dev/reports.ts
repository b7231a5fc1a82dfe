/**
 * Preloaded into the process of a project's Worker by `dev`: reports to it, over the channel between the two, when the
 * Worker takes tasks and which files it was made of.
 */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { printableFormat } from "../../libs/printable";
import { BundleError, ForbiddenModuleError } from "../../worker/bundler/bundler-errors";
import { observeWorkers } from "../../worker/observer";

/** What the process sends. */
export type Report =
  /** It has begun. */
  | { kind: "started"; id: number }
  /** Its Worker takes tasks. The files are those that were loaded and those that Workflow code was bundled from. */
  | { kind: "running"; files: string[] };

/**
 * Modules that are still being evaluated, which `require.cache` doesn't have: one that waits for its Worker at its top
 * level, and those that import it.
 */
function pending(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path) || path in require.cache || path.includes("/node_modules/")) return found;
  found.add(path);
  for (const next of importsOf(path)) pending(next, found);
  return found;
}

/** Files that a module imports, as far as they are there. */
function importsOf(path: string): string[] {
  try {
    const transpiler = new Bun.Transpiler({ loader: path.endsWith("x") ? "tsx" : "ts" });
    return transpiler.scanImports(readFileSync(path)).flatMap((imported) => {
      try {
        const file = Bun.resolveSync(imported.path, dirname(path));
        return isAbsolute(file) ? [file] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

const report = (value: Report) => process.send?.(value);

const bundled = new Set<string>();
observeWorkers({
  bundled(files) {
    for (const file of files) bundled.add(file);
  },
  running: () => report({ kind: "running", files: [...bundled, ...Object.keys(require.cache), ...pending(Bun.main)] }),
});
report({ kind: "started", id: process.pid });

process.on("uncaughtException", (error: unknown) => {
  // The project's own listener decides.
  if (process.listenerCount("uncaughtException") > 1) return;
  // These name the project's files. Where in the SDK they were made would bury that.
  const isSaid = error instanceof BundleError || error instanceof ForbiddenModuleError;
  const format = (colors: boolean) => (isSaid ? `${error.name}: ${error.message}` : Bun.inspect(error, { colors }));
  console.error(printableFormat(Bun.enableANSIColors, format));
  process.exit(1);
});
