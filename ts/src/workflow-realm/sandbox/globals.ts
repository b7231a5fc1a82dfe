import { current } from "../../workflow/current";
import type { WorkflowRun } from "../../workflow/run/run";
import { type Changes, Guard, hasNoMore, refuseWhatStays } from "../guard";
import { lock } from "../lockdown";
import { constants, type LateGlobals, language, refused, type SandboxGlobals, selfNames } from "../names";
import { platform } from "../platform";
import { setErrorTaker } from "../web/errors";
import { platformGlobals } from "../web/install";
import { workflowConsole } from "./console";
import { installDate } from "./date";
import { clearTimeout, setTimeout } from "./global-timers";
import { throwingFunctions } from "./hidden";
import { installIntl } from "./intl";
import { installPrepareStackTrace } from "./prepare-stack-trace";

// Later, Workflow code's own refuses what stays.
const { defineProperty } = Object;

type Scope = Record<PropertyKey, unknown>;
/** Names that a run has put on the realm's global object, with what reads them. */
type PublishedNames = Map<PropertyKey, () => unknown>;

/** What runs have changed of what all share, while they don't have their turn. */
const changesOf = new WeakMap<WorkflowRun, Changes>();
const publishedBy = new WeakMap<WorkflowRun, PublishedNames>();

/** What the language doesn't have: names that Workflow code shares, all of this realm. */
const added = new Map<string, unknown>([
  ...throwingFunctions(),
  ...Object.entries(platformGlobals),
  ...Object.entries({ setTimeout, clearTimeout, console: workflowConsole } satisfies SandboxGlobals),
]);

/** Names that are there when somebody asks for them: what they stand for is large. */
const late: Readonly<Record<string, () => unknown>> = {
  // Bun's is a module in a module, which has the function as its default.
  assert: () => named("assert", (require("node:assert") as { default: { default: object } }).default.default),
  Buffer: () => named("Buffer", (require("node:buffer") as typeof import("node:buffer")).Buffer),
} satisfies LateGlobals;

/** A function under the name that Workflow code has it by. */
function named(name: string, value: object): object {
  return defineProperty(value, "name", { value: name });
}

const realm = globalThis as unknown as Scope;

/** Names that are parameters of a bundle, with what they stand for: looked up on the global object they are slow. */
let names: readonly string[];
let base: object;
let guard: Guard | undefined;
/** Names of the thread's own global object that are undefined in Workflow code: libraries ask for them at once. */
let hidden: readonly string[] = [];
/** What the realm's global object has by itself, and how much of it is enumerable and has symbols. */
let ownNames: Set<PropertyKey>;
let enumerableNames: number;
let ownSymbols: number;
/** Names that the run that has its turn has added to it, with what reads them. */
let published: PublishedNames = new Map();
/** The run that has its turn. */
let last: WorkflowRun | undefined;

/**
 * Makes the realm deterministic and locks what all runs share, the objects of `shared` included. Once, when the library
 * has been evaluated and no Workflow code has.
 */
export function installGlobals(shared: Iterable<unknown>): void {
  setErrorTaker((error) => current?.failTask(error));
  installDate();
  installIntl();
  const { random } = platform;
  Math.random = () => (current === undefined ? random() : current.random.next());
  for (const [path, instead] of Object.entries(refused)) {
    const [owner = "", name = ""] = path.split(".");
    // The platform's own objects refuse by themselves.
    if (language.includes(owner)) forbid(realm[owner] as object, name, instead);
  }
  names = [...language.filter((name) => name in realm), ...added.keys(), ...Object.keys(late)];
  if (platform.ownsGlobals) ownGlobals(shared);
  const known = new Set([...names, ...constants, ...selfNames]);
  hidden = platform.threadNames.filter((name) => !known.has(name));
  ownNames = new Set(Reflect.ownKeys(realm));
  enumerableNames = Object.keys(realm).length;
  ownSymbols = Object.getOwnPropertySymbols(realm).length;
  base = makeBase();
}

