import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheError, codeOf, LibsError } from "./error";
import type { Network } from "./network";
import type { Reporter } from "./reporter";

/**
 * Name of the lock's file in the cache folder. It is never removed: who waits on a removed file shares it with nobody.
 */
const lockFile = ".lock";

const pollMs = 100;

/**
 * Runs `action` while no other process, and nothing else in this one, holds the lock of the cache folder, which is made
 * when there is none.
 *
 * The lock is the one that SQLite takes on an empty database: the operating system releases it when its holder ends,
 * however that ends, so there are no stale locks to be told from living ones.
 *
 * Throws a {@link LibsError} `cache-locked` after `network.limits.lockTimeoutMs`, or what {@link cacheError} makes of
 * the system's error.
 */
export async function withLock<T>(
  cacheDir: string,
  network: Network,
  reporter: Reporter,
  action: () => Promise<T>,
): Promise<T> {
  const path = join(cacheDir, lockFile);
  let database: Database;
  try {
    mkdirSync(cacheDir, { recursive: true });
    database = new Database(path);
  } catch (error) {
    throw cacheError(error, "lock the cache", path);
  }
  try {
    await acquire(database, path, network, reporter);
    return await action();
  } finally {
    // Rolls back, which releases the lock.
    database.close();
  }
}

async function acquire(database: Database, path: string, network: Network, reporter: Reporter): Promise<void> {
  const { timing, limits } = network;
  const startedAt = timing.now();
  for (let announced = false; ; announced = true) {
    try {
      database.run("BEGIN EXCLUSIVE");
      return;
    } catch (error) {
      if (codeOf(error) !== "SQLITE_BUSY") throw cacheError(error, "lock the cache", path);
    }
    if (!announced) reporter.message("waiting for another process that works on the cache");
    if (timing.now() - startedAt >= limits.lockTimeoutMs) {
      throw new LibsError(
        "cache-locked",
        `Another process holds the lock of the cache, ${path}`,
        `to get it for ${Math.round(limits.lockTimeoutMs / 1000)} s`,
        "wait for the other process or end it (`fuser` with that path names it), or use a cache of your own with TEMPORAL_LIBS_CACHE_DIR",
      );
    }
    await timing.sleep(pollMs);
  }
}
