import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildConfig } from "bun";
import packageJson from "../../../package.json" with { type: "json" };
import type { Logger } from "../../common";
import { counterpartOf, refusal } from "../../drop-in/table";
import { bundleSourceMapComment } from "../../workflow-host/source-map";
import { BundleCache, digest } from "./bundle-cache";
import { BundleError, ForbiddenModuleError, messagesOf } from "./bundler-errors";
import { type BuildGraph, generatedEntry, inputFiles, ModuleWatch } from "./bundler-plugin";
import { withRuntimeInterop } from "./interop";
import { isIgnored, moduleMatches } from "./module-rules";
import { bundleWithWebpack, type WebpackConfiguration } from "./webpack";

/** Changes a bundler's options before it runs. */
export interface BundlerPlugin {
  /** Name of the plugin. */
  get name(): string;
  /** Called once per bundle, in the order of registration; returns the options to go on with. */
  configureBundler?(options: BundleOptions): BundleOptions;
}

/** Options of {@link bundleWorkflowCode}. */
export interface BundleOptions {
  /**
   * The module whose exported functions are the Workflows: a file, a folder with an index file, or a `file:` URL
   * (what `import.meta.resolve` returns).
   */
  workflowsPath: string;
  /** Modules that export `interceptors`, a factory of Workflow interceptors. Paths or package names. Default none. */
  workflowInterceptorModules?: string[];
  /** Gets a line about each bundle made. Default: silent. */
  logger?: Logger;
  /** A module that exports `payloadConverter`. Default: the SDK's default converter. */
  payloadConverterPath?: string;
  /** A module that exports `failureConverter`. Default: the SDK's default converter. */
  failureConverterPath?: string;
  /**
   * Modules that are left out of the bundle without complaint although Workflows can't use them: names, or absolute
   * paths of files. They must not be used at run time: importing one gives an empty object.
   */
  ignoreModules?: string[];
  /**
   * Accepted for compatibility. Modules are evaluated for every run, which is the same to all that are deterministic.
   */
  preloadModules?: string[];
  /** Plugins, each of which may change these options. */
  plugins?: BundlerPlugin[];
  /**
   * Last word on the options of `Bun.build`, in the place of the official SDK's `webpackConfigHook`. A bundle made
   * with a hook isn't cached, because what the hook does can't be part of the key.
   */
  buildConfigHook?: (config: BuildConfig) => BuildConfig;
  /**
   * Last word on the configuration of webpack, as in the official SDK. With it, Workflows are bundled with webpack 5,
   * which must be installed, instead of `Bun.build`; it takes some 20 times longer. Not cached either.
   */
  webpackConfigHook?: (config: WebpackConfiguration) => WebpackConfiguration;
}

/** Workflow code ready for a Worker. */
export interface WorkflowBundle {
  /** The bundle, a CommonJS module, with its source map inline at the end so that it can be written to one file. */
  code: string;
}

/** What {@link bundleWorkflowCode} returns. */
export interface WorkflowBundleWithSourceMap extends WorkflowBundle {
  /** The source map as JSON text, with absolute file names. */
  sourceMap: string;
}

/** Bumped when the form of a bundle changes, so that no bundle of an older form is taken from the cache. */
const bundleFormat = 5;
/** `import.meta` of every module, whose place on this machine is nothing for Workflow code to see. */
const importMeta = {
  dir: "/",
  dirname: "/",
  file: "index.js",
  filename: "/index.js",
  main: false,
  path: "/index.js",
  url: "file:///index.js",
};
/** What stands for names of places; `__dirname` and `__filename` are those of bundles of webpack. */
const places = Object.fromEntries(
  [
    ["__dirname", importMeta.dir],
    ["__filename", importMeta.path],
    ["import.meta", importMeta],
    ...Object.entries(importMeta).map(([name, value]) => [`import.meta.${name}`, value]),
  ].map(([name, value]) => [name, JSON.stringify(value)]),
);

/**
 * Bundles Workflow code into the one text that every run evaluates afresh. Takes about 10 ms, less from the cache
 * (see `docs/ARCHITECTURE.md`). The SDK's own library isn't in the bundle: runs share one instance per thread.
 *
 * @throws Error in an executable made by `bun build --compile`, which has no sources to bundle
 * @throws ForbiddenModuleError if the code imports modules that a Workflow can't use, naming the chain of imports
 * @throws Error with the compiler's messages if the code doesn't build or `workflowsPath` doesn't exist
 */
