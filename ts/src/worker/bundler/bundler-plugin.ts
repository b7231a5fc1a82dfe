import { dirname, relative, resolve } from "node:path";
import type { BunPlugin } from "bun";
import type { ForbiddenImport } from "./bundler-errors";
import { jsonModule, sharedModule } from "./generated-modules";
import { isIgnored, type ModuleRule, ruleForImport } from "./module-rules";
import { packageOf } from "./packages";

/** An import that Workflow code can't have. */
export interface Finding {
  specifier: string;
  reason: string;
  /** What to do instead. */
  instead: string;
  /** Absolute path of the file that it stands in. */
  importer: string;
}

/** The graph of a finished build, as `Bun.build` describes it. Keys are paths relative to the working directory. */
export interface BuildGraph {
  inputs: Record<string, { imports: { path: string; original?: string; external?: boolean }[] }>;
}

/** Name of an entry that exists only inside the bundler. */
export const generatedEntry = "temporal-workflow-entry";

/**
 * Watches over the imports of one build: sends the SDK's own library to the shared instance, replaces the builtins
 * that have a deterministic part, and takes note of the modules that Workflow code can't use.
 */
export class ModuleWatch {
  readonly #ignored: readonly string[];
  readonly #findings = new Map<string, Finding>();
  readonly #contents = new Map<string, string>();
  /** Files that the code asks for by `require.resolve`, by what it asks for. */
  readonly resolved: Record<string, string> = {};

  /**
   * @param ignored names and absolute paths of modules that are replaced by an empty module without complaint
   * @param entry text of the module that {@link generatedEntry} stands for, if the build starts there
   */
  constructor(
    ignored: readonly string[],
    readonly entry: string | undefined,
  ) {
    this.#ignored = ignored;
  }

  /** The plugin for `Bun.build`. Serves one build. */
  plugin(): BunPlugin {
    return {
      name: "temporal-workflow-modules",
      setup: (build) => {
        build.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
          if (kind.startsWith("entry-point"))
            return this.entry === undefined ? undefined : this.#virtual("entry", path, this.entry);
          if (isIgnored(path, importer, this.#ignored)) return this.#virtual("ignored", path, "module.exports = {};");
          return this.#resolve(ruleForImport(path, importer), path, importer, kind);
        });
        build.onLoad({ filter: /.*/, namespace: "temporal" }, ({ path }) => ({
          contents: this.#contents.get(path) ?? "",
          // Of what a TypeScript module lacks, other TypeScript modules may pass on the names: they may be types.
          loader: "ts",
        }));
      },
    };
  }

  /** What was found so far. Empty when the code is fine. */
  get findings(): Finding[] {
    return [...this.#findings.values()];
  }

  /** What was found, each with the shortest chain of files from `entry` to it. Empty when the code is fine. */
  forbidden(graph: BuildGraph, entry: string): ForbiddenImport[] {
    if (this.#findings.size === 0) return [];
    const parents = shortestParents(graph, entry);
    return this.findings.map(({ importer, ...found }) => ({
      ...found,
      chain: chainTo(importer, parents).map((file) => shorten(file)),
    }));
  }

  #resolve(rule: ModuleRule, specifier: string, importer: string, kind: string) {
    switch (rule.kind) {
      case "bundled": {
        if (kind === "require-resolve") this.#note(specifier, importer);
        const json = isImport(kind) ? jsonModule(specifier, importer) : undefined;
        return json === undefined ? undefined : this.#virtual("json", json.file, json.contents);
      }
      case "file":
        return { path: rule.path };
      case "shim":
        return this.#virtual("shim", specifier, rule.contents);
      case "shared":
        return this.#shared(rule.name, kind, importer);
      case "forbidden":
        if (isLeftOutOfBrowsers(specifier, importer))
          return this.#virtual("ignored", specifier, "module.exports = {};");
        this.#findings.set(`${specifier}\n${importer}`, {
          specifier,
          reason: rule.reason,
          instead: rule.instead,
          importer,
        });
        return this.#virtual("forbidden", specifier, "module.exports = {};");
    }
  }

  #shared(name: string, kind: string, importer: string) {
    const external = { path: name, external: true };
    // Left as `import()`, a dynamic import would load a second instance behind the back of the sandbox.
    if (kind === "dynamic-import")
      return this.#virtual("shared", name, `module.exports = require(${JSON.stringify(name)});`);
    if (kind !== "import-statement" || this.#contents.has(importer)) return external;
    return sharedModule(name).then((contents) =>
      contents === undefined ? external : this.#virtual("names", name, contents),
    );
  }

  #note(specifier: string, importer: string): void {
    try {
      this.resolved[specifier] ??= Bun.resolveSync(specifier, dirname(importer));
    } catch {
      // Where it isn't tried in vain, the build fails.
    }
  }

  #virtual(kind: string, name: string, contents: string) {
    const path = `${kind}/${name}`;
    this.#contents.set(path, contents);
    return { path, namespace: "temporal" };
  }
}

/**
 * Whether the package of `importer` says itself that bundles for browsers do without a module: `"browser": { "fs":
 * false }`.
 */
function isLeftOutOfBrowsers(specifier: string, importer: string): boolean {
  const browser = packageOf(dirname(importer))?.["browser"];
  return typeof browser === "object" && browser !== null && (browser as Record<string, unknown>)[specifier] === false;
}

function isImport(kind: string): boolean {
  return kind === "import-statement" || kind === "dynamic-import";
}

/** The files of a build, absolute; modules that exist only inside the bundler are left out. */
export function inputFiles(graph: BuildGraph): string[] {
  return Object.keys(graph.inputs)
    .filter((input) => !/^[a-z]{2,}:/.test(input))
    .map((input) => resolve(input));
}

/**
 * The files, absolute, that a build gets to from one of them, each with the one by which it gets there the shortest
 * way.
 */
export function shortestParents(graph: BuildGraph, entry: string): Map<string, string | undefined> {
  const edges = new Map(Object.entries(graph.inputs).map(([file, { imports }]) => [resolve(file), imports]));
  const start = entry === generatedEntry ? resolve(`temporal:entry/${entry}`) : resolve(entry);
  const parents = new Map<string, string | undefined>([[start, undefined]]);
  for (const file of parents.keys()) {
    for (const { path, external } of edges.get(file) ?? []) {
      const target = resolve(path);
      if (external !== true && !parents.has(target)) parents.set(target, file);
    }
  }
  return parents;
}

/** The chain of files to one of {@link shortestParents}, which is the last one in it. */
export function chainTo(file: string, parents: Map<string, string | undefined>): string[] {
  const chain = [file];
  for (let parent = parents.get(file); parent !== undefined; parent = parents.get(parent)) chain.unshift(parent);
  return chain.filter((part) => !part.endsWith(generatedEntry));
}

/** A path for people: relative to the working directory, if it is inside of that. */
export function shorten(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith("..") ? file : short;
}
