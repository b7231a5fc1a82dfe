/**
 * What the compiler must accept and refuse of signals, queries, updates and proxies of activities, as workflows define
 * them and clients use them: see `tests/client/types.test.ts`. The functions are never called.
 */

import { expect, test } from "bun:test";
import { type Client, WithStartWorkflowOperation, type WorkflowHandle } from "../../src/client";
import { defineQuery, defineSignal, defineUpdate, proxyActivities, setHandler } from "../../src/workflow";

interface Activities {
  ship(id: string, weight?: number): Promise<{ code: string }>;
  tick(): Promise<void>;
}

declare function order(id: string): Promise<number>;

function definitions() {
  const ship = defineSignal<[by: string]>("ship");
  const stop = defineSignal("stop");
  const status = defineQuery<"open" | "closed", [detail: boolean]>("status");
  const add = defineUpdate<number, [by: number]>("add");
  setHandler(ship, (by) => void by.toUpperCase());
  setHandler(status, (detail) => (detail ? "open" : "closed"));
  setHandler(add, async (by) => by + 1, { validator: (by) => void by.toFixed() });
  // @ts-expect-error: the signal's argument is text
  setHandler(ship, (by: number) => void by);
  // @ts-expect-error: no such status
  setHandler(status, () => "lost");
  // @ts-expect-error: queries answer at once
  setHandler(status, async () => "open");
  // @ts-expect-error: the update's result is a number
  setHandler(add, async () => "1");
  // @ts-expect-error: the validator gets a number
  setHandler(add, async (by) => by, { validator: (by: string) => void by });
  return { ship, stop, status, add };
}

async function talking(
  handle: WorkflowHandle<typeof order>,
  { ship, stop, status, add }: ReturnType<typeof definitions>,
): Promise<void> {
  await handle.signal(ship, "air");
  await handle.signal(stop);
  // @ts-expect-error: the signal has no arguments
  await handle.signal(stop, 1);
  // @ts-expect-error: the signal needs an argument
  await handle.signal(ship);
  // @ts-expect-error: an update is no signal
  await handle.signal(add, 1);
  const state: "open" | "closed" = await handle.query(status, true);
  // @ts-expect-error: of another type
  await handle.query(status, "yes");
  // @ts-expect-error: a signal is no query
  await handle.query(ship, "air");
  // @ts-expect-error: the answer has another type
  const wrong: number = await handle.query(status, true);
  const sum: number = await handle.executeUpdate(add, { args: [1] });
  // @ts-expect-error: a query is no update
  await handle.executeUpdate(status, { args: [true] });
  // @ts-expect-error: the stage must be said
  await handle.startUpdate(add, { args: [1] });
  void [state, wrong, sum];
}

async function updateWithStart({ workflow }: Client, { add }: ReturnType<typeof definitions>): Promise<void> {
  const base = { taskQueue: "q", workflowId: "w" };
  const startWorkflowOperation = new WithStartWorkflowOperation(order, {
    ...base,
    args: ["id"],
    workflowIdConflictPolicy: "FAIL",
  });
  // @ts-expect-error: the conflict policy must be said
  new WithStartWorkflowOperation(order, { ...base, args: ["id"] });
  // @ts-expect-error: the workflow needs arguments
  new WithStartWorkflowOperation(order, { ...base, workflowIdConflictPolicy: "FAIL" });
  const sum: number = await workflow.executeUpdateWithStart(add, { args: [1], startWorkflowOperation });
  const handle: WorkflowHandle<typeof order> = await startWorkflowOperation.workflowHandle();
  // @ts-expect-error: of another type
  await workflow.executeUpdateWithStart(add, { args: ["1"], startWorkflowOperation });
  // @ts-expect-error: only ACCEPTED can be waited for
  await workflow.startUpdateWithStart(add, { args: [1], waitForStage: "COMPLETED", startWorkflowOperation });
  // @ts-expect-error: how the workflow is started must be said
  await workflow.executeUpdateWithStart(add, { args: [1] });
  void [sum, handle];
}

async function proxies(): Promise<void> {
  const { ship, tick } = proxyActivities<Activities>({ startToCloseTimeout: "1 minute" });
  const { code }: { code: string } = await ship("id", 2);
  await tick();
  // @ts-expect-error: the activity needs an argument
  await ship();
  // @ts-expect-error: of another type
  await ship(1);
  // @ts-expect-error: the result has another type
  const wrong: number = await ship("id");
  // @ts-expect-error: no such activity
  proxyActivities<Activities>({ startToCloseTimeout: "1 minute" }).sail;
  // @ts-expect-error: not a duration
  proxyActivities<Activities>({ startToCloseTimeout: "soon" });
  void [code, wrong];
}

test("the compiler checks messages and proxies", () => {
  expect([definitions, talking, updateWithStart, proxies].every((item) => typeof item === "function")).toBe(true);
});
