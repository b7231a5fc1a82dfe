/** What a poll does in an activity: looks, and starts a run for each item. */
import { type Context as ActivityContext, Context } from "../../../activity";
import { ApplicationFailure } from "../../../common";
import type { Definition } from "../definition";
import type { PollCall, PollOutcome } from "../plan";
import { startFlow } from "../start";
import { timeTriggers } from "./triggers";

/** How many starts are under way at a time. */
const concurrency = 10;

/** Looks once. An item whose run was started before starts none. */
export async function look(
  flows: ReadonlyMap<string, Definition>,
  { flow: id, trigger, cursor }: PollCall,
  taskQueue: string,
): Promise<PollOutcome> {
  const context = Context.current();
  const flow = flows.get(id);
  const found = flow && timeTriggers(flow.triggers).find(({ name }) => name === trigger)?.poll;
  if (flow === undefined || found === undefined)
    throw ApplicationFailure.retryable(
      `This Worker's code has no poll '${trigger}' in a flow '${id}'. Deploy code that has it, or delete its schedule with deploy()`,
    );
  const { log, cancellationSignal: signal } = context;
  const { items, cursor: next } = (await found.look({ cursor, log, signal })) as { items: unknown[]; cursor: unknown };
  const named = items.map((item) => ({ item, key: `${trigger}/${found.id(item)}` }));
  for (let at = 0; at < named.length; at += concurrency) {
    const part = named.slice(at, at + concurrency);
    await Promise.all(part.map(({ item, key }) => start(flow, item, key, taskQueue, context)));
    context.heartbeat();
  }
  return { cursor: next, items: items.length };
}

function start(flow: Definition, item: unknown, key: string, taskQueue: string, { client }: ActivityContext) {
  return startFlow(client, flow.id, item, { key, taskQueue: flow.queue ?? taskQueue });
}
