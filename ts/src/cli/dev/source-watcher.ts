/** Notices when files of a project change. */

import { type FSWatcher, readdirSync, readFileSync, realpathSync, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";

/** Files of a project's folder that every process of it depends on. */
const configuration = [".env", ".env.development", ".env.local", "bunfig.toml", "package.json", "tsconfig.json"];
const isSource = (path: string) => /\.(?:[cm]?[jt]sx?|json|toml|wasm)$/.test(path) || /\/\.env[.\w]*$/.test(path);
const isSkipped = (name: string) => name === "node_modules" || name.startsWith(".");
/** Editors write in several steps. */
const settleMs = 15;

/**
 * Watches all folders of a project, and those of files that its Worker is made of elsewhere. What counts as a change is
 * another content of such a file, or of any source file as long as it isn't known which ones they are.
 */
export class SourceWatcher {
  readonly #root: string;
  readonly #changed: (files: string[]) => void;
  readonly #folders = new Map<string, FSWatcher>();
  /** Contents of the files that count, hashed; `null` for those that aren't there. */
  #known = new Map<string, number | bigint | null>();
  #countsAll = true;
  #pending = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param root folder of the project
   * @param changed gets the paths of files that have changed, a few milliseconds after the last one
   */
  constructor(root: string, changed: (files: string[]) => void) {
    this.#root = realpathSync(root);
    this.#changed = changed;
    this.#watchBelow(this.#root);
    for (const file of this.#sourcesBelow()) this.#known.set(file, contentOf(file));
  }

  /** From now on these files count, and no others. */
  follow(files: readonly string[]): void {
    const counted = files.filter((file) => !file.includes("/node_modules/"));
    const all = new Set([...counted, ...configuration.map((name) => join(this.#root, name))]);
    // One that has changed meanwhile is compared with what it was.
    this.#known = new Map([...all].map((file) => [file, this.#known.get(file) ?? contentOf(file)]));
    this.#countsAll = false;
    for (const file of all) this.#watch(dirname(file));
  }

  /** From now on all source files count: what the Worker needs isn't known, or isn't there yet. */
  followAll(): void {
    this.#countsAll = true;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const folder of this.#folders.values()) folder.close();
  }

  #watchBelow(folder: string): void {
    this.#watch(folder);
    for (const child of foldersIn(folder)) this.#watchBelow(join(folder, child));
  }

  #watch(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      const watcher = watch(folder, (_, name) => {
        if (typeof name === "string") this.#touch(join(folder, name));
      });
      watcher.on("error", () => this.#forget(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // It has gone.
    }
  }

  #forget(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  #touch(path: string): void {
    this.#pending.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), settleMs);
  }

  #settle(): void {
    const paths = [...this.#pending].flatMap((path) => this.#appeared(path));
    this.#pending.clear();
    const changed = paths.filter((path) => {
      if (!this.#known.has(path) && !(this.#countsAll && isSource(path))) return false;
      const content = contentOf(path);
      const differs = content !== (this.#known.get(path) ?? null);
      if (differs) this.#known.set(path, content);
      return differs;
    });
    if (changed.length > 0) this.#changed(changed);
  }

  /** A path; or, if it is a folder that has just come, what is in that. */
  #appeared(path: string): string[] {
    if (!isFolder(path) || isSkipped(path.split("/").at(-1)!)) return [path];
    // What stood there before may have been another folder.
    this.#forget(path);
    this.#watchBelow(path);
    return sourcesIn(path);
  }

  #sourcesBelow(): string[] {
    return [...this.#folders.keys()].flatMap((folder) => filesIn(folder));
  }
}

function sourcesIn(folder: string): string[] {
  return [...filesIn(folder), ...foldersIn(folder).flatMap((name) => sourcesIn(join(folder, name)))];
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function filesIn(folder: string): string[] {
  return entries(folder)
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .filter(isSource);
}

function foldersIn(folder: string): string[] {
  return entries(folder)
    .filter((entry) => entry.isDirectory() && !isSkipped(entry.name))
    .map(({ name }) => name);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function contentOf(path: string): number | bigint | null {
  try {
    return Bun.hash(readFileSync(path));
  } catch {
    return null;
  }
}
