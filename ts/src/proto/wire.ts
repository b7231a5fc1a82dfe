/**
 * The protobuf wire format, as far as Temporal's messages use it: what the generated modules read and write with.
 *
 * It exists beside the library that ts-proto generates for because that one goes through BigInt and decimal strings
 * for every 64-bit integer (each timestamp has one), allocates a chunk list per nested message, and makes a view per
 * string. This one reads and writes `Long` directly and uses one growing buffer.
 */

import Long from "long";

/** What decoding throws: the bytes are not a message of the expected type (cut off, over-nested, or another format). */
export class WireFormatError extends Error {
  override readonly name = "WireFormatError";
}

/** A 64-bit integer as programs may give it: messages that were read have it as `Long`. */
type Int64 = Long | number | string | bigint;

/** Whether a 64-bit integer that is to be written is zero. */
export function isZero(value: Int64): boolean {
  return typeof value === "object" ? (value.low | value.high) === 0 : Number(value) === 0;
}

function toLong(value: Exclude<Int64, Long>, unsigned: boolean): Long {
  if (typeof value === "number") return Long.fromNumber(value, unsigned);
  const text = String(value);
  // Long ignores what it can't read.
  if (!/^-?\d+$/.test(text)) throw new TypeError(`expected a 64-bit integer, got ${JSON.stringify(text)}`);
  return Long.fromString(text, unsigned);
}

/** A wrapper message, of a value or of the message itself. */
export function asWrapper<T>(value: T | { value?: T }): { value?: T } {
  return typeof value === "object" && value !== null ? (value as { value?: T }) : { value };
}

/** A field mask, of its paths or of the message itself. */
export function asFieldMask<T extends { paths?: string[] | undefined }>(value: string[] | T | undefined): T {
  return (Array.isArray(value) ? { paths: value } : value) as T;
}

const { fromCharCode } = String;

/** How deep messages may be nested; the limit that Temporal's server and Core have too. */
const MAXIMUM_DEPTH = 100;

/** The longest string that is worth decoding character by character in JavaScript instead of by a native call. */
const SHORT_STRING = 24;

/** A scratch buffer above this size is given back to the garbage collector instead of kept for the next message. */
const MAXIMUM_SCRATCH = 1 << 20;

/** Reads protobuf fields from bytes. Byte fields are views of the input, not copies. */
export class BinaryReader {
  /** Offset of the next byte. */
  pos = 0;
  /** Number of bytes. */
  readonly len: number;
  readonly #bytes: Uint8Array;
  #view: Buffer | undefined;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.len = bytes.length;
  }

  /** The same bytes as a `Buffer`, made when it is needed: to ask for the memory of small arrays is expensive. */
  get #buffer(): Buffer {
    const bytes = this.#bytes;
    return (this.#view ??= bytes instanceof Buffer ? bytes : asBuffer(bytes));
  }

  /** Marks the beginning of a message; throws when messages are nested deeper than 100 levels. */
  enter(): void {
    if (++this.#depth > MAXIMUM_DEPTH) {
      throw new WireFormatError(`protobuf messages are nested deeper than ${MAXIMUM_DEPTH} levels`);
    }
  }

  /** Marks the end of the message begun by the matching `enter`. */
  leave(): void {
    this.#depth--;
  }

  /** An unsigned 32-bit varint; also tags and lengths. */
  uint32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.pos++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = bytes[this.pos++]!;
      if (shift < 35) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      if (byte === undefined) break;
    }
    throw this.#malformed("a varint");
  }

  /** A signed 32-bit varint (enumerations too). */
  int32(): number {
    return this.uint32() | 0;
  }

  /** A boolean. */
  bool(): boolean {
    const first = this.pos;
    const value = this.uint32();
    // A non-canonical true may have its only set bit above bit 31.
    return value !== 0 || (this.pos - first > 4 && !this.#longFrom(first, true).isZero());
  }

  /** A signed 64-bit varint. */
  int64(): Long {
    return this.#long(false);
  }

  /** An unsigned 64-bit varint. */
  uint64(): Long {
    return this.#long(true);
  }

  /** A 32-bit float. */
  float(): number {
    const start = this.#take(4, "a float");
    return this.#buffer.readFloatLE(start);
  }

  /** A 64-bit float. */
  double(): number {
    const start = this.#take(8, "a double");
    return this.#buffer.readDoubleLE(start);
  }

  /** Length-prefixed bytes: a view of the input, and a `Buffer` if the input is one. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#take(length, "bytes");
    return this.#bytes.subarray(start, start + length);
  }

  /** A length-prefixed UTF-8 string; ill-formed sequences become U+FFFD. */
  string(): string {
    const length = this.uint32();
    if (length === 0) return "";
    const start = this.#take(length, "a string");
    const end = start + length;
    if (length <= SHORT_STRING) {
      const bytes = this.#bytes;
      let text = "";
      let index = start;
      for (; index < end; index++) {
        const byte = bytes[index]!;
        if (byte > 0x7f) break;
        text += fromCharCode(byte);
      }
      if (index === end) return text;
    }
    return this.#buffer.toString("utf8", start, end);
  }

  /** Skips a field of the given wire type: what a newer server sends and this version does not know. */
  skip(wireType: number, depth = 0): void {
    switch (wireType) {
      case 0:
        this.#long(true);
        return;
      case 1:
        this.#take(8, "a 64-bit field");
        return;
      case 2:
        this.#take(this.uint32(), "a field");
        return;
      case 3:
        if (depth >= MAXIMUM_DEPTH) throw this.#malformed("a group");
        for (;;) {
          const inner = this.uint32() & 7;
          if (inner === 4) return;
          this.skip(inner, depth + 1);
        }
      case 5:
        this.#take(4, "a 32-bit field");
        return;
      default:
        throw this.#malformed(`wire type ${wireType}`);
    }
  }

  #long(unsigned: boolean): Long {
    const byte = this.#bytes[this.pos];
    if (byte !== undefined && byte < 0x80) {
      this.pos++;
      return Long.fromInt(byte, unsigned);
    }
    const start = this.pos;
    const value = this.#longFrom(start, unsigned);
    return value;
  }

  /** Reads the varint at `start` and moves behind it. */
  #longFrom(start: number, unsigned: boolean): Long {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = bytes[start + index];
      if (byte === undefined) break;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) {
        this.pos = start + index + 1;
        return Long.fromBits(low, high, unsigned);
      }
    }
    throw this.#malformed("a varint");
  }

  /** Moves over `length` bytes and returns where they begin. */
  #take(length: number, what: string): number {
    const start = this.pos;
    if (length > this.len - start) throw this.#malformed(what);
    this.pos = start + length;
    return start;
  }

  #malformed(what: string): WireFormatError {
    return new WireFormatError(
      `the bytes are not the expected protobuf message: ${what} near byte ${this.pos} of ${this.len} is cut off or invalid`,
    );
  }
}

