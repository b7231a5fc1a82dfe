/** Where a place in generated code comes from. */
interface OriginalPosition {
  /** Path of the source file. */
  source: string;
  /** Line, from 1. */
  line: number;
  /** Column, from 1. */
  column: number;
}

interface Map3 {
  sources: string[];
  sourcesContent?: (string | null)[];
  mappings: string;
}

/** Segments of one generated line, four numbers each: column, source, line and column there, all from 0. */
type Line = number[];

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digits = new Map([...alphabet].map((letter, value) => [letter.charCodeAt(0), value]));

// In two pieces: Bun looks for the comment in text, and would take what is in a string for the map of this file.
const commentStart = ["//#", "sourceMappingURL=data:"].join(" ");

/** The comment that gives a text its source map, as Bun reads it. */
export function sourceMapComment(json: string): string {
  return `\n${commentStart}application/json;base64,${Buffer.from(json).toString("base64")}`;
}

/** The same as the official SDK writes it, for the tools that look for its form in bundles. Bun can't read this one. */
export function bundleSourceMapComment(json: string): string {
  return `\n${commentStart}application/json;charset=utf-8;base64,${Buffer.from(json).toString("base64")}`;
}

/** Splits a text from the source map at its end; a text without one comes back as it is. */
export function splitSourceMap(code: string): { code: string; sourceMap: string | undefined } {
  const at = code.lastIndexOf(commentStart);
  const start = at < 0 ? -1 : code.indexOf("base64,", at);
  if (start < 0) return { code, sourceMap: undefined };
  const sourceMap = Buffer.from(code.slice(start + "base64,".length).trim(), "base64").toString("utf8");
  return { code: code.slice(0, at), sourceMap };
}

/** A source map (version 3), decoded when it is first asked. */
export class SourceMap {
  readonly #map: Map3;
  #lines: Line[] | undefined;

  /** @param json the source map. @throws SyntaxError if it is no JSON */
  constructor(json: string) {
    this.#map = JSON.parse(json) as Map3;
  }

  /**
   * Where a place comes from.
   *
   * @param line generated line, from 1
   * @param column generated column, from 1
   */
  find(line: number, column: number): OriginalPosition | undefined {
    const segments = (this.#lines ??= decode(this.#map.mappings))[line - 1];
    if (segments === undefined) return undefined;
    let low = 0;
    let high = segments.length / 4 - 1;
    let found = -1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (segments[middle * 4]! <= column - 1) {
        found = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    const source = found < 0 ? undefined : this.#map.sources[segments[found * 4 + 1]!];
    if (source === undefined) return undefined;
    return { source, line: segments[found * 4 + 2]! + 1, column: segments[found * 4 + 3]! + 1 };
  }

  /** Text of a source file, if the map has it. */
  content(source: string): string | undefined {
    return this.#map.sourcesContent?.[this.#map.sources.indexOf(source)] ?? undefined;
  }
}

function decode(mappings: string): Line[] {
  const lines: Line[] = [];
  let source = 0;
  let line = 0;
  let column = 0;
  for (const group of mappings.split(";")) {
    const segments: Line = [];
    let generated = 0;
    if (group !== "") {
      for (const segment of group.split(",")) {
        const fields = numbers(segment);
        generated += fields[0] ?? 0;
        if (fields.length < 4) continue;
        source += fields[1]!;
        line += fields[2]!;
        column += fields[3]!;
        segments.push(generated, source, line, column);
      }
    }
    lines.push(segments);
  }
  return lines;
}

/** The variable-length base 64 numbers of a segment. */
function numbers(segment: string): number[] {
  const values: number[] = [];
  let value = 0;
  let shift = 0;
  for (let index = 0; index < segment.length; index++) {
    const digit = digits.get(segment.charCodeAt(index)) ?? 0;
    value += (digit & 31) << shift;
    if ((digit & 32) !== 0) {
      shift += 5;
      continue;
    }
    values.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return values;
}
