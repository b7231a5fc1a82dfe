/**
 * Keeps changes of what can't be locked with the run that made them. Locked, arrays and promises would lose their fast
 * paths (`map` 7 times slower, promises 3 times), and polyfills add functions. So when a run's turn is over, what it
 * changed is put back, and put in place again when it has its next turn.
 *
 * Works whatever was changed: so there are no iterators, no functions of arrays, and no objects that inherit anything
 * where it matters.
 */
import { refusal } from "./lockdown";

const { defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, has, ownKeys, setPrototypeOf } =
  Reflect;
const { keys: enumerableKeys } = Object;

/** What a run has changed of an object: a property, without a descriptor if it was taken away; or the prototype. */
type Change = { object: object } & (
  | { key: PropertyKey; descriptor: PropertyDescriptor | undefined }
  | { key: undefined; prototype: object | null }
);

/** What a run has changed. */
export type Changes = readonly Change[];

/** An object that is looked after, as it is before Workflow code runs. */
interface Original {
  readonly object: object;
  readonly prototype: object | null;
  /** Names of own properties; undefined if somebody else looks after them. */
  readonly keys: readonly PropertyKey[] | undefined;
  readonly known: ReadonlySet<PropertyKey>;
  readonly enumerable: number;
  /** Own properties; undefined if they are locked, so that there can be only more of them. */
  readonly properties: readonly PropertyDescriptor[] | undefined;
}

/** Looks after objects that Workflow code can change. */
export class Guard {
  readonly #originals: readonly Original[];
  readonly #hasSameValues: () => boolean;

  /**
   * @param changeable objects whose properties can be changed
   * @param extensible objects whose properties are locked, but which can get more
   * @param others objects whose prototype alone is looked after
   */
  constructor(changeable: readonly object[], extensible: readonly object[], others: readonly object[]) {
    this.#originals = [...changeable, ...extensible, ...others].map((object, index) => {
      const keys = others.includes(object) ? undefined : ownKeys(object);
      return {
        object,
        prototype: getPrototypeOf(object),
        keys,
        known: new Set(keys),
        enumerable: enumerableKeys(object).length,
        properties: index < changeable.length ? keys?.map((key) => descriptorOf(object, key)!) : undefined,
      };
    });
    this.#hasSameValues = comparison(this.#originals);
  }

  /** Puts everything back. Returns what was changed; undefined if nothing was. */
  restore(): Changes | undefined {
    let changes: Change[] | undefined;
    const hasSameValues = this.#hasSameValues();
    for (let index = 0; index < this.#originals.length; index++) {
      const original = this.#originals[index]!;
      if (!hasSameKeys(original) || (!hasSameValues && original.properties !== undefined))
        putBack(original, (changes ??= []));
    }
    return changes;
  }

  /** Makes the changes of a run again. */
  apply(changes: Changes): void {
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index]!;
      if (change.key === undefined) setPrototypeOf(change.object, change.prototype);
      else if (change.descriptor === undefined) deleteProperty(change.object, change.key);
      else defineProperty(change.object, change.key, change.descriptor);
    }
  }
}

function hasSameKeys({ object, prototype, keys, enumerable, properties }: Original): boolean {
  if (getPrototypeOf(object) !== prototype) return false;
  if (keys === undefined) return true;
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
 * A function that says whether properties that hold data still hold the same. It calls nothing, since what is data
 * stays data. It is made of text that names each property, which is ten times quicker than to look them up in a loop.
 */
function comparison(originals: readonly Original[]): () => boolean {
  const taken: unknown[] = [];
  const take = (value: unknown) => `taken${taken.push(value) - 1}`;
  const conditions = originals.flatMap(({ object, keys, properties }) => {
    const name = take(object);
    return (properties ?? []).flatMap(({ get, value }, index) =>
      get === undefined ? `${name}[${nameOf(keys![index]!, take)}] === ${take(value)}` : [],
    );
  });
  const parameters = taken.map((_, index) => `taken${index}`);
  const make = new Function(...parameters, `return () => ${conditions.join(" && ")};`);
  return make(...taken) as () => boolean;
}

function nameOf(key: PropertyKey, take: (value: unknown) => string): string {
  return typeof key === "string" ? JSON.stringify(key) : take(key);
}

function putBack({ object, prototype, keys, known, properties }: Original, changes: Change[]): void {
  const now = getPrototypeOf(object);
  if (now !== prototype) {
    append(changes, { object, key: undefined, prototype: now });
    setPrototypeOf(object, prototype);
  }
  if (keys === undefined) return;
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
 * Refuses what could not be noticed or put back: to freeze a guarded object, to give it a property that can't be taken
 * away, and to make anything but another value of what it has. Replaces the language's functions for that; to be called
 * before they are locked.
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
    const name = typeof key === "symbol" ? key : `${key}`;
    // Read once: it may be code of the Workflow.
    const read = readOnce(descriptor);
    const original = originals.get(name);
    if (original !== undefined) {
      if (isOther(read, original)) throw new TypeError(`${refusal(target as object, name)} but by assigning it`);
      if (original.writable === true && !has(read, "writable")) read.writable = true;
    }
    if (read.configurable !== true && ("configurable" in read || !Object.hasOwn(target as object, name)))
      throw new TypeError(`${refusal(target as object, name)} for good: define it with configurable: true`);
    return defineProperty(target as object, name, read);
  };
  const mustDefine = (target: object, key: unknown, descriptor: unknown) => {
    if (!define(target, key, descriptor)) throw new TypeError(`${refusal(target, key as PropertyKey)}`);
    return target;
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

const fields = ["configurable", "enumerable", "value", "writable", "get", "set"] as const;

function readOnce(descriptor: object): PropertyDescriptor {
  const read = bare({}) as PropertyDescriptor;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (has(descriptor, field)) read[field] = (descriptor as PropertyDescriptor)[field] as never;
  }
  return read;
}

/** Whether a descriptor makes something else of a property than another value of the same kind. */
function isOther(read: PropertyDescriptor, original: PropertyDescriptor): boolean {
  if (has(original, "get") !== (has(read, "get") || has(read, "set"))) return true;
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
