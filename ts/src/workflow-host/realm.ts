import { drainMicrotasks } from "bun:jsc";
import { AsyncLocalStorage } from "node:async_hooks";
import { constants, createContext, Script } from "node:vm";
import { realmLibraryFile } from "../common/stack-trace";
import type { Platform } from "../workflow-realm/platform";
import type { RuntimeOptions, WorkflowRuntime } from "../workflow-realm/runtime";
import { receive } from "../workflow-realm/sendable";

/** What a realm may ask of the host that made it. */
export type RealmServices = Pick<Platform, "mapStack" | "sourceText" | "askAboutPatch" | "entered" | "goesOn">;

/** The library for Workflow code, bundled. */
export interface RealmLibrary {
  /** Text of a script that evaluates to a function, which makes the library. It begins a line after the first. */
  code: string;
  /** Its source map, as JSON text. */
  sourceMap: string;
}

/** What the library's text evaluates to. */
type Library = (
  platform: Platform,
  buffer: typeof Buffer,
) => {
  open(options: RuntimeOptions): WorkflowRuntime;
  importRefusal(specifier: string): Error;
};

// Taken before Workflow code runs anywhere, though it could only reach a copy of each.
const { now } = Date;
const { random } = Math;
const { log, warn, error, info, debug } = console;
const printers = { log, warn, error, info, debug };
const enqueue = queueMicrotask;
const encoder = new TextEncoder();
const errorPrototypes = [
  Error,
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  DOMException,
].map(({ prototype }) => prototype as object);

/** Texts that were compiled last, since each realm of a thread gets the same: the library, and the bundle. */
const compiled = new Map<string, { text: string; script: Script }>();

/** What a script is compiled with; Bun's types lack some of it. */
interface CompileOptions {
  filename: string;
  importModuleDynamically?(specifier: string): never;
}

type Refuse = (specifier: string) => Error;
/** Makes the errors of `import()` in the realm whose code runs: one of this side, or of another realm, leads there. */
let refuse: Refuse | undefined;
const refusals = new WeakMap<WorkflowRuntime, Refuse>();

/** Says whose code is about to run. */
export function enterRealm(runtime: WorkflowRuntime): void {
  refuse = refusals.get(runtime);
}

// Realms share scripts, and with them this.
function importModuleDynamically(specifier: string): never {
  throw refuse?.(specifier);
}

function scriptOf(text: string, options: CompileOptions): Script {
  const known = compiled.get(options.filename);
  if (known?.text === text) return known.script;
  const script = new Script(text, options);
  compiled.set(options.filename, { text, script });
  return script;
}

/**
 * A global object of its own for Workflow code, with the SDK's library in it. Workflow code can reach what is inside
 * and nothing else: no `process`, no modules, no clock.
 *
 * @param library text of `workflow-realm`, bundled
 * @param isOwn false to use this thread's own global object, which is then changed for good: a debugger sees no other
 */
export function openRealm(
  library: string,
  options: RuntimeOptions,
  services: RealmServices,
  isOwn: boolean,
): WorkflowRuntime {
  const realm = isOwn ? createContext(constants.DONT_CONTEXTIFY) : undefined;
  const run = (script: Script): unknown =>
    realm === undefined ? script.runInThisContext() : script.runInContext(realm);
  const platform: Platform = {
    now,
    random,
    drainMicrotasks,
    queueMicrotask: (callback) => enqueue(callback),
    print: (level, head, values) => printers[level](head, ...(receive(structuredClone(values)) as unknown[])),
    compile: (text, filename) => {
      try {
        return run(scriptOf(text, { filename, importModuleDynamically })) as object;
      } catch (cause) {
        return cause instanceof Error ? cause.message : String(cause);
      }
    },
    ownsGlobals: isOwn,
    threadNames: Object.getOwnPropertyNames(globalThis),
    errorPrototypes,
    AsyncLocalStorage,
    sha1: (text) => Bun.SHA1.hash(text, "hex"),
    encodeInto: (text, bytes) => encoder.encodeInto(text, bytes).read,
    TextDecoder,
    URL,
    ...services,
  };
  const { open, importRefusal } = (run(scriptOf(library, { filename: realmLibraryFile })) as Library)(platform, Buffer);
  try {
    const runtime = open(options);
    refusals.set(runtime, importRefusal);
    return runtime;
  } catch (cause) {
    // An error of the realm is none of this side's.
    const { name, message } = cause as Error;
    throw name === "SyntaxError" ? new SyntaxError(message, { cause }) : new Error(message, { cause });
  }
}
