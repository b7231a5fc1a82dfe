import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../../package.json" with { type: "json" };
import { type Counterpart, counterpartOf, officialSpecifierOf, refusal } from "../../drop-in/table";
import { isShared, useOf } from "../../workflow-realm/modules";
import { hintFor } from "../../workflow-realm/names";

/** What the bundler does with one import found in Workflow code. */
export type ModuleRule =
  /** Taken from the instance that the workflow thread shares between all runs, under the name given here. */
  | { kind: "shared"; name: string }
  /** Bundled from this file of the SDK, whatever name it was asked for by. */
  | { kind: "file"; path: string }
  /** Replaced by a small module that exposes only deterministic parts. */
  | { kind: "shim"; contents: string }
  /** Can't run deterministically: reported unless it is listed in `ignoreModules`. */
  | { kind: "forbidden"; reason: string; instead: string }
  /** Bundled like any other module. */
  | { kind: "bundled" };

const sourceRoot = resolve(import.meta.dir, "../..");

/** Modules of Node and Bun that Workflow code may import, because what is left of them is deterministic. */
const allowedBuiltins = new Map<string, ModuleRule>([
  // The real one, loaded once per thread: Bun's browser polyfill is 140 KB and would be evaluated for every run.
  ["assert", { kind: "shared", name: "node:assert" }],
  ["url", { kind: "shim", contents: "module.exports = { URL, URLSearchParams };" }],
  ["util", { kind: "shim", contents: "module.exports = { TextEncoder, TextDecoder };" }],
]);

const builtins = new Set([...builtinModules.map((name) => name.replace(/^node:/, "")), "bun"]);

/** What to do instead of importing a module of the runtime; what isn't here is done in an Activity. */
const builtinHints: Readonly<Record<string, string>> = {
  async_hooks: "use AsyncLocalStorage, which is there without an import",
  buffer: "use Buffer, which is there without an import",
  bun: hintFor("Bun"),
  crypto: hintFor("crypto"),
  events: "use EventTarget, which is there without an import, or a package that does the same",
  path: "use a package that does the same, or do it in an Activity",
  perf_hooks: hintFor("performance"),
  process: hintFor("process"),
  timers: "use setTimeout() or sleep(), which are the same on replay",
  worker_threads: hintFor("Worker"),
};

/** What to do instead of importing a part of this SDK, by its folder. */
const sdkHints: Readonly<Record<string, string>> = {
  activity: "it is for Activities: import those with `import type`, and call them through proxyActivities()",
  client: "use startChild() and getExternalWorkflowHandle(), or a client in an Activity",
};

/**
 * Whether `specifier` names one of `modules` or something inside it: `"fs"` covers `"fs/promises"` and `"node:fs"`.
 *
 * @param specifier the text of an import
 * @param modules module names, without a `node:` prefix
 */
export function moduleMatches(specifier: string, modules: readonly string[]): boolean {
  const name = specifier.replace(/^node:/, "");
  return modules.some((module) => name === module || name.startsWith(`${module}/`));
}

/** Modules that are of no use without another one: who ignores that ignores them. */
const clients = new Map([["@temporalio/workflow-streams/client", "@temporalio/client"]]);

/**
 * Whether an import is of a module that the options of the bundle leave out: by its name, or by the file that it leads
 * to, which may be named without its extension.
 *
 * @param specifier the text of an import
 * @param importer absolute path of the file that it stands in
 * @param modules names and absolute paths of modules
 */
export function isIgnored(specifier: string, importer: string, modules: readonly string[]): boolean {
  if (moduleMatches(specifier, modules)) return true;
  const needed = clients.get(specifier);
  if (needed !== undefined && modules.includes(needed)) return true;
  const paths = modules
    .map((module) => (module.startsWith("file:") ? fileURLToPath(module) : module))
    .filter((module) => isAbsolute(module));
  if (paths.length === 0) return false;
  try {
    const file = Bun.resolveSync(specifier, dirname(importer));
    return paths.some((path) => stem(file) === stem(path) || file.startsWith(path + sep));
  } catch {
    return false;
  }
}

function stem(file: string): string {
  return file.replace(/\.[cm]?[jt]sx?$/, "");
}

/**
 * Decides about an import by its text alone.
 *
 * @param specifier what stands in the import statement, for example `"node:fs"`, `"@temporalio/workflow"`, `"./steps"`
 */
