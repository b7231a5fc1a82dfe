/**
 * Keeps changes of what can't be locked with the run that made them. Locked, arrays and promises would lose their fast
 * paths (`map` 7 times slower, promises 3 times), and polyfills add functions. So when a run's turn is over, what it
 * changed is put back, and put in place again when it has its next turn.
 *
 * Works whatever was changed: so there are no iterators, no functions of arrays, and no objects that inherit anything
 * where it matters.
 */
import { refusal } from "./lockdown";

const {
  apply,
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  has,
  ownKeys,
  setPrototypeOf,
} = Reflect;
const { keys: enumerableKeys, getOwnPropertySymbols: symbolsOf } = Object;
const arrayIterator = getPrototypeOf([][Symbol.iterator]());

/** What a run has changed of an object: a property, without a descriptor if it was taken away. */
interface Change {
  object: object;
  key: PropertyKey;
  descriptor: PropertyDescriptor | undefined;
}

/** What a run has changed. */
export type Changes = readonly Change[];

/** An object that is looked after, as it is before Workflow code runs. */
interface Original {
  readonly object: object;
  readonly keys: readonly PropertyKey[];
  readonly known: ReadonlySet<PropertyKey>;
  readonly enumerable: number;
  readonly symbols: number;
  /** Own properties; undefined if they are locked, so that there can be only more of them. */
  readonly properties: readonly PropertyDescriptor[] | undefined;
}

/**
 * Whether a property of an object that is looked after was defined, instead of assigned, since it was put back. If not,
 * new properties are enumerable, or have symbols.
 */
let wasDefined = false;

/** Whether an object has no more properties than so many, for objects that {@link refuseWhatStays} was told of. */
export function hasNoMore(object: object, enumerable: number, symbols: number): boolean {
  return !wasDefined && enumerableKeys(object).length === enumerable && symbolsOf(object).length === symbols;
}

/** Looks after objects that Workflow code can change. */
export class Guard {
  readonly #originals: readonly Original[];
  readonly #hasSameValues: () => boolean;
  readonly #encodesAsBefore: () => boolean;
  readonly #hasSameKeys: () => boolean;

  /**
   * @param changeable objects whose properties can be changed
   * @param extensible objects whose properties are locked, but which can get more
   */
  constructor(changeable: readonly object[], extensible: readonly object[]) {
    this.#originals = [...changeable, ...extensible].map((object, index) => {
      const keys = ownKeys(object);
      return {
        object,
        keys,
        known: new Set(keys),
        enumerable: enumerableKeys(object).length,
        symbols: symbolsOf(object).length,
        properties: index < changeable.length ? keys.map((key) => descriptorOf(object, key)!) : undefined,
      };
    });
    this.#hasSameValues = comparisonOfValues(this.#originals, () => true);
    this.#encodesAsBefore = comparisonOfValues(this.#originals, isUsedToEncode);
    this.#hasSameKeys = comparisonOfKeys(this.#originals);
  }

  /** Whether something may be changed that messages are encoded by: quicker to ask than {@link restore}. */
  get mayEncodeOtherwise(): boolean {
    return wasDefined || !this.#encodesAsBefore() || enumerableKeys(Object.prototype).length > 0;
  }

  /** Puts everything back. Returns what was changed; undefined if nothing was. */
  restore(): Changes | undefined {
    const hasSameValues = this.#hasSameValues();
    if (!wasDefined && hasSameValues && this.#hasSameKeys()) return undefined;
    wasDefined = false;
    let changes: Change[] | undefined;
    for (let index = 0; index < this.#originals.length; index++) {
      const original = this.#originals[index]!;
      if (!hasSameKeys(original) || (!hasSameValues && original.properties !== undefined))
        putBack(original, (changes ??= []));
    }
    return changes;
  }

  /** Makes the changes of a run again. */
  apply(changes: Changes): void {
    wasDefined = true;
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index]!;
      if (change.descriptor === undefined) deleteProperty(change.object, change.key);
      else defineProperty(change.object, change.key, change.descriptor);
    }
  }
}

/** Whether a property is one that messages are encoded by. A test replaces each property that is not. */
function isUsedToEncode(object: object, key: PropertyKey): boolean {
  if (object === Array.prototype)
    return key === Symbol.iterator || key === "forEach" || key === "push" || key === "pop";
  return object === arrayIterator;
}

function hasSameKeys({ object, keys, enumerable, properties }: Original): boolean {
  const now = ownKeys(object);
  if (now.length !== keys.length) return false;
  if (properties === undefined) return true;
  if (enumerableKeys(object).length !== enumerable) return false;
  for (let index = 0; index < keys.length; index++) {
    if (now[index] !== keys[index]) return false;
    const { get } = properties[index]!;
    if (get !== undefined && getOwnPropertyDescriptor(object, keys[index]!)!.get !== get) return false;
  }
  return true;
}

/**
 * A function that says whether those properties that hold data and are wanted still hold the same. It calls nothing,
 * since what is data stays data.
 */