/**
 * The same bytes as a `Buffer`. Messages that are read from one have their bytes as buffers, whose `toString` gives the
 * text: what application code sees, codecs above all, is read so.
 */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The buffer that the next writer uses; undefined while a writer has it. */
let scratch: Buffer | undefined;

/** Writes protobuf fields into one growing buffer. A writer is done after `finish`. */
export class BinaryWriter {
  #buffer: Buffer;
  #pos = 0;
  readonly #forks: number[] = [];

  constructor() {
    this.#buffer = scratch ?? Buffer.allocUnsafeSlow(4096);
    scratch = undefined;
  }

  /** The bytes written, in an array of their own. */
  finish(): Uint8Array {
    const result = new Uint8Array(this.#pos);
    result.set(this.#buffer.subarray(0, this.#pos));
    if (this.#buffer.length <= MAXIMUM_SCRATCH) scratch = this.#buffer;
    return result;
  }

  /** Begins a length-prefixed part; ended by `join`. */
  fork(): this {
    this.#reserve(1);
    // One byte is left for the length: enough for parts below 128 bytes, which most are.
    this.#forks.push(++this.#pos);
    return this;
  }

  /** Ends the part begun by the latest `fork`. */
  join(): this {
    const start = this.#forks.pop();
    if (start === undefined) throw new WireFormatError("join() without a fork()");
    const length = this.#pos - start;
    if (length < 0x80) {
      this.#buffer[start - 1] = length;
      return this;
    }
    const extra = varintSize(length) - 1;
    this.#reserve(extra);
    this.#buffer.copyWithin(start + extra, start, this.#pos);
    this.#pos = start - 1;
    this.uint32(length);
    this.#pos += length;
    return this;
  }

  /** An unsigned 32-bit varint; also tags. */
  uint32(value: number): this {
    this.#reserve(5);
    const buffer = this.#buffer;
    while (value > 0x7f) {
      buffer[this.#pos++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    buffer[this.#pos++] = value;
    return this;
  }

  /** A signed 32-bit varint (enumerations too); negative values take ten bytes. */
  int32(value: number): this {
    return value >= 0 ? this.uint32(value) : this.int64(Long.fromInt(value));
  }

  /** A boolean. */
  bool(value: boolean): this {
    return this.uint32(value ? 1 : 0);
  }

  /** A signed 64-bit varint. */
  int64(value: Int64): this {
    return this.#long(typeof value === "object" ? value : toLong(value, false));
  }

  /** An unsigned 64-bit varint. */
  uint64(value: Int64): this {
    return this.#long(typeof value === "object" ? value : toLong(value, true));
  }

  #long(value: Long): this {
    this.#reserve(10);
    const buffer = this.#buffer;
    let low = value.low >>> 0;
    let high = value.high >>> 0;
    while (high !== 0) {
      buffer[this.#pos++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    return this.uint32(low);
  }

  /** A 32-bit float. */
  float(value: number): this {
    this.#reserve(4);
    this.#pos = this.#buffer.writeFloatLE(value, this.#pos);
    return this;
  }

  /** A 64-bit float. */
  double(value: number): this {
    this.#reserve(8);
    this.#pos = this.#buffer.writeDoubleLE(value, this.#pos);
    return this;
  }

  /** Length-prefixed bytes; text is their Base64. */
  bytes(value: Uint8Array | string): this {
    if (typeof value === "string") value = Buffer.from(value, "base64");
    if (value.length === undefined) throw new TypeError(`expected bytes, got ${typeof value}`);
    this.uint32(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#pos);
    this.#pos += value.length;
    return this;
  }

  /** A length-prefixed UTF-8 string; a lone surrogate becomes U+FFFD. */
  string(value: string): this {
    const length = Buffer.byteLength(value);
    this.uint32(length);
    this.#reserve(length);
    const buffer = this.#buffer;
    if (length === value.length && length <= SHORT_STRING) {
      for (let index = 0; index < length; index++) buffer[this.#pos + index] = value.charCodeAt(index);
    } else {
      buffer.write(value, this.#pos, length, "utf8");
    }
    this.#pos += length;
    return this;
  }

  #reserve(size: number): void {
    const needed = this.#pos + size;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#pos));
    this.#buffer = larger;
  }
}

function varintSize(value: number): number {
  let size = 1;
  while (value > 0x7f) {
    size++;
    value >>>= 7;
  }
  return size;
}
