/** Small questions about unknown values, and types used in several places. */

/** Any function. */
export type AnyFunc = (...args: any[]) => any;

/** A tuple without its last element. */
export type OmitLast<T> = T extends [...infer Rest, any] ? Rest : never;

/** A function type without its last parameter. */
export type OmitLastParam<F extends AnyFunc> = (...args: OmitLast<Parameters<F>>) => ReturnType<F>;

/** `Base` with the members of `New` in place of its own. */
export type Replace<Base, New> = Omit<Base, keyof New> & New;

/** Whether the value is an object (arrays and functions made of objects included, null not). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Whether the object has a property of its own of this name. */
export function hasOwnProperty<X extends Record<string, unknown>, Y extends PropertyKey>(
  record: X,
  prop: Y,
): record is X & Record<Y, unknown> {
  return Object.hasOwn(record, prop);
}

/** Whether the object has properties of its own of all these names. */
export function hasOwnProperties<X extends Record<string, unknown>, Y extends PropertyKey>(
  record: X,
  props: Y[],
): record is X & Record<Y, unknown> {
  return props.every((prop) => Object.hasOwn(record, prop));
}

/** Whether the value is an error or looks like one (errors of other realms are not `instanceof Error`). */
export function isError(error: unknown): error is Error {
  return (
    isRecord(error) &&
    typeof error.name === "string" &&
    typeof error.message === "string" &&
    (error.stack == null || typeof error.stack === "string")
  );
}

/** Whether the error is one that `AbortSignal` and `AbortController` produce. */
export function isAbortError(error: unknown): error is Error & { name: "AbortError" } {
  return isError(error) && error.name === "AbortError";
}

/** The message of an error, a string itself, or undefined for anything else. */
export function errorMessage(error: unknown): string | undefined {
  if (isError(error)) return error.message;
  return typeof error === "string" ? error : undefined;
}

/** The `code` of an error if it is a string. */
export function errorCode(error: unknown): string | undefined {
  return isRecord(error) && typeof error.code === "string" ? error.code : undefined;
}

/**
 * Reached only when a value has a type that the compiler excluded; throws a TypeError with the message and the value.
 */
export function assertNever(message: string, value: never): never {
  throw new TypeError(`${message}: ${String(value)}`);
}

/**
 * Gives an error class its name, and an `instanceof` that also holds for errors from another copy of the class: another
 * realm, another copy of this package, or `@temporalio/common`, which marks its errors with the same symbols.
 *
 * Subclasses that are not branded themselves keep the ordinary `instanceof`.
 */
export function brandError(errorClass: abstract new (...args: any[]) => Error, name: string): void {
  const marker = Symbol.for(`__temporal_is${name}`);
  Object.defineProperty(errorClass.prototype, "name", { value: name, enumerable: true });
  Object.defineProperty(errorClass.prototype, marker, { value: true });
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    value(this: { prototype: object }, error: unknown): boolean {
      if (this !== errorClass) return isRecord(error) && Object.prototype.isPrototypeOf.call(this.prototype, error);
      return isRecord(error) && (error as Record<symbol, unknown>)[marker] === true;
    },
  });
}

/** {@link brandError} as a decorator of the error class. */
export function SymbolBasedInstanceOfError<E extends Error>(
  markerName: string,
): (errorClass: abstract new (...args: any[]) => E) => void {
  return (errorClass) => brandError(errorClass, markerName);
}

/** The object without its null and undefined members. */
export function filterNullAndUndefined<T extends Record<string | symbol, any>>(object: T): T {
  const result = { ...object };
  for (const key of Reflect.ownKeys(result) as (keyof T)[]) if (result[key] == null) delete result[key];
  return result;
}
