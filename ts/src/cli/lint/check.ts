import { readFileSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { buildConfig } from "../../worker/bundler/bundler";
import { type BuildProblem, problemsOf } from "../../worker/bundler/bundler-errors";
import {
  type BuildGraph,
  chainTo,
  type Finding as ForbiddenImport,
  generatedEntry,
  inputFiles,
  ModuleWatch,
  shortestParents,
} from "../../worker/bundler/bundler-plugin";
import { SourceMap } from "../../workflow-host/source-map";
import { findHiddenNames, markers } from "./hidden-names";
import { type Place, placeOfImport } from "./import-place";

/** A fault of Workflow code. */
export interface LintFinding extends Place {
  /** Absolute path. */
  file: string;
  /** An import that Workflow code can't have, a name that it doesn't have, or code that doesn't compile. */
  kind: "import" | "name" | "build";
  /** Of what: the module or the name; empty where code doesn't compile. */
  name: string;
  message: string;
  /** What to do instead; empty where code doesn't compile. */
  instead: string;
  /** Files, absolute, from an entry to the one that has the fault. */
  chain: string[];
}

/** What was looked at, and what was found. */
interface LintResult {
  findings: LintFinding[];
  /** All files of the entries' import graphs. */
  files: Set<string>;
  /** Per entry, the files that it gets to, itself included. Without those that don't compile. */
  reach: Map<string, Set<string>>;
}

const sdkSources = resolve(import.meta.dir, "../..") + sep;

/**
 * Looks at all that entries import.
 *
 * @param entries absolute paths of modules
 * @param ignored see `BundleOptions.ignoreModules`
 */
export async function check(entries: readonly string[], ignored: readonly string[]): Promise<LintResult> {
  const lines = entries.map((entry, index) => `export * as entry${index} from ${JSON.stringify(entry)};`);
  const watch = new ModuleWatch(ignored, lines.join("\n"));
  const config = buildConfig(generatedEntry, watch);
  const output = await Bun.build({ ...config, define: { ...config.define, ...markers } });
  if (!output.success) {
    if (entries.length > 1) return together(await Promise.all(entries.map((entry) => check([entry], ignored))));
    const findings = problemsOf(output.logs).map((problem) => buildFinding(problem, entries[0]!));
    return { findings, files: new Set(entries), reach: new Map() };
  }
  const graph = output.metafile as BuildGraph;
  const parents = shortestParents(graph, generatedEntry);
  const [code, map] = await Promise.all(output.outputs.map((part) => part.text()));
  const findings = [
    ...watch.findings.map((found) => importFinding(found, graph, parents)),
    ...nameFindings(code!, map!, parents),
  ];
  const reach = new Map(entries.map((entry) => [entry, new Set(shortestParents(graph, entry).keys())]));
  return { findings, files: new Set(inputFiles(graph)), reach };
}

/** Results of entries that can't be looked at together. */
function together(results: LintResult[]): LintResult {
  const findings = new Map<string, LintFinding>();
  for (const found of results.flatMap(({ findings }) => findings))
    findings.set(JSON.stringify([found.file, found.line, found.column, found.message]), found);
  return {
    findings: [...findings.values()],
    files: new Set(results.flatMap(({ files }) => [...files])),
    reach: new Map(results.flatMap(({ reach }) => [...reach])),
  };
}

function buildFinding({ message, position }: BuildProblem, entry: string): LintFinding {
  const file = position === null ? entry : resolve(position.file);
  const { line = 1, column = 1 } = position ?? {};
  return { file, line, column, kind: "build", name: "", message, instead: "", chain: [file] };
}

/** In the file of the project's own that gets to the import. */
function importFinding(
  { specifier, reason, instead, importer }: ForbiddenImport,
  graph: BuildGraph,
  parents: Map<string, string | undefined>,
): LintFinding {
  const chain = chainTo(importer, parents);
  const at = chain.findLastIndex(isOwn);
  const file = chain[at] ?? importer;
  const next = chain[at + 1];
  const name = next === undefined ? specifier : (specifierTo(next, file, graph) ?? specifier);
  const place = placeOfImport(readFileSync(file, "utf8"), name) ?? { line: 1, column: 1 };
  const message = `'${specifier}' can't be imported in Workflow code (${reason})`;
  return { file, ...place, kind: "import", name: specifier, message, instead, chain };
}

/** How a file names another one that it imports. */
function specifierTo(target: string, importer: string, { inputs }: BuildGraph): string | undefined {
  const imports = inputs[relative(process.cwd(), importer)]?.imports ?? [];
  return imports.find(({ path }) => resolve(path) === target)?.original;
}

function nameFindings(code: string, mapText: string, parents: Map<string, string | undefined>): LintFinding[] {
  const map = new SourceMap(mapText);
  const starts = [0];
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) starts.push(at + 1);
  const originOf = (offset: number) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const found = map.find(low + 1, offset - starts[low]! + 1);
    return found === undefined ? undefined : { ...found, file: resolve(found.source) };
  };
  const sourceAt = (offset: number) => {
    const origin = originOf(offset);
    if (origin === undefined || !parents.has(origin.file) || !isOwn(origin.file)) return undefined;
    return map
      .content(origin.source)
      ?.split("\n")
      [origin.line - 1]?.slice(origin.column - 1);
  };
  return findHiddenNames(code, sourceAt).map(({ offset, ...found }) => {
    const { file, line, column } = originOf(offset)!;
    return { file, line, column, kind: "name", ...found, chain: chainTo(file, parents) };
  });
}

/** Whether a file is the project's own. */
function isOwn(file: string): boolean {
  return !file.includes(`${sep}node_modules${sep}`) && !file.startsWith(sdkSources);
}
