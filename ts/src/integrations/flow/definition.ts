/** What `define` makes: the plan, and the functions that the plan names. */
import { msToNumber } from "../../common/time";
import type { Control } from "./control/options";
import {
  type CallPlan,
  type FlowPlan,
  type FlowResponse,
  nodeCount,
  PLAN_FORMAT,
  type PlanNode,
  type Role,
} from "./plan";
import type { StandardSchema } from "./schema";
import type { Service } from "./service";
import type { Trigger } from "./trigger";
import type { AnyFlow, RetryOptions } from "./types";

/** A function of a flow. */
export interface Handler {
  readonly role: Role;
  // The context's type is another for each.
  readonly run: (ctx: any, extra?: any) => unknown;
  /** Level of what a `log` logs. */
  readonly level?: string;
}

/** A flow as the other modules see it. */
export interface Definition {
  readonly id: string;
  readonly payload: StandardSchema<any, any>;
  readonly plan: FlowPlan;
  /** Functions by name, and by the names that they had before. */
  readonly handlers: ReadonlyMap<string, Handler>;
  /** What people may give, by the verbs that ask for it. */
  readonly inputs: ReadonlyMap<string, StandardSchema<any, any>>;
  /** Services by the names that `ctx.services` has for them. */
  readonly services: Readonly<Record<string, Service<any>>>;
  /** What starts its runs, besides calls. */
  readonly triggers: readonly Trigger[];
  /** Flows that it starts. */
  readonly subflows: readonly Definition[];
  /** Task queue of the Workers that run it. */
  readonly queue: string | undefined;
  /** How many of its runs there may be, and when; undefined for any. */
  readonly control?: Control | undefined;
}

/** What the modules of this integration see of a flow. */
export function definitionOf(flow: AnyFlow): Definition {
  return flow as unknown as Definition;
}

/** Handlers of a flow as a whole, whose names no verb can have. */
export const hooks: readonly string[] = ["onSuccess", "onFailure"];

const maxPlanBytes = 64 * 1024;

/** Milliseconds of a duration that is more than nothing. */
export function positiveMs(duration: unknown, what: string): number {
  const ms = msToNumber(duration as number, what);
  if (!(ms > 0 && Number.isFinite(ms))) throw new TypeError(`${what} must be more than nothing, got ${duration}`);
  return Math.ceil(ms);
}

/** What a response must be that isn't it; undefined if it is one. */
export function responseProblem({ status = 200, headers = {} }: FlowResponse): string | undefined {
  if (!Number.isInteger(status) || status < 200 || status > 599) return "a status from 200 to 599";
  try {
    new Headers(headers);
    return undefined;
  } catch {
    return "headers that HTTP takes";
  }
}

interface CallOptions {
  timeout?: unknown;
  heartbeat?: unknown;
  retry?: RetryOptions;
  queue?: string;
}

/** Options of a handler as a plan has them. */
export function callPlan({ timeout, heartbeat, retry, queue }: CallOptions, what: string): CallPlan {
  const plan: CallPlan = {};
  if (timeout !== undefined) plan.timeout = positiveMs(timeout, `timeout of ${what}`);
  if (heartbeat !== undefined) plan.heartbeat = positiveMs(heartbeat, `heartbeat of ${what}`);
  if (queue !== undefined) plan.queue = queue;
  const { attempts, backoff, maxBackoff } = retry ?? {};
  if (attempts !== undefined) {
    if (!Number.isInteger(attempts) || attempts < 1)
      throw new TypeError(`retry.attempts of ${what} must be a whole number from 1, got ${attempts}`);
    plan.attempts = attempts;
  }
  if (backoff !== undefined) plan.backoff = positiveMs(backoff, `retry.backoff of ${what}`);
  if (maxBackoff !== undefined) plan.maxBackoff = positiveMs(maxBackoff, `retry.maxBackoff of ${what}`);
  return plan;
}

/** A plan, once it is complete. @throws TypeError if it is too large */
export function completePlan(
  flow: string,
  nodes: PlanNode[],
  rest: Omit<FlowPlan, "format" | "flow" | "nodes">,
): FlowPlan {
  const plan: FlowPlan = { format: PLAN_FORMAT, flow, nodes, ...rest };
  const bytes = new TextEncoder().encode(JSON.stringify(plan)).length;
  if (bytes > maxPlanBytes) {
    throw new TypeError(
      `flow '${flow}' has a plan of ${bytes} bytes with ${nodeCount(nodes)} verbs, more than ${maxPlanBytes}: move a part of it into a flow of its own and call that by subflow()`,
    );
  }
  return plan;
}

/**
 * The way from a flow over its subflows to a flow of an id; undefined if there is none. Flows can't name each other
 * before they are defined, but two of them may have one id.
 */
export function wayTo(id: string, flows: readonly Definition[]): string[] | undefined {
  for (const flow of flows) {
    if (flow.id === id) return [id];
    const way = wayTo(id, flow.subflows);
    if (way !== undefined) return [flow.id, ...way];
  }
  return undefined;
}