export async function bundleWorkflowCode(options: BundleOptions): Promise<WorkflowBundleWithSourceMap> {
  const { code, sourceMap } = await bundleParts(options);
  return { code: `${code}${bundleSourceMapComment(sourceMap)}\n`, sourceMap };
}

/** {@link bundleWorkflowCode} for a Worker, which wants the source map apart from the code. */
export async function bundleParts(options: BundleOptions): Promise<{ code: string; sourceMap: string }> {
  for (const plugin of options.plugins ?? []) options = plugin.configureBundler?.(options) ?? options;
  if (options.webpackConfigHook !== undefined && options.buildConfigHook !== undefined) {
    throw new TypeError(
      "Expected one of webpackConfigHook and buildConfigHook, got both: the first is for bundling with webpack, the second for Bun.build",
    );
  }
  const contradicting = (options.preloadModules ?? []).filter((name) =>
    moduleMatches(name, options.ignoreModules ?? []),
  );
  if (contradicting.length > 0)
    throw new Error(
      `Cannot preload modules that are also ignored: ${contradicting.map((name) => `'${name}'`).join(", ")}`,
    );
  if (Bun.isStandaloneExecutable) {
    throw new Error(
      "Workflows can't be bundled in an executable made by `bun build --compile`: bundle them when it is made, with bundleWorkflowCode, and pass the code as workflowBundle instead of workflowsPath",
    );
  }
  const entry = resolveEntry(options.workflowsPath);
  const startedMs = Date.now();
  const started = performance.now();
  const hasHook = options.buildConfigHook !== undefined || options.webpackConfigHook !== undefined;
  const cache = hasHook ? undefined : new BundleCache();
  const key = cacheKey(options, entry);
  let bundle = cache?.read(key);
  const cached = bundle !== undefined;
  if (bundle === undefined) {
    const built = await build(options, entry);
    bundle = { code: built.code, sourceMap: built.sourceMap };
    cache?.write(key, bundle, built.inputs, startedMs);
  }
  options.logger?.info("Workflow bundle created", {
    size: readableSize(bundle.code.length),
    durationMs: Math.round(performance.now() - started),
    cached,
  });
  return bundle;
}

/** A size as people read it, such as `12.30KB` or `1.55MB`. */
function readableSize(bytes: number): string {
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${kilobytes.toFixed(2)}KB` : `${(kilobytes / 1024).toFixed(2)}MB`;
}

function resolveEntry(workflowsPath: string): string {
  if (typeof workflowsPath !== "string" || workflowsPath === "") {
    throw new TypeError(`workflowsPath must be the path of a file or folder, got ${JSON.stringify(workflowsPath)}`);
  }
  const path = resolve(workflowsPath.startsWith("file:") ? fileURLToPath(workflowsPath) : workflowsPath);
  try {
    return Bun.resolveSync(path, dirname(path));
  } catch {
    const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    throw new Error(
      folder
        ? `workflowsPath '${path}' is a folder without an index file; add one or name the file that exports the Workflows`
        : `workflowsPath '${path}' doesn't exist; pass an absolute path, for example import.meta.resolve("./workflows.ts")`,
    );
  }
}

function cacheKey(options: BundleOptions, entry: string): string {
  const { workflowInterceptorModules, payloadConverterPath, failureConverterPath, ignoreModules } = options;
  const parts = [
    bundleFormat,
    packageJson.version,
    Bun.version,
    process.cwd(),
    entry,
    workflowInterceptorModules ?? [],
    payloadConverterPath ?? null,
    failureConverterPath ?? null,
    ignoreModules ?? [],
  ];
  return digest(JSON.stringify(parts)).slice(0, 40);
}