function comparisonOfValues(
  originals: readonly Original[],
  isWanted: (object: object, key: PropertyKey) => boolean,
): () => boolean {
  return allOf((take) =>
    originals.flatMap(({ object, keys, properties }) => {
      const name = take(object);
      return (properties ?? []).flatMap(({ get, value }, index) =>
        get === undefined && isWanted(object, keys[index]!)
          ? `${name}[${nameOf(keys[index]!, take)}] === ${take(value)}`
          : [],
      );
    }),
  );
}

/**
 * A function that says whether objects have the same keys, if none was defined and what is data has the same values.
 * So a key can only be missing where another object has the same value for it, and a new one is enumerable, as one is
 * that was taken away and assigned again. The engine remembers the keys of most objects; those of arrays, functions and
 * strings it would list each time.
 */
function comparisonOfKeys(originals: readonly Original[]): () => boolean {
  return allOf((take) => {
    const [keysOf, enumerableOf, symbolsOfThe] = [ownKeys, enumerableKeys, symbolsOf].map(take);
    return originals.flatMap(({ object, keys, enumerable, symbols, properties }) => {
      const name = take(object);
      const conditions: string[] = [];
      const isListed = Array.isArray(object) || object === String.prototype || typeof object === "function";
      if (isListed) conditions.push(`${symbolsOfThe}(${name}).length === ${symbols}`);
      else conditions.push(`${keysOf}(${name}).length === ${keys.length}`);
      if (isListed || properties !== undefined) conditions.push(`${enumerableOf}(${name}).length === ${enumerable}`);
      return conditions;
    });
  });
}

/**
 * A function that says whether all conditions hold. It is made of text that names each object and property, which is
 * ten times quicker than to look them up in a loop.
 *
 * @param conditionsOf gives the conditions; its parameter, the name of a value in them
 */
function allOf(conditionsOf: (take: (value: unknown) => string) => string[]): () => boolean {
  const taken: unknown[] = [];
  const conditions = conditionsOf((value) => `taken${taken.push(value) - 1}`);
  const make = new Function(...taken.map((_, index) => `taken${index}`), `return () => ${conditions.join(" && ")};`);
  return make(...taken) as () => boolean;
}

function nameOf(key: PropertyKey, take: (value: unknown) => string): string {
  return typeof key === "string" ? JSON.stringify(key) : take(key);
}

function putBack({ object, keys, known, properties }: Original, changes: Change[]): void {
  const present = ownKeys(object);
  for (let index = 0; index < present.length; index++) {
    const key = present[index]!;
    if (known.has(key)) continue;
    append(changes, { object, key, descriptor: descriptorOf(object, key) });
    deleteProperty(object, key);
  }
  if (properties === undefined) return;
  const left = ownKeys(object);
  let isInOrder = left.length === keys.length;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (left[index] !== key) isInOrder = false;
    const descriptor = descriptorOf(object, key);
    if (isSame(descriptor, properties[index]!)) continue;
    append(changes, { object, key, descriptor });
    if (descriptor !== undefined) defineProperty(object, key, properties[index]!);
  }
  if (isInOrder) return;
  for (let index = 0; index < keys.length; index++) deleteProperty(object, keys[index]!);
  for (let index = 0; index < keys.length; index++) defineProperty(object, keys[index]!, properties[index]!);
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor): boolean {
  return (
    one?.value === other.value &&
    one?.get === other.get &&
    one?.set === other.set &&
    one?.enumerable === other.enumerable
  );
}

/** A descriptor that inherits nothing, so that it says the same whatever `Object.prototype` has. */
function descriptorOf(object: object, key: PropertyKey): PropertyDescriptor | undefined {
  return bare(getOwnPropertyDescriptor(object, key));
}

function bare<T extends object | undefined>(descriptor: T): T {
  if (descriptor !== undefined) setPrototypeOf(descriptor, null);
  return descriptor;
}

function append(changes: Change[], value: Change): void {
  defineProperty(changes, changes.length, bare({ value, writable: true, enumerable: true, configurable: true }));
}

/**
 * Refuses what could not be noticed or put back: to freeze a guarded object or give it another prototype, to give it a
 * property that can't be taken away, and to make anything but another value of what it has. Replaces the language's
 * functions for that; to be called before they are locked.
 *
 * @param changeable objects whose properties can be changed
 * @param extensible objects that can get more properties
 */
