import { AsyncLocalStorage } from "node:async_hooks";
import { apply } from "../../common/intact";
import { alea, type RandomSource } from "./alea";

const encoder = new TextEncoder();
const streamPrefix = encoder.encode("temporal-workflow-random-stream-v1");
const scoped = new AsyncLocalStorage<ScopedSource | undefined>();

/** What draws are routed to while a `WorkflowRandomStream.with(...)` is active. */
interface ScopedSource {
  /** The next number in [0, 1). */
  random(): number;
}

/** All deterministic randomness of one run: the main sequence, named ones, and temporary redirections. */
export class RunRandom {
  #seed: Uint8Array;
  #main: RandomSource;
  readonly #named = new Map<string, RandomSource>();
  /** Asking the storage costs more than a draw, so it is only asked once a redirection was ever made. */
  #scopedUsed = false;

  /**
   * @param seed the bytes of the run's seed, most significant first
   * @param substitute gives the source to draw from instead where drawing must not move the run's sequences, as in
   *   queries, which aren't repeated on replay
   */
  constructor(
    seed: Uint8Array,
    private readonly substitute: () => RandomSource | undefined = () => undefined,
  ) {
    this.#seed = seed;
    this.#main = alea(seed);
  }

  /** Starts all sequences anew, after a reset of the Workflow. */
  reseed(seed: Uint8Array): void {
    this.#seed = seed;
    this.#main = alea(seed);
    this.#named.clear();
  }

  /** The next number of the main sequence. */
  main(): number {
    return (this.substitute() ?? this.#main)();
  }

  /** The next number for `Math.random()` and `uuid4()`: of the active redirection, else of the main sequence. */
  next(): number {
    const source = this.#scopedUsed ? scoped.getStore() : undefined;
    return source === undefined ? this.main() : source.random();
  }

  /** The sequence of that name, derived from the seed without drawing from the main sequence. */
  named(name: string): RandomSource {
    const substitute = this.substitute();
    if (substitute !== undefined) return substitute;
    let source = this.#named.get(name);
    if (source === undefined) {
      source = alea(deriveSeed(this.#seed, name));
      this.#named.set(name, source);
    }
    return source;
  }

  /** Runs `fn` with {@link next} redirected to `source`. */
  with<T>(source: ScopedSource | undefined, fn: () => T): T {
    this.#scopedUsed = true;
    return scoped.run(source, fn);
  }

  /** Wraps `fn` so that it always runs under the redirection (or the absence of one) that is active now. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    const source = scoped.getStore();
    return (...args) => this.with(source, () => apply(fn, args));
  }
}

function deriveSeed(seed: Uint8Array, name: string): number[] {
  const bytes = encoder.encode(name);
  return [...streamPrefix, ...bigEndian(seed.length), ...seed, ...bigEndian(bytes.length), ...bytes];
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
