/** Workflows: proxies, messages, children, timers, versions, scopes. */

import {
  type ActivityOptions,
  type Duration,
  defineSearchAttributeKey,
  HandlerUnfinishedPolicy,
  type RetryPolicy,
} from "@temporalio/common";
import * as wf from "@temporalio/workflow";
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  deprecatePatch,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  startChild,
  Trigger,
  uuid4,
  workflowInfo,
} from "@temporalio/workflow";
import type * as activities from "./activities";
import type { createActivities, Payments } from "./activities";

const retry: RetryPolicy = { initialInterval: "1s", maximumAttempts: 3, nonRetryableErrorTypes: ["Never"] };
const timeout: Duration = "10 minutes";
const { greet, longRunning } = proxyActivities<typeof activities>({ startToCloseTimeout: timeout, retry });
const { read } = proxyActivities<ReturnType<typeof createActivities>>({ scheduleToCloseTimeout: 5_000 });
const { charge } = proxyLocalActivities<Payments>({ startToCloseTimeout: "5s", localRetryThreshold: "1m" });
const untyped = proxyActivities({ startToCloseTimeout: "1 minute" });

export const approve = defineSignal<[{ by: string; at?: Date }]>("approve");
export const cancelOrder = defineSignal("cancel");
export const status = defineQuery<string, [verbose?: boolean]>("status");
export const addItem = defineUpdate<number, [sku: string, amount: number]>("addItem");
const customKeyword = defineSearchAttributeKey("CustomKeywordField", "KEYWORD");

export interface Order {
  id: string;
  items: string[];
}

export async function order(input: Order): Promise<{ total: number; approvedBy?: string }> {
  let approvedBy: string | undefined;
  const items = [...input.items];
  setHandler(approve, ({ by }) => {
    approvedBy = by;
  });
  setHandler(cancelOrder, () => CancellationScope.current().cancel());
  setHandler(status, (verbose = false) => (verbose ? items.join() : "open"), { description: "what it does" });
  setHandler(
    addItem,
    async (sku, amount) => {
      items.push(...Array<string>(amount).fill(sku));
      await condition(wf.allHandlersFinished, "1s");
      return items.length;
    },
    {
      validator: (_sku, amount) => {
        if (amount < 1) throw new Error("nothing");
      },
      unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
    },
  );
  const inTime: boolean = await condition(() => approvedBy !== undefined, "1 day");
  if (!inTime) throw ApplicationFailure.nonRetryable("not approved");
  const greeting: string = await greet(approvedBy!);
  log.info(greeting, { id: uuid4(), run: workflowInfo().runId });
  const total: number = (await charge(items.length)) + (await read("price")).length;
  await untyped.anything(1, "two");
  return { total, approvedBy };
}

export async function children(names: string[]): Promise<string[]> {
  const handle = await startChild(order, {
    args: [{ id: "1", items: [] }],
    workflowId: "child",
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    searchAttributes: { CustomKeywordField: ["a"] },
    memo: { from: "parent" },
  });
  await handle.signal(approve, { by: "parent" });
  const { total } = await handle.result();
  const results = await Promise.all(names.map((name) => executeChild(order, { args: [{ id: name, items: [name] }] })));
  const byName: unknown = await executeChild("other", { args: [1] });
  void byName;
  return results.map((result) => `${result.total + total}`);
}

export async function scopes(): Promise<void> {
  const scope = new CancellationScope({ cancellable: true });
  const running = scope.run(() => longRunning(5));
  await Promise.race([sleep("30 days"), running]);
  scope.cancel();
  try {
    await running;
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(() => greet("cleaning up"));
  }
  const value: number = await CancellationScope.withTimeout(1_000, async () => 5);
  await CancellationScope.cancellable(async () => sleep(value));
  const trigger = new Trigger<number>();
  trigger.resolve(5);
  await trigger;
}

export async function versions(runs: number): Promise<void> {
  if (patched("new-way")) await greet("new");
  else await greet("old");
  deprecatePatch("older");
  wf.upsertMemo({ runs });
  wf.upsertSearchAttributes([{ key: customKeyword, value: "b" }]);
  wf.upsertSearchAttributes({ CustomKeywordField: ["c"] });
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof versions>(runs + 1);
  await wf.makeContinueAsNewFunc<typeof versions>({ workflowType: "versions", taskQueue: "other" })(runs);
}

export async function failures(): Promise<string> {
  try {
    await greet("x");
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) return error.cause.type ?? "";
    if (error instanceof ChildWorkflowFailure) return error.workflowType;
    throw error;
  }
  await getExternalWorkflowHandle("other", "run").signal(approve, { by: "me" });
  await getExternalWorkflowHandle("other").cancel();
  return wf.rootCause(new Error("x")) ?? "";
}

/** Options that are put together elsewhere. */
export const proxyWith = <T>(options: ActivityOptions) => proxyActivities<T>({ ...options, taskQueue: "other" });
wf.setWorkflowOptions({ versioningBehavior: "PINNED" }, versions);

export default async function fallback(...args: unknown[]): Promise<string> {
  wf.setDefaultSignalHandler((name: string, ...given: unknown[]) => void [name, given]);
  wf.setDefaultQueryHandler((name: string) => name);
  wf.setDefaultUpdateHandler(async (name: string) => name);
  return `${workflowInfo().workflowType} ${args.length}`;
}
