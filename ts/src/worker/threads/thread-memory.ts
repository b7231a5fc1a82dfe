import type { ThreadState } from "./thread-state";

const mebibyte = 1024 * 1024;

/** Where the process was when an activation began. */
interface Beginning {
  since: number;
  bytes: number;
}

/**
 * Finds activations in which the process grows beyond a limit. What a single thread takes can't be seen from outside;
 * while its activation goes on for so long that it is found twice, nearly all of what is new is its own.
 */
export class ThreadMemory {
  readonly #limitBytes: number;
  readonly #beginnings = new WeakMap<ThreadState, Beginning>();
  /** Of the process, at the last look. */
  #bytes = process.memoryUsage.rss();

  /** @param limitMb limit in MiB */
  constructor(limitMb: number) {
    this.#limitBytes = limitMb * mebibyte;
  }

  /**
   * To be called at short intervals.
   *
   * @returns the first thread whose activation has grown beyond the limit, and by how many MiB; undefined if there is
   *   none
   */
  look<T extends { state: ThreadState }>(threads: readonly T[]): { thread: T; grownMb: number } | undefined {
    const before = this.#bytes;
    this.#bytes = process.memoryUsage.rss();
    for (const thread of threads) {
      const { state } = thread;
      const { since } = state;
      const beginning = this.#beginnings.get(state);
      if (beginning?.since !== since) this.#beginnings.set(state, { since, bytes: before });
      else if (since !== 0 && this.#bytes - beginning.bytes > this.#limitBytes)
        return { thread, grownMb: Math.round((this.#bytes - beginning.bytes) / mebibyte) };
    }
    return undefined;
  }
}
