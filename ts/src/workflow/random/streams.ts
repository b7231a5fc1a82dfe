import { current, requireRun } from "../current";
import type { RandomSource } from "./alea";
import { fillFrom, uuid4From } from "./draw";

/**
 * A deterministic sequence of random numbers of the current run. Besides the main one that `Math.random()` draws from,
 * a run has named ones, for code (interceptors, plugins) whose draws must not shift those of the Workflow.
 *
 * @experimental
 */
export interface WorkflowRandomStream {
  /** The next number in [0, 1). */
  random(): number;
  /** A version 4 UUID made of the next four numbers. */
  uuid4(): string;
  /** Fills `bytes`, one number each, and returns it. */
  fill(bytes: Uint8Array): Uint8Array;
  /**
   * Runs `fn` with `Math.random()` and `uuid4()` drawing from this stream, asynchronous continuations included. What an
   * interceptor calls through `next(...)` is not affected.
   */
  with<T>(fn: () => T): T;
}

class RunStream implements WorkflowRandomStream {
  constructor(private readonly source: () => RandomSource) {}

  random(): number {
    return this.source()();
  }

  uuid4(): string {
    return uuid4From(this.source());
  }

  fill(bytes: Uint8Array): Uint8Array {
    return fillFrom(this.source(), bytes);
  }

  with<T>(fn: () => T): T {
    return requireRun("WorkflowRandomStream.with(...)").random.with(this, fn);
  }
}

/**
 * The main sequence of the current run, as an explicit object: draws from it even inside another stream's `with(...)`.
 *
 * @experimental
 */
export const workflowRandom: WorkflowRandomStream = new RunStream(() => {
  const { random } = requireRun("Workflow.workflowRandom");
  return () => random.main();
});

/**
 * A named sequence of the current run. The same name gives the same sequence, where it was left.
 *
 * @param name stable name, best of the form of a package or module
 * @throws IllegalStateError outside of a Workflow Execution
 * @experimental
 */
export function getRandomStream(name: string): WorkflowRandomStream {
  const run = requireRun("Workflow.getRandomStream(...)");
  return new RunStream(() => run.random.named(name));
}

/**
 * A version 4 UUID from the run's deterministic randomness: the same on replay, and not fit for cryptography. Outside
 * of a Workflow Execution it draws from `Math.random()`.
 */
export function uuid4(): string {
  const run = current;
  return uuid4From(run === undefined ? Math.random : () => run.random.next());
}
