/**
 * Proto3 JSON of every message, by its full name, e.g. "temporal.api.history.v1.History".
 *
 * JSON is read straight to the wire format: a history is large, and building its objects in between takes twice as
 * long. One reader and one writer over a description of the fields (fields.json) instead of generated code per message:
 * JSON is rare (histories in files, tools), and modules stay half as big. Import this module lazily; the description is
 * 240 KB.
 */

import Long from "long";
import description from "./fields.json";
import { ListValue, Struct, Value } from "./google/protobuf/struct";
import { BinaryWriter } from "./wire";

/** One field, from its text in fields.json. */
export interface Field {
  /** Name in JSON and in TypeScript. */
  name: string;
  /** Name in the .proto file, which JSON readers must accept too. */
  protoName: string;
  number: number;
  kind: string;
  shape: "" | "*" | "%" | "#";
  type: string;
}

/**
 * What reading JSON throws: the document is not that message. The message names the path, such as
 * `$.events[3].eventId`.
 */
export class JsonFormatError extends Error {
  override readonly name = "JsonFormatError";
}

/** Why a value can't be read; where it is gets known on the way out, so that reading what is right builds no paths. */
class BadValue {
  path = "";
  constructor(readonly reason: string) {}
}

const messages = description.messages as Record<string, string[]>;
/** The enumerations, by {@link shortName}: numbers by name. */
export const enums = description.enums as Record<string, Record<string, number>>;
/** The fields of the messages met so far, by both of their names. A message's own names come first, in their order. */
const parsed = new Map<string, Map<string, Field>>();
const enumNames = new Map<string, Map<number, string>>();

/** Names in fields.json leave out the common prefix. */
export const shortName = (name: string): string =>
  name.startsWith("temporal.api.") ? name.slice("temporal.api".length) : name;

/** The fields of a message, by both of their names. The name of the message is a {@link shortName}. */
export function fieldsOf(type: string): Map<string, Field> {
  let fields = parsed.get(type);
  if (!fields) {
    const texts = messages[type];
    if (!texts) throw new JsonFormatError(`There is no message type '${type}'`);
    const list = texts.map((text): Field => {
      const [, name, protoName, number, kind, shape, fieldType] = /^(\w+)(?:=(\w+))? (\d+)(\w)([*%#]?)(.*)$/.exec(
        text,
      )!;
      return {
        name: name!,
        protoName: protoName ?? name!,
        number: Number(number),
        kind: kind!,
        shape: shape as Field["shape"],
        type: fieldType!,
      };
    });
    fields = new Map([
      ...list.map((field) => [field.name, field] as const),
      ...list.map((field) => [field.protoName, field] as const),
    ]);
    parsed.set(type, fields);
  }
  return fields;
}

/**
 * The encoded message that a JSON value describes. Unknown fields are ignored, as servers may be newer. Throws {@link
 * JsonFormatError}.
 */
export function encodeJson(messageType: string, json: unknown): Uint8Array {
  const writer = new BinaryWriter();
  try {
    encodeMessage(writer, shortName(messageType), json);
  } catch (error) {
    if (error instanceof BadValue) throw new JsonFormatError(`$${error.path}: ${error.reason}`);
    throw error;
  }
  return writer.finish();
}

/** The JSON value of a message: plain objects, ready for `JSON.stringify`. */
export function toJson(messageType: string, message: object): unknown {
  return writeMessage(shortName(messageType), message as Record<string, unknown>);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expected(what: string, value: unknown): BadValue {
  return new BadValue(`expected ${what}, got ${JSON.stringify(value)}`);
}

function encodeMessage(writer: BinaryWriter, type: string, json: unknown): void {
  const special = WELL_KNOWN[type];
  if (special) return special.encode(writer, json);
  if (!isObject(json)) throw expected("an object", json);
  const fields = fieldsOf(type);
  // What the document has, not what the message could have: a history event has 60 kinds of attributes and one of them.
  for (const key in json) {
    const field = fields.get(key);
    const value = json[key];
    if (field === undefined || value == null) continue;
    /** Index or key of the element that is being read. */
    let element = "";
    try {
      if (field.shape === "") encodeField(writer, field, value);
      else if (field.shape === "*") {
        if (!Array.isArray(value)) throw expected("an array", value);
        const packed = value.length > 0 && wireTypes[field.kind] !== LENGTH_PREFIXED;
        if (packed) writer.uint32((field.number << 3) | LENGTH_PREFIXED).fork();
        for (let index = 0; index < value.length; index++) {
          element = `[${index}]`;
          if (packed) encodeValue(writer, field, value[index]);
          else encodeField(writer, field, value[index]);
        }
        if (packed) writer.join();
      } else {
        if (!isObject(value)) throw expected("an object", value);
        const entry = { ...field, number: 2 };
        for (const key of Object.keys(value)) {
          element = `.${key}`;
          writer.uint32((field.number << 3) | LENGTH_PREFIXED).fork();
          if (field.shape === "%") writer.uint32((1 << 3) | LENGTH_PREFIXED).string(key);
          else writer.uint32(1 << 3).int32(readNumber(key));
          encodeField(writer, entry, value[key]);
          writer.join();
        }
      }
    } catch (error) {
      if (error instanceof BadValue) error.path = `.${field.name}${element}${error.path}`;
      throw error;
    }
  }
}

/** The wire types of the kinds of fields. */
const wireTypes: Record<string, number> = { d: 1, f: 5, l: 0, u: 0, i: 0, n: 0, b: 0, e: 0, s: 2, m: 2, y: 2 };
const LENGTH_PREFIXED = 2;

function encodeField(writer: BinaryWriter, field: Field, value: unknown): void {
  writer.uint32((field.number << 3) | wireTypes[field.kind]!);
  encodeValue(writer, field, value);
}

function encodeValue(writer: BinaryWriter, field: Field, value: unknown): void {
  switch (field.kind) {
    case "m":
      writer.fork();
      encodeMessage(writer, field.type, value);
      writer.join();
      return;
    case "e":
      writer.int32(readEnum(field.type, value));
      return;
    case "s":
      if (typeof value !== "string") throw expected("a string", value);
      writer.string(value);
      return;
    case "b":
      if (typeof value !== "boolean") throw expected("a boolean", value);
      writer.bool(value);
      return;
    case "y":
      if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw expected("base64", value);
      writer.bytes(Buffer.from(value, "base64"));
      return;
    case "l":
    case "u":
      writer.int64(readLong(value, field.kind === "u"));
      return;
    case "i":
      writer.int32(readNumber(value));
      return;
    case "n":
      writer.uint32(readNumber(value));
      return;
    case "f":
      writer.float(readNumber(value));
      return;
    default:
      writer.double(readNumber(value));
  }
}

function readNumber(value: unknown): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || (Number.isNaN(number) && value !== "NaN")) throw expected("a number", value);
  return number;
}