async function build(
  options: BundleOptions,
  workflows: string,
): Promise<{ code: string; sourceMap: string; inputs: string[] }> {
  const extras = entryWithExtras(options, workflows);
  if (options.webpackConfigHook !== undefined) {
    const text = extras ?? `module.exports = require(${JSON.stringify(workflows)});`;
    const ignored = options.ignoreModules ?? [];
    return { ...(await bundleWithWebpack(text, workflows, ignored, options.webpackConfigHook)), inputs: [] };
  }
  const entry = extras === undefined ? workflows : generatedEntry;
  const watch = new ModuleWatch(options.ignoreModules ?? [], extras);
  const config: BuildConfig = {
    entrypoints: [entry],
    target: "browser",
    format: "cjs",
    define: places,
    sourcemap: "external",
    metafile: true,
    throw: false,
    plugins: [watch.plugin()],
  };
  const output = await Bun.build(options.buildConfigHook?.(config) ?? config);
  if (!output.success) throw new BundleError(workflows, messagesOf(output.logs), output.logs);
  const graph = output.metafile as BuildGraph | undefined;
  if (graph === undefined)
    throw new Error("Bun.build returned no metafile; a buildConfigHook must leave `metafile: true` in place");
  const forbidden = watch.forbidden(graph, entry);
  if (forbidden.length > 0) throw new ForbiddenModuleError(forbidden);
  const code = output.outputs.find(({ kind }) => kind === "entry-point");
  const map = output.outputs.find(({ kind }) => kind === "sourcemap");
  if (code === undefined || map === undefined)
    throw new Error("Bun.build returned no bundle with a source map; a buildConfigHook must not change `sourcemap`");
  return {
    code: withRuntimeInterop((await code.text()).replace(/\n\/\/# debugId=.*\s*$/, "\n"), watch.resolved),
    sourceMap: absoluteSources(await map.text()),
    inputs: inputFiles(graph),
  };
}

/**
 * An entry that adds interceptors and converters to the exports of the Workflows, under names that no Workflow has.
 * Without them the Workflows' module is the entry itself.
 */
function entryWithExtras(options: BundleOptions, workflows: string): string | undefined {
  const modules = [...new Set(options.workflowInterceptorModules ?? [])];
  const { payloadConverterPath, failureConverterPath } = options;
  if (modules.length === 0 && payloadConverterPath === undefined && failureConverterPath === undefined)
    return undefined;
  const ignored = modules.filter((module) => isIgnored(module, workflows, options.ignoreModules ?? []));
  if (ignored.length > 0) throw new TypeError(`Modules of interceptors can't also be ignored: ${ignored.join(", ")}`);
  const require = (path: string) => `require(${JSON.stringify(resolveBeside(workflows, path))})`;
  const lines = [
    // First, as in the official SDK: they may prepare what the Workflows' imports need.
    `const interceptors = [${modules.map(require).join(", ")}];`,
    `const workflows = ${require(workflows)};`,
    "const entry = {};",
    "Object.defineProperties(entry, Object.getOwnPropertyDescriptors(workflows));",
    `Object.defineProperty(entry, "__temporalInterceptorModules", { value: interceptors });`,
  ];
  if (payloadConverterPath !== undefined) {
    lines.push(
      `Object.defineProperty(entry, "__temporalPayloadConverter", { get: () => ${require(payloadConverterPath)}.payloadConverter });`,
    );
  }
  if (failureConverterPath !== undefined) {
    lines.push(
      `Object.defineProperty(entry, "__temporalFailureConverter", { get: () => ${require(failureConverterPath)}.failureConverter });`,
    );
  }
  lines.push("module.exports = entry;");
  return lines.join("\n");
}

function resolveBeside(workflows: string, module: string): string {
  const official = counterpartOf(module);
  if (official !== undefined) {
    if (official.file === undefined) throw new TypeError(refusal(module));
    return official.file;
  }
  try {
    return Bun.resolveSync(module.startsWith("file:") ? fileURLToPath(module) : module, dirname(workflows));
  } catch (cause) {
    throw new Error(
      `Can't find the module '${module}', named in the options of the bundle, from '${dirname(workflows)}'`,
      { cause },
    );
  }
}

function absoluteSources(text: string): string {
  const map = JSON.parse(text) as { sources: string[]; debugId?: string };
  map.sources = map.sources.map((source) => (/^[a-z]{2,}:/.test(source) ? source : resolve(source)));
  delete map.debugId;
  return JSON.stringify(map);
}
