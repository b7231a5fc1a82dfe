/** Thrown by `Worker.run` when the Worker didn't shut down within `WorkerOptions.shutdownForceTime`. */
export class GracefulShutdownPeriodExpiredError extends Error {
  override readonly name = "GracefulShutdownPeriodExpiredError";
}

/** A promise in Workflow code was rejected and nothing handles it; usually an `await` is missing. */
export class UnhandledRejectionError extends Error {
  override readonly name = "UnhandledRejectionError";

  /**
   * @param message what was rejected, and where
   * @param cause the value that the promise was rejected with
   */
  constructor(
    message: string,
    override readonly cause: unknown,
  ) {
    super(message);
  }
}

/** Both errors behind a {@link CombinedWorkerRunError}. */
export interface CombinedWorkerRunErrorCause {
  /** Why the Worker failed. */
  workerError: unknown;
  /** Why the promise or function that ran beside it failed. */
  innerError: unknown;
}

/** Thrown by `Worker.runUntil` and `Worker.runReplayHistories` when the Worker and what ran beside it both failed. */
export class CombinedWorkerRunError extends Error {
  override readonly name = "CombinedWorkerRunError";
  override readonly cause: CombinedWorkerRunErrorCause;

  /**
   * @param message what was running
   * @param options holds both errors as `cause`
   */
  constructor(message: string, { cause }: { cause: CombinedWorkerRunErrorCause }) {
    super(message);
    this.cause = cause;
  }
}

/** Thrown by `Worker.runUntil` when the Worker stopped before the promise it was to run for was settled. */
export class PromiseCompletionTimeoutError extends Error {
  override readonly name = "PromiseCompletionTimeoutError";
}

/** Thrown when the Worker has been shut down while something still needed it. */
export class ShutdownError extends Error {
  override readonly name = "ShutdownError";
}

/** Core lost the server in a way that it can't recover from, for example because the namespace is gone. */
export class TransportError extends Error {
  override readonly name = "TransportError";
}

/** The Worker can't go on: Core reported an error that shouldn't happen, or a workflow thread died. */
export class UnexpectedError extends Error {
  override readonly name = "UnexpectedError";

  /**
   * @param message what happened
   * @param cause the error behind it, if there is one
   */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
