import { callOut, platform } from "../platform";

/**
 * Takes an error that no promise owns. It fails the Workflow Task of the run whose turn it is, as an error would that
 * left the Workflow's function.
 */
export function reportError(error: unknown): void {
  take(error);
}

let take: (error: unknown) => void = () => undefined;

/** Says where errors go that no promise owns. For the runtime: this file is loaded before the rest of the library. */
export function setErrorTaker(taker: (error: unknown) => void): void {
  take = taker;
}

/**
 * Calls a function in a microtask: the function of that name of browsers and Node.js. What it throws fails the Workflow
 * Task.
 */
export function queueMicrotask(callback: () => void): void {
  if (typeof callback !== "function") throw new TypeError(`queueMicrotask needs a function, got ${typeof callback}`);
  const guarded = () => {
    try {
      callback();
    } catch (error) {
      reportError(error);
    }
  };
  callOut(() => platform.queueMicrotask(guarded));
}
