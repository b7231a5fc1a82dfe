import { callOut, ownError, platform } from "../platform";

const { TextDecoder: Outer, encodeInto } = platform;

// The thread's, not the one of Workflow code: a parameter of the function around this library.
declare const Buffer: typeof import("node:buffer").Buffer;
const { byteLength } = Buffer;
const { isView } = ArrayBuffer;

/** Turns text into UTF-8 bytes: the class of the Encoding Standard. */
export class TextEncoder {
  /** Always "utf-8". */
  get encoding(): string {
    return "utf-8";
  }

  /** The bytes of a text; lone surrogates become U+FFFD. */
  encode(input?: string): Uint8Array {
    const text = input === undefined ? "" : `${input}`;
    try {
      // Most texts have as many bytes as characters.
      const bytes = new Uint8Array(text.length);
      if (encodeInto(text, bytes) === text.length) return bytes;
      const more = new Uint8Array(byteLength(text));
      encodeInto(text, more);
      return more;
    } catch (error) {
      throw ownError(error);
    }
  }

  /** Writes as many whole characters as fit. */
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number } {
    if (!(destination instanceof Uint8Array)) throw new TypeError("encodeInto needs a Uint8Array to write to");
    let read = 0;
    let written = 0;
    for (const character of `${source}`) {
      const bytes = this.encode(character);
      if (written + bytes.length > destination.length) break;
      destination.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

/** Turns bytes into text: the class of the Encoding Standard. */
export class TextDecoder {
  readonly #outer: InstanceType<typeof Outer>;

  /**
   * @param label name of an encoding; default UTF-8
   * @throws RangeError if there is no such encoding
   */
  constructor(label: string = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const { fatal = false, ignoreBOM = false } = options;
    const name = `${label}`;
    try {
      this.#outer = new Outer(name as "utf-8", { fatal: Boolean(fatal), ignoreBOM: Boolean(ignoreBOM) });
    } catch {
      throw new RangeError(`TextDecoder doesn't know the encoding ${name}`);
    }
  }

  /** Name of the encoding. */
  get encoding(): string {
    return callOut(() => this.#outer.encoding);
  }

  /** Whether ill-formed input is an error. */
  get fatal(): boolean {
    return callOut(() => this.#outer.fatal);
  }

  /** Whether a byte order mark stays in the text. */
  get ignoreBOM(): boolean {
    return callOut(() => this.#outer.ignoreBOM);
  }

  /**
   * The text of the bytes.
   *
   * @throws TypeError if they are ill-formed and the decoder is `fatal`
   */
  decode(input?: ArrayBufferLike | ArrayBufferView, options?: { stream?: boolean }): string {
    const isPart = Boolean(options?.stream);
    if (input !== undefined && !isView(input) && !isArrayBuffer(input)) {
      throw new TypeError("TextDecoder decodes an ArrayBuffer or a view of one");
    }
    try {
      const bytes = input as Uint8Array;
      return isPart ? this.#outer.decode(bytes, { stream: true }) : this.#outer.decode(bytes);
    } catch {
      throw new TypeError(`The bytes are not text in ${this.encoding}`);
    }
  }
}

function isArrayBuffer(value: unknown): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}
