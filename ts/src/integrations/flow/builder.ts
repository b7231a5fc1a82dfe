/** The chain as a program builds it: each verb adds a node to the plan and functions to the handlers. */
import { callPlan, type Definition, type Handler, hooks, positiveMs, responseProblem } from "./definition";
import { type FlowEvent, isEvent } from "./events/event";
import type {
  ActionPlan,
  ApprovalPlan,
  CallPlan,
  FlowResponse,
  IfPlan,
  LogPlan,
  PlanNode,
  Role,
  StepPlan,
} from "./plan";
import type { StandardSchema } from "./schema";
import type { ActionOptions, ApprovalOptions, LoopOptions, StepOptions, TransformOptions } from "./types";

type Run = Handler["run"];
type Body = (block: BlockBuilder) => unknown;

const namePattern = /^[A-Za-z0-9_][\w -]{0,63}$/;
const localTimeoutMs = 10_000;
const maxBranches = 200;
const maxTurns = 10_000;
const maxConcurrency = 1_000;

/** What all parts of a flow share. */
export class FlowParts {
  readonly handlers = new Map<string, Handler>();
  readonly subflows: Definition[] = [];
  readonly inputs = new Map<string, StandardSchema<any, any>>();
  readonly #names = new Set<string>();

  constructor(readonly flow: string) {}

  fail(why: string): never {
    throw new TypeError(`flow '${this.flow}': ${why}`);
  }

