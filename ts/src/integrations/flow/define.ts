/** `define`, with which flows begin. */
import type { TestWorkflowEnvironment } from "../../testing";
import { BlockBuilder, FlowParts } from "./builder";
import { controlOf } from "./control/options";
import { callPlan, completePlan, type Definition, positiveMs, wayTo } from "./definition";
import { type FlowGraph, graphOf, mermaidOf } from "./graph";
import { FlowTest } from "./harness";
import { isWebhook } from "./http/webhook";
import { everyNode, type FlowPlan, responds } from "./plan";
import { timeTriggers } from "./schedules/triggers";
import type { StandardSchema } from "./schema";
import type { Service } from "./service";
import type { AnyFlow, Closed, FirstBlock, FlowOptions, FlowTypes } from "./types";

const idPattern = /^[A-Za-z][\w-]{0,99}$/;
/** Begins the names of what belongs to all flows. */
const reservedId = "flow";

/** A flow. `I` is what it is started with, `O` what it ends with. */
export interface Flow<I = any, O = any> extends AnyFlow {
  /** Its id, which is the Workflow's type. */
  readonly id: string;
  /** What its runs go by: the chain without its functions. */
  readonly plan: FlowPlan;
  /** The chain as nodes and edges. */
  graph(): FlowGraph;
  /** The chain as a picture: text for Mermaid. */
  mermaid(): string;
  /** Begins a test: see {@link FlowTest}. */
  test(env: TestWorkflowEnvironment): FlowTest<I, O>;
  /** For the types alone. */
  readonly "~flow": { I: I; O: O };
}

/**
 * Defines a flow: a chain of verbs, each of which survives the end of the process.
 *
 * @param options see {@link FlowOptions}
 * @param body gets an empty chain and returns it with the flow's verbs
 * @throws TypeError if a name stands twice, a duration or another option makes no sense, the plan is larger than 64 KB,
 *   or it comes to itself through its subflows
 */
export function define<
  const Id extends string,
  Schema extends StandardSchema<any, any>,
  B extends Closed,
  V extends Record<string, Service<any, any>> = {},
>(
  options: FlowOptions<Id, Schema, V>,
  body: (f: FirstBlock<Schema, V>) => B,
): Flow<FlowTypes<Schema, B>["I"], FlowTypes<Schema, B>["O"]> & { readonly id: Id } {
  const { id, payload, triggers = [], services = {}, queue, onSuccess, onFailure } = options;
  if (typeof id !== "string" || !idPattern.test(id) || id === reservedId) {
    throw new TypeError(
      `${JSON.stringify(id)} is no id for a flow: use up to 100 letters, digits, '-' and '_', begin with a letter, and don't call it '${reservedId}'`,
    );
  }
  const parts = new FlowParts(id);
  if (typeof payload?.["~standard"]?.validate !== "function")
    parts.fail("its payload must be a schema that follows Standard Schema, such as those of zod, valibot and arktype");
  const nodes = BlockBuilder.complete(parts, body as unknown as (block: BlockBuilder) => unknown);
  if (onSuccess !== undefined) parts.add("onSuccess", "onSuccess", onSuccess);
  if (onFailure !== undefined) parts.add("onFailure", "onFailure", onFailure);
  const way = wayTo(id, parts.subflows);
  if (way !== undefined) parts.fail(`it comes to itself through its subflows: ${[id, ...way].join(" → ")}`);
  const plan = completePlan(id, nodes, {
    ...(options.timeout === undefined ? {} : { timeout: positiveMs(options.timeout, `timeout of flow '${id}'`) }),
    ...(options.defaults === undefined ? {} : { defaults: callPlan(options.defaults, `defaults of flow '${id}'`) }),
    ...(onSuccess === undefined ? {} : { onSuccess: true as const }),
    ...(onFailure === undefined ? {} : { onFailure: true as const }),
  });
  try {
    timeTriggers(triggers);
  } catch (error) {
    parts.fail((error as Error).message);
  }
  const isAwaited = triggers.some((trigger) => isWebhook(trigger) && trigger.options.respond === "step");
  for (const node of everyNode(nodes)) {
    // A part of the items may run in a Workflow of its own, for which nobody waits.
    if (node.kind === "forEach" && responds(node.nodes))
      parts.fail(`respond() isn't possible in the loop '${node.name}'`);
  }
  if (isAwaited && !responds(nodes)) parts.fail(`a webhook of it has respond: "step", so it needs a respond()`);
  const control = controlOf(id, options);
  const isCollected = control?.collector !== undefined;
  if (isCollected && triggers.some((trigger) => isWebhook(trigger) && trigger.options.respond !== "accepted"))
    parts.fail("with debounce or batch, nobody can wait for a run of it: its webhooks can't have a respond");
  const definition: Definition = {
    id,
    payload,
    plan,
    handlers: parts.handlers,
    inputs: parts.inputs,
    triggers,
    services: services as Definition["services"],
    subflows: parts.subflows,
    queue,
    control,
  };
  const flow = {
    ...definition,
    graph: () => graphOf(plan),
    mermaid: () => mermaidOf(plan),
    test: (env: TestWorkflowEnvironment) => new FlowTest(definition, env),
  };
  return flow as unknown as Flow<any, any> & { readonly id: Id };
}
