/**
 * What the compiler must accept and refuse. `tsc --noEmit` is the test: an error that is expected and does not come is
 * one. The functions are never called.
 */

import { expect, test } from "bun:test";
import type { Client, WorkflowHandle } from "../../src/client";
import type { QueryDefinition, SignalDefinition, UpdateDefinition } from "../../src/common";

declare function order(id: string, amount?: number): Promise<{ total: number }>;
declare function plain(): Promise<void>;
declare const ship: SignalDefinition<[by: string]>;
declare const stop: SignalDefinition<[]>;
declare const status: QueryDefinition<"open" | "closed", [detail: boolean]>;
declare const add: UpdateDefinition<number, [by: number]>;
declare const reset: UpdateDefinition<void, []>;

const base = { taskQueue: "q", workflowId: "w" };

async function starting({ workflow }: Client): Promise<void> {
  const handle = await workflow.start(order, { ...base, args: ["id"] });
  const result: { total: number } = await handle.result();
  const same: { total: number } = await workflow.execute(order, { ...base, args: ["id", 3] as const });
  await workflow.start(plain, base);
  await workflow.start("anything", { ...base, args: [1, "x"] });
  // @ts-expect-error: the workflow needs arguments
  await workflow.start(order, base);
  // @ts-expect-error: of another type
  await workflow.start(order, { ...base, args: [1] });
  // @ts-expect-error: too many
  await workflow.start(plain, { ...base, args: [1] });
  // @ts-expect-error: no task queue
  await workflow.start(plain, { workflowId: "w" });
  // @ts-expect-error: no such policy
  await workflow.start(plain, { ...base, workflowIdReusePolicy: "SOMETIMES" });
  // @ts-expect-error: not a duration
  await workflow.start(plain, { ...base, workflowRunTimeout: "soon" });
  // @ts-expect-error: the result has another type
  const wrong: string = await handle.result();
  void [result, same, wrong];
}

async function talking(handle: WorkflowHandle<typeof order>): Promise<void> {
  await handle.signal(ship, "air");
  await handle.signal(stop);
  await handle.signal<[number]>("by name", 1);
  // @ts-expect-error: the signal needs an argument
  await handle.signal(ship);
  // @ts-expect-error: of another type
  await handle.signal(ship, 1);
  const state: "open" | "closed" = await handle.query(status, true);
  // @ts-expect-error: the query needs an argument
  await handle.query(status);
  // @ts-expect-error: a query is no signal
  await handle.signal(status, true);
  const sum: number = await handle.executeUpdate(add, { args: [1] });
  await handle.executeUpdate(reset);
  const update = await handle.startUpdate(add, { args: [1], waitForStage: "ACCEPTED" });
  const later: number = await update.result();
  // @ts-expect-error: the update needs arguments
  await handle.executeUpdate(add);
  // @ts-expect-error: of another type
  await handle.executeUpdate(add, { args: ["x"] });
  // @ts-expect-error: only ACCEPTED can be waited for
  await handle.startUpdate(add, { args: [1], waitForStage: "ADMITTED" });
  void [state, sum, later];
}

async function signalling({ workflow }: Client): Promise<void> {
  await workflow.signalWithStart(order, { ...base, args: ["id"], signal: ship, signalArgs: ["air"] });
  await workflow.signalWithStart(plain, { ...base, signal: stop });
  // @ts-expect-error: the signal needs an argument
  await workflow.signalWithStart<typeof plain, [string]>(plain, { ...base, signal: ship });
  // @ts-expect-error: no signal
  await workflow.signalWithStart(plain, base);
}

async function raw({ workflowService }: Client): Promise<void> {
  const { runId } = await workflowService.startWorkflowExecution({ namespace: "n", workflowId: "w" });
  const text: string | undefined = runId;
  // @ts-expect-error: no such field
  await workflowService.startWorkflowExecution({ workflow: "w" });
  // @ts-expect-error: no such RPC
  await workflowService.startWorkflow({});
  void text;
}

test("the compiler checks this file", () => {
  expect([starting, talking, signalling, raw].every((item) => typeof item === "function")).toBe(true);
});