/** The realm's global object becomes what Workflow code may see of it, since code can get hold of it. */
function ownGlobals(shared: Iterable<unknown>): void {
  installPrepareStackTrace();
  for (const name of Object.getOwnPropertyNames(realm)) {
    if (!language.includes(name) && !constants.includes(name)) delete realm[name];
  }
  // What was matched last, by whom ever.
  for (const name of Object.getOwnPropertyNames(RegExp)) {
    if (!["length", "name", "prototype", "escape"].includes(name)) delete (RegExp as unknown as Scope)[name];
  }
  for (const [name, value] of added) define(realm, name, value);
  for (const [name, load] of Object.entries(late)) defineLate(realm, name, load);
  for (const name of selfNames) define(realm, name, realm);
  const values = names.map((name) => (name in late ? undefined : realm[name]));
  const { changeable, extensible } = guarded();
  refuseWhatStays(changeable, [...extensible, realm]);
  lock([...values, ...intrinsics(), ...shared], new Set(changeable), new Set([...extensible, realm]));
  for (const name of Object.getOwnPropertyNames(realm)) {
    const property = Object.getOwnPropertyDescriptor(realm, name)!;
    if (!property.configurable) continue;
    defineProperty(realm, name, { configurable: false, ...("value" in property ? { writable: false } : {}) });
  }
  guard = new Guard(changeable, extensible);
}

/** Objects that the guard looks after instead of their being locked. */
function guarded(): { changeable: object[]; extensible: object[] } {
  const arrayIterator = Object.getPrototypeOf([][Symbol.iterator]()) as object;
  // The engine reads the names of errors only where they are data.
  const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
  const errorPrototypes = errors.map(({ prototype }) => prototype as object);
  const typed = Object.getPrototypeOf(Uint8Array) as { prototype: object };
  // The engine takes its fast ways as long as these are as it made them.
  const made: object[] = [Array, Array.prototype, arrayIterator, Promise, Promise.prototype, RegExp, RegExp.prototype];
  const changeable: object[] = [...made, typed, Error, ...errorPrototypes];
  // What polyfills add to.
  const owners = [
    Array,
    Promise,
    String,
    Number,
    Object,
    Function,
    Symbol,
    Map,
    Set,
    WeakMap,
    Date,
    RegExp,
    BigInt,
    ArrayBuffer,
    Iterator,
  ];
  const prototypes = [...owners.map(({ prototype }) => prototype as object), typed.prototype];
  const extensible = [...owners, ...prototypes, Reflect, Math, JSON];
  return { changeable, extensible: extensible.filter((object) => !changeable.includes(object)) };
}

/** Objects of the language that have no name. */
function intrinsics(): object[] {
  const samples = [
    function* () {},
    async () => {},
    async function* () {},
    "".matchAll(/x/g),
    ""[Symbol.iterator](),
    new Map().entries(),
    new Set().values(),
    [].values().map(() => 0),
    Iterator.from({ next: () => ({ done: true, value: undefined }) }),
    new Intl.Segmenter("en").segment(""),
    new Intl.Segmenter("en").segment("")[Symbol.iterator](),
    Uint8Array,
    (WebAssembly as { JSTag?: object }).JSTag ?? {},
    realm["eval"] as object,
  ];
  return samples.flatMap((sample) => [Object.getPrototypeOf(sample) as object, sample]);
}

function forbid(owner: object, name: string, instead: string): void {
  if (!(name in owner)) return;
  const refuse = () => {
    throw new TypeError(`${name}(...) can't be used in Workflow code: ${instead}`);
  };
  const original = (owner as Scope)[name] as (...args: unknown[]) => unknown;
  const refuseRuns = (...args: unknown[]) => (current === undefined ? original.apply(owner, args) : refuse());
  const value = platform.ownsGlobals ? refuse : refuseRuns;
  Object.defineProperty(owner, name, { value, writable: true, configurable: true });
}

function define(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, writable: true, enumerable: false, configurable: true });
}

/** A property that calls `load` when it is first read. */
function defineLate(owner: object, name: string, load: () => unknown): void {
  const get = Object.freeze(() => lateValue(name, load));
  Object.defineProperty(owner, name, { get, enumerable: false, configurable: true });
}

const loaded = new Map<string, unknown>();

function lateValue(name: string, load: () => unknown): unknown {
  if (!loaded.has(name)) {
    // After the guard has put things back, it would not be seen that the run has defined names before.
    if (last !== undefined) sweep(last);
    const changes = guard?.restore();
    const value = load();
    const { changeable, extensible } = guarded();
    if (guard !== undefined) lock([value], new Set(changeable), new Set([...extensible, realm]));
    loaded.set(name, value);
    if (changes !== undefined) guard?.apply(changes);
  }
  return loaded.get(name);
}

/** A shared module that is loaded late, or undefined. */
export function lateModule(name: string): unknown {
  return Object.hasOwn(late, name) ? lateValue(name, late[name]!) : undefined;
}

/** Names that a bundle gets as parameters, with what {@link parameterValues} gives. */
export function parameterNames(code: string): readonly string[] {
  return [...selfNames, ...names.filter((name) => !(name in late) || code.includes(name)), ...hidden];
}

