/** Which modules a module of TypeScript loads, without running it. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

const transpiler = new Bun.Transpiler({ loader: "ts" });
const known = new Map<string, string[]>();

/** What a file imports as it is loaded: not by `import()`, nor what only types are used of. */
function importsOf(file: string): string[] {
  const before = known.get(file);
  if (before !== undefined) return before;
  const { imports } = transpiler.scan(readFileSync(file, "utf8"));
  const found = imports
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path }) => (path.startsWith(".") ? Bun.resolveSync(path, dirname(file)) : path));
  known.set(file, found);
  return found;
}

/** The modules that importing one loads at once, with itself: files by their paths, packages by their names. */
export function loadedBy(file: string): ReadonlySet<string> {
  const loaded = new Set([file]);
  for (const module of loaded) if (module.endsWith(".ts")) for (const next of importsOf(module)) loaded.add(next);
  return loaded;
}
