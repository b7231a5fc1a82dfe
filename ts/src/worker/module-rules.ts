import { builtinModules } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { type Counterpart, counterpartOf, officialSpecifierOf, refusal } from "../drop-in/table";

/** What the bundler does with one import found in Workflow code. */
export type ModuleRule =
  /** Taken from the instance that the workflow thread shares between all runs, under the name given here. */
  | { kind: "shared"; name: string }
  /** Bundled from this file of the SDK, whatever name it was asked for by. */
  | { kind: "file"; path: string }
  /** Replaced by a small module that exposes only deterministic parts. */
  | { kind: "shim"; contents: string }
  /** Can't run deterministically: reported unless it is listed in `ignoreModules`. */
  | { kind: "forbidden"; reason: string }
  /** Bundled like any other module. */
  | { kind: "bundled" };

const sourceRoot = dirname(import.meta.dir);

/** Modules of Node and Bun that Workflow code may import, because what is left of them is deterministic. */
const allowedBuiltins = new Map<string, ModuleRule>([
  // The real one, loaded once per thread: Bun's browser polyfill is 140 KB and would be evaluated for every run.
  ["assert", { kind: "shared", name: "node:assert" }],
  ["url", { kind: "shim", contents: "module.exports = { URL, URLSearchParams };" }],
  ["util", { kind: "shim", contents: "module.exports = { TextEncoder, TextDecoder };" }],
]);

const builtins = new Set([...builtinModules.map((name) => name.replace(/^node:/, "")), "bun"]);

/** Parts of the SDK that are imported by themselves, and have names that the common and the workflow library don't export. */
const sharedModules = [
  "temporal-bun-sdk/common/converter/payload-search-attributes",
  "temporal-bun-sdk/common/encoding",
  "temporal-bun-sdk/common/interceptors",
  "temporal-bun-sdk/common/reserved",
  "temporal-bun-sdk/common/search-attributes",
  "temporal-bun-sdk/common/time",
  "temporal-bun-sdk/common/type-helpers",
  "temporal-bun-sdk/workflow-streams/workflow",
  "temporal-bun-sdk/workflow/tracing",
];

/** Part of the SDK that goes into bundles: it loads the user's own `protobufjs`. */
const protobufsFolder = join("common", "protobufs");
const protobufs: ModuleRule = { kind: "file", path: join(sourceRoot, protobufsFolder, "index.ts") };

/** All messages there are: a bundle with them would be of megabytes, and be evaluated for every run. */
const protoNamespaces = { kind: "shared", name: "temporal-bun-sdk/proto" } as const;

/** Libraries that workflow threads share. The longer names first, since a library stands for all that is inside it. */
const sharedLibraries = [...sharedModules, "temporal-bun-sdk/workflow", "temporal-bun-sdk/common"];

/** Parts of the SDK that talk to a server, to the disk or to native code; `workflow-streams` has a file for Workflows besides. */
const forbiddenSourceFolders = new Set(["activity", "client", "cloud", "drop-in", "envconfig", "native", "nexus", "testing", "worker", "workflow-streams"]);
const forbiddenLibraries = [...forbiddenSourceFolders].map((folder) => `temporal-bun-sdk/${folder}`);
const forbidden: ModuleRule = { kind: "forbidden", reason: "it does input and output, which Workflow code can't do" };

/** The one file of the testing package that is for Workflows, see `workflowInterceptorModules`. */
const assertInterceptor = join("testing", "assert-to-failure-interceptor.ts");

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

/**
 * Decides about an import by its text alone.
 *
 * @param specifier what stands in the import statement, for example `"node:fs"`, `"@temporalio/workflow"`, `"./steps"`
 */
export function ruleForSpecifier(specifier: string): ModuleRule {
  if (specifier === "temporal-bun-sdk") {
    return { kind: "forbidden", reason: "it loads the client and the worker; import from 'temporal-bun-sdk/workflow' instead" };
  }
  const counterpart = counterpartOf(officialSpecifierOf(specifier) ?? specifier);
  if (counterpart !== undefined) return ruleForCounterpart(counterpart);
  if (moduleMatches(specifier, ["temporal-bun-sdk/common/protobufs"])) return protobufs;
  if (specifier === protoNamespaces.name) return protoNamespaces;
  const shared = sharedLibraries.find((library) => moduleMatches(specifier, [library]));
  if (shared !== undefined) return { kind: "shared", name: shared };
  if (moduleMatches(specifier, forbiddenLibraries)) return forbidden;
  const bare = specifier.replace(/^node:/, "");
  const allowed = allowedBuiltins.get(bare);
  if (allowed !== undefined) return allowed;
  if (specifier.startsWith("node:") || specifier.startsWith("bun:") || builtins.has(bare)) {
    return { kind: "forbidden", reason: "a built-in module of the runtime, it might break determinism" };
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
  const folder = inside.split(sep, 1)[0] ?? "";
  if (inside.startsWith(protobufsFolder + sep) || inside === assertInterceptor) return { kind: "bundled" };
  const name = `temporal-bun-sdk/${inside.slice(0, -3).replaceAll(sep, "/")}`;
  if (inside === join("proto", "index.ts")) return protoNamespaces;
  if (sharedModules.includes(name)) return { kind: "shared", name };
  if (folder === "workflow" || folder === "common") return { kind: "shared", name: `temporal-bun-sdk/${folder}` };
  if (forbiddenSourceFolders.has(folder) || file === join(sourceRoot, "index.ts")) return forbidden;
  return { kind: "bundled" };
}

/** Imports of the official SDK mean this one, installed or not: a second library in the bundle would know nothing of the run it is in. */
function ruleForCounterpart({ specifier, file }: Counterpart): ModuleRule {
  if (file === undefined) return { kind: "forbidden", reason: refusal(specifier) };
  const rule = ruleForFile(file);
  return rule.kind === "bundled" ? { kind: "file", path: file } : rule;
}

/** Whether a relative import from `directory` could lead into the SDK's own sources, so that it's worth resolving. */
export function mayReachSources(specifier: string, directory: string): boolean {
  const target = join(directory, specifier);
  return target === sourceRoot || target.startsWith(sourceRoot + sep);
}