export function ruleForSpecifier(specifier: string): ModuleRule {
  if (specifier === packageJson.name) {
    return {
      kind: "forbidden",
      reason: "it loads the client and the worker",
      instead: "import from 'temporal-bun-sdk/workflow'",
    };
  }
  const counterpart = counterpartOf(officialSpecifierOf(specifier) ?? specifier);
  if (counterpart !== undefined) return ruleForCounterpart(counterpart);
  if (isShared(specifier)) return { kind: "shared", name: specifier };
  const exported = exportedFile(specifier);
  if (exported !== undefined) return ruleForSdkFile(exported);
  const bare = specifier.replace(/^node:/, "");
  const allowed = allowedBuiltins.get(bare);
  if (allowed !== undefined) return allowed;
  if (specifier.startsWith("node:") || specifier.startsWith("bun:") || builtins.has(bare)) {
    const [name = ""] = bare.split("/");
    const instead = builtinHints[name] ?? hintFor(name);
    return { kind: "forbidden", reason: "a built-in module of the runtime, it might break determinism", instead };
  }
  return { kind: "bundled" };
}

/**
 * Decides about an import by the file it leads to, for code that reaches the SDK by a path: the SDK's own
 * workflow library must be the one instance of the thread, never a copy inside the bundle.
 *
 * @param file absolute path of the imported file
 */
export function ruleForFile(file: string): ModuleRule {
  const inside = relative(sourceRoot, file);
  if (inside.startsWith("..") || inside.startsWith(sep)) return { kind: "bundled" };
  const use = useOf(inside.replaceAll(sep, "/"));
  if (use === "forbidden") {
    const reason = "it does input and output, which Workflow code can't do";
    const instead = sdkHints[inside.split(sep)[0]!] ?? "use it in an Activity or in the program";
    return { kind: "forbidden", reason, instead };
  }
  return use === "bundled" ? { kind: "bundled" } : { kind: "shared", name: use };
}

/** {@link ruleForFile}, where the name under which a file was asked for says nothing to `Bun.build`. */
function ruleForSdkFile(file: string): ModuleRule {
  const rule = ruleForFile(file);
  return rule.kind === "bundled" ? { kind: "file", path: file } : rule;
}

/** The file that Bun finds under a name of this package. `Bun.build` for Workflow code would look as for browsers. */
function exportedFile(specifier: string): string | undefined {
  if (!specifier.startsWith(`${packageJson.name}/`)) return undefined;
  const name = `.${specifier.slice(packageJson.name.length)}`;
  for (const [entry, target] of Object.entries(packageJson.exports as Record<string, string | { bun: string }>)) {
    const [before, isPattern] = [entry.replace("*", ""), entry.endsWith("*")];
    if (name !== entry && !(isPattern && name.startsWith(before))) continue;
    const path = (typeof target === "string" ? target : target.bun).replace("*", name.slice(before.length));
    const file = resolve(sourceRoot, "..", path);
    // A name that a pattern fits leads nowhere perhaps, which the build says better.
    return isPattern && !existsSync(file) ? undefined : file;
  }
  return undefined;
}

/**
 * Imports of the official SDK mean this one, installed or not: a second library in the bundle would know nothing of the
 * run it is in.
 */
function ruleForCounterpart({ specifier, file }: Counterpart): ModuleRule {
  if (file === undefined)
    return { kind: "forbidden", reason: refusal(specifier), instead: "import what the package itself exports" };
  return ruleForSdkFile(file);
}

/**
 * Decides about an import.
 *
 * @param specifier what stands in the import statement
 * @param importer absolute path of the file that it stands in
 */
export function ruleForImport(specifier: string, importer: string): ModuleRule {
  const rule = ruleForSpecifier(specifier);
  if (rule.kind !== "bundled") return rule;
  if (isAbsolute(specifier)) return ruleForFile(specifier);
  const directory = dirname(importer);
  if (!specifier.startsWith("..") || !mayReachSources(specifier, directory)) return rule;
  try {
    return ruleForFile(Bun.resolveSync(specifier, directory));
  } catch {
    // Left to the build, whose message about a missing file also shows the line.
    return rule;
  }
}

/** Whether a relative import from `directory` could lead into the SDK's own sources, so that it's worth resolving. */
function mayReachSources(specifier: string, directory: string): boolean {
  const target = join(directory, specifier);
  return target === sourceRoot || target.startsWith(sourceRoot + sep);
}
