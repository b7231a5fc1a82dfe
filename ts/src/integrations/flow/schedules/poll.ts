/** What a poll does in an activity: looks, and starts a run for each item. */
import { type Context as ActivityContext, Context } from "../../../activity";
import { ApplicationFailure } from "../../../common";
import type { Definition } from "../definition";
import { outputText } from "../outputs";
import { failureTypes, type PollCall, type PollOutcome } from "../plan";
import { Pulse } from "../pulse";
import type { Secrets } from "../secrets";
import { startFlow } from "../start";
import { timeTriggers } from "./triggers";

/** How many starts are under way at a time. */
const concurrency = 10;

/** Looks once. An item whose run was started before starts none. */
export async function look(
  flows: ReadonlyMap<string, Definition>,
  call: PollCall,
  taskQueue: string,
  secrets: Secrets,
): Promise<PollOutcome> {
  const context = Context.current();
  const pulse = new Pulse(context);
  try {
    return await lookFor(flows, call, taskQueue, secrets, context);
  } catch (error) {
    throw secrets.maskError(error);
  } finally {
    pulse.stop();
  }
}

async function lookFor(
  flows: ReadonlyMap<string, Definition>,
  { flow: id, trigger, cursor }: PollCall,
  taskQueue: string,
  secrets: Secrets,
  context: ActivityContext,
): Promise<PollOutcome> {
  const flow = flows.get(id);
  const found = flow && timeTriggers(flow.triggers).find(({ name }) => name === trigger)?.poll;
  if (flow === undefined || found === undefined)
    throw ApplicationFailure.retryable(
      `This Worker's code has no poll '${trigger}' in a flow '${id}'. Deploy code that has it, or delete its schedule with deploy()`,
    );
  const { log, cancellationSignal: signal } = context;
  const what = `The poll '${trigger}' of the flow '${id}'`;
  const result = (await found.look({ cursor, log: secrets.maskLogger(log), signal })) as Partial<PollFound> | undefined;
  const { items, cursor: next } = result ?? {};
  if (!Array.isArray(items))
    throw wrong(`${what} must return { items, cursor } with an array of items, got ${Bun.inspect(result)}`);
  for (const part of [next, ...items])
    if (secrets.isIn(outputText(part, `what the poll '${trigger}' returns`) ?? ""))
      throw ApplicationFailure.nonRetryable(`${what} returns a secret`, failureTypes.secret);
  const named = items.map((item) => ({ item, key: `${trigger}/${idOf(found.id(item), item, what)}` }));
  for (let at = 0; at < named.length; at += concurrency) {
    const part = named.slice(at, at + concurrency);
    await Promise.all(part.map(({ item, key }) => start(flow, item, key, taskQueue, context)));
  }
  return { cursor: next, items: items.length };
}

interface PollFound {
  items: unknown[];
  cursor: unknown;
}

/** Items without an id of their own would share one run. */
function idOf(id: unknown, item: unknown, what: string): string {
  if (typeof id === "string" && id !== "") return id;
  throw wrong(`${what}: 'id' must give a text that isn't empty, got ${Bun.inspect(id)} for ${Bun.inspect(item)}`);
}

function wrong(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(why, "TypeError");
}

function start(flow: Definition, item: unknown, key: string, taskQueue: string, { client }: ActivityContext) {
  return startFlow(client, flow, item, { key, taskQueue });
}