/** Values for {@link parameterNames}, but for {@link selfNames}, which come first and are the run's own. */
export function parameterValues(parameters: readonly string[]): unknown[] {
  return parameters.slice(selfNames.length).map(valueOf);
}

/** What stands under a name that Workflow code shares; nothing where only the thread has it. */
function valueOf(name: string): unknown {
  if (added.has(name)) return added.get(name);
  if (name in late) return lateValue(name, late[name]!);
  return names.includes(name) || constants.includes(name) ? realm[name] : undefined;
}

/** Whether the thread has something under a name that Workflow code can't use. */
export function isHidden(name: string): boolean {
  return platform.threadNames.includes(name) && !names.includes(name) && !constants.includes(name);
}

/**
 * Gives a run its turn: what another one has changed is put back, and what this one has changed is there again.
 *
 * @returns false if it has its turn already
 */
export function enterRun(run: WorkflowRun): boolean {
  if (run === last) return false;
  leaveRun();
  last = run;
  const own = publishedBy.get(run);
  if (own !== undefined) {
    published = new Map();
    own.forEach((_, name) => {
      publishName(name);
    });
  }
  const changes = changesOf.get(run);
  if (changes !== undefined) guard?.apply(changes);
  return true;
}

/** {@link leaveRun}, if the run has changed what the library goes by to encode its completion. */
export function leaveChanged(): void {
  if (guard?.mayEncodeOtherwise) leaveRun();
}

/** Puts back what the run that had its turn has changed: the library mustn't use it, nor must another run. */
export function leaveRun(): void {
  if (last === undefined) return;
  sweep(last);
  if (published.size > 0) {
    publishedBy.set(last, published);
    published.forEach((_, name) => {
      delete realm[name];
    });
    published = new Map();
  }
  const changes = guard?.restore();
  if (changes === undefined) changesOf.delete(last);
  else changesOf.set(last, changes);
  last = undefined;
}

/**
 * Makes the object that a run sees as `globalThis`: everything that Workflow code may use, and what the run assigns.
 *
 * @param assign changes the run's own binding of a name that is a parameter
 */
export function makeGlobals(run: WorkflowRun, assign: (name: string, value: unknown) => void): object {
  const own = Object.create(base) as Scope;
  const publish = (key: PropertyKey): void => {
    if (typeof key !== "string") return;
    if (names.includes(key) || hidden.includes(key)) assign(key, own[key]);
    else publishName(key);
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
    // The object below has no prototype of its own to be changed.
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
  for (const name of selfNames) define(own, name, globals);
  run.globals = own;
  return globals;
}

/** Makes a name of the run's `globalThis` visible as a plain name, and on the realm's real global object. */
function publishName(name: PropertyKey): void {
  if (published.has(name) || name in realm) return;
  const get = () => current?.globals[name];
  published.set(name, get);
  Object.defineProperty(realm, name, {
    get,
    set: (value: unknown) => {
      if (current !== undefined) current.globals[name] = value;
    },
    enumerable: false,
    configurable: true,
  });
}

/** Moves what code put on the realm's real global object to the run's own. */
export function sweep(run: WorkflowRun): void {
  if (published.size === 0 && guard !== undefined && hasNoMore(realm, enumerableNames, ownSymbols)) return;
  const found = Reflect.ownKeys(realm);
  if (published.size === 0 && found.length === ownNames.size) return;
  // Without iterators: the run may have changed them.
  for (let index = 0; index < found.length; index++) {
    const name = found[index]!;
    if (ownNames.has(name)) continue;
    const property = Object.getOwnPropertyDescriptor(realm, name)!;
    if (published.has(name) && published.get(name) === property.get) continue;
    if (Reflect.deleteProperty(realm, name)) {
      published.delete(name);
      Reflect.defineProperty(run.globals, name, property);
      publishName(name);
    } else {
      // Can't be undone, so it belongs to the realm from now on.
      ownNames.add(name);
    }
  }
}

/** Leaves to a program that shares the thread with its Workflow code what it has put on the global object itself. */
export function adoptGlobals(): void {
  if (platform.ownsGlobals) return;
  for (const name of Reflect.ownKeys(realm)) ownNames.add(name);
}

function makeBase(): object {
  const made = Object.create(Object.prototype) as Scope;
  for (const name of [...names, ...constants]) {
    if (name in late) defineLate(made, name, late[name]!);
    else if (name !== "globalThis") Object.defineProperty(made, name, { value: valueOf(name), enumerable: false });
  }
  return Object.freeze(made);
}
