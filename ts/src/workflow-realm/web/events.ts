/**
 * Events and cancellation as browsers and Node.js have them, for libraries that use them in Workflow code. Listeners
 * are called at once. What a listener throws fails the Workflow Task, as an error that nothing handles.
 */
import { refused } from "../names";
import { reportError } from "./errors";

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** What an event is made with; false by default. */
interface EventOptions {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

/** How a listener is called. */
interface ListenerOptions {
  once?: boolean;
  capture?: boolean;
  signal?: AbortSignal;
}

interface Entry {
  listener: Listener;
  once: boolean;
  capture: boolean;
}

let begin: (event: Event, target: EventTarget) => void;
let isStopped: (event: Event) => boolean;

/** Something that happened. */
export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  #target: EventTarget | null = null;
  #prevented = false;
  #stopped = false;

  static {
    begin = (event, target) => {
      event.#target = target;
      event.#stopped = false;
    };
    isStopped = (event) => event.#stopped;
  }

  constructor(type: string, { bubbles = false, cancelable = false, composed = false }: EventOptions = {}) {
    this.type = `${type}`;
    this.bubbles = Boolean(bubbles);
    this.cancelable = Boolean(cancelable);
    this.composed = Boolean(composed);
  }

  /** Where it happened. */
  get target(): EventTarget | null {
    return this.#target;
  }

  /** Where it happened. */
  get currentTarget(): EventTarget | null {
    return this.#target;
  }

  /** Whether {@link preventDefault} was called and counts. */
  get defaultPrevented(): boolean {
    return this.#prevented;
  }

  /** Asks whoever dispatches not to go on as usual; counts if the event is `cancelable`. */
  preventDefault(): void {
    if (this.cancelable) this.#prevented = true;
  }

  /** Does nothing: there is one target. */
  stopPropagation(): void {}

  /** Keeps the listeners that are left from being called. */
  stopImmediatePropagation(): void {
    this.#stopped = true;
  }
}

/** An event with a value. */
export class CustomEvent<T = unknown> extends Event {
  readonly detail: T | null;

  constructor(type: string, init: EventOptions & { detail?: T } = {}) {
    super(type, init);
    this.detail = init.detail ?? null;
  }
}

/** Something that events happen to. */
export class EventTarget {
  readonly #entries = new Map<string, Entry[]>();

  /** Calls the listener at each event of the type. */
  addEventListener(type: string, listener: Listener | null, options: ListenerOptions | boolean = {}): void {
    if (listener === null || listener === undefined) return;
    if (typeof listener !== "function" && typeof listener !== "object") {
      throw new TypeError(`addEventListener needs a function or an object, got ${typeof listener}`);
    }
    const { once = false, capture = false, signal } = typeof options === "boolean" ? { capture: options } : options;
    if (signal?.aborted) return;
    const entries = this.#entries.get(type) ?? [];
    if (entries.some((entry) => entry.listener === listener && entry.capture === capture)) return;
    this.#entries.set(type, [...entries, { listener, once, capture }]);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, { capture }));
  }

  /** Takes a listener back. */
  removeEventListener(type: string, listener: Listener | null, options: ListenerOptions | boolean = {}): void {
    const capture = typeof options === "boolean" ? options : (options.capture ?? false);
    const entries = this.#entries
      .get(type)
      ?.filter((entry) => entry.listener !== listener || entry.capture !== capture);
    if (entries !== undefined) this.#entries.set(type, entries);
  }

  /**
   * Calls the listeners of the event's type.
   *
   * @returns false if one of them prevented what happens by default
   */
  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent needs an Event");
    begin(event, this);
    for (const { listener, once, capture } of this.#entries.get(event.type) ?? []) {
      if (once) this.removeEventListener(event.type, listener, { capture });
      try {
        if (typeof listener === "function") listener.call(this, event);
        else listener.handleEvent(event);
      } catch (error) {
        reportError(error);
      }
      if (isStopped(event)) break;
    }
    return !event.defaultPrevented;
  }
}

let makeSignal: () => AbortSignal;
let abort: (signal: AbortSignal, reason: unknown) => void;

/** Tells that something is no longer wanted. */
export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #handler: ((this: AbortSignal, event: Event) => unknown) | null = null;
  #dependent = new Set<AbortSignal>();
  static #mayConstruct = false;

  static {
    makeSignal = () => {
      AbortSignal.#mayConstruct = true;
      try {
        return new AbortSignal();
      } finally {
        AbortSignal.#mayConstruct = false;
      }
    };
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("The operation was aborted.", "AbortError") : reason;
      const event = new Event("abort");
      signal.dispatchEvent(event);
      for (const dependent of signal.#dependent) abort(dependent, signal.#reason);
    };
  }

  /** @throws TypeError always: signals come from an `AbortController` */
  constructor() {
    if (!AbortSignal.#mayConstruct) throw new TypeError("Illegal constructor: signals come from an AbortController");
    super();
  }

  /** Whether it is no longer wanted. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Why it is no longer wanted. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Called, as a listener, when it is no longer wanted. */
  get onabort(): ((this: AbortSignal, event: Event) => unknown) | null {
    return this.#handler;
  }

  set onabort(handler: ((this: AbortSignal, event: Event) => unknown) | null) {
    if (this.#handler !== null) this.removeEventListener("abort", this.#handler);
    this.#handler = typeof handler === "function" ? handler : null;
    this.addEventListener("abort", this.#handler);
  }

  /** Throws the reason if it is no longer wanted. */
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  /** A signal that has told already. */
  static abort(reason?: unknown): AbortSignal {
    const signal = makeSignal();
    abort(signal, reason);
    return signal;
  }

  /** A signal that tells when the first of these does. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const result = makeSignal();
    for (const signal of signals) {
      if (signal.aborted) {
        abort(result, signal.reason);
        break;
      }
      signal.#dependent.add(result);
    }
    return result;
  }

  /** @throws TypeError always: it would go by the real clock */
  static timeout(_milliseconds: number): AbortSignal {
    throw new TypeError(`timeout(...) can't be used in Workflow code: ${refused["AbortSignal.timeout"]}`);
  }
}

/** Makes a signal tell. */
export class AbortController {
  readonly #signal = makeSignal();

  /** What to hand on. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Says that it is no longer wanted. Default reason: a `DOMException` named "AbortError". */
  abort(reason?: unknown): void {
    abort(this.#signal, reason);
  }
}

const codes: Record<string, number> = { SyntaxError: 12, InvalidStateError: 11, AbortError: 20, DataCloneError: 25 };

/** An error of the platform. */
export class DOMException extends Error {
  readonly #name: string;

  constructor(message = "", options: string | { name?: string; cause?: unknown } = "Error") {
    const { name = "Error", ...rest } = typeof options === "string" ? { name: options } : options;
    super(`${message}`, rest);
    this.#name = `${name}`;
  }

  override get name(): string {
    return this.#name;
  }

  /** Number that the name had in old days; 0 for most. */
  get code(): number {
    return codes[this.#name] ?? 0;
  }
}
