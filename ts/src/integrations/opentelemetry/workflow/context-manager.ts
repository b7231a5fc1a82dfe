import { type Context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorage } from "../../../workflow";

/**
 * Keeps the active context of a run across `await`. OpenTelemetry's own manager imports `node:async_hooks`, which
 * bundles can't.
 */
export class WorkflowContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  /** The context of what is executing. */
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  /** Calls a function under a context. */
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(context, () => fn.apply(thisArg, args));
  }

  /** A function that calls `target` under a context; what isn't a function comes back as it is. */
  bind<T>(context: Context, target: T): T {
    if (typeof target !== "function") return target;
    const manager = this;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return manager.with(context, () => (target as (...args: unknown[]) => unknown).apply(this, args));
    };
    Object.defineProperty(bound, "length", { value: target.length, configurable: true });
    return bound as T;
  }

  /** Nothing to do. */
  enable(): this {
    return this;
  }

  /** Forgets all contexts. */
  disable(): this {
    this.#storage.disable();
    return this;
  }
}
