/**
 * Makes what all runs of a realm share unchangeable: the language's own objects, those of the platform, and the SDK.
 *
 * A property that is read-only can't be assigned on what inherits from it either, which libraries do (`this.name = …`
 * in an error's constructor). So properties become accessors, whose setter defines the property on the inheriting
 * object.
 */

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const { freeze, hasOwn } = Object;
/** What the prototypes of typed arrays inherit from. */
const bytes = getPrototypeOf(Uint8Array.prototype);

/**
 * Locks an object and all that can be reached from it by properties and prototypes.
 *
 * @param roots where to begin
 * @param spared objects that are left as they are, with what is reached through them alone
 * @param extensible objects that may get more properties
 */
export function lock(roots: Iterable<unknown>, spared: ReadonlySet<object>, extensible: ReadonlySet<object>): void {
  const queue: object[] = [];
  const found = new Set<object>(spared);
  const find = (value: unknown) => {
    if (!isObject(value) || found.has(value) || ArrayBuffer.isView(value)) return;
    found.add(value);
    queue.push(value);
  };
  for (const root of roots) find(root);
  for (const object of spared) findIn(object, ownKeys(object), find);
  for (let object = queue.pop(); object !== undefined; object = queue.pop()) {
    const keys = ownKeys(object);
    findIn(object, keys, find);
    const isExtensible = extensible.has(object);
    if (isExtensible || isInherited(object, keys)) for (const key of keys) lockProperty(object, key, isExtensible);
    if (!isExtensible) freeze(object);
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Tells of what is reached from an object, and gives copies of its bytes to those who ask. */
function findIn(object: object, keys: readonly PropertyKey[], find: (value: unknown) => void): void {
  find(getPrototypeOf(object));
  for (const key of keys) {
    const { value, get, set, enumerable, configurable } = getOwnPropertyDescriptor(object, key)!;
    if (configurable && ArrayBuffer.isView(value)) {
      // Bytes can't be frozen, so everybody who asks for shared ones gets a copy.
      const bytes = value as Uint8Array;
      defineProperty(object, key, {
        get: freeze(() => bytes.slice()),
        set: undefined,
        enumerable,
        configurable: false,
      });
    }
    find(value);
    find(get);
    find(set);
  }
}

/**
 * Whether others inherit from an object, so that its properties are assigned on them: prototypes and classes. What has
 * nothing but a constructor is the prototype that every function has.
 */
function isInherited(object: object, keys: readonly PropertyKey[]): boolean {
  return typeof object === "function" ? keys.length > 2 : keys.length > 1 && hasOwn(object, "constructor");
}

function lockProperty(object: object, key: PropertyKey, isExtensible: boolean): void {
  const { value, enumerable, writable, configurable } = getOwnPropertyDescriptor(object, key)!;
  if (!configurable) {
    if (writable) defineProperty(object, key, { writable: false });
    return;
  }
  if (writable === undefined) {
    // The engine knows its own accessors by what defining them would replace, so those are left to `freeze`.
    if (isExtensible) defineProperty(object, key, { configurable: false });
    return;
  }
  if (!writable || typeof key === "symbol" || isQuickerAsData(object, key)) {
    defineProperty(object, key, { writable: false, configurable: false });
    return;
  }
  const get = () => value as unknown;
  // Libraries that look for the language's own functions (get-intrinsic) know locked ones by this.
  defineProperty(get, "originalValue", { value });
  const set = {
    set(this: unknown, replacement: unknown) {
      if (this === object || !isObject(this)) throw new TypeError(refusal(object, key));
      const own = { value: replacement, writable: true, enumerable: true, configurable: true };
      if (!defineProperty(this, key, own))
        throw new TypeError(`${String(key)} can't be assigned: the object is frozen`);
    },
  }.set;
  defineProperty(object, key, { get: freeze(get), set: freeze(set), enumerable, configurable: false });
}

/**
 * Whether code is quicker as long as a property is data: the constructor of bytes, which each `subarray` asks for, what
 * the iterators of maps and sets go on by, and what loops over texts call for each character. Nobody assigns any of
 * them by mistake, nor what has a symbol.
 */
function isQuickerAsData(object: object, key: string | number): boolean {
  if (object === String.prototype) return key === "charCodeAt";
  if (key === "constructor") return getPrototypeOf(object) === bytes;
  // Generators, which can be ended, are another matter.
  return key === "next" && getPrototypeOf(object) === Iterator.prototype && !hasOwn(object, "return");
}

/** What is thrown at who tries to change something shared. */
export function refusal(object: object, key: PropertyKey): string {
  return `${nameOf(object)}.${String(key)} is shared by all Workflows and can't be changed`;
}

function nameOf(object: object): string {
  if (object === globalThis) return "globalThis";
  const { constructor } = object as { constructor?: { name?: unknown; prototype?: unknown } };
  const name = typeof constructor?.name === "string" && constructor.name !== "" ? constructor.name : "an object";
  if (constructor?.prototype === object) return `${name}.prototype`;
  if (typeof object === "function") return object.name || "a function";
  // `Math` and its like are objects of their own kind.
  const tag = (object as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === "string" ? tag : name;
}
