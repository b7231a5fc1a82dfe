/** Workflow interceptors that make `node:assert` useful in Workflows. */

import { AssertionError } from "node:assert";
import { ApplicationFailure, type WorkflowInterceptors } from "../workflow";

/**
 * Runs a handler; an assertion that fails in it fails the Workflow, for good, instead of the task, which would be tried
 * again.
 */
async function failing<R>(handle: () => Promise<R>): Promise<R> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    const failure = ApplicationFailure.nonRetryable(error.message);
    if (error.stack !== undefined) failure.stack = error.stack;
    throw failure;
  }
}

/**
 * Turns `AssertionError`s of the Workflow function and of signal handlers into `ApplicationFailure`s that are not
 * retried.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        execute: (input, next) => failing(() => next(input)),
        handleSignal: (input, next) => failing(() => next(input)),
      },
    ],
  };
}
