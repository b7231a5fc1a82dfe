/** Finds the files with which Workflow code begins. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure";
import { git } from "./git";

const source = /(?<!\.d)\.([cm]?[jt]sx?)$/;
const tests = /\.(?:test|spec)\.[cm]?[jt]sx?$/;
const library = /^(?:temporal-bun-sdk|@temporalio)\/workflow$/;
/** What programs and tests import, which may import names of the library too. */
const programs =
  /^(?:(?:temporal-bun-sdk|@temporalio)\/(?:worker|client|testing)|bun:test|node:test|vitest|@jest\/globals|mocha|ava)$/;
/** Options of Workers that name a file of Workflow code, with what they are set to. */
const option = /\b(workflowsPath|payloadConverterPath|failureConverterPath)["']?\s*[:=]\s*([^;]{1,200})/g;

/**
 * The entries in files and folders. A file is one itself.
 *
 * @param paths as the user named them
 * @returns absolute paths
 * @throws Failure if a path leads nowhere
 */
export function findEntries(paths: readonly string[]): string[] {
  const entries = new Set<string>();
  for (const path of paths.map((path) => resolve(path))) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw new Failure(`There is no file or folder ${path}.`);
    if (stat.isDirectory()) for (const entry of entriesIn(path)) entries.add(entry);
    else if (source.test(path)) entries.add(path);
    else throw new Failure(`${path} is no JavaScript and no TypeScript.`);
  }
  return [...entries].sort();
}

function entriesIn(folder: string): Set<string> {
  const entries = new Set<string>();
  for (const file of sourcesIn(folder)) {
    const text = readFileSync(file, "utf8");
    // What was bundled has others' code in it.
    if (/^\/\/[#@] sourceMappingURL=/m.test(text)) continue;
    for (const { target } of optionsIn(text, file)) entries.add(target);
    if (!tests.test(file) && text.includes("/workflow") && usesLibrary(text, file)) entries.add(file);
  }
  return entries;
}

/**
 * The module that exports the Workflows.
 *
 * @param given what the user named; if that is nothing, what a Worker in this folder names
 * @param how how the user names it
 * @returns its path
 * @throws Failure if there is none, or more than one
 */
export function findWorkflowsPath(given: string | undefined, how: string): string {
  if (given !== undefined) {
    const path = resolve(given);
    if (!existsSync(path)) throw new Failure(`There is no file or folder ${path}.`);
    return path;
  }
  const folder = process.cwd();
  const options = sourcesIn(folder).flatMap((file) => optionsIn(readFileSync(file, "utf8"), file));
  const paths = [...new Set(options.filter(({ name }) => name === "workflowsPath").map(({ target }) => target))];
  if (paths.length === 1) return paths[0]!;
  const found =
    paths.length === 0
      ? `No Worker in ${folder} names a workflowsPath`
      : `Workers in ${folder} name more than one workflowsPath: ${paths.map((path) => relative(folder, path)).join(", ")}`;
  throw new Failure(`${found}. Name the file that exports the Workflows ${how}.`);
}

/** Where a program sets the options. */
function optionsIn(text: string, file: string): { name: string; target: string }[] {
  return [...text.matchAll(option)].flatMap(([, name = "", value = ""]) => {
    const target = namedFile(value, file);
    return target === undefined ? [] : [{ name, target }];
  });
}

/** Of a repository its own files, without what it ignores. */
function sourcesIn(folder: string): string[] {
  const listed = git(folder, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const files = listed?.split("\0").map((file) => join(folder, file)) ?? filesIn(folder);
  return files
    .filter((file) => source.test(file) && !/[/\\]node_modules[/\\]/.test(file))
    .filter((file) => existsSync(file));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

function usesLibrary(text: string, file: string): boolean {
  const loader = source.exec(basename(file))![1]!.replace(/^[cm]/, "") as "js" | "ts";
  try {
    const imports = new Bun.Transpiler({ loader }).scanImports(text).map(({ path }) => path);
    return imports.some((path) => library.test(path)) && !imports.some((path) => programs.test(path));
  } catch {
    // What doesn't compile is to be told of.
    return /["'](?:temporal-bun-sdk|@temporalio)\/workflow["']/.test(text);
  }
}

/** The file that an option is set to, as far as its text tells: `${import.meta.dir}/a.ts`, `require.resolve("./a")`. */
function namedFile(value: string, file: string): string | undefined {
  const end = /,\s*\n|\n\s*[}\]]/.exec(value)?.index ?? value.length;
  const texts = [...value.slice(0, end).matchAll(/(["'`])((?:(?!\1).)+)\1/g)].map(([, , text = ""]) => text);
  const names = texts.map((text) =>
    text.replace(/^\$\{[^}]*\}/, "").replace(/^file:\/\/.*/, (url) => fileURLToPath(url)),
  );
  for (const name of [names.join("/"), ...names]) {
    if (name === "") continue;
    const path = isAbsolute(name) && existsSync(name) ? name : join(dirname(file), name);
    try {
      const found = Bun.resolveSync(path, dirname(file));
      if (found.startsWith(sep) && source.test(found)) return found;
    } catch {
      // It may be anything: what is found wrong of it is for the Worker to say.
    }
  }
  return undefined;
}
