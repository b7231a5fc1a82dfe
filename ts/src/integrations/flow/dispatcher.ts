/** The activities of flows: one that finds the handler for each call, and those by which runs begin and end. */
import { type Context as ActivityContext, activityInfo, Context } from "../../activity";
import { ApplicationFailure } from "../../common";
import type { Inbox } from "./approvals/inbox";
import { approvalsPath } from "./approvals/routes";
import { signWait } from "./approvals/token";
import { controlActivities } from "./control/activities";
import { controlled } from "./control/keys";
import { decision } from "./decisions";
import { type Definition, type Handler, hooks } from "./definition";
import { eventActivities } from "./events/activities";
import { type HandlerContext, makeContext } from "./handler-context";
import { OutputCache, outputText } from "./outputs";
import {
  BEGIN_ACTIVITY,
  type Beginning,
  CANCEL_ACTIVITY,
  type Call,
  failureTypes,
  ITEM,
  OUTPUTS_QUERY,
  PAYLOAD,
  POLL_ACTIVITY,
  type PollCall,
  type Role,
  type ValueRef,
  waitsForPeople,
} from "./plan";
import { Pulse } from "./pulse";
import { look } from "./schedules/poll";
import { issuesText, validate } from "./schema";
import { Secrets } from "./secrets";
import type { StateStore } from "./state/store";

/** What the dispatcher works with. */
interface DispatcherOptions {
  flows: ReadonlyMap<string, Definition>;
  /** Actions of services by the services' ids. */
  services: ReadonlyMap<string, object>;
  secrets: Secrets;
  /** Task queue of the Worker. */
  taskQueue: string;
  state: StateStore;
  /** Keys for the links by which people decide. */
  signingKeys: readonly string[];
  /** Where waiting runs are listed; tests have none. */
  inbox?: Inbox;
  /** Where those links lead; ends in a slash. */
  publicUrl?: string | undefined;
}