function readLong(value: unknown, unsigned: boolean): Long {
  const text = String(value);
  // Long ignores what it can't read, so the text is checked first.
  if (!/^-?\d{1,20}$/.test(text)) throw expected("an integer", value);
  // Up to 15 digits are exact in a double, and that way is ten times faster.
  return text.length <= 15 ? Long.fromNumber(Number(text), unsigned) : Long.fromString(text, unsigned);
}

/**
 * Reads an enumeration: a number, its name, or the name in the old style of Temporal's tools, which have
 * "WorkflowExecutionStarted" for EVENT_TYPE_WORKFLOW_EXECUTION_STARTED.
 */
function readEnum(type: string, value: unknown): number {
  if (typeof value === "number") return value;
  const names = enums[type]!;
  if (typeof value === "string") {
    if (Object.hasOwn(names, value)) return names[value]!;
    const snake = value.replaceAll(/([a-z0-9])(?=[A-Z])/g, "$1_").toUpperCase();
    const name = enumPrefix(names) + snake;
    if (Object.hasOwn(names, name)) return names[name]!;
  }
  throw new BadValue(`${JSON.stringify(value)} is no value of ${type}`);
}

/** What all names of an enumeration begin with, up to an underscore. */
function enumPrefix(names: Record<string, number>): string {
  const [first = "", ...rest] = Object.keys(names);
  let prefix = first;
  for (const name of rest) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix.slice(0, prefix.lastIndexOf("_") + 1);
}

function writeMessage(type: string, message: Record<string, unknown>): unknown {
  const special = WELL_KNOWN[type];
  if (special) return special.write(message);
  const json: Record<string, unknown> = {};
  const fields = fieldsOf(type);
  for (const name in message) {
    const field = fields.get(name);
    const value = message[name];
    if (field === undefined || value === undefined) continue;
    if (field.shape === "*") {
      if ((value as unknown[]).length > 0)
        json[field.name] = (value as unknown[]).map((item) => writeValue(field, item));
    } else if (field.shape !== "") {
      const entries = Object.entries(value as object).map(([key, item]) => [key, writeValue(field, item)]);
      if (entries.length > 0) json[field.name] = Object.fromEntries(entries);
    } else json[field.name] = writeValue(field, value);
  }
  return json;
}

