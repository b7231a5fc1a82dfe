/**
 * Messages and enumerations as `@temporalio/proto` has them: an object with `create`, `encode`, `decode`, `fromObject`
 * … per message. Messages are the same as everywhere in this SDK. The modules behind the messages are loaded when the
 * first one of them is used.
 */

import Long from "long";
import { isMessage } from "./message-class";
import type { MessageCodec } from "./rpc";
import { BinaryReader, BinaryWriter } from "./wire";

/** How {@link MessageType.toObject} writes what JSON has no type for, and what isn't set. */
interface ConversionOptions {
  /** 64-bit integers as text or as numbers, which aren't exact above 2^53. Default: as `Long`. */
  longs?: typeof String | typeof Number;
  /** Enumerations by their names. Default: as numbers. */
  enums?: typeof String;
  /** Bytes as Base64 text or as arrays of numbers. Default: as `Uint8Array`. */
  bytes?: typeof String | typeof Array;
  /** Whether fields that aren't set get their defaults, messages aside. Default false. */
  defaults?: boolean;
  /** Whether lists that aren't set become empty ones. Default false. */
  arrays?: boolean;
  /** Whether maps that aren't set become empty ones. Default false. */
  objects?: boolean;
  /** Whether numbers that JSON doesn't know become text: "NaN", "Infinity". Default false. */
  json?: boolean;
}

/** What can be done with messages of one type. */
export interface MessageType<T extends object> {
  /** A message with these fields. */
  create(properties?: T): T;
  /** Appends the message to a writer; `finish()` of what comes back gives the bytes. */
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  /** {@link encode} with the length before the message. */
  encodeDelimited(message: T, writer?: BinaryWriter): BinaryWriter;
  /** Reads a message. Throws `WireFormatError` for bytes that are not one. */
  decode(input: BinaryReader | Uint8Array, length?: number): T;
  /** {@link decode} of what {@link encodeDelimited} wrote. */
  decodeDelimited(input: BinaryReader | Uint8Array): T;
  /**
   * The message that an object describes: enumerations may be names, 64-bit integers numbers or text, and bytes Base64
   * text or lists. Unknown fields are left out. Throws `TypeError`, naming the field, for values that fit no field.
   */
  fromObject(object: { [key: string]: any }): T;
  /** The message as an object of its fields. */
  toObject(message: T, options?: ConversionOptions): { [key: string]: any };
  /** What makes {@link fromObject} fail, or null. */
  verify(object: { [key: string]: any }): string | null;
  /** The message's name as `google.protobuf.Any` has it. The prefix is "type.googleapis.com" by default. */
  getTypeUrl(prefix?: string): string;
}

type Description = typeof import("./json");
type Field = ReturnType<Description["fieldsOf"]> extends Map<string, infer F> ? F : never;
type Fields = Record<string, any>;

// Loaded late: 240 KB of JSON.
const description = (): Description => require("./json") as Description;

/** What the codec in a module is for. */
type MessageOf<Module, Name extends keyof Module> = Module[Name] extends MessageCodec<infer T> ? T & object : never;

/**
 * Makes types of messages out of a generated module.
 *
 * @param namespace of the messages, e.g. "temporal.api.common.v1"
 * @param load gives the module
 * @returns a function from the name in the module, e.g. "Payload_ExternalPayloadDetails", to the type
 */
export function messages<Module extends object>(
  namespace: string,
  load: () => Module,
): <Name extends keyof Module & string>(name: Name) => MessageType<MessageOf<Module, Name>> {
  return (name) => message(() => load()[name] as MessageCodec<any>, `${namespace}.${name.replaceAll("_", ".")}`);
}

/** The message as protobufjs writes it to JSON: not proto3 JSON, times are objects. */
export function writeJson(fullName: string, message: object): Fields {
  return writeMessage(fullName, message, { longs: String, enums: String, bytes: String, json: true });
}

/** The error that names the field for which a message can't be encoded; the given one if there is none. */
export function explain(fullName: string, message: unknown, error: unknown): unknown {
  try {
    readMessage(fullName, message, fullName);
  } catch (found) {
    if (found instanceof TypeError) return Object.assign(found, { cause: error });
  }
  return error;
}

/** The bytes of a message without fields. */
const nothing = new Uint8Array(0);

function message<T extends object>(codec: () => MessageCodec<T>, fullName: string): MessageType<T> {
  const type: MessageType<T> = {
    create: (properties) => Object.assign(codec().decode(nothing), properties),
    encode: (value, writer) => codec().encode(value, writer),
    encodeDelimited: (value, writer = new BinaryWriter()) => codec().encode(value, writer.fork()).join(),
    decode: (input, length) => codec().decode(input, length),
    decodeDelimited(input) {
      const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
      return codec().decode(reader, reader.uint32());
    },
    fromObject(object) {
      const read = readMessage(fullName, object, fullName) as T;
      // Once through the wire format: then it and what is in it are messages, without what isn't set.
      return read === object ? read : codec().decode(codec().encode(read).finish());
    },
    toObject: (value, options = {}) => writeMessage(fullName, value, options),
    verify(object) {
      try {
        type.fromObject(object);
        return null;
      } catch (error) {
        return (error as Error).message;
      }
    },
    getTypeUrl: (prefix = "type.googleapis.com") => `${prefix}/${fullName}`,
  };
  return type;
}

/** An enumeration: its numbers by name, and, not enumerable, its names by number. */
export function enumeration<E extends Record<string, number>>(values: E): E & { readonly [value: number]: string } {
  return Object.assign(
    Object.create(Object.fromEntries(Object.entries(values).map(([name, value]) => [value, name]))),
    values,
  );
}

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const isWrapper = (type: string): boolean => /^google\.protobuf\.\w+Value$/.test(type);
/** Messages that are bare values here. */
const isBare = (type: string): boolean =>
  isWrapper(type) || ["google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"].includes(type);

