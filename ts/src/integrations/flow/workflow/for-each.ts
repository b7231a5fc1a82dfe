/** Loops over items: in this run while they are few, else in Child Workflows, each of which takes a part of them. */
import { executeChild, ParentClosePolicy, workflowInfo } from "../../../workflow";
import { type ForEachPlan, ITEM, nodeCount } from "../plan";
import type { Execution } from "./execution";
import { sideBySide } from "./forks";
import { Scope } from "./scope";
import type { Frame, Slice, SliceResult } from "./state";
import { Thread } from "./thread";

/** How many verbs a run takes on side by side before it leaves them to children. */
const inlineNodes = 200;

/** Runs the loop. Returns the last outputs of the items, in their order. */
export async function forEach(
  execution: Execution,
  node: ForEachPlan,
  scope: Scope,
  thread: Thread,
  frame: Frame,
): Promise<unknown[]> {
  const path = scope.id(node.name);
  const itemsId = `${path}@items`;
  const { values } = execution;
  if (!values.has(itemsId)) {
    const extra = node.size === undefined ? {} : { size: node.size };
    values.set(itemsId, await execution.decide<unknown[]>("items", node.name, path, scope, extra));
  }
  const items = values.get(itemsId) as unknown[];
  const perSlice = Math.max(1, Math.floor(inlineNodes / nodeCount(node.nodes)));
  const outputs =
    node.concurrency === 1
      ? await oneByOne(execution, node, items, scope, thread, frame)
      : items.length <= perSlice
        ? await allItems(execution, node, items, 0, scope)
        : await inSlices(execution, node, items, perSlice, scope);
  values.delete([itemsId]);
  return outputs;
}

async function oneByOne(
  execution: Execution,
  node: ForEachPlan,
  items: readonly unknown[],
  scope: Scope,
  thread: Thread,
  frame: Frame,
): Promise<unknown[]> {
  let saved = frame.state?.kind === "item" ? frame.state : undefined;
  const outputs = saved?.outputs ?? [];
  for (let index = saved?.index ?? 0; index < items.length; index++) {
    const inner =
      saved === undefined ? itemScope(execution, node, items[index], index, scope) : Scope.restore(saved.scope, scope);
    saved = undefined;
    frame.state = {
      kind: "item",
      index,
      outputs,
      // Read when the run continues as new, so it is the scope as it is then.
      get scope() {
        return inner.save();
      },
    };
    // The plan may be another one than for the item before.
    outputs.push(await oneItem(execution, frame.nodes[frame.at] as ForEachPlan, inner, thread));
  }
  return outputs;
}

/**
 * Runs the loop for items side by side.
 *
 * @param offset number of the first one
 */
export function allItems(
  execution: Execution,
  node: ForEachPlan,
  items: readonly unknown[],
  offset: number,
  scope: Scope,
): Promise<unknown[]> {
  const tasks = items.map((item, index) => () => {
    const inner = itemScope(execution, node, item, offset + index, scope);
    return oneItem(execution, node, inner, new Thread(false));
  });
  return sideBySide(execution, tasks, node.concurrency);
}

function itemScope(execution: Execution, node: ForEachPlan, item: unknown, index: number, scope: Scope): Scope {
  const inner = scope.turn(node.name, index, ITEM);
  const id = inner.id(ITEM);
  execution.values.set(id, item);
  inner.ids[ITEM] = id;
  return inner;
}

async function oneItem(execution: Execution, node: ForEachPlan, inner: Scope, thread: Thread): Promise<unknown> {
  const { values } = execution;
  await execution.part(node.nodes, inner, thread);
  const output = values.get(inner.lookUp(inner.last)!);
  values.delete(Object.values(inner.ids));
  return output;
}

async function inSlices(
  execution: Execution,
  node: ForEachPlan,
  items: readonly unknown[],
  perSlice: number,
  scope: Scope,
): Promise<unknown[]> {
  const { workflowId, runId, workflowType } = workflowInfo();
  const path = scope.id(node.name);
  const concurrency = Math.min(node.concurrency, perSlice);
  const context = execution.values.call(scope, false);
  for (const ref of Object.values(context.refs ?? {})) Object.assign(ref, { workflowId, runId, ...ref });
  const starts = Array.from({ length: Math.ceil(items.length / perSlice) }, (_, slice) => slice * perSlice);
  const tasks = starts.map((offset) => () => {
    const slice: Slice = {
      kind: "slice",
      plan: { ...execution.plan, nodes: [{ ...node, concurrency }] as [ForEachPlan] },
      items: items.slice(offset, offset + perSlice),
      offset,
      prefix: scope.prefix,
      context,
      ...execution.approvals.save(),
    };
    return executeChild(workflowType, {
      workflowId: `${workflowId}/${path}[${offset}]`,
      args: [null, slice],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `${path}, items ${offset} to ${offset + slice.items.length - 1}`,
    }) as Promise<SliceResult>;
  });
  const results = await sideBySide(execution, tasks, Math.max(1, Math.floor(node.concurrency / concurrency)));
  for (const { undos } of results) execution.undos.push(...undos);
  return results.flatMap(({ outputs }) => outputs);
}
