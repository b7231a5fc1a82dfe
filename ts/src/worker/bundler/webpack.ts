/**
 * Bundles Workflow code with webpack, for those who set `webpackConfigHook`: hooks add loaders and plugins of webpack,
 * which nothing else runs. webpack is the user's own.
 */

import { createRequire } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import { splitSourceMap } from "../../workflow-host/source-map";
import { BundleError, ForbiddenModuleError } from "./bundler-errors";
import { type Finding, shorten } from "./bundler-plugin";
import { isIgnored, moduleMatches, ruleForImport } from "./module-rules";

/** What a hook gets and returns: a `Configuration` of webpack, whose types are not there for everyone. */
export type WebpackConfiguration = any;

/** What is used of webpack. */
interface Webpack {
  webpack(config: WebpackConfiguration): Compiler;
}

interface Compiler {
  hooks: {
    shouldEmit: { tap(name: string, fn: () => boolean): void };
    normalModuleFactory: { tap(name: string, fn: (factory: ModuleFactory) => void): void };
  };
  run(done: (error: Error | null, stats: Stats | undefined) => void): void;
  close(done: (error?: Error | null) => void): void;
}

interface ModuleFactory {
  hooks: { beforeResolve: { tap(name: string, fn: (data: ExternalRequest) => void): void } };
}

interface Module {
  resource?: string;
}

interface Stats {
  compilation: {
    errors: Error[];
    modules: Iterable<Module>;
    moduleGraph: { getIssuer(module: Module): Module | null | undefined };
    getAsset(name: string): { source: { source(): string | Buffer } } | undefined;
  };
}

/** What webpack asks about an import. */
interface ExternalRequest {
  request?: string;
  context?: string;
  contextInfo?: { issuer?: string };
}

const tapName = "temporal-bun-sdk";
const filename = "workflow-bundle.js";
const sourceRoot = join(import.meta.dir, "../..");

/**
 * Bundles with webpack.
 *
 * @param entry text of a module that exports the Workflows and what else belongs to the bundle
 * @param workflows absolute path of the Workflows' module
 * @param ignored see `BundleOptions.ignoreModules`
 * @param hook changes the configuration
 * @throws Error that says what to install if webpack isn't there
 */
export async function bundleWithWebpack(
  entry: string,
  workflows: string,
  ignored: readonly string[],
  hook: (config: WebpackConfiguration) => WebpackConfiguration,
): Promise<{ code: string; sourceMap: string }> {
  const { webpack } = loadWebpack(workflows);
  const names = ignored.filter((module) => !isAbsolute(module) && !module.startsWith("file:"));
  const findings = new Map<string, Finding>();
  const externals = async ({ request = "", context = "", contextInfo }: ExternalRequest): Promise<unknown> => {
    const importer = contextInfo?.issuer || join(context, filename);
    // By their names they are aliases, which a hook can set to something else.
    if (moduleMatches(request, names)) return undefined;
    if (isIgnored(request, importer, ignored)) return "var {}";
    const rule = ruleForImport(request, importer);
    if (rule.kind === "shared") return `commonjs ${rule.name}`;
    // What is left of the module is shared as well.
    if (rule.kind === "shim") return `commonjs ${request.replace(/^node:/, "")}`;
    if (rule.kind !== "forbidden") return undefined;
    const { reason, instead } = rule;
    findings.set(`${request}\n${importer}`, { specifier: request, reason, instead, importer });
    return "var {}";
  };
  const config = hook(configuration(entry, dirname(workflows), names, externals));
  // Last, so that what a hook names goes before it, and there even if a hook has put its own in the place of the list.
  config.externals = [config.externals ?? []].flat().filter((external: unknown) => external !== externals);
  config.externals.push(externals);
  for (const rule of config.module?.rules ?? []) nameOwnFolders(rule);
  const compiler = webpack(config);
  compiler.hooks.normalModuleFactory.tap(tapName, ({ hooks }) => hooks.beforeResolve.tap(tapName, redirect(names)));
  // What it made is taken from its memory.
  compiler.hooks.shouldEmit.tap(tapName, () => false);
  const { compilation } = await run(compiler);
  if (findings.size > 0) {
    throw new ForbiddenModuleError(
      [...findings.values()].map(({ importer, ...found }) => ({ ...found, chain: chainTo(importer, compilation) })),
    );
  }
  const { errors } = compilation;
  if (errors.length > 0)
    throw new BundleError(
      workflows,
      errors.map(({ message }) => message),
      errors,
    );
  const asset = compilation.getAsset(filename);
  if (asset === undefined)
    throw new Error(`webpack made no ${filename}; a webpackConfigHook must leave \`output.filename\` in place`);
  const { code, sourceMap = "" } = splitSourceMap(String(asset.source.source()));
  return { code, sourceMap };
}

