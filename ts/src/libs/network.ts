/** Time and chance, so that tests do not wait. */
export interface Timing {
  sleep(milliseconds: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** How long and how often the client tries. Times are in milliseconds, sizes in bytes. */
export interface Limits {
  /** Attempts at one request, the first one included. */
  attempts: number;
  /** Delay before the second attempt; it doubles with every further one. */
  firstDelayMs: number;
  /** The longest delay that the doubling leads to. */
  longestDelayMs: number;
  /** The longest delay that a server may ask for before the client gives up at once instead. */
  longestWaitMs: number;
  /** How long the head of a response may take. */
  responseTimeoutMs: number;
  /** How long a download may stand still. */
  stallTimeoutMs: number;
  /** How long the body of one answer may take as a whole, however steadily it arrives. */
  bodyTimeoutMs: number;
  /** How long to wait for another process that works on the cache. */
  lockTimeoutMs: number;
  /** The largest archive that is downloaded. */
  archiveBytes: number;
  /** The most that an archive may unpack to. */
  unpackedBytes: number;
  /** The most entries that an archive may have. */
  archiveEntries: number;
}

/** What requests and waits go by. */
export interface Network {
  timing: Timing;
  limits: Limits;
}

/** What is used outside tests. */
export const defaultNetwork: Network = {
  timing: { sleep: (milliseconds) => Bun.sleep(milliseconds), random: Math.random, now: Date.now },
  limits: {
    attempts: 5,
    firstDelayMs: 500,
    longestDelayMs: 20_000,
    longestWaitMs: 60_000,
    responseTimeoutMs: 30_000,
    stallTimeoutMs: 30_000,
    bodyTimeoutMs: 900_000,
    lockTimeoutMs: 600_000,
    archiveBytes: 200_000_000,
    unpackedBytes: 1_000_000_000,
    archiveEntries: 100,
  },
};

/** An attempt that failed in a way that another one may not. */
export class TemporaryFailure extends Error {
  constructor(
    /** Why, in a few words. */
    readonly reason: string,
    /** The error to report when there is no further attempt; `tried` says what was. */
    readonly giveUp: (tried: string) => Error,
    /** How long the server asks to wait; undefined when it does not. */
    readonly waitMs?: number,
  ) {
    super(reason);
  }
}

/**
 * Calls `attempt` until it succeeds, throws something other than a {@link TemporaryFailure}, has been called
 * `limits.attempts` times, or the server asks for a longer wait than `limits.longestWaitMs`. Between attempts it waits
 * as long as the server asks and at least a delay that doubles, of which a random part of up to a half is taken off, so
 * that clients that failed together do not come back together.
 *
 * `what` names the request in what the error says was tried.
 */
export async function withRetries<T>(
  { timing, limits }: Network,
  what: string,
  announce: (text: string) => void,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = timing.now();
  const reasons = new Set<string>();
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error;
      reasons.add(error.reason);
      const waitMs = error.waitMs ?? 0;
      if (count >= limits.attempts || waitMs > limits.longestWaitMs) {
        const seconds = ((timing.now() - startedAt) / 1000).toFixed(1);
        const times = count === 1 ? "once" : `${count} times in ${seconds} s`;
        throw error.giveUp(`${what}, ${times} (${[...reasons].join("; ")})`);
      }
      const backoffMs =
        Math.min(limits.longestDelayMs, limits.firstDelayMs * 2 ** (count - 1)) * (1 - timing.random() / 2);
      const delayMs = Math.max(waitMs, backoffMs);
      announce(`${error.reason}; next attempt in ${(delayMs / 1000).toFixed(1)} s`);
      await timing.sleep(delayMs);
    }
  }
}