function readMessage(type: string, object: unknown, path: string): unknown {
  if (!isObject(object)) throw new TypeError(`${path}: expected an object, got ${typeof object}`);
  if (isMessage(object)) return object;
  const result: Fields = {};
  for (const field of fieldsOf(type)) {
    const value = object[field.name];
    if (value == null) continue;
    const place = `${path}.${field.name}`;
    if (field.shape === "*") {
      if (!Array.isArray(value)) throw new TypeError(`${place}: expected an array, got ${typeof value}`);
      result[field.name] = value.map((item, index) => readValue(field, item, `${place}[${index}]`));
    } else if (field.shape !== "") {
      if (!isObject(value)) throw new TypeError(`${place}: expected an object, got ${typeof value}`);
      result[field.name] = Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, readValue(field, item, `${place}.${key}`)]),
      );
    } else result[field.name] = readValue(field, value, place);
  }
  return result;
}

function readValue(field: Field, value: any, path: string): unknown {
  const wrong = (wanted: string): TypeError =>
    new TypeError(`${path}: expected ${wanted}, got ${JSON.stringify(value) ?? typeof value}`);
  switch (field.kind) {
    case "m":
      if (isWrapper(field.type)) return isObject(value) && "value" in value ? value["value"] : value;
      if (field.type === "google.protobuf.FieldMask")
        return Array.isArray(value) ? value : (value as { paths?: string[] }).paths;
      return isBare(field.type) ? value : readMessage(field.type, value, path);
    case "e": {
      const number = typeof value === "number" ? value : description().enums[field.type]?.[value as string];
      if (number === undefined) throw wrong(`a value of ${field.type}`);
      return number;
    }
    case "s":
      if (typeof value !== "string") throw wrong("a string");
      return value;
    case "b":
      if (typeof value !== "boolean") throw wrong("a boolean");
      return value;
    case "y":
      if (typeof value === "string") return new Uint8Array(Buffer.from(value, "base64"));
      if (typeof value?.length !== "number") throw wrong("bytes");
      return value instanceof Uint8Array ? value : Uint8Array.from(value as ArrayLike<number>);
    case "l":
    case "u":
      if (!["string", "number", "bigint"].includes(typeof value) && !Long.isLong(value) && !isObject(value))
        throw wrong("an integer");
      if (typeof value === "string" && !/^-?\d+$/.test(value)) throw wrong("an integer");
      return Long.fromValue(typeof value === "bigint" ? String(value) : value, field.kind === "u");
    default: {
      const number = Number(value);
      if (Number.isNaN(number) && value !== "NaN" && !Number.isNaN(value)) throw wrong("a number");
      return number;
    }
  }
}

function writeMessage(type: string, value: Fields, options: ConversionOptions): Fields {
  const result: Fields = {};
  for (const field of fieldsOf(type)) {
    // What a message inherits isn't set.
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    if (given !== undefined && given !== null && !isEmpty(field, given)) {
      if (field.shape === "*")
        result[field.name] = (given as unknown[]).map((item) => writeValue(field, item, options));
      else if (field.shape === "") result[field.name] = writeValue(field, given, options);
      else
        result[field.name] = Object.fromEntries(
          Object.entries(given as Fields).map(([key, item]) => [key, writeValue(field, item, options)]),
        );
    } else if (field.shape === "*") {
      if (options.arrays || options.defaults) result[field.name] = [];
    } else if (field.shape !== "") {
      if (options.objects || options.defaults) result[field.name] = {};
    } else if (options.defaults && field.kind !== "m")
      result[field.name] = writeValue(field, defaultOf(field.kind), options);
  }
  return result;
}

/** Whether the value is a list or a map without elements, which count as not set. */
function isEmpty({ shape }: Field, value: object): boolean {
  return shape !== "" && (shape === "*" ? (value as unknown[]) : Object.keys(value)).length === 0;
}

function writeValue(field: Field, value: any, options: ConversionOptions): unknown {
  switch (field.kind) {
    case "m":
      if (isWrapper(field.type)) return { value };
      if (field.type === "google.protobuf.FieldMask") return { paths: value };
      return isBare(field.type) ? value : writeMessage(field.type, value, options);
    case "e": {
      if (options.enums !== String) return value;
      return Object.entries(description().enums[field.type] ?? {}).find(([, number]) => number === value)?.[0] ?? value;
    }
    case "y":
      if (options.bytes === String)
        return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
      return options.bytes === Array ? [...(value as Uint8Array)] : value;
    case "l":
    case "u":
      return options.longs === String ? String(value) : options.longs === Number ? Number(value) : value;
    case "d":
    case "f":
      return options.json && !Number.isFinite(value) ? String(value) : value;
    default:
      return value;
  }
}

function defaultOf(kind: string): unknown {
  const defaults: Record<string, unknown> = { s: "", b: false, y: new Uint8Array(), l: Long.ZERO, u: Long.UZERO };
  return kind in defaults ? defaults[kind] : 0;
}

const sorted = new Map<string, Field[]>();

/** Each field once, in the order of their numbers: the description has those with two names twice. */
function fieldsOf(type: string): Field[] {
  let fields = sorted.get(type);
  if (fields === undefined) {
    const { fieldsOf: described, shortName } = description();
    fields = [...new Set(described(shortName(type)).values())].sort((a, b) => a.number - b.number);
    sorted.set(type, fields);
  }
  return fields;
}