/** The user's own webpack. */
function loadWebpack(workflows: string): Webpack {
  for (const folder of [dirname(workflows), process.cwd(), import.meta.dir]) {
    let file: string;
    try {
      file = Bun.resolveSync("webpack", folder);
    } catch {
      continue;
    }
    return createRequire(import.meta.url)(file) as Webpack;
  }
  throw new Error(
    "webpackConfigHook needs webpack 5, which isn't installed: run `bun add --dev webpack`, or use buildConfigHook, which gets the options of Bun.build and needs nothing",
  );
}

function configuration(
  entry: string,
  context: string,
  ignored: readonly string[],
  externals: (request: ExternalRequest) => Promise<unknown>,
): WebpackConfiguration {
  return {
    mode: "development",
    context,
    entry: [`data:application/node,${encodeURIComponent(entry)}`],
    devtool: "inline-source-map",
    output: {
      filename,
      library: { type: "commonjs2" },
      devtoolModuleFilenameTemplate: "[absolute-resource-path]",
      // Nothing can be loaded later.
      asyncChunks: false,
    },
    optimization: { splitChunks: false },
    resolve: {
      modules: ["node_modules"],
      extensions: [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"],
      extensionAlias: { ".js": [".ts", ".tsx", ".js"], ".mjs": [".mts", ".mjs"], ".cjs": [".cts", ".cjs"] },
      alias: Object.fromEntries(ignored.map((name) => [name, false])),
      fallback: {},
      plugins: [],
    },
    module: {
      // So that require(/* webpackIgnore: true */ "fs") asks for nothing, as libraries mean it.
      parser: { javascript: { commonjsMagicComments: true } },
      rules: [
        { test: /\.[cm]?[jt]sx?$/, resolve: { fullySpecified: false } },
        {
          test: /\.([cm]?ts|tsx|jsx)$/,
          type: "javascript/auto",
          use: [{ loader: join(import.meta.dir, "webpack-loader.ts") }],
        },
      ],
    },
    externals: [externals],
    plugins: [],
    ignoreWarnings: [/Failed to parse source map/],
    // Written by others, to be read by the one who has set the hook.
    infrastructureLogging: { level: "error" },
  };
}

/**
 * Names this SDK's folder where a rule has the folder of an official package: `require.resolve` of their names gives
 * the name itself, and webpack refuses what is made of it, since it is no path.
 */
function nameOwnFolders(rule: WebpackConfiguration): void {
  for (const condition of ["include", "exclude", "test", "issuer"])
    if (rule?.[condition] !== undefined) rule[condition] = withOwnFolder(rule[condition]);
}

function withOwnFolder(condition: unknown): unknown {
  if (Array.isArray(condition)) return condition.map(withOwnFolder);
  return typeof condition === "string" && /^@temporalio(\/|$)/.test(condition) ? sourceRoot : condition;
}

/**
 * Sends imports of what the SDK bundles to its files. What is ignored loses its scheme, with which aliases don't apply.
 */
function redirect(ignored: readonly string[]): (data: ExternalRequest) => void {
  return (data) => {
    if (data.request === undefined) return;
    const importer = data.contextInfo?.issuer ?? "";
    const rule = ruleForImport(data.request, importer);
    if (moduleMatches(data.request, ignored)) data.request = data.request.replace(/^node:/, "");
    else if (rule.kind === "file") data.request = rule.path;
  };
}

async function run(compiler: Compiler): Promise<Stats> {
  try {
    return await new Promise((resolve, reject) => {
      compiler.run((error, stats) => (error === null && stats !== undefined ? resolve(stats) : reject(error)));
    });
  } finally {
    await new Promise((resolve) => compiler.close(resolve));
  }
}

function chainTo(importer: string, { modules, moduleGraph }: Stats["compilation"]): string[] {
  const chain: string[] = [];
  const seen = new Set<Module>();
  let module: Module | null | undefined = [...modules].find(({ resource }) => resource === importer);
  for (; module != null && !seen.has(module); module = moduleGraph.getIssuer(module)) {
    seen.add(module);
    if (module.resource !== undefined && !module.resource.startsWith("data:")) chain.unshift(shorten(module.resource));
  }
  return chain;
}
