/** What can go wrong with prebuilt libraries, by what the user has to do about it. */
export type LibsErrorCode =
  | "configuration"
  | "unsupported-platform"
  | "no-network"
  | "server-error"
  | "bad-response"
  | "rate-limit"
  | "access-denied"
  | "untrusted-url"
  | "no-such-version"
  | "truncated"
  | "checksum-mismatch"
  | "not-attested"
  | "bad-archive"
  | "disk-full"
  | "cache-unusable"
  | "cache-locked"
  | "corrupted-cache"
  | "not-cached"
  | "abi-mismatch";

/** A failure of which the message says what happened, what was tried, and what to do, each on a line of its own. */
export class LibsError extends Error {
  override readonly name = "LibsError";

  constructor(
    /** Kind of the failure, for programs. */
    readonly code: LibsErrorCode,
    /** What happened, with the values, as one sentence without a full stop. */
    readonly what: string,
    /** What was tried before giving up. */
    readonly tried: string,
    /** What the user can do. */
    readonly advice: string,
    cause?: unknown,
  ) {
    super(`${what}.\n  Tried: ${tried}.\n  What to do: ${advice}.`, cause === undefined ? undefined : { cause });
  }
}

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG", "SQLITE_FULL"]);

/** The failure to work with the cache. `action` completes "could not …", `path` is the file or folder. */
export function cacheError(error: unknown, action: string, path: string): LibsError {
  if (error instanceof LibsError) return error;
  const reason = reasonOf(error);
  const tried = `to ${action} at ${path}`;
  if (full.has(codeOf(error) ?? "")) {
    return new LibsError(
      "disk-full",
      `There is no room to ${action}: ${reason}`,
      tried,
      "free some space (an archive takes about 10 MB packed and up to 150 MB unpacked; `temporal-bun libs cache prune` removes old versions), or name a folder on another disk in TEMPORAL_LIBS_CACHE_DIR; what has been downloaded is kept, and the next run goes on from there",
      error,
    );
  }
  return new LibsError(
    "cache-unusable",
    `The cache cannot be used: could not ${action}: ${reason}`,
    tried,
    "make the folder readable and writable, remove what is in its way, or name another one in TEMPORAL_LIBS_CACHE_DIR",
    error,
  );
}

/** What an error of the system or of a library says, in one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return (code === undefined || text.includes(code) ? text : `${code}: ${text}`).replaceAll(/\s*\n\s*/g, " ");
}

/** The `code` of an error of the system, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
