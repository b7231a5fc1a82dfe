/** Stands for `node:async_hooks` in the realm. */
import { apply } from "../common/intact";
import { callOut, ownError, platform } from "./platform";

const Outer = platform.AsyncLocalStorage;

/** A value that goes along with what a function calls and awaits: the class of that name of Node.js. */
export class AsyncLocalStorage<T> {
  readonly #outer = callOut(() => new Outer<T | undefined>());
  readonly #default: T | undefined;
  /** Name given in the options. */
  readonly name: string;

  /** @param options `name` for debuggers, `defaultValue` where no value was set; other values are ignored */
  constructor(options?: { name?: string; defaultValue?: T }) {
    const given = typeof options === "object" && options !== null ? options : undefined;
    this.name = typeof given?.name === "string" ? given.name : "";
    this.#default = given?.defaultValue;
  }

  /** Calls `fn` with the arguments, with `store` as value. Returns what it returns. */
  run<R, A extends unknown[]>(store: T, fn: (...args: A) => R, ...args: A): R {
    try {
      callable(fn);
      return this.#outer.run(store, args.length === 0 ? (fn as () => R) : () => apply(fn, args));
    } catch (error) {
      throw ownError(error);
    }
  }

  /** Calls `fn` with the arguments, without a value. Returns what it returns. */
  exit<R, A extends unknown[]>(fn: (...args: A) => R, ...args: A): R {
    return callOut(() => this.#outer.exit(() => apply(callable(fn), args)));
  }

  /** The value; `undefined` where none was set. */
  getStore(): T | undefined {
    try {
      return this.#outer.getStore() ?? this.#default;
    } catch (error) {
      throw ownError(error);
    }
  }

  /** Sets the value for the rest of what runs now. */
  enterWith(store: T): void {
    callOut(() => this.#outer.enterWith(store));
  }

  /** Forgets the value. */
  disable(): void {
    callOut(() => this.#outer.disable());
  }

  /** A function that calls `fn` with the values that there are now. */
  static bind<F extends (...args: any[]) => unknown>(fn: F): F {
    const run = AsyncLocalStorage.snapshot();
    return ((...args: unknown[]) => run(() => apply(callable(fn), args))) as F;
  }

  /** A function that calls the one it gets with the values that there are now. */
  static snapshot(): <R, A extends unknown[]>(fn: (...args: A) => R, ...args: A) => R {
    const run = callOut(() => Outer.snapshot());
    return (fn, ...args) => callOut(() => run(() => apply(callable(fn), args)));
  }
}

// What the outer one throws about it would be an error of the other side.
function callable<F>(fn: F): F {
  if (typeof fn !== "function") throw new TypeError(`AsyncLocalStorage needs a function to call, got ${typeof fn}`);
  return fn;
}