function writeValue(field: Field, value: any): unknown {
  switch (field.kind) {
    case "m":
      return writeMessage(field.type, value);
    case "e": {
      let names = enumNames.get(field.type);
      if (!names) {
        names = new Map(Object.entries(enums[field.type]!).map(([name, number]) => [number, name]));
        enumNames.set(field.type, names);
      }
      return names.get(value) ?? value;
    }
    case "y":
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
    case "l":
    case "u":
      return value.toString();
    case "d":
      return Number.isFinite(value) ? value : String(value);
    default:
      return value;
  }
}

interface WellKnown {
  /** Throws {@link BadValue}. */
  encode(writer: BinaryWriter, json: unknown): void;
  write(message: any): unknown;
}

/** Digits of a fraction of a second: none, 3, 6 or 9. */
function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  return `.${nanos % 1_000_000 === 0 ? digits.slice(0, 3) : nanos % 1000 === 0 ? digits.slice(0, 6) : digits}`;
}

/** The two fields that timestamps and durations have, without those that are zero. */
function encodeTime(writer: BinaryWriter, seconds: Long, nanos: number): void {
  if (!seconds.isZero()) writer.uint32(1 << 3).int64(seconds);
  if (nanos !== 0) writer.uint32(2 << 3).int32(nanos);
}

/** Times and durations as protobufjs writes them to JSON. */
function encodeSecondsAndNanos(writer: BinaryWriter, { seconds = 0, nanos = 0 }: Record<string, unknown>): void {
  encodeTime(writer, Long.isLong(seconds) ? seconds : readLong(seconds, false), readNumber(nanos));
}

/** Digits of a fraction of a second as nanoseconds. */
function nanoseconds(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits) * 10 ** (9 - digits.length);
}

/** Google's messages whose JSON is not an object of their fields. Wrappers are bare values in TypeScript already. */
const WELL_KNOWN: Record<string, WellKnown> = {
  "google.protobuf.Timestamp": {
    encode(writer, json) {
      if (isObject(json)) return encodeSecondsAndNanos(writer, json);
      const match =
        typeof json === "string" ? /^(.+T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(json) : null;
      const millis = match ? Date.parse(match[1]! + match[3]!) : Number.NaN;
      if (!match || Number.isNaN(millis)) throw expected("a time like 2026-01-31T12:00:00Z", json);
      encodeTime(writer, Long.fromNumber(millis / 1000), nanoseconds(match[2]));
    },
    write({ seconds, nanos }) {
      return `${new Date((seconds?.toNumber() ?? 0) * 1000).toISOString().slice(0, 19)}${fraction(nanos ?? 0)}Z`;
    },
  },
  "google.protobuf.Duration": {
    encode(writer, json) {
      if (isObject(json)) return encodeSecondsAndNanos(writer, json);
      const match = typeof json === "string" ? /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(json) : null;
      if (!match) throw expected("a duration like 1.5s", json);
      const sign = match[1] === "-" ? -1 : 1;
      encodeTime(writer, Long.fromString(match[2]!).mul(sign), sign * nanoseconds(match[3]));
    },
    write({ seconds = Long.ZERO, nanos = 0 }) {
      const negative = seconds.isNegative() || nanos < 0;
      return `${negative ? "-" : ""}${negative ? seconds.neg() : seconds}${fraction(Math.abs(nanos))}s`;
    },
  },
  "google.protobuf.FieldMask": {
    encode(writer, json) {
      if (typeof json !== "string") throw expected("field names separated by commas", json);
      if (json === "") return;
      const names = json.split(",").map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
      for (const name of names) writer.uint32((1 << 3) | LENGTH_PREFIXED).string(name);
    },
    write(paths: string[]) {
      return paths.map((name) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())).join(",");
    },
  },
};

// What is a bare value in TypeScript is the same value in JSON.
const wrappers = {
  DoubleValue: "d",
  FloatValue: "f",
  Int32Value: "i",
  UInt32Value: "n",
  BoolValue: "b",
  StringValue: "s",
};
for (const [name, kind] of Object.entries(wrappers)) {
  const field: Field = { name: "value", protoName: "value", number: 1, kind, shape: "", type: "" };
  WELL_KNOWN[`google.protobuf.${name}`] = {
    encode: (writer, json) => encodeField(writer, field, json),
    write: (value) => value,
  };
}
const structures = { Struct, Value, ListValue };
for (const [name, { encode, wrap }] of Object.entries(structures) as [
  string,
  { encode(message: unknown, writer: BinaryWriter): void; wrap(json: unknown): unknown },
][]) {
  WELL_KNOWN[`google.protobuf.${name}`] = {
    encode: (writer, json) => encode(wrap(json), writer),
    write: (value) => value,
  };
}
