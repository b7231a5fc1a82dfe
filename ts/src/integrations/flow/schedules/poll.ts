/** What a poll does in an activity: looks, and starts a run for each item. */
import { type Context as ActivityContext, Context } from "../../../activity";
import { ApplicationFailure } from "../../../common";
import type { Definition } from "../definition";
import { outputText } from "../outputs";
import { failureTypes, type PollCall, type PollOutcome } from "../plan";
import type { Secrets } from "../secrets";
import { startFlow } from "../start";
import { timeTriggers } from "./triggers";

/** How many starts are under way at a time. */
const concurrency = 10;

interface LookOf {
  flows: ReadonlyMap<string, Definition>;
  secrets: Secrets;
  taskQueue: string;
}

/** Looks once. An item whose run was started before starts none. */
export async function look(
  { flows, secrets, taskQueue }: LookOf,
  { flow: id, trigger, cursor }: PollCall,
): Promise<PollOutcome> {
  const context = Context.current();
  const flow = flows.get(id);
  const found = flow && timeTriggers(flow.triggers).find(({ name }) => name === trigger)?.poll;
  if (flow === undefined || found === undefined)
    throw ApplicationFailure.retryable(
      `This Worker's code has no poll '${trigger}' in a flow '${id}'. Deploy code that has it, or delete its schedule with deploy()`,
    );
  const { log, cancellationSignal: signal } = context;
  const seen = await found.look({ cursor, log: secrets.maskLogger(log), signal });
  const { items, cursor: next } = (seen ?? {}) as { items: unknown[]; cursor: unknown };
  if (!Array.isArray(items))
    throw new TypeError(`The poll '${trigger}' of '${id}' must return { items, cursor }, got ${Bun.inspect(seen)}`);
  if (secrets.isIn(outputText({ items, cursor: next }, `what the poll '${trigger}' found`)!))
    throw ApplicationFailure.nonRetryable(`What the poll '${trigger}' found has a secret in it`, failureTypes.secret);
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
