import { callOut, platform } from "../platform";

const Outer = platform.URL;
const parts = [
  ...(["href", "protocol", "username", "password", "host", "hostname", "port"] as const),
  ...(["pathname", "search", "hash"] as const),
];
type Part = (typeof parts)[number];

// What the two classes need of each other, and nobody else may have.
let parametersOf: (text: string, changed: () => void) => URLSearchParams;
let replaceParameters: (params: URLSearchParams, text: string) => void;
let partOf: (url: URL, part: Part) => string;
let changePart: (url: URL, part: Part, value: string) => void;

/** Parameters in the query of an address: the class of the URL Standard. */
export class URLSearchParams {
  #pairs: [string, string][] = [];
  /** Takes changes to the address that the parameters belong to. */
  #changed: (() => void) | undefined;

  static {
    replaceParameters = (params, text) => {
      params.#pairs = [];
      params.#parse(text);
    };
    parametersOf = (text, changed) => {
      const params = new URLSearchParams(text);
      params.#changed = changed;
      return params;
    };
  }

  /** @param init text with or without "?", pairs, or an object of names and values */
  constructor(init?: string | Iterable<readonly string[]> | Record<string, string>) {
    if (typeof init === "object" && init !== null) this.#pairs = pairsOf(init);
    else if (init !== undefined) this.#parse(`${init}`);
  }

  /** Number of pairs. */
  get size(): number {
    return this.#pairs.length;
  }

  /** Adds a pair. */
  append(name: string, value: string): void {
    this.#pairs.push([`${name}`, `${value}`]);
    this.#changed?.();
  }

  /** Takes out the pairs of a name, or those of a name and a value. */
  delete(name: string, value?: string): void {
    this.#pairs = this.#pairs.filter(([key, own]) => key !== `${name}` || (value !== undefined && own !== `${value}`));
    this.#changed?.();
  }

  /** Value of the first pair of a name; null if there is none. */
  get(name: string): string | null {
    return this.#pairs.find(([key]) => key === `${name}`)?.[1] ?? null;
  }

  /** Values of all pairs of a name. */
  getAll(name: string): string[] {
    return this.#pairs.filter(([key]) => key === `${name}`).map(([, value]) => value);
  }

  /** Whether there is a pair of a name, or of a name and a value. */
  has(name: string, value?: string): boolean {
    return this.#pairs.some(([key, own]) => key === `${name}` && (value === undefined || own === `${value}`));
  }

  /** Gives a name one value. */
  set(name: string, value: string): void {
    const first = this.#pairs.findIndex(([key]) => key === `${name}`);
    if (first < 0) this.#pairs.push([`${name}`, `${value}`]);
    else {
      this.#pairs[first] = [`${name}`, `${value}`];
      this.#pairs = this.#pairs.filter(([key], index) => index <= first || key !== `${name}`);
    }
    this.#changed?.();
  }

  /** Sorts the pairs by their names, those of one name staying in order. */
  sort(): void {
    this.#pairs = this.#pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed?.();
  }

  /** Calls a function with each value and name. */
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void {
    for (const [name, value] of this) callback.call(thisArg, value, name, this);
  }

  /** The pairs. */
  *entries(): IterableIterator<[string, string]> {
    for (let index = 0; index < this.#pairs.length; index++) {
      const [name, value] = this.#pairs[index]!;
      yield [name, value];
    }
  }

  /** The names. */
  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  /** The values. */
  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "URLSearchParams";
  }

  /** Text for an address, without "?". */
  toString(): string {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }

  #parse(text: string): void {
    for (const part of text.replace(/^\?/, "").split("&")) {
      if (part === "") continue;
      const at = part.indexOf("=");
      this.#pairs.push(at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))]);
    }
  }
}

function pairsOf(init: Iterable<readonly string[]> | Record<string, string>): [string, string][] {
  if (typeof (init as Iterable<unknown>)[Symbol.iterator] !== "function") {
    return Object.entries(init).map(([name, value]) => [name, `${value}`]);
  }
  return Array.from(init as Iterable<readonly string[]>, (pair) => {
    const [name, value, ...more] = pair;
    if (name === undefined || value === undefined || more.length > 0) {
      throw new TypeError("URLSearchParams needs pairs of a name and a value");
    }
    return [`${name}`, `${value}`];
  });
}

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    // The rest of a text that has a stray percent sign is still read.
    return spaced.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run.replace(/%../g, "\uFFFD");
      }
    });
  }
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/**
 * An address: the class of the URL Standard. Reads and resolves; addresses of objects (`createObjectURL`) it has none.
 */
export class URL {
  readonly #outer: InstanceType<typeof Outer>;
  readonly #params: URLSearchParams;
  // Defined below, all alike.
  declare href: string;
  declare protocol: string;
  declare username: string;
  declare password: string;
  declare host: string;
  declare hostname: string;
  declare port: string;
  declare pathname: string;
  declare search: string;
  declare hash: string;

  static {
    partOf = (url, part) => callOut(() => url.#outer[part]);
    changePart = (url, part, value) => {
      try {
        url.#outer[part] = value;
      } catch {
        throw new TypeError(`"${value}" cannot be parsed as a URL`);
      }
      if (part === "search" || part === "href") replaceParameters(url.#params, url.search);
    };
  }

  /** @throws TypeError if the text is no address, taken from the base */
  constructor(url: string | URL, base?: string | URL) {
    const [text, from] = [`${url}`, base === undefined ? undefined : `${base}`];
    try {
      this.#outer = new Outer(text, from);
    } catch {
      throw Object.assign(new TypeError(`"${text}" cannot be parsed as a URL`), {
        code: "ERR_INVALID_URL",
        input: text,
      });
    }
    this.#params = parametersOf(partOf(this, "search"), () => {
      const search = this.#params.toString();
      callOut(() => {
        this.#outer.search = search;
      });
    });
  }

  /** Scheme, host and port. */
  get origin(): string {
    return callOut(() => this.#outer.origin);
  }

  /** The query, as parameters that can be changed. */
  get searchParams(): URLSearchParams {
    return this.#params;
  }

  get [Symbol.toStringTag](): string {
    return "URL";
  }

  /** The whole address. */
  toString(): string {
    return partOf(this, "href");
  }

  /** The whole address. */
  toJSON(): string {
    return partOf(this, "href");
  }

  /** Whether the constructor would take it. */
  static canParse(url: string | URL, base?: string | URL): boolean {
    return URL.parse(url, base) !== null;
  }

  /** The address, or null if it is none. */
  static parse(url: string | URL, base?: string | URL): URL | null {
    try {
      return new URL(url, base);
    } catch {
      return null;
    }
  }
}

for (const part of parts) {
  Object.defineProperty(URL.prototype, part, {
    get(this: URL) {
      return partOf(this, part);
    },
    set(this: URL, value: unknown) {
      changePart(this, part, `${value}`);
    },
    enumerable: true,
    configurable: true,
  });
}
