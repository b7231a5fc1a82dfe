/** What the tests act on. */

import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  setHandler,
} from "temporal-bun-sdk/workflow";
import type { activities } from "./worker";

export const finish = defineSignal<[unknown]>("finish");
export const state = defineQuery<string>("state");
export const change = defineUpdate<string, [string]>("change");

/** Waits until it is told to finish; returns what with. */
export async function waiter(): Promise<unknown> {
  let [current, ended, result]: [string, boolean, unknown] = ["new", false, undefined];
  setHandler(state, () => current);
  setHandler(change, (to) => {
    const before = current;
    current = to;
    return before;
  });
  setHandler(finish, (value) => {
    result = value;
    ended = true;
  });
  await condition(() => ended);
  return result;
}

/** Starts a waiter as its child. */
export async function parent(childId: string): Promise<unknown> {
  return executeChild(waiter, { workflowId: childId });
}

/** Runs the activity that waits to be completed from outside. */
export async function outside(): Promise<unknown> {
  const { later } = proxyActivities<typeof activities>({
    startToCloseTimeout: "1 hour",
    retry: { initialInterval: "1 hour" },
  });
  return later("of a workflow");
}

/** Goes on as a new run once, then waits. */
export async function again(first: boolean): Promise<unknown> {
  if (first) await continueAsNew<typeof again>(false);
  return waiter();
}
