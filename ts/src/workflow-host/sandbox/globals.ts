import assert from "node:assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { current } from "../../workflow/current";
import type { WorkflowRun } from "../../workflow/run/run";
import { workflowConsole } from "./console";
import { installDate } from "./date";
import { clearTimeout, setTimeout } from "./global-timers";
import { throwingFunctions } from "./hidden";
import { real } from "./real";

/**
 * Names of the language itself, and of the platform's deterministic parts. Everything else is hidden from Workflow
 * code.
 */
const allowed = new Set(
  (
    "AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack " +
    "Error EvalError Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN " +
    "Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError " +
    "Temporal TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet WebAssembly decodeURI " +
    "decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape " +
    "AbortController AbortSignal Buffer ByteLengthQueuingStrategy CountQueuingStrategy CustomEvent DOMException Event EventTarget Headers " +
    "ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController " +
    "ReadableStreamDefaultReader TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream " +
    "TransformStreamDefaultController URL URLPattern URLSearchParams WritableStream WritableStreamDefaultController " +
    "WritableStreamDefaultWriter atob btoa queueMicrotask structuredClone"
  ).split(" "),
);

/** Frozen, so that one run can't change them for another. `Error` isn't: libraries set `Error.stackTraceLimit`. */
const frozen = "Atomics BigInt Boolean Function Intl JSON Math Number Object Proxy String Symbol Temporal".split(" ");
/** Frozen too, but so that classes that extend them can have static members of the same names. */
const extended = (
  "Array ArrayBuffer BigInt64Array BigUint64Array DataView Float32Array Float64Array Int16Array Int32Array Int8Array Map Promise RegExp Set " +
  "SharedArrayBuffer Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet"
).split(" ");

/** Parameters of the bundle that are the run's own object. */
const selfNames = ["globalThis", "global", "self"];

const replacements = new Map<string, unknown>([
  ...throwingFunctions(),
  ["setTimeout", setTimeout],
  ["clearTimeout", clearTimeout],
  ["console", workflowConsole],
  ["AsyncLocalStorage", AsyncLocalStorage],
  ["assert", assert],
]);

/** Names that the bundle gets as parameters, besides {@link selfNames}. */
let names: string[] | undefined;
let base: object | undefined;
/** What the thread's global object has by itself. */
let ownNames: Set<string> | undefined;
/** Names that were added to it for the sake of Workflow code. */
const published = new Set<string>();

/**
 * Makes the thread's intrinsics deterministic and freezes what all runs share. For good: only for a thread that is
 * there for Workflow code. Does nothing the second time.
 */
export function installGlobals(): void {
  if (names !== undefined) return;
  installDate();
  Math.random = () => (current === undefined ? real.random() : current.random.next());
  forbidInRuns(AbortSignal, "timeout", "use CancellationScope.withTimeout(...)");
  forbidInRuns(Atomics, "wait", "use condition(...)");
  const own = Object.getOwnPropertyNames(globalThis);
  const hidden = own.filter((name) => !allowed.has(name) && !replacements.has(name) && !selfNames.includes(name));
  names = [...replacements.keys(), ...hidden];
  ownNames = new Set(own);
  base = makeBase();
  const thread = globalThis as Record<string, unknown>;
  for (const name of frozen) freeze(thread[name]);
  // Not frozen: polyfills for decorators add functions.
  for (const name of Reflect.ownKeys(Reflect))
    Object.defineProperty(Reflect, name, { writable: false, configurable: false });
  for (const name of extended) freezeExtended(thread[name] as FunctionConstructor);
}

/**
 * Names that Workflow code must not find on the thread: parameters of the bundle, with what {@link valuesFor} gives.
 */
export function shadowedNames(): readonly string[] {
  return [...selfNames, ...names!];
}

/** Whether the thread has something under a name that Workflow code can't use. */
export function isHidden(name: string): boolean {
  return names!.includes(name) && !replacements.has(name);
}

/** Values for {@link shadowedNames}, given the `globalThis` of a run. */
export function shadowedValues(globals: object): unknown[] {
  return [...selfNames.map(() => globals), ...names!.map((name) => replacements.get(name))];
}

/**
 * Makes the object that a run sees as `globalThis`: everything that Workflow code may use, and what the run assigns.
 *
 * @param assign changes the run's own binding of a shadowed name
 */
