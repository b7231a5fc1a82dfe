/**
 * What messages inherit from: the values of fields that aren't set, as protobuf has them, and `toJSON`. Prototypes are
 * made once per type, so that they cost a message nothing. In Workflow code messages are plain objects instead.
 */

import Long from "long";

/** What fields that aren't set read as; numbers, texts and booleans stand for themselves. */
export const BYTES: any = Buffer.alloc(0);
export const LIST: any = Object.freeze([]);
export const MAP: any = Object.freeze({});
export const INT64: any = Object.freeze(Long.ZERO);
export const UINT64: any = Object.freeze(Long.UZERO);

/** Set by who knows the fields of all messages; where nobody does, JSON has the fields as they are. */
export const json: { write?(fullName: string, message: object): unknown } = {};

const prototypes = new WeakSet<object>();

/** Whether an object is an instance of a message's class. */
export function isMessage(object: object): boolean {
  return prototypes.has(Object.getPrototypeOf(object));
}

/**
 * Makes the class of a message.
 *
 * @param fullName e.g. "temporal.api.common.v1.Payload"
 * @param defaults of the fields that have any: messages and what is optional is undefined
 */
export function messageClass<T extends object>(fullName: string, defaults: Partial<T>): new () => T {
  const [name] = /\w+$/.exec(fullName)!;
  const made = { [name]: class {} }[name]!;
  prototypes.add(made.prototype);
  // Not enumerable: what goes through the fields of a message finds those that are set.
  const define = (key: PropertyKey, value: unknown) =>
    Object.defineProperty(made.prototype, key, { value, writable: true, configurable: true });
  for (const [field, value] of Object.entries(defaults)) define(field, value);
  define("toJSON", function (this: object) {
    return json.write === undefined ? { ...this } : json.write(fullName, this);
  });
  define(
    Symbol.for("nodejs.util.inspect.custom"),
    function (this: object, _depth: number, options: object, inspect: (value: unknown, options: object) => string) {
      return `${name} ${inspect({ ...this }, options)}`;
    },
  );
  return made as new () => T;
}
