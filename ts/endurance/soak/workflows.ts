/** What the soak runs: one Workflow that uses most of what Workflows can, and says in its result what it has seen. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
} from "../../src/workflow";
import type * as activities from "./activities";

const { effect, longEffect } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10s",
  heartbeatTimeout: "2s",
  retry: { initialInterval: "50ms", maximumInterval: "500ms" },
});
const { effect: localEffect } = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "5s" });

/** Lets the first run go on. Sent more than once, it does nothing more. */
export const go = defineSignal("go");
/** Adds to the sum of the second run. */
export const add = defineUpdate<number, [number]>("add");

/** What a run has seen. Its steps are in `expectedOf` of the soak. */
export type Seen = (string | number)[];

/** Two runs, one after the other. */
export async function mixed(n: number, before: Seen = []): Promise<Seen> {
  return before.length === 0 ? first(n) : second(n, before);
}

async function first(n: number): Promise<never> {
  let isGoing = false;
  setHandler(go, () => void (isGoing = true));
  const seen: Seen = ["a", await effect("a", n)];
  const both = await Promise.all([
    localEffect("local", n),
    executeChild(child, { args: [n], workflowTaskTimeout: "2s" }),
  ]);
  seen.push("both", ...both);
  await condition(() => isGoing);
  await sleep(20 + (n % 7) * 10);
  seen.push("timer", await longEffect("long", 3));
  return continueAsNew<typeof mixed>(n, seen);
}

async function second(n: number, seen: Seen): Promise<Seen> {
  let sum = 0;
  setHandler(add, async (given) => {
    sum += given;
    return effect("added", sum);
  });
  await condition(() => sum > 0);
  seen.push("sum", sum, await effect("end", n));
  await condition(allHandlersFinished);
  return seen;
}

export async function child(n: number): Promise<number> {
  await sleep(10);
  return effect("child", n + 1);
}
