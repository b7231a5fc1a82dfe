import { checkStatus, library, results } from "./library";
import type { NativeQueue } from "./queue";

/**
 * A native thread that posts back what it is given. For tests and benchmarks of the border; it needs no
 * server.
 */
export class EchoThread {
  readonly handle: number;

  constructor() {
    checkStatus(library().temporal_bun_echo_start(results), "start an echo thread");
    this.handle = results[0]!;
  }

  /**
   * Has `data` posted to `queue` with `token`, `repeat` times and each time after `intervalMicroseconds`. When it
   * repeats, the first 16 bytes are overwritten with the number of the post (from 0) and `echoClock()`, both as
   * doubles.
   */
  post(queue: NativeQueue, token: number, data: Uint8Array, repeat = 1, intervalMicroseconds = 0): void {
    const code = library().temporal_bun_echo_post(
      this.handle,
      queue.handle,
      token,
      0,
      data,
      data.length,
      repeat,
      intervalMicroseconds,
    );
    checkStatus(code, "post to an echo thread");
  }

  /** Lets the thread finish what was posted and end. */
  stop(): void {
    checkStatus(library().temporal_bun_echo_stop(this.handle), "stop an echo thread");
  }
}

/** The clock of the stamps, in nanoseconds since an arbitrary moment. */
export function echoClock(): number {
  return library().temporal_bun_echo_clock();
}
