import { CancelledFailure } from "../common";
import { then } from "../common/intact";
import { type Duration, msToNumber } from "../common/time";
import { current, requireRun } from "./current";
import { currentScope, withScope } from "./current-scope";
import { SdkFlags } from "./flags";
import { sleep } from "./timers";

const noParent = Symbol("noParent");

/** Options of a {@link CancellationScope}. */
export interface CancellationScopeOptions {
  /** After this time since {@link CancellationScope.run} the scope cancels itself. Default: never. */
  timeout?: Duration;
  /** Whether cancellation of the parent reaches what runs inside. Default `true`. */
  cancellable: boolean;
  /** Parent of the scope. Default: the current scope. */
  parent?: CancellationScope | typeof noParent;
}

/**
 * A part of a Workflow that is cancelled as one. Scopes form a tree whose root belongs to the Workflow's main function
 * and is cancelled when the Workflow is. Cancelling a scope cancels the timers, Activities, Child Workflows and
 * Triggers that were started inside, and its cancellable child scopes; what is started in a scope that is cancelled
 * already fails at once with a `CancelledFailure`. A scope with `cancellable: false` shields what runs inside, which
 * makes it the place for clean-up.
 */
export class CancellationScope {
  /** Milliseconds after which the scope cancels itself, if that was asked for. */
  protected readonly timeout?: number;
  /** Whether cancellation reaches what runs inside. */
  readonly cancellable: boolean;
  /** The scope around this one; `undefined` for the root. */
  readonly parent?: CancellationScope;

  #requested = false;
  #reason: unknown;
  #promise: Promise<never> | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #listeners: Set<(reason: unknown) => void> | undefined;

  /** @param options see {@link CancellationScopeOptions} */
  constructor(options?: CancellationScopeOptions) {
    if (options?.timeout !== undefined) this.timeout = msToNumber(options.timeout, "timeout");
    this.cancellable = options?.cancellable ?? true;
    if (options?.parent === noParent) return;
    const parent = (this.parent = options?.parent ?? CancellationScope.current());
    if (parent.cancellable || (parent.#requested && !isShielding())) {
      this.#requested = parent.#requested;
      parent.onCancelRequested((reason) => this.request(reason));
    } else {
      parent.onCancelRequested((reason) => {
        if (!isShielding()) this.request(reason);
      });
    }
  }

  /** Whether the scope is cancelled. Never true of a scope that isn't cancellable, even if it was asked to cancel. */
  get consideredCancelled(): boolean {
    return this.#requested && this.cancellable;
  }

  /**
   * Rejects with a `CancelledFailure` when cancellation of this scope is requested, by {@link cancel} or through a
   * cancellable parent; also for a scope that isn't cancellable. Never resolves.
   */
  get cancelRequested(): Promise<never> {
    if (this.#promise === undefined) {
      const { promise, reject } = Promise.withResolvers<never>();
      this.#promise = promise;
      this.#reject = reject;
      then(promise, undefined, () => undefined);
      if (this.#reason !== undefined) reject(this.#reason);
    }
    return this.#promise;
  }

  /**
   * Makes this the current scope and runs `fn`.
   *
   * @returns what `fn` returns
   */
  run<T>(fn: () => Promise<T>): Promise<T> {
    return withScope(this, () => this.runInContext(fn));
  }

  /** Runs `fn`, with this scope already current. */
  protected async runInContext<T>(fn: () => Promise<T>): Promise<T> {
    const { timeout } = this;
    if (!timeout) return await fn();
    const timer = new CancellationScope();
    then(
      timer.run(() => sleep(timeout)),
      () => this.cancel(),
      () => undefined,
    );
    try {
      return await fn();
    } finally {
      if (!timer.consideredCancelled && isShielding()) timer.cancel();
    }
  }

  /** Requests cancellation of this scope. Does nothing if that was done before. */
  cancel(): void {
    this.request(new CancelledFailure("Cancellation scope cancelled"));
  }

  /** Sets off the cancellation, for the reason given. */
  protected request(reason: unknown): void {
    current?.assertWritable("Cancellation of a scope");
    this.#requested = true;
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    // One microtask later and before the reactions of the promise, all of which were added later than these: so the
    // commands in a history keep the order that they would have if every listener were such a reaction.
    if (listeners !== undefined) {
      queueMicrotask(() => {
        for (const listener of listeners) listener(reason);
      });
    }
    this.#reject?.(reason);
  }

  /**
   * Calls `listener` one microtask after cancellation is requested, or from now if it was already. In the same order
   * among all listeners as reactions of {@link cancelRequested} would have, but it can be taken back.
   *
   * @returns takes the listener back; does nothing once it was called
   */
  onCancelRequested(listener: (reason: unknown) => void): () => void {
    if (this.#reason !== undefined || this.#promise !== undefined) {
      // User code may have reactions on the promise: these must keep their place among the listeners.
      then(this.cancelRequested, undefined, listener);
      return () => undefined;
    }
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The scope that the calling code runs in. */
  static current(): CancellationScope {
    return currentScope();
  }

  /** Runs `fn` in a new cancellable scope. */
  static cancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new this({ cancellable: true }).run(fn);
  }

  /** Runs `fn` in a new scope that shields it from cancellation of the current one. */
  static nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new this({ cancellable: false }).run(fn);
  }

  /** Runs `fn` in a new cancellable scope that cancels itself after `timeout`. */
  static withTimeout<T>(timeout: Duration, fn: () => Promise<T>): Promise<T> {
    return new this({ cancellable: true, timeout }).run(fn);
  }
}

/** The scope of a Workflow's main function. */
export class RootCancellationScope extends CancellationScope {
  constructor() {
    super({ cancellable: true, parent: noParent });
  }

  override cancel(): void {
    this.request(new CancelledFailure("Workflow cancelled"));
  }
}

/**
 * Whether scopes that aren't cancellable keep requests from their children; off when replaying histories of SDKs
 * that didn't do that yet.
 */
function isShielding(): boolean {
  return (current ?? requireRun("CancellationScope")).hasFlag(SdkFlags.NonCancellableScopesAreShieldedFromPropagation);
}
