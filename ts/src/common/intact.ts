/**
 * Functions for the library's own arrays and promises. Workflow code may change `Array.prototype`, `Promise.prototype`
 * and the iterator of arrays for itself, and the library works while the run has its turn. So what its commands and
 * results depend on uses these, and loops by index, whatever the run has changed.
 */
const { apply: call, defineProperty } = Reflect;
const promiseThen = Promise.prototype.then;

/** Calls a function with arguments from an array. */
export function apply<A extends readonly unknown[], R>(fn: (...args: A) => R, args: A): R {
  return call(fn, undefined, args) as R;
}

/** `list.push(value)`. Nobody can change what that does: the realm refuses accessors for elements. */
export function append<T>(list: T[], value: T): void {
  list[list.length] = value;
}

/** `list.map(fn)`. */
export function mapped<T, R>(list: readonly T[], fn: (value: T, index: number) => R): R[] {
  const made: R[] = [];
  for (let index = 0; index < list.length; index++) append(made, fn(list[index]!, index));
  return made;
}

/** An object with the same keys, and what `fn` makes of the values. */
export function mappedFields<T, R>(fields: Record<string, T>, fn: (value: T, key: string) => R): Record<string, R> {
  const made: Record<string, R> = {};
  const keys = Object.keys(fields);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    // Defined, because `Object.prototype` may have a setter of that name.
    const descriptor = {
      __proto__: null,
      value: fn(fields[key]!, key),
      writable: true,
      enumerable: true,
      configurable: true,
    };
    defineProperty(made, key, descriptor);
  }
  return made;
}

/** `list.filter(isWanted)`. */
export function filtered<T>(list: readonly T[], isWanted: (value: T) => boolean): T[] {
  const made: T[] = [];
  for (let index = 0; index < list.length; index++) if (isWanted(list[index]!)) append(made, list[index]!);
  return made;
}

/** `list.some(isWanted)`. */
export function some<T>(list: readonly T[], isWanted: (value: T) => boolean): boolean {
  for (let index = 0; index < list.length; index++) if (isWanted(list[index]!)) return true;
  return false;
}

/** `promise.then(onfulfilled, onrejected)`. */
export function then<T, A = T, B = never>(
  promise: Promise<T>,
  onfulfilled: ((value: T) => A | PromiseLike<A>) | undefined,
  onrejected?: (reason: unknown) => B | PromiseLike<B>,
): Promise<A | B> {
  return call(promiseThen, promise, [onfulfilled, onrejected]) as Promise<A | B>;
}
