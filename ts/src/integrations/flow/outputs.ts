/** Results of handlers on their way into a history, and large ones on their way to other handlers. */
import { ApplicationFailure } from "../../common";
import { failureTypes } from "./plan";

/** What the server takes, less what goes along with a result. */
const largestOutput = 2_000_000;
/** Smaller ones travel with the calls. */
const smallestCached = 2_000;
const cacheBytes = 64 * 1024 * 1024;

/**
 * A result as JSON.
 *
 * @param what what the error calls it, such as `the result of 'charge'`
 * @returns undefined for undefined
 * @throws ApplicationFailure, not retryable, if it can't be stored: it says where, and how large it is
 */
export function outputText(value: unknown, what: string): string | undefined {
  if (value === undefined) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuse);
  } catch (error) {
    const found = unstorable(value, []) ?? { path: "", why: error instanceof Error ? error.message : String(error) };
    throw invalid(what, found.path, found.why);
  }
  if (text === undefined) throw invalid(what, "", `a ${typeof value} can't be stored`);
  if (text.length > largestOutput / 3) {
    const bytes = Buffer.byteLength(text);
    if (bytes > largestOutput)
      throw invalid(
        what,
        largestPath(value),
        `it has ${bytes} bytes, more than ${largestOutput}: store it elsewhere and return where`,
      );
  }
  return text;
}

function invalid(what: string, path: string, why: string): ApplicationFailure {
  const where = path === "" ? what : `'${path}' of ${what}`;
  return ApplicationFailure.nonRetryable(`${where}: ${why}`, failureTypes.output, { path });
}

/** Why JSON doesn't have the value, although it may take it. */
function problem(value: unknown): string | undefined {
  if (typeof value === "bigint") return "JSON has no BigInt: make it a text";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return "JSON has no bytes: make them a text, such as base64";
  if (value instanceof Map || value instanceof Set)
    return `JSON has no ${value.constructor.name}: make it an array or an object`;
  return undefined;
}

function refuse(_key: string, value: unknown): unknown {
  const why = problem(value);
  if (why !== undefined) throw new TypeError(why);
  return value;
}

function unstorable(value: unknown, around: object[], path = ""): { path: string; why: string } | undefined {
  const why = problem(value);
  if (why !== undefined) return { path, why };
  if (typeof value !== "object" || value === null) return undefined;
  if (around.includes(value)) return { path, why: "it is a part of itself" };
  for (const [key, part] of Object.entries(value)) {
    const found = unstorable(part, [...around, value], path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The way to the part that has most of the bytes. */
function largestPath(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const sizes = Object.entries(value).map(([key, part]) => [key, JSON.stringify(part)?.length ?? 0] as const);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const [key, size] = sizes.reduce((largest, one) => (one[1] > largest[1] ? one : largest), ["", 0]);
  if (size * 2 <= total) return "";
  const rest = largestPath((value as Record<string, unknown>)[key]);
  return rest === "" ? key : `${key}.${rest}`;
}

/** Large outputs of steps that ran in this process, as JSON, so that later steps needn't ask the run for them. */
export class OutputCache {
  readonly #texts = new Map<string, string>();
  #size = 0;

  add(key: string, text: string): void {
    if (text.length < smallestCached || this.#texts.has(key)) return;
    this.#texts.set(key, text);
    this.#size += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#size <= cacheBytes) break;
      this.#texts.delete(oldest);
      this.#size -= length;
    }
  }

  /** A copy, which the handler may change. */
  get(key: string): { value: unknown } | undefined {
    const text = this.#texts.get(key);
    return text === undefined ? undefined : { value: JSON.parse(text) as unknown };
  }
}
