/** Where a project and its Worker are. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Failure } from "./failure";

/** Where a project's Worker is when nobody says it. */
const usualWorkers = ["worker.ts", "src/worker.ts"];

/**
 * Absolute path of the module that runs a project's Worker: the named one, or the usual one of the working folder.
 *
 * @throws Failure if there is none
 */
export function workerModule(named: string | undefined): string {
  const found = (named === undefined ? usualWorkers : [named]).map((name) => resolve(name)).find(isFile);
  if (found !== undefined) return found;
  throw new Failure(
    named === undefined
      ? `There is no ${usualWorkers.join(" and no ")} in ${process.cwd()}: name the module of your Worker, or make a project with \`temporal-bun init\``
      : `There is no file ${resolve(named)}: name the module of your Worker`,
  );
}

/** Whether a module has a default export, such as the options of a Worker; what can't be read is taken for one. */
export function hasDefaultExport(path: string): boolean {
  try {
    const source = readFileSync(path, "utf8");
    const transpiler = new Bun.Transpiler({ loader: path.endsWith("x") ? "tsx" : "ts" });
    return transpiler.scan(source).exports.includes("default") || /\bmodule\.exports\b/.test(source);
  } catch {
    // Bun says what is wrong with it.
    return true;
  }
}

/** The nearest folder above a file that has a package.json, or else the file's own. */
export function projectFolder(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return dirname(file);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
