import { then } from "../common/intact";
import { CancellationScope } from "./cancellation-scope";

/**
 * A promise with its `resolve` and `reject` in the open, for one part of a Workflow to wake another. Belongs to the
 * scope in which it is made and rejects with a `CancelledFailure` when that is cancelled.
 */
export class Trigger<T> implements PromiseLike<T> {
  /** Resolves the promise. Does nothing if it is settled. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise. Does nothing if it is settled. */
  readonly reject: (reason?: unknown) => void;
  /** The promise itself. */
  protected readonly promise: Promise<T>;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const scope = CancellationScope.current();
    if (scope.cancellable) scope.onCancelRequested(reject);
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    // Nobody needs to wait for a Trigger: without this its rejection would fail the Workflow Task.
    then(promise, undefined, () => undefined);
  }

  then<Result1 = T, Result2 = never>(
    onfulfilled?: ((value: T) => Result1 | PromiseLike<Result1>) | null,
    onrejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return then(this.promise, onfulfilled ?? undefined, onrejected ?? undefined) as Promise<Result1 | Result2>;
  }
}
