/**
 * Which names Workflow code has, and what to do instead of using others: the one table, for the sandbox, which gives
 * and takes names by it, and for `temporal-bun lint`.
 */

/** Names of the language that Workflow code has. */
export const language = (
  "AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date " +
  "DisposableStack Error EvalError Float16Array Float32Array Float64Array Function Int16Array Int32Array Int8Array Intl " +
  "Iterator JSON Map Math Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String " +
  "SuppressedError Symbol SyntaxError Temporal TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray " +
  "WeakMap WeakSet WebAssembly decodeURI decodeURIComponent encodeURI encodeURIComponent escape isFinite isNaN parseFloat " +
  "parseInt unescape"
).split(" ");

/** Names that can't be parameters of a function. */
export const constants = ["Infinity", "NaN", "undefined", "eval", "globalThis"];

/** Names of the global object. */
export const selfNames = ["globalThis", "global", "self"];

/** What the language lacks and Workflow code has. */
const platformNames = [
  "AbortController",
  "AbortSignal",
  "AsyncLocalStorage",
  "CustomEvent",
  "DOMException",
  "Event",
  "EventTarget",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
  "atob",
  "btoa",
  "queueMicrotask",
  "reportError",
  "structuredClone",
] as const;
const sandboxNames = ["setTimeout", "clearTimeout", "console"] as const;
const lateNames = ["assert", "Buffer"] as const;

/** What each of the three groups is, by name. */
export type PlatformGlobals = Readonly<Record<(typeof platformNames)[number], object>>;
/** What the sandbox adds. */
export type SandboxGlobals = Readonly<Record<(typeof sandboxNames)[number], object>>;
/** What is loaded when it is first asked for. */
export type LateGlobals = Readonly<Record<(typeof lateNames)[number], () => unknown>>;

/** Names that Workflow code finds, but what is there only says what to do instead, when it is called. */
export const throwing = [
  "fetch",
  "WebSocket",
  "Worker",
  "setInterval",
  "clearInterval",
  "alert",
  "confirm",
  "prompt",
  "WeakRef",
  "FinalizationRegistry",
];

const moduleHint = "use new WebAssembly.Module(...) and new WebAssembly.Instance(...)";

/** Functions that Workflow code can't use though it has what they belong to, and what to do instead. */
export const refused = {
  "AbortSignal.timeout": "use CancellationScope.withTimeout(...)",
  "Atomics.wait": "use condition(...)",
  "Atomics.waitAsync": "use condition(...)",
  "WebAssembly.compile": moduleHint,
  "WebAssembly.compileStreaming": moduleHint,
  "WebAssembly.instantiate": moduleHint,
  "WebAssembly.instantiateStreaming": moduleHint,
};

const activity = "do it in an Activity";

/** What to do instead of using a name that Workflow code doesn't have. */
const hints: Readonly<Record<string, string>> = {
  Bun: activity,
  process: `${activity}; pass configuration as an argument of the Workflow`,
  performance: "take times with Date, which is the same on replay",
  crypto: "use uuid4() or Math.random(), which are the same on replay, or generate secrets in an Activity",
  navigator: activity,
  setImmediate: "use setTimeout(callback) or sleep(), which are the same on replay",
  setInterval: "use sleep() in a loop",
  clearInterval: "use sleep() in a loop",
  fetch: "make requests in an Activity",
  WebSocket: "open connections in an Activity",
  Worker: "Workflow code runs on one thread; do heavy work in an Activity",
  MessageChannel: "Workflow code runs on one thread; use a Trigger or condition()",
  BroadcastChannel: "send signals to other Workflows",
  alert: activity,
  confirm: activity,
  prompt: activity,
  require: "import modules at the top of a file, so that they are bundled",
  WeakRef: "it would show when garbage is collected, which isn't the same on replay",
  FinalizationRegistry: "it would show when garbage is collected, which isn't the same on replay",
};

/** What to do instead of using a name that Workflow code doesn't have. */
export function hintFor(name: string): string {
  return Object.hasOwn(hints, name) ? hints[name]! : activity;
}

/**
 * Whether Workflow code has something of use under a name.
 *
 * @param name a name that the runtime's global object has
 */
export function isAvailable(name: string): boolean {
  return available.has(name);
}

const available = new Set<string>([
  ...language,
  ...constants,
  ...selfNames,
  ...platformNames,
  ...sandboxNames,
  ...lateNames,
]);