export function refuseWhatStays(changeable: readonly object[], extensible: readonly object[]): void {
  const known = new Map<unknown, ReadonlyMap<PropertyKey, PropertyDescriptor>>();
  for (const object of extensible) known.set(object, new Map());
  for (const object of changeable)
    known.set(object, new Map(ownKeys(object).map((key) => [key, descriptorOf(object, key)!])));

  const define = (target: unknown, key: unknown, descriptor: unknown): boolean => {
    const originals = known.get(target);
    if (originals === undefined || typeof descriptor !== "object" || descriptor === null)
      return defineProperty(target as object, key as PropertyKey, descriptor as PropertyDescriptor);
    wasDefined = true;
    const name = typeof key === "symbol" ? key : `${key}`;
    // Read once: it may be code of the Workflow.
    const read = readOnce(descriptor);
    const original = originals.get(name);
    if (original !== undefined) {
      if (isOther(read, original)) {
        const hint = original.writable === true || original.set !== undefined ? " but by assigning it" : "";
        throw new TypeError(`${refusal(target as object, name)}${hint}`);
      }
      if (original.writable === true && !has(read, "writable")) read.writable = true;
    }
    // An accessor that arrays inherit would slow down all arrays of the realm, for good.
    if (isIndex(name) && (has(read, "get") || has(read, "set") || read.writable === false))
      throw new TypeError(`${refusal(target as object, name)}: elements can only have values`);
    if (read.configurable !== true && ("configurable" in read || !Object.hasOwn(target as object, name)))
      throw new TypeError(`${refusal(target as object, name)} for good: define it with configurable: true`);
    return defineProperty(target as object, name, read);
  };
  const mustDefine = (target: object, key: unknown, descriptor: unknown) => {
    if (!define(target, key, descriptor)) throw new TypeError(`${refusal(target, key as PropertyKey)}`);
    return target;
  };
  const refusePrototype = (target: object, prototype: object | null) => {
    if (known.has(target) && getPrototypeOf(target) !== prototype) throw new TypeError(refusal(target, "__proto__"));
  };
  const { defineProperty: original, defineProperties: originals } = Object;
  replace(Object, "defineProperty", (target: object, key: PropertyKey, descriptor: PropertyDescriptor) =>
    known.has(target) ? mustDefine(target, key, descriptor) : original(target, key, descriptor),
  );
  replace(Reflect, "defineProperty", define);
  replace(Object, "defineProperties", (target: object, descriptors: PropertyDescriptorMap) => {
    if (!known.has(target)) return originals(target, descriptors);
    const keys = ownKeys(descriptors);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      if (getOwnPropertyDescriptor(descriptors, key)?.enumerable) mustDefine(target, key, descriptors[key as string]);
    }
    return target;
  });
  for (const [name, field] of [
    ["__defineGetter__", "get"],
    ["__defineSetter__", "set"],
  ] as const) {
    const original = (Object.prototype as unknown as Record<string, (key: unknown, fn: unknown) => void>)[name]!;
    replace(Object.prototype, name, function (this: object, key: unknown, fn: unknown) {
      if (!known.has(this)) return Reflect.apply(original, this, [key, fn]) as undefined;
      mustDefine(this, key, bare({ [field]: fn, enumerable: true, configurable: true }));
      return undefined;
    });
  }
  for (const owner of [Object, Reflect]) {
    const { setPrototypeOf: original } = owner;
    replace(owner, "setPrototypeOf", (target: object, prototype: object | null) => {
      refusePrototype(target, prototype);
      return original(target, prototype);
    });
  }
  const { get, set } = getOwnPropertyDescriptor(Object.prototype, "__proto__")!;
  const setProto = {
    set(this: object, prototype: object | null) {
      refusePrototype(this, prototype);
      apply(set!, this, [prototype]);
    },
  }.set;
  defineProperty(Object.prototype, "__proto__", { get, set: setProto, enumerable: false, configurable: true });
  // Defines a property that isn't enumerable.
  const { captureStackTrace } = Error;
  const capture = (target: object, above?: (...args: never[]) => unknown) => {
    if (known.has(target)) wasDefined = true;
    captureStackTrace(target, above ?? capture);
  };
  replace(Error, "captureStackTrace", capture);
  for (const [owner, name] of [
    [Object, "freeze"],
    [Object, "seal"],
    [Object, "preventExtensions"],
    [Reflect, "preventExtensions"],
  ] as const) {
    const original = (owner as unknown as Record<string, (target: unknown) => unknown>)[name]!;
    replace(owner, name, (target: unknown) => {
      if (known.has(target)) throw new TypeError(refusal(target as object, name));
      return original(target);
    });
  }
}

/** Whether a name is one of an element. */
function isIndex(name: PropertyKey): boolean {
  return typeof name === "string" && `${Number(name) >>> 0}` === name;
}

const fields = ["configurable", "enumerable", "value", "writable", "get", "set"] as const;

function readOnce(descriptor: object): PropertyDescriptor {
  const read = bare({}) as PropertyDescriptor;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (has(descriptor, field)) read[field] = (descriptor as PropertyDescriptor)[field] as never;
  }
  return read;
}

/**
 * Whether a descriptor makes something else of a property than another value. The engine has fast ways as long as its
 * accessors are its own.
 */
function isOther(read: PropertyDescriptor, original: PropertyDescriptor): boolean {
  if (has(read, "get") || has(read, "set") || (has(original, "get") && has(read, "value"))) return true;
  return (
    differs(read, original, "configurable") ||
    differs(read, original, "enumerable") ||
    differs(read, original, "writable")
  );
}

function differs(
  read: PropertyDescriptor,
  original: PropertyDescriptor,
  field: "configurable" | "enumerable" | "writable",
): boolean {
  return has(read, field) && Boolean(read[field]) !== Boolean(original[field]);
}

function replace(owner: object, name: string, value: (...args: any[]) => unknown): void {
  defineProperty(value, "name", { value: name });
  defineProperty(owner, name, { value, writable: true, enumerable: false, configurable: true });
}
