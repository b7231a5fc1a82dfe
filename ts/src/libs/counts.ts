import { Database } from "bun:sqlite";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheError } from "./error";

/** How asking for libraries can end. */
export const outcomes = ["hit", "download", "fallback", "failure"] as const;

/** One of {@link outcomes}. */
export type Outcome = (typeof outcomes)[number];

/** How often the client was asked for libraries with this cache, by how that ended. */
export interface Counts extends Record<Outcome, number> {
  /** The time of the first one, as ISO 8601; undefined when there was none. */
  since: string | undefined;
}

/** In the cache folder. */
const countsFile = ".counts";

/**
 * Counts an outcome, once there is a cache. Without room for it, or where nothing may be written, it isn't counted:
 * nothing depends on it.
 */
export function count(cacheDir: string, outcome: Outcome, now: number): void {
  if (!existsSync(cacheDir)) return;
  try {
    using database = new Database(join(cacheDir, countsFile));
    // Builds at the same time count one after the other. A crash may cost counts, but a sync would cost each build.
    database.run("PRAGMA busy_timeout = 1000; PRAGMA synchronous = OFF;");
    database.run("CREATE TABLE IF NOT EXISTS counts (outcome TEXT PRIMARY KEY, count INTEGER, since INTEGER)");
    database.run("INSERT INTO counts VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET count = count + 1", [outcome, now]);
  } catch {}
}

/** What has been counted. Throws a {@link LibsError} when it can't be read. */
export function readCounts(cacheDir: string): Counts {
  const counts: Counts = { hit: 0, download: 0, fallback: 0, failure: 0, since: undefined };
  const path = join(cacheDir, countsFile);
  if (!existsSync(path)) return counts;
  const rows = rowsOf(path);
  for (const { outcome, count } of rows) counts[outcome] = count;
  const since = rows[0]?.since;
  return since === undefined ? counts : { ...counts, since: new Date(since).toISOString() };
}

function rowsOf(path: string): { outcome: Outcome; count: number; since: number }[] {
  try {
    using database = new Database(path, { readonly: true });
    return database.query<ReturnType<typeof rowsOf>[0], []>("SELECT * FROM counts ORDER BY since").all();
  } catch (error) {
    throw cacheError(error, "read the counts", path);
  }
}

/** Begins at zero again. */
export function clearCounts(cacheDir: string): void {
  rmSync(join(cacheDir, countsFile), { force: true });
}
