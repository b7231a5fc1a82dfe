import { DOMException } from "./events";

/**
 * A copy of a value with all that hangs on it: the function of that name of browsers and Node.js. Classes are lost, as
 * there; getters are called, as there.
 *
 * @throws DOMException named "DataCloneError" for functions, symbols, promises and the like
 */
export function structuredClone<T>(value: T, options?: { transfer?: readonly ArrayBuffer[] }): T {
  const copies = new Map<object, unknown>();
  for (const buffer of options?.transfer ?? []) copies.set(buffer, buffer.transfer());
  return copy(value, copies) as T;
}

const errorNames = new Set("Error EvalError RangeError ReferenceError SyntaxError TypeError URIError".split(" "));

function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw uncloneable(value);
  if (typeof value !== "object" || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  const keep = <C>(made: C): C => {
    copies.set(value, made);
    return made;
  };
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Boolean || value instanceof Number || value instanceof String)
    return keep(Object(value.valueOf()));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (value instanceof SharedArrayBuffer) return keep(value);
  if (ArrayBuffer.isView(value)) return keep(copyView(value, copies));
  if (value instanceof Map) {
    const made = keep(new Map());
    for (const [key, item] of [...value]) made.set(copy(key, copies), copy(item, copies));
    return made;
  }
  if (value instanceof Set) {
    const made = keep(new Set());
    for (const item of [...value]) made.add(copy(item, copies));
    return made;
  }
  if (value instanceof Error) return copyError(value, copies, keep);
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw uncloneable(value);
  const made = keep(Array.isArray(value) ? new Array(value.length) : {}) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    const item = copy((value as Record<string, unknown>)[key], copies);
    Object.defineProperty(made, key, { value: item, writable: true, enumerable: true, configurable: true });
  }
  return made;
}

function copyView(view: ArrayBufferView, copies: Map<object, unknown>): ArrayBufferView {
  const buffer = copy(view.buffer, copies) as ArrayBuffer;
  if (view instanceof DataView) return new DataView(buffer, view.byteOffset, view.byteLength);
  const name = (view as Uint8Array)[Symbol.toStringTag] as "Uint8Array";
  return new typedArrays[name](buffer, view.byteOffset, (view as Uint8Array).length);
}

const typedArrays = {
  ...{ Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array },
  ...{ Float32Array, Float64Array, BigInt64Array, BigUint64Array },
} as unknown as Record<"Uint8Array", typeof Uint8Array>;

function copyError<E>(error: Error, copies: Map<object, unknown>, keep: (made: Error) => E): E {
  const { name, message, stack } = error;
  const constructors: Record<string, ErrorConstructor> = {
    ...{ Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
  };
  const made = new (errorNames.has(name) ? constructors[name]! : Error)(message);
  const result = keep(made);
  const own: PropertyDescriptor = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(made, "stack", { ...own, value: typeof stack === "string" ? stack : undefined });
  if (Object.hasOwn(error, "cause")) Object.defineProperty(made, "cause", { ...own, value: copy(error.cause, copies) });
  return result;
}

function uncloneable(value: unknown): DOMException {
  const what = typeof value === "object" ? Object.prototype.toString.call(value) : typeof value;
  return new DOMException(`${what} can't be cloned`, "DataCloneError");
}
