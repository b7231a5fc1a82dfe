import type { AsyncLocalStorage } from "node:async_hooks";

/**
 * What the realm is given from outside. These are the only objects of the other side: whoever gets hold of one has the
 * whole process, so none of them, nothing that they return but texts, numbers and booleans, and nothing that they throw
 * may reach Workflow code.
 */
export interface Platform {
  /** Real time, in milliseconds since the epoch. */
  now(): number;
  /** Real randomness. */
  random(): number;
  /** Runs what is in the microtask queue. */
  drainMicrotasks(): void;
  /** Puts a function into the microtask queue; it must not throw. */
  queueMicrotask(callback: () => void): void;
  /** Prints for developers: a text, and copies of values that are of data alone. */
  print(level: "log" | "warn" | "error" | "info" | "debug", head: string, values: unknown[]): void;
  /** Puts original file names and lines into a stack trace. */
  mapStack(stack: string): string;
  /** Text of an original source file, if the source map has it. */
  sourceText(file: string): string | undefined;
  /** The Worker's answer about a patch: whether it becomes active, or why there is no answer. */
  askAboutPatch(patchId: string, info: object): boolean | string;
  /** Code of another run than before has its turn. */
  entered(workflowType: string, workflowId: string, runId: string): void;
  /** Code is about to go on, see `DebuggingOptions.goesOn`. */
  goesOn(eventId: number): void;
  /** A text whose value is a function of this realm, compiled; or why it can't be, as text. */
  compile(text: string, filename: string): object | string;
  /** Whether the global object is there for Workflow code alone; if not, a debugger looks on, and little is changed. */
  readonly ownsGlobals: boolean;
  /** Names that the thread's own global object has. */
  readonly threadNames: readonly string[];
  /** Prototypes of the other side's errors. */
  readonly errorPrototypes: readonly object[];
  readonly AsyncLocalStorage: typeof AsyncLocalStorage;
  /** SHA-1 of a text, in hexadecimal digits. */
  sha1(text: string): string;
  /** Writes a text as UTF-8 bytes, as many as fit. Returns how much of the text that is. */
  encodeInto(text: string, bytes: Uint8Array): number;
  readonly TextDecoder: typeof TextDecoder;
  readonly URL: typeof URL;
}

// Parameter of the function around this realm's library, see workflow-host/realm.ts.
declare const __temporalPlatform: Platform;

/** The one of this realm. */
export const platform: Platform = __temporalPlatform;

const { getPrototypeOf } = Reflect;
const errorPrototypes = platform.ownsGlobals ? platform.errorPrototypes : [];

/**
 * An error that came out of a call of the other side, for Workflow code. Where the stack is at its end, the other side
 * throws one of its own, which would lead out of the realm: it is made again here.
 */
export function ownError(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return error;
  const prototype = getPrototypeOf(error);
  for (let index = 0; index < errorPrototypes.length; index++) {
    if (prototype === errorPrototypes[index]) return new RangeError(`${(error as Error).message}`);
  }
  return error;
}

/** Calls the other side in the middle of Workflow code, see {@link ownError}. */
export function callOut<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw ownError(error);
  }
}