/** Finds and calls the handlers of flows. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #cache = new OutputCache();
  readonly #services = new Map<Definition, Record<string, object>>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** The activities for a Worker. */
  activities(): Record<string, (...args: any[]) => Promise<unknown>> {
    return {
      [BEGIN_ACTIVITY]: (payload: unknown) => this.#begin(payload),
      [POLL_ACTIVITY]: (call: PollCall) =>
        look(this.#options.flows, call, this.#options.taskQueue, this.#options.secrets),
      ...controlActivities(this.#options.flows, this.#options.taskQueue),
      [CANCEL_ACTIVITY]: () => cancelRun(Context.current()),
      ...eventActivities(this.#options.flows, this.#options.taskQueue),
      default: (call: Call) => this.#dispatch(call),
    };
  }

  async #begin(payload: unknown): Promise<Beginning> {
    const { flows } = this.#options;
    const { workflowType = "", taskQueue } = activityInfo();
    const flow = flows.get(workflowType);
    if (flow === undefined) {
      const known = [...flows.keys()].join(", ");
      throw ApplicationFailure.nonRetryable(
        `No flow and no Workflow of this Worker is called '${workflowType}'. Its flows: ${known}`,
        failureTypes.unknown,
      );
    }
    const result = await validate(flow.payload, payload);
    if (!("issues" in result)) {
      outputText(result.value, "the payload");
      const { plan } = flow;
      const isListed = waitsForPeople(plan.nodes) && (await this.#options.inbox?.isThere(Context.current().log));
      const options = controlled(flow, result.value, taskQueue);
      return { plan, payload: result.value, ...(isListed ? { isListed } : {}), ...options };
    }
    throw ApplicationFailure.nonRetryable(
      `The payload isn't what the flow '${flow.id}' takes: ${issuesText(result.issues)}`,
      failureTypes.payload,
      { issues: result.issues },
    );
  }

  async #dispatch(call: Call): Promise<unknown> {
    const context = Context.current();
    const { activityType } = context.info;
    const dot = activityType.indexOf(".");
    if (dot < 0 || call?.steps === undefined) throw unknownActivity(activityType);
    const name = activityType.slice(dot + 1);
    const flow = this.#options.flows.get(activityType.slice(0, dot));
    if (flow === undefined) throw missing(`no flow '${activityType.slice(0, dot)}'`);
    const { secrets } = this.#options;
    const pulse = new Pulse(context);
    try {
      const handlers = call.arms?.map((arm) => handlerOf(flow, arm, call.role)) ?? [handlerOf(flow, name, call.role)];
      const made = await this.#context(flow, name, call, context, pulse);
      const result = await this.#result(handlers, call, made);
      const step = made.run.step;
      const text = outputText(result, `the result of '${step}'`);
      if (text === undefined) return undefined;
      if (secrets.isIn(text))
        throw ApplicationFailure.nonRetryable(`The result of '${step}' has a secret in it`, failureTypes.secret);
      const { workflowId, runId } = context.info.workflowExecution!;
      if (call.role === undefined) this.#cache.add(`${workflowId}/${runId}/${step}`, text);
      return result;
    } catch (error) {
      // Whatever the handler makes of it, it ended because of that.
      if (context.cancellationSignal.aborted) await context.cancelled;
      throw secrets.maskError(error);
    } finally {
      pulse.stop();
    }
  }

  async #result(handlers: readonly Handler[], call: Call, context: HandlerContext): Promise<unknown> {
    if (call.arms !== undefined) {
      for (const [arm, handler] of handlers.entries()) if (await handler.run(context)) return arm;
      return -1;
    }
    const [handler] = handlers as [Handler];
    if (call.wait !== undefined) return this.#notify(handler, call.wait, context);
    return decision(handler, await handler.run(context, call.error ?? call.output), call, context);
  }

  /** Gives a link to who is to tell people. Nothing of it comes back, because histories are read by many. */
  async #notify(handler: Handler, wait: NonNullable<Call["wait"]>, context: HandlerContext): Promise<undefined> {
    const { signingKeys, publicUrl } = this.#options;
    const { flow, id: workflowId } = context.run;
    const token = signWait(signingKeys, { ...wait, flow, workflowId });
    const url = publicUrl === undefined ? undefined : new URL(`.${approvalsPath}${token}`, publicUrl).href;
    try {
      await handler.run(context, { token, url });
    } catch (error) {
      throw new Secrets([token]).maskError(error);
    }
  }

  async #context(
    flow: Definition,
    name: string,
    call: Call,
    context: ActivityContext,
    pulse: Pulse,
  ): Promise<HandlerContext> {
    const refs = Object.entries(call.refs ?? {});
    const fetched = await Promise.all(refs.map(async ([key, ref]) => [key, await this.#fetch(ref, context)] as const));
    const values: Record<string, unknown> = { ...call.steps, [PAYLOAD]: call.payload, [ITEM]: call.item };
    Object.assign(values, Object.fromEntries(fetched));
    const services = this.#servicesOf(flow);
    const { secrets, taskQueue, state } = this.#options;
    const step = call.path ?? name;
    return makeContext({ flow: flow.id, step, values, call, context, pulse, secrets, services, taskQueue, state });
  }

  #servicesOf(flow: Definition): Record<string, object> {
    let services = this.#services.get(flow);
    if (services === undefined) {
      const named = Object.entries(flow.services).map(([name, { id }]) => [name, this.#options.services.get(id)!]);
      services = Object.fromEntries(named) as Record<string, object>;
      this.#services.set(flow, services);
    }
    return services;
  }

  /** A value that didn't travel with the call: from this process, or else from the run that has it. */
  async #fetch({ id, ...of }: ValueRef, { info, client }: ActivityContext): Promise<unknown> {
    const { workflowId, runId } = { ...info.workflowExecution!, ...of };
    const known = this.#cache.get(`${workflowId}/${runId}/${id}`);
    return known === undefined ? client.workflow.getHandle(workflowId, runId).query(OUTPUTS_QUERY, id) : known.value;
  }
}

function handlerOf(flow: Definition, name: string, role: Role | undefined): Handler {
  const handler = flow.handlers.get(name);
  if (handler === undefined) throw missing(`no '${name}' in the flow '${flow.id}'`);
  const expected = role ?? (hooks.includes(name) ? name : (name.split(".")[1] ?? "step"));
  if (handler.role !== expected)
    throw missing(`'${name}' in the flow '${flow.id}' as ${handler.role} instead of ${expected}`);
  return handler;
}

/** For Workflows of an application's own, whose activities come here too if there are none of their names. */
function unknownActivity(activityType: string): ApplicationFailure {
  return ApplicationFailure.retryable(
    `Activity function ${activityType} is not registered on this Worker, and is no step of a flow`,
    "NotFoundError",
  );
}

function missing(what: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The run waits: the code of this Worker has ${what}. Deploy code that has it, or name it in aliases of what took its place`,
    failureTypes.missing,
  );
}

async function cancelRun({ client, info }: ActivityContext): Promise<void> {
  const { workflowId, runId } = info.workflowExecution!;
  await client.workflow.getHandle(workflowId, runId).cancel();
}
