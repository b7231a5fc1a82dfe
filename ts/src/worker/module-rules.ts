import { builtinModules } from "node:module";
import { dirname, join, relative, sep } from "node:path";

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

/** Part of the SDK that goes into bundles: it loads the user's own `protobufjs`. */
const protobufsFolder = join("common", "protobufs");
const protobufs: ModuleRule = { kind: "file", path: join(sourceRoot, protobufsFolder, "index.ts") };

/** Parts of the SDK that go into bundles: they load the user's own OpenTelemetry. */
const openTelemetryFolders = new Map([
  ["@temporalio/interceptors-opentelemetry", "opentelemetry"],
  ["@temporalio/interceptors-opentelemetry-v2", "opentelemetry-v2"],
]);

/** What the interceptors for OpenTelemetry have of the workflow library besides its API. */
const tracing = join("workflow", "tracing.ts");

/** The longer names first, since a library stands for all that is inside it. */
const sharedLibraries = new Map([
  ["@temporalio/common/lib/encoding", "temporal-bun-sdk/common/encoding"],
  ["@temporalio/common/lib/time", "temporal-bun-sdk/common/time"],
  ["temporal-bun-sdk/common/encoding", "temporal-bun-sdk/common/encoding"],
  ["temporal-bun-sdk/common/time", "temporal-bun-sdk/common/time"],
  ["@temporalio/workflow-streams/workflow", "temporal-bun-sdk/workflow-streams/workflow"],
  ["temporal-bun-sdk/workflow-streams/workflow", "temporal-bun-sdk/workflow-streams/workflow"],
  ["@temporalio/workflow", "temporal-bun-sdk/workflow"],
  ["@temporalio/common", "temporal-bun-sdk/common"],
  ["temporal-bun-sdk/workflow", "temporal-bun-sdk/workflow"],
  ["temporal-bun-sdk/common", "temporal-bun-sdk/common"],
]);

/** Parts of the SDK that talk to a server, to the disk or to native code. */
const forbiddenLibraries = [
  "@temporalio/activity",
  "@temporalio/client",
  "@temporalio/core-bridge",
  "@temporalio/envconfig",
  "@temporalio/nexus",
  "@temporalio/testing",
  "@temporalio/worker",
  "@temporalio/workflow-streams/client",
  "@temporalio/common/lib/internal-non-workflow",
  "temporal-bun-sdk/activity",
  "temporal-bun-sdk/client",
  "temporal-bun-sdk/envconfig",
  "temporal-bun-sdk/native",
  "temporal-bun-sdk/nexus",
  "temporal-bun-sdk/testing",
  "temporal-bun-sdk/worker",
  "temporal-bun-sdk/workflow-streams/client",
];

/** The one file of the testing package that is for Workflows, see `workflowInterceptorModules`. */
const assertInterceptor = join("testing", "assert-to-failure-interceptor.ts");

/** What the rest of the SDK needs to talk to a server, to the disk or to native code. `workflow-streams` has a file for Workflows. */
const forbiddenSourceFolders = new Set(["activity", "client", "envconfig", "native", "nexus", "testing", "worker", "workflow-streams"]);

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
  if (moduleMatches(specifier, forbiddenLibraries)) {
    return { kind: "forbidden", reason: "it does input and output, which Workflow code can't do" };
  }
  if (moduleMatches(specifier, ["@temporalio/common/lib/protobufs", "temporal-bun-sdk/common/protobufs"])) return protobufs;
  for (const [library, folder] of openTelemetryFolders) {
    if (specifier === library) return { kind: "file", path: join(sourceRoot, folder, "index.ts") };
    if (specifier === `${library}/lib/workflow-interceptors`) return { kind: "file", path: join(sourceRoot, folder, "workflow-interceptors.ts") };
    if (moduleMatches(specifier, [`${library}/lib/workflow`])) return { kind: "file", path: Bun.resolveSync("./workflow", join(sourceRoot, folder)) };
  }
  for (const [library, name] of sharedLibraries) {
    if (moduleMatches(specifier, [library])) return { kind: "shared", name };
  }
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
  if (inside === join("common", "time.ts") || inside === join("common", "encoding.ts") || inside === tracing) {
    return { kind: "shared", name: `temporal-bun-sdk/${inside.slice(0, -3).replaceAll(sep, "/")}` };
  }
  if (inside === join("workflow-streams", "workflow.ts")) return { kind: "shared", name: "temporal-bun-sdk/workflow-streams/workflow" };
  if (folder === "workflow" || folder === "common") return { kind: "shared", name: `temporal-bun-sdk/${folder}` };
  if (forbiddenSourceFolders.has(folder) || file === join(sourceRoot, "index.ts")) {
    return { kind: "forbidden", reason: "it does input and output, which Workflow code can't do" };
  }
  return { kind: "bundled" };
}

/** Whether a relative import from `directory` could lead into the SDK's own sources, so that it's worth resolving. */
export function mayReachSources(specifier: string, directory: string): boolean {
  const target = join(directory, specifier);
  return target === sourceRoot || target.startsWith(sourceRoot + sep);
}
