import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A bundle as the cache keeps it. */
export interface CachedBundle {
  code: string;
  sourceMap: string;
  /** Absolute paths of the files that it was made from. */
  inputs: string[];
}

interface Entry extends CachedBundle {
  /** Content hash per file; `null` for a file that must still be absent. */
  files: Record<string, string | null>;
  /** Hash of the names in each folder where a new file could change what an import resolves to. */
  folders: Record<string, string | null>;
}

/** Files beside the inputs, or above them, that change what an import resolves to or how it is compiled. */
const configurationFiles = ["package.json", "tsconfig.json", "jsconfig.json", "bunfig.toml"];
const maximumEntries = 200;

/**
 * Keeps finished bundles on disk, one file per set of options. An entry counts only if every file it was made from,
 * and every folder where a new file would be picked up by an import, is still what it was when the bundle was made.
 *
 * Files are written beside their place and renamed into it, and carry a checksum: a reader sees a whole entry or none.
 * Nothing here throws: without a usable folder there is just no cache.
 */
export class BundleCache {
  readonly #folder: string | undefined;

  /** @param folder where entries are kept; by default a private folder of the user, see {@link cacheFolder} */
  constructor(folder: string | undefined = cacheFolder()) {
    this.#folder = folder;
  }

  /** The bundle stored under `key`, or `undefined` if there is none, it is damaged, or its inputs have changed. */
  read(key: string): CachedBundle | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      const text = readFileSync(this.#path(key), "utf8");
      const end = text.indexOf("\n");
      const body = text.slice(end + 1);
      if (text.slice(0, end) !== digest(body)) return undefined;
      const entry = JSON.parse(body) as Entry;
      for (const [file, hash] of Object.entries(entry.files)) if (hashFile(file) !== hash) return undefined;
      for (const [folder, hash] of Object.entries(entry.folders)) if (hashFolder(folder) !== hash) return undefined;
      return { code: entry.code, sourceMap: entry.sourceMap, inputs: entry.inputs };
    } catch {
      return undefined;
    }
  }

  /**
   * Stores a bundle, unless something that it was made from may have changed in between.
   *
   * @param key what {@link read} will ask for
   * @param bundle what it will get
   * @param startedMs when making it began, in milliseconds since the epoch
   */
  write(key: string, bundle: CachedBundle, startedMs: number): void {
    if (this.#folder === undefined) return;
    const { inputs } = bundle;
    const temporary = `${this.#path(key)}.${process.pid}.${Bun.nanoseconds()}`;
    try {
      const sources = fingerprint(inputs);
      if (isDoubtful(inputs, sources, startedMs)) return;
      const body = JSON.stringify({ ...bundle, ...sources } satisfies Entry);
      writeFileSync(temporary, `${digest(body)}\n${body}`, { mode: 0o600 });
      renameSync(temporary, this.#path(key));
      this.#prune();
    } catch {
      rmSync(temporary, { force: true });
    }
  }

  #path(key: string): string {
    return join(this.#folder ?? "", `${key}.json`);
  }

  #prune(): void {
    const folder = this.#folder ?? "";
    const names = readdirSync(folder);
    if (names.length <= maximumEntries) return;
    const byAge = names
      .map((name) => ({ name, time: statSync(join(folder, name)).mtimeMs }))
      .sort((a, b) => a.time - b.time);
    for (const { name } of byAge.slice(0, names.length - maximumEntries)) rmSync(join(folder, name), { force: true });
  }
}

/**
 * The folder of the cache: `TEMPORAL_BUN_CACHE_DIR`, else the user's cache folder, else a folder of the user's own in
 * the temporary folder. `undefined` if none can be made, or if the folder there belongs to somebody else, whose code
 * would then run in our Workflows.
 */
function cacheFolder(): string | undefined {
  const user = process.getuid?.() ?? "user";
  const own = process.env["TEMPORAL_BUN_CACHE_DIR"];
  const candidates =
    own !== undefined && own !== "" ? [own] : [...userCache(), join(tmpdir(), `temporal-bun-sdk-${user}`)];
  for (const candidate of candidates) {
    const folder = join(candidate, "bundles");
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { uid } = lstatSync(folder);
      if (process.getuid !== undefined && (uid !== process.getuid() || lstatSync(candidate).uid !== uid)) continue;
      chmodSync(folder, 0o700);
      return folder;
    } catch {}
  }
  return undefined;
}

function userCache(): string[] {
  try {
    const base =
      process.platform === "darwin"
        ? join(homedir(), "Library", "Caches")
        : (process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"));
    return [join(base, "temporal-bun-sdk")];
  } catch {
    // homedir() throws when there is neither HOME nor a user of this id, as in a container that runs under an id of its
    // own.
    return [];
  }
}

/** A short content hash, good against accidents. */
export function digest(text: string | Uint8Array): string {
  return new Bun.CryptoHasher("blake2b256").update(text).digest("hex");
}

function fingerprint(inputs: readonly string[]): Pick<Entry, "files" | "folders"> {
  const files: Entry["files"] = {};
  const folders: Entry["folders"] = {};
  for (const input of inputs) {
    files[input] = hashFile(input);
    let folder = dirname(input);
    folders[folder] ??= hashFolder(folder);
    for (;;) {
      for (const name of configurationFiles) files[join(folder, name)] ??= hashFile(join(folder, name));
      const packages = join(folder, "node_modules");
      if (packages in folders) break;
      folders[packages] = hashFolder(packages);
      const parent = dirname(folder);
      if (parent === folder) break;
      folder = parent;
    }
  }
  return { files, folders };
}

/**
 * Whether the bundle may be older than its fingerprint. Bun reads files when it bundles, but remembers for as long as
 * the process lives which files a folder has and what a package.json says.
 */
function isDoubtful(
  inputs: readonly string[],
  { files, folders }: Pick<Entry, "files" | "folders">,
  startedMs: number,
): boolean {
  const changedSince = (path: string, time: number) =>
    (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= time;
  const own = new Set(inputs);
  const remembered = [...Object.keys(files).filter((file) => !own.has(file)), ...Object.keys(folders)];
  return (
    inputs.some((file) => changedSince(file, startedMs)) ||
    remembered.some((path) => changedSince(path, performance.timeOrigin))
  );
}

function hashFile(path: string): string | null {
  try {
    return digest(readFileSync(path));
  } catch {
    return null;
  }
}

function hashFolder(path: string): string | null {
  try {
    return digest(readdirSync(path).sort().join("\n"));
  } catch {
    return null;
  }
}