  /** Takes a name, which must be free. */
  take(name: string): string {
    if (typeof name !== "string" || !namePattern.test(name)) {
      this.fail(
        `${JSON.stringify(name)} is no name for a verb: use up to 64 letters, digits, spaces, '-' and '_', and begin with none of the last three`,
      );
    }
    if (hooks.includes(name)) this.fail(`'${name}' is the name of an option of the flow, choose another`);
    if (this.#names.has(name))
      this.fail(`the name '${name}' stands twice: names are unique in a flow, with all its parts`);
    this.#names.add(name);
    return name;
  }

  /** A free name for a verb that was given none, after the verb that it follows. */
  name(kind: string, before: string | undefined): string {
    const base = before === undefined ? kind : `${before} ${kind}`;
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base} ${number}`;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      return name;
    }
  }

  add(name: string, role: Role, run: Run, extra: { aliases?: readonly string[]; level?: string } = {}): void {
    if (typeof run !== "function") this.fail(`'${name}' needs a function, got ${typeof run}`);
    const { aliases = [], level } = extra;
    const handler: Handler = { role, run, ...(level === undefined ? {} : { level }) };
    for (const known of [name, ...aliases]) {
      if (this.handlers.has(known)) this.fail(`'${known}' is an alias of '${name}' and the name of another verb`);
      this.handlers.set(known, handler);
    }
  }
}

interface OpenIf {
  plan: IfPlan;
  /** Where the nodes go on after it. */
  outer: PlanNode[];
}

/** The chain. Its types are those of `Block`. */
export class BlockBuilder {
  readonly #parts: FlowParts;
  readonly #open: OpenIf[] = [];
  #nodes: PlanNode[] = [];
  #before: string | undefined;

  /** @param before name of the verb that the part is in */
  constructor(parts: FlowParts, before?: string) {
    this.#parts = parts;
    this.#before = before;
  }

  /** The nodes of a complete part. */
  static complete(parts: FlowParts, body: Body, before?: string): PlanNode[] {
    const block = new BlockBuilder(parts, before);
    if (body(block) !== block)
      parts.fail(
        `${before === undefined ? "its function" : `that of '${before}'`} must return the chain that it was given`,
      );
    if (block.#open.length > 0) parts.fail(`the if '${block.#open.at(-1)!.plan.name}' has no endIf()`);
    if (block.#nodes.length === 0) parts.fail(`${before === undefined ? "it" : `a part of '${before}'`} has no verbs`);
    return block.#nodes;
  }

  #push(node: PlanNode): this {
    this.#nodes.push(node);
    this.#before = node.name;
    return this;
  }

  step(name: string, run: Run, options: StepOptions<any, any, any> = {}): this {
    const { local, undo, onError, aliases = [] } = options;
    this.#parts.take(name);
    this.#parts.add(name, "step", run, { aliases });
    const under = (what: string) => aliases.map((alias) => `${alias}.${what}`);
    if (undo !== undefined) this.#parts.add(`${name}.undo`, "undo", undo, { aliases: under("undo") });
    if (onError !== undefined) this.#parts.add(`${name}.onError`, "onError", onError, { aliases: under("onError") });
    const node: StepPlan = { kind: "step", name, ...this.#call(name, options, local === true) };
    if (local === true) node.local = true;
    if (undo !== undefined) node.undo = true;
    if (onError !== undefined) node.onError = true;
    return this.#push(node);
  }

  transform(name: string, run: Run, { retry, aliases }: TransformOptions = {}): this {
    return this.step(name, run, { local: true, retry, aliases });
  }

  action(name: string, run: Run, options: ActionOptions = {}): this {
    this.#parts.take(name);
    this.#parts.add(name, "step", run, { aliases: options.aliases ?? [] });
    const node: ActionPlan = { kind: "action", name, ...this.#call(name, options, false) };
    return this.#push(node);
  }

  #call(name: string, options: ActionOptions, local: boolean): CallPlan {
    const plan = callPlan(options, `'${name}'`);
    if (local && (plan.queue !== undefined || plan.heartbeat !== undefined))
      this.#parts.fail(`'${name}' is local: it has no queue and no heartbeat`);
    if (local && (plan.timeout ?? 0) > localTimeoutMs) {
      this.#parts.fail(
        `'${name}' is local and has a timeout of ${plan.timeout} ms, more than ${localTimeoutMs}: make it a step that isn't local`,
      );
    }
    return plan;
  }

  log(text: string | Run, level: LogPlan["level"] = "INFO"): this {
    const name = this.#parts.name("log", this.#before);
    if (typeof text === "string") return this.#push({ kind: "log", name, level, text });
    this.#parts.add(name, "log", text, { level });
    return this.#push({ kind: "log", name, level });
  }

  sleep(duration: number | string | Run): this {
    const name = this.#parts.name("sleep", this.#before);
    if (typeof duration !== "function")
      return this.#push({
        kind: "sleep",
        name,
        ms: positiveMs(duration, `duration of '${name}' of flow '${this.#parts.flow}'`),
      });
    this.#parts.add(name, "duration", duration);
    return this.#push({ kind: "sleep", name });
  }

  sleepUntil(time: Date | string | Run): this {
    const name = this.#parts.name("sleepUntil", this.#before);
    if (typeof time !== "function") {
      const ms = new Date(time).getTime();
      if (Number.isNaN(ms)) this.#parts.fail(`sleepUntil(${JSON.stringify(time)}) names no time`);
      return this.#push({ kind: "sleepUntil", name, ms });
    }
    this.#parts.add(name, "time", time);
    return this.#push({ kind: "sleepUntil", name });
  }

  respond(response: FlowResponse | Run): this {
    const name = this.#parts.name("respond", this.#before);
    if (typeof response !== "function") {
      const problem = responseProblem(response);
      if (problem !== undefined) this.#parts.fail(`'${name}' needs a response with ${problem}`);
      return this.#push({ kind: "respond", name, response });
    }
    this.#parts.add(name, "response", response);
    return this.#push({ kind: "respond", name });
  }

  waitForEvent(
    name: string,
    event: FlowEvent | readonly FlowEvent[],
    { match, timeout }: { match?: Run; timeout?: number | string } = {},
  ): this {
    const isOne = !Array.isArray(event);
    const events = [event].flat() as FlowEvent[];
    this.#parts.take(name);
    if (events.length === 0 || !events.every(isEvent))
      this.#parts.fail(`'${name}' needs an event that was made by event(), or a list of such`);
    if (new Set(events.map(({ name: of }) => of)).size < events.length)
      this.#parts.fail(`'${name}' waits for an event twice`);
    const keyed = events.filter(({ key }) => key !== undefined);
    if (keyed.length > 0 && match === undefined)
      this.#parts.fail(`'${name}' waits for the event '${keyed[0]!.name}', which has a key: say by match which one`);
    if (keyed.length === 0 && match !== undefined)
      this.#parts.fail(`'${name}' has a match, but no event of it has a key`);
    if (match !== undefined) this.#parts.add(name, "match", match);
    return this.#push({
      kind: "waitForEvent",
      name,
      events: events.map(({ name: of, key, retain, queues: [queue] }) => ({
        name: of,
        ...(key === undefined ? {} : { keyed: true as const }),
        ...(retain === undefined ? {} : { retain }),
        ...(queue === undefined ? {} : { queue }),
      })),
      ...(isOne ? { isOne: true as const } : {}),
      ...(match === undefined ? {} : { matched: true as const }),
      ...(timeout === undefined
        ? {}
        : { timeout: positiveMs(timeout, `timeout of '${name}' of flow '${this.#parts.flow}'`) }),
    });
  }

  humanInTheLoop(name: string, { input, timeout, onTimeout, notify }: ApprovalOptions<any, any> = {}): this {
    this.#parts.take(name);
    if (onTimeout !== undefined && !["approve", "deny", "fail"].includes(onTimeout))
      this.#parts.fail(`onTimeout of '${name}' must be "approve", "deny" or "fail", got ${JSON.stringify(onTimeout)}`);
    if (notify !== undefined) this.#parts.add(`${name}.notify`, "notify", notify);
    if (input !== undefined) this.#parts.inputs.set(name, input);
    const node: ApprovalPlan = { kind: "humanInTheLoop", name };
    if (timeout !== undefined) node.timeout = positiveMs(timeout, `timeout of '${name}' of flow '${this.#parts.flow}'`);
    if (onTimeout !== undefined) node.onTimeout = onTimeout;
    if (notify !== undefined) node.notify = true;
    return this.#push(node);
  }

  pause(name: string): this {
    return this.#push({ kind: "pause", name: this.#parts.take(name) });
  }

  cancel(reason: string): this {
    return this.#push({ kind: "cancel", name: this.#parts.name("cancel", this.#before), reason });
  }

  if(name: string, condition: Run): this {
    this.#arm(name, condition);
    const plan: IfPlan = { kind: "if", name, arms: [] };
    this.#nodes.push(plan);
    this.#open.push({ plan, outer: this.#nodes });
    return this.#beginArm(plan, name);
  }

  elseIf(name: string, condition: Run): this {
    const plan = this.#openIf("elseIf");
    this.#arm(name, condition);
    return this.#beginArm(plan, name);
  }

  else(): this {
    return this.#beginArm(this.#openIf("else"), undefined);
  }

  endIf(): this {
    const open = this.#open.pop();
    if (open === undefined) this.#parts.fail("endIf() without if()");
    this.#nodes = open.outer;
    this.#before = open.plan.name;
    return this;
  }

  #arm(name: string, condition: Run): void {
    this.#parts.take(name);
    this.#parts.add(name, "condition", condition);
  }

  #beginArm(plan: IfPlan, name: string | undefined): this {
    this.#nodes = [];
    this.#before = name ?? `${plan.name} else`;
    plan.arms.push({ ...(name === undefined ? {} : { name }), nodes: this.#nodes });
    return this;
  }

  #openIf(verb: string): IfPlan {
    const plan = this.#open.at(-1)?.plan;
    if (plan === undefined || plan.arms.at(-1)!.name === undefined) this.#parts.fail(`${verb}() without an open if()`);
    return plan;
  }

  while(name: string, condition: Run, body: Body, { max = 1_000 }: { max?: number } = {}): this {
    this.#arm(name, condition);
    if (!Number.isInteger(max) || max < 1 || max > maxTurns)
      this.#parts.fail(`max of '${name}' must be a whole number from 1 to ${maxTurns}, got ${max}`);
    return this.#push({ kind: "while", name, max, nodes: BlockBuilder.complete(this.#parts, body, name) });
  }

  parallel(name: string, branches: Record<string, Body>): this {
    return this.#fork("parallel", name, branches);
  }

  race(name: string, branches: Record<string, Body>): this {
    return this.#fork("race", name, branches);
  }

  #fork(kind: "parallel" | "race", name: string, branches: Record<string, Body>): this {
    this.#parts.take(name);
    const entries = Object.entries(branches);
    if (entries.length === 0 || entries.length > maxBranches)
      this.#parts.fail(`'${name}' has ${entries.length} branches, there must be 1 to ${maxBranches}`);
    const plans = entries.map(([branch, body]) => [
      branch,
      BlockBuilder.complete(this.#parts, body, `${name} ${branch}`),
    ]);
    return this.#push({ kind, name, branches: Object.fromEntries(plans) });
  }

  forEach(name: string, items: Run, body: Body, options: LoopOptions = {}): this {
    return this.#loop(name, items, undefined, body, options);
  }

  batch(name: string, { items, size }: { items: Run; size: number }, body: Body, options: LoopOptions = {}): this {
    if (!Number.isInteger(size) || size < 1)
      this.#parts.fail(`size of '${name}' must be a whole number from 1, got ${size}`);
    return this.#loop(name, items, size, body, options);
  }

  #loop(name: string, items: Run, size: number | undefined, body: Body, { concurrency = 10 }: LoopOptions): this {
    this.#parts.take(name);
    this.#parts.add(name, "items", items);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > maxConcurrency)
      this.#parts.fail(
        `concurrency of '${name}' must be a whole number from 1 to ${maxConcurrency}, got ${concurrency}`,
      );
    const nodes = BlockBuilder.complete(this.#parts, body, name);
    return this.#push({ kind: "forEach", name, ...(size === undefined ? {} : { size }), concurrency, nodes });
  }

  subflow(name: string, flow: Definition, input: Run, options: { wait?: boolean; queue?: string } = {}): this {
    this.#parts.take(name);
    if (typeof flow?.id !== "string" || flow.plan === undefined)
      this.#parts.fail(`subflow '${name}' needs a flow that was made by define()`);
    this.#parts.add(name, "input", input);
    this.#parts.subflows.push(flow);
    const queue = options.queue ?? flow.queue;
    return this.#push({
      kind: "subflow",
      name,
      flow: flow.id,
      ...(queue === undefined ? {} : { queue }),
      ...(options.wait === false ? { detached: true as const } : {}),
    });
  }
}