export function makeGlobals(run: WorkflowRun, assign: (name: string, value: unknown) => void): object {
  const own = Object.create(base!) as Record<PropertyKey, unknown>;
  const publish = (key: PropertyKey): void => {
    if (typeof key !== "string") return;
    if (names!.includes(key)) assign(key, own[key]);
    else if (!allowed.has(key)) publishName(key);
  };
  const globals = new Proxy(own, {
    set: (target, key, value) => {
      // Defined, not assigned: properties of the same name further up are read-only.
      const done = Reflect.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
      publish(key);
      return done;
    },
    defineProperty: (target, key, descriptor) => {
      const done = Reflect.defineProperty(target, key, descriptor);
      publish(key);
      return done;
    },
  });
  for (const name of selfNames)
    Object.defineProperty(own, name, { value: globals, writable: true, enumerable: false, configurable: true });
  run.globals = own;
  return globals;
}

/** What an assignment to `globalThis` makes visible as a plain name: once per thread, the current run's value. */
function publishName(name: string): void {
  if (published.has(name) || name in globalThis) return;
  published.add(name);
  Object.defineProperty(globalThis, name, {
    get: () => current?.globals[name],
    set: (value: unknown) => {
      if (current !== undefined) current.globals[name] = value;
    },
    enumerable: false,
    configurable: true,
  });
}

/** Moves what sloppy code put on the thread's real global object to the run's own. */
export function sweep(run: WorkflowRun): void {
  const found = Object.getOwnPropertyNames(globalThis);
  if (found.length === ownNames!.size + published.size) return;
  const thread = globalThis as Record<string, unknown>;
  for (const name of found) {
    if (ownNames!.has(name) || published.has(name)) continue;
    const value = thread[name];
    if (Reflect.deleteProperty(thread, name)) {
      run.globals[name] = value;
      publishName(name);
    } else {
      // Can't be undone, so it belongs to the thread from now on.
      ownNames!.add(name);
    }
  }
}

/** Leaves to a program that shares the thread with its Workflow code what it has put on the global object itself. */
export function adoptGlobals(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) if (!published.has(name)) ownNames!.add(name);
}

function makeBase(): object {
  const values: Record<string, PropertyDescriptor> = {};
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!allowed.has(name) || selfNames.includes(name)) continue;
    values[name] = { value: (globalThis as Record<string, unknown>)[name], enumerable: false };
  }
  for (const [name, value] of replacements) values[name] = { value, enumerable: false };
  return Object.freeze(Object.create(Object.prototype, values) as object);
}

function forbidInRuns(owner: object, name: string, hint: string): void {
  const original = (owner as Record<string, (...args: unknown[]) => unknown>)[name]!;
  Object.defineProperty(owner, name, {
    value: (...args: unknown[]) => {
      if (current === undefined) return original.apply(owner, args);
      throw new TypeError(`${name}(...) can't be used in Workflow code: ${hint}`);
    },
    writable: true,
    configurable: true,
  });
}

function freeze(value: unknown): void {
  if (value === undefined || Object.isFrozen(value)) return;
  Object.freeze(value);
  // Objects inside a namespace, such as Temporal.Now. Prototypes stay open: polyfills add to them.
  if (typeof value === "object")
    for (const inner of Object.values(Object.getOwnPropertyDescriptors(value))) freezeNested(inner.value);
}

function freezeNested(value: unknown): void {
  if (typeof value === "object" && value !== null) freeze(value);
}

/**
 * Freezes a constructor's own functions by making them accessors, whose setter defines the property on whatever
 * inherits from the constructor: with read-only properties, `class List extends Array {}; List.from = …` would throw.
 */
function freezeExtended(constructor: FunctionConstructor): void {
  for (const key of Reflect.ownKeys(constructor)) {
    const descriptor = Object.getOwnPropertyDescriptor(constructor, key)!;
    if (descriptor.writable !== true || descriptor.configurable !== true) continue;
    const { value, enumerable } = descriptor as { value: unknown; enumerable: boolean };
    if (key === "isArray") {
      // Asked so often that the detour of an accessor is felt, and never overridden.
      Object.defineProperty(constructor, key, { writable: false, configurable: false });
      continue;
    }
    Object.defineProperty(constructor, key, {
      get: () => value,
      set(this: unknown, replacement: unknown) {
        if (this === constructor)
          throw new TypeError(`${constructor.name}.${String(key)} is shared by all Workflows and can't be changed`);
        Object.defineProperty(this, key, { value: replacement, writable: true, enumerable: true, configurable: true });
      },
      enumerable,
      configurable: false,
    });
  }
  Object.preventExtensions(constructor);
}
