import { readFileSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { clearCounts } from "./counts";
import { cacheError, codeOf, type LibsError, reasonOf } from "./error";
import {
  isPlatformName,
  isVersion,
  type Manifest,
  type ManifestFile,
  manifestFile,
  type PlatformName,
  parseManifest,
} from "./manifest";
import { hashFile } from "./transfer";

/** Folder of the cache for what is not finished: partial downloads and archives that are being unpacked. */
const workFolder = ".work";

/** What is in the cache, and where. */
export interface CacheEntry {
  version: string;
  platform: PlatformName;
  folder: string;
}

/** What a look at an entry of the cache finds. */
export type CacheState =
  | { state: "whole"; folder: string; manifest: Manifest }
  | { state: "missing"; folder: string }
  /** `problem` says what is wrong in a few words, with the file. */
  | { state: "damaged"; folder: string; problem: string };

/**
 * The folder of prebuilt libraries: `v<version>/<platform>/` holds an unpacked archive, `.work/` what is not finished,
 * `.counts` how often it was of use, `.lock` is the lock. What changes it has to be called under that lock; what reads
 * it need not. Methods throw a {@link LibsError}.
 */
export class Cache {
  constructor(
    /** Absolute path; there may be nothing yet. */
    readonly folder: string,
  ) {}

  /** Where the files of a version for a platform are, or would be. */
  entryFolder(version: string, platform: PlatformName): string {
    return join(this.folder, `v${version}`, platform);
  }

  /**
   * Compares an entry with its manifest: that it is for this version and platform, and that every file is there with
   * its size and, unless `hashes` is false, its SHA-256.
   */
  async inspect(version: string, platform: PlatformName, hashes = true): Promise<CacheState> {
    return inspectFolder(this.entryFolder(version, platform), version, platform, hashes);
  }

  /** The entries, damaged ones too, the newest version first. */
  async list(): Promise<CacheEntry[]> {
    const entries: CacheEntry[] = [];
    for (const name of await names(this.folder)) {
      const version = name.slice(1);
      if (!name.startsWith("v") || !isVersion(version)) continue;
      for (const platform of await names(join(this.folder, name))) {
        if (isPlatformName(platform)) entries.push({ version, platform, folder: this.entryFolder(version, platform) });
      }
    }
    return entries.sort(
      (left, right) => Bun.semver.order(right.version, left.version) || (left.platform < right.platform ? -1 : 1),
    );
  }

  /** Makes the folder for partial downloads and returns it. */
  async downloadFolder(): Promise<string> {
    return makeFolder(join(this.folder, workFolder, "downloads"));
  }

  /**
   * Runs `action` with an empty folder to unpack an archive in, on the same file system as the entries. What is left of
   * the folder is removed afterwards.
   */
  async withStaging<T>(action: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.folder, workFolder, "unpacked");
    // A killed process may have left something.
    await removeFolder(folder);
    await makeFolder(folder);
    try {
      return await action(folder);
    } finally {
      await removeFolder(folder);
    }
  }

  /**
   * Moves a folder to where an entry belongs, in place of what is there. Whenever this process is killed there is a
   * whole entry or none, never a part of one.
   */
  async adopt(staging: string, version: string, platform: PlatformName): Promise<string> {
    const folder = this.entryFolder(version, platform);
    const replaced = join(this.folder, workFolder, "replaced");
    try {
      await removeFolder(replaced);
      await mkdir(dirname(folder), { recursive: true });
      await renameIfThere(folder, replaced);
      await rename(staging, folder);
    } catch (error) {
      throw cacheError(error, "put the libraries into the cache", folder);
    }
    await removeFolder(replaced);
    return folder;
  }

  /** Removes entries, and the folders of their versions when those are empty then. */
  async remove(entries: readonly CacheEntry[]): Promise<void> {
    for (const entry of entries) {
      await removeFolder(entry.folder);
      const versionFolder = dirname(entry.folder);
      if ((await names(versionFolder)).length === 0) await removeFolder(versionFolder);
    }
  }

  /** Removes partial downloads and what a killed process has left of others. */
  async removeUnfinished(): Promise<void> {
    await removeFolder(join(this.folder, workFolder));
  }

  /** Removes everything that this class has made. Other files in the folder, and the lock, stay. */
  async clear(): Promise<void> {
    await this.remove(await this.list());
    await this.removeUnfinished();
    clearCounts(this.folder);
  }

  /** Bytes of all files of an entry. */
  async size(entry: CacheEntry): Promise<number> {
    try {
      let total = 0;
      for (const name of await readdir(entry.folder, { recursive: true })) {
        const status = await stat(join(entry.folder, name));
        if (status.isFile()) total += status.size;
      }
      return total;
    } catch (error) {
      throw cacheError(error, "read a folder", entry.folder);
    }
  }
}

/** As {@link Cache.inspect}, of any folder. */
export async function inspectFolder(
  folder: string,
  version: string,
  platform: PlatformName,
  hashes: boolean,
): Promise<CacheState> {
  const damaged = (problem: string): CacheState => ({ state: "damaged", folder, problem });
  let manifest: Manifest;
  try {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) return { state: "missing", folder };
    manifest = parseManifest(readFileSync(join(folder, manifestFile), "utf8"));
  } catch (error) {
    return damaged(codeOf(error) === "ENOENT" ? `${manifestFile} is missing` : reasonOf(error));
  }
  if (manifest.version !== version || manifest.platform !== platform) {
    return damaged(
      `${manifestFile} is that of ${manifest.version} for ${manifest.platform}, not of ${version} for ${platform}`,
    );
  }
  for (const file of [manifest.header, ...manifest.libraries, manifest.licences, manifest.sbom]) {
    const problem = await fileProblem(folder, file, hashes);
    if (problem !== undefined) return damaged(problem);
  }
  return { state: "whole", folder, manifest };
}

async function fileProblem(
  folder: string,
  { file, sha256, size }: ManifestFile,
  hashes: boolean,
): Promise<string | undefined> {
  try {
    const status = await stat(join(folder, file));
    if (!status.isFile()) return `${file} is no file`;
    if (status.size !== size) return `${file} has ${status.size} bytes instead of ${size}`;
    const actual = hashes ? await hashFile(join(folder, file)) : sha256;
    return actual === sha256 ? undefined : `${file} has SHA-256 ${actual} instead of ${sha256}`;
  } catch (error) {
    return codeOf(error) === "ENOENT" ? `${file} is missing` : `${file} cannot be read: ${reasonOf(error)}`;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw cacheError(error, "read a folder", folder);
  }
}

async function makeFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return folder;
  } catch (error) {
    throw cacheError(error, "make a folder", folder);
  }
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    throw cacheError(error, "remove a folder", folder);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
