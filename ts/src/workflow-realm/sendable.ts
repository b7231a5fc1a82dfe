/**
 * Copies of values that can go to another thread whatever Workflow code put into them. They are made while the run has
 * its turn, under its time limit: getters and Proxies are code of the Workflow.
 */

/** How deep copies go; objects below are named only. */
const deepest = 12;
/** Most objects and entries in one copy. */
const mostEntries = 10_000;
/** Longest text; more is cut off. */
const longestText = 256 * 1024;

/** An error in a copy. Bun's own cloning drops causes, so errors travel as what is in them. */
interface SentError {
  readonly [errorMark]: true;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Causes and fields. */
  readonly fields: Record<string, unknown>;
}

/** Field by which a {@link SentError} is known. */
const errorMark = "__temporalError";

/**
 * A copy of a value, of data alone: functions and symbols become text, cycles, what is too deep and what is too much is
 * said to be there, and a field that throws says what it threw.
 */
export function sendable(value: unknown): unknown {
  return new Copier().copy(value, 0);
}

/** What should be text, as text. */
export function textOf(value: unknown): string {
  const copy = sendable(value);
  return safely(() => (typeof copy === "object" ? JSON.stringify(copy) : String(copy)));
}

class Copier {
  /** The objects around the one that is copied. */
  readonly #around = new Set<object>();
  #entries = 0;

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        return value.length > longestText ? `${value.slice(0, longestText)}… (${value.length} characters)` : value;
      case "function":
        return `[Function ${safely(() => value.name || "anonymous")}]`;
      case "symbol":
        return String(value);
      case "object":
        return value === null ? null : safely(() => this.#copyObject(value, depth));
      default:
        return value;
    }
  }

  #copyObject(value: object, depth: number): unknown {
    if (this.#around.has(value)) return "[Circular]";
    if (depth >= deepest) return `[${nameOf(value)}]`;
    this.#around.add(value);
    try {
      return this.#copyContents(value, depth + 1);
    } finally {
      this.#around.delete(value);
    }
  }

  #copyContents(value: object, depth: number): unknown {
    if (value instanceof Date) return new Date(value.getTime());
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return this.#copyError(value, depth);
    if (value instanceof ArrayBuffer) return value.slice(0);
    if (value instanceof Uint8Array) return new Uint8Array(value);
    if (ArrayBuffer.isView(value))
      return new Uint8Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
    if (value instanceof Map) {
      return new Map(this.#some([...value]).map(([key, item]) => [this.copy(key, depth), this.copy(item, depth)]));
    }
    if (value instanceof Set) return new Set(this.#some([...value]).map((item) => this.copy(item, depth)));
    if (Array.isArray(value)) return this.#some(value).map((item) => this.copy(item, depth));
    return this.#copyFields(value, Object.keys(value), depth);
  }

  #copyFields(value: object, keys: readonly string[], depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const key of this.#some(keys)) {
      const item = safely(() => this.copy((value as Record<string, unknown>)[key], depth));
      Object.defineProperty(made, key, { value: item, writable: true, enumerable: true, configurable: true });
    }
    return made;
  }

  #copyError(error: Error, depth: number): SentError {
    const own = Object.keys(error).filter((key) => !["name", "message", "stack"].includes(key));
    const keys = Object.hasOwn(error, "cause") ? [...new Set([...own, "cause"])] : own;
    const text = (field: "name" | "message" | "stack") => safely(() => this.copy(error[field], deepest));
    const stack = text("stack");
    return {
      [errorMark]: true,
      name: `${text("name")}`,
      message: `${text("message")}`,
      stack: typeof stack === "string" ? stack : undefined,
      fields: this.#copyFields(error, keys, depth),
    };
  }

  /** As many as there is room for. */
  #some<T>(items: readonly T[]): readonly T[] {
    const room = Math.max(0, mostEntries - this.#entries);
    this.#entries += Math.min(items.length, room);
    return items.length <= room ? items : items.slice(0, room);
  }
}

function nameOf(value: object): string {
  return safely(() => String((value.constructor as { name?: unknown } | undefined)?.name ?? "Object")) as string;
}

/** What code of the Workflow gives, or what it throws, as text. */
function safely<T>(fn: () => T): T | string {
  try {
    return fn();
  } catch (error) {
    try {
      return `[Throws ${String(error)}]`;
    } catch {
      return "[Throws]";
    }
  }
}

/** Makes the errors again that are in a copy; changes the copy. */
export function receive(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (errorMark in value) return receiveError(value as SentError);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = receive(value[index]);
  } else if (value instanceof Map) {
    for (const [key, item] of value) value.set(key, receive(item));
  } else if (value instanceof Set) {
    const items = [...value].map(receive);
    value.clear();
    for (const item of items) value.add(item);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    const fields = value as Record<string, unknown>;
    for (const key of Object.keys(fields)) fields[key] = receive(fields[key]);
  }
  return value;
}

function receiveError({ name, message, stack, fields }: SentError): Error {
  const error = new Error(message);
  const { cause, ...rest } = receive(fields) as Record<string, unknown>;
  const hidden = { writable: true, enumerable: false, configurable: true };
  Object.assign(error, rest);
  Object.defineProperty(error, "name", { ...hidden, value: name });
  if (stack !== undefined) Object.defineProperty(error, "stack", { ...hidden, value: stack });
  if ("cause" in fields) Object.defineProperty(error, "cause", { ...hidden, value: cause });
  return error;
}
