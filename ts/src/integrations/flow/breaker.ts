/** Breakers: while a service fails, its calls are held back, and the runs that need it wait. */
import { ApplicationFailure } from "../../common";
import { msToNumber } from "../../common/time";
import { failureTypes } from "./plan";
import type { BreakerOptions } from "./service";

/** Counts failures of one service in this process. */
export class Breaker {
  readonly #cooldownMs: number;
  #failures = 0;
  /** When calls are let through again; undefined while they are. */
  #openUntil: number | undefined;
  #trying = false;

  constructor(
    readonly service: string,
    readonly options: BreakerOptions,
  ) {
    this.#cooldownMs = msToNumber(options.cooldown, "breaker.cooldown");
  }

  /** The actions of the service, whose calls are counted and held back. */
  around<Actions extends object>(actions: Actions): Actions {
    return new Proxy(actions, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => this.#call(() => Reflect.apply(member, target, args));
      },
    });
  }

  #call(call: () => unknown): unknown {
    this.#admit();
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      throw this.#failed(error);
    }
    if (!(result instanceof Promise)) {
      this.#worked();
      return result;
    }
    return result.then(
      (value) => {
        this.#worked();
        return value;
      },
      (error) => {
        throw this.#failed(error);
      },
    );
  }

  #admit(): void {
    if (this.#openUntil === undefined) return;
    const now = Date.now();
    // One call tries whether the service works again; the others wait for what comes of it.
    if (now < this.#openUntil || this.#trying) throw this.#open(Math.max(this.#openUntil, now + this.#cooldownMs / 2));
    this.#trying = true;
  }

  #worked(): void {
    this.#failures = 0;
    this.#openUntil = undefined;
    this.#trying = false;
  }

  /** Counts a failure. Returns the error to throw: from the one on that opens the breaker, runs wait and don't fail. */
  #failed(error: unknown): unknown {
    if (error instanceof ApplicationFailure && error.nonRetryable) {
      // The service answered, if not as was hoped.
      this.#worked();
      return error;
    }
    this.#trying = false;
    if (++this.#failures < this.options.failures) return error;
    this.#openUntil = Date.now() + this.#cooldownMs;
    return this.#open(this.#openUntil, error);
  }

  #open(retryAt: number, cause?: unknown): ApplicationFailure {
    return ApplicationFailure.create({
      message: `The service '${this.service}' fails: its calls are held back until ${new Date(retryAt).toISOString()}`,
      type: failureTypes.circuit,
      nonRetryable: true,
      details: [{ service: this.service, retryAt }],
      cause: cause instanceof Error ? cause : undefined,
    });
  }
}
