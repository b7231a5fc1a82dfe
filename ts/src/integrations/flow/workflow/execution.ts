/** One run of a flow: walks through the plan, verb by verb. */
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  scheduleLocalActivity,
  sleep,
  workflowInfo,
} from "../../../workflow";
import {
  CANCEL_ACTIVITY,
  type Call,
  type CallPlan,
  type FlowPlan,
  failureTypes,
  PAYLOAD,
  type PlanNode,
  type Role,
  type StepPlan,
} from "../plan";
import { Admission } from "./admission";
import { Approvals, humanInTheLoop, pause } from "./approvals";
import { Calls, causeOf } from "./calls";
import type { CancelOn } from "./cancel-on";
import { errorOfCall } from "./errors";
import { forEach } from "./for-each";
import { parallel, race } from "./forks";
import { whileLoop } from "./loops";
import { Migrated, place } from "./migration";
import { Progress } from "./progress";
import { Responses } from "./responses";
import type { Scope } from "./scope";
import type { Continued, Frame, Undo } from "./state";
import { runSubflow } from "./subflow";
import type { Thread } from "./thread";
import { Values } from "./values";
import { EventWaits, waitForEvent } from "./wait-for-event";

/** How large what is handed over to the next run may be, below the server's limit of 2 MB. */
const largestState = 1_500_000;
/** Verbs until a run whose state was too large tries to continue as new again. */
const patience = 50;

/** A run. */
export class Execution {
  readonly values = new Values();
  readonly progress: Progress;
  readonly calls: Calls;
  /** Steps to undo, the newest last. */
  readonly undos: Undo[] = [];
  /** What runs beside the main thread and has to end before the run does. */
  readonly actions = new Set<Promise<void>>();
  /** Losers of races. */
  readonly losers = new Set<Promise<unknown>>();
  /** Decisions that it waits for. */
  readonly approvals = new Approvals();
  /** What callers of webhooks wait for. */
  readonly responses = new Responses();
  /** Its waits for events. */
  readonly eventWaits = new EventWaits();
  /** Events that cancel it. */
  cancelOn: CancelOn | undefined;
  /** What it has to pass before its first verb. */
  readonly admission = new Admission();
  /** How many verbs have parts that run side by side now. */
  forks = 0;
  #patience = 0;

  constructor(
    public plan: FlowPlan,
    readonly payload: unknown,
    readonly root: Scope,
    public deadline: number | undefined,
    readonly main: Thread,
  ) {
    this.progress = new Progress(plan);
    this.calls = new Calls(plan.flow, plan.defaults ?? {}, this.progress);
  }

  /** Why the run can't go on by another plan; undefined if it can. */
  hindrance(plan: FlowPlan): string | undefined {
    if (this.forks > 0) return "parts of it run side by side now";
    const found = this.#place(plan);
    return typeof found === "string" ? found : undefined;
  }

  /** Goes on by another plan. What waits for a handler is tried again, as the plan has it now. */
  migrate(plan: FlowPlan): void {
    const parts = this.#place(plan);
    if (typeof parts === "string") throw new Error(parts);
    for (const [depth, frame] of this.main.frames.entries()) frame.nodes = parts[depth]!;
    this.plan = plan;
    this.progress.replan(plan);
    this.calls.interrupt();
  }

  #place(plan: FlowPlan): PlanNode[][] | string {
    const { frames } = this.main;
    const isWaiting = this.progress.isWaiting(frames.at(-1)?.path ?? "");
    return frames.length === 0 ? "it is ending" : place(frames, plan, isWaiting);
  }

  /** Runs the verbs of a part, or goes on where the thread was. */
  async part(nodes: readonly PlanNode[], scope: Scope, thread: Thread): Promise<void> {
    const saved = thread.saved.shift();
    const frame: Frame = { nodes, at: saved?.at ?? 0, state: saved?.state, path: "" };
    thread.frames.push(frame);
    while (frame.at < frame.nodes.length) {
      if (this.progress.isPaused) await condition(() => !this.progress.isPaused);
      await this.#continueAsNew(thread);
      const node = frame.nodes[frame.at]!;
      const path = (frame.path = scope.id(node.name));
      this.progress.begins(node.name, path);
      try {
        await this.#node(node, path, scope, thread, frame);
      } catch (error) {
        if (!(error instanceof Migrated) || thread.frames.at(-1) !== frame) throw error;
        continue;
      } finally {
        this.progress.ends(path);
      }
      frame.at++;
      frame.state = undefined;
    }
    thread.frames.pop();
  }

  async #node(node: PlanNode, path: string, scope: Scope, thread: Thread, frame: Frame): Promise<void> {
    switch (node.kind) {
      case "step":
        return this.output(node.name, await this.#step(node, path, scope), scope);
      case "action":
        return this.#action(node.name, path, scope, node);
      case "log":
        if (node.text === undefined) await this.decide("log", node.name, path, scope);
        else
          log[node.level.toLowerCase() as Lowercase<typeof node.level>](node.text, {
            flow: this.plan.flow,
            step: path,
          });
        return;
      case "if": {
        if (frame.state?.kind !== "arm") {
          const named = node.arms.flatMap(({ name }) => name ?? []);
          const found = await this.decide<number>("condition", node.name, path, scope, { arms: named });
          const arm = found >= 0 ? found : named.length;
          frame.state = { kind: "arm", arm };
        }
        const taken = node.arms[frame.state.arm];
        if (taken !== undefined) await this.part(taken.nodes, scope, thread);
        return;
      }
      case "while":
        return whileLoop(this, node, scope, thread, frame);
      case "parallel":
        return this.output(node.name, await parallel(this, node, scope), scope);
      case "race":
        return this.output(node.name, await race(this, node, scope), scope);
      case "forEach":
        return this.output(node.name, await forEach(this, node, scope, thread, frame), scope);
      case "subflow":
        return this.output(node.name, await runSubflow(this, node, path, scope), scope);
      case "sleep":
        return sleep(node.ms ?? (await this.decide<number>("duration", node.name, path, scope)), { summary: path });
      case "sleepUntil": {
        const time = node.ms ?? (await this.decide<number>("time", node.name, path, scope));
        return sleep(Math.max(time - Date.now(), 1), { summary: path });
      }
      case "respond":
        return this.responses.give(node.response ?? (await this.decide("response", node.name, path, scope)));
      case "waitForEvent":
        return this.output(node.name, await waitForEvent(this, node, path, scope), scope);
      case "humanInTheLoop":
        return this.output(node.name, await humanInTheLoop(this, node, path, scope), scope);
      case "pause":
        return this.output(node.name, await pause(this, path), scope);
      case "cancel":
        return this.cancel(node.reason);
    }
  }

  /** Keeps what a verb gave, under its name. */
  output(name: string, value: unknown, scope: Scope): void {
    const id = scope.id(name);
    this.values.set(id, value);
    scope.ids[name] = id;
    scope.last = name;
  }

  /** What the steps of the chain gave, by name. */
  outputs(): Record<string, unknown> {
    const named = Object.entries(this.root.ids).filter(([name]) => name !== PAYLOAD);
    return Object.fromEntries(named.map(([name, id]) => [name, this.values.get(id)]));
  }

  /** Asks a function of the flow, in a local activity. */
  decide<R>(role: Role, handler: string, path: string, scope: Scope, extra: Partial<Call> = {}): Promise<R> {
    const call = { role, ...this.values.call(scope, true), ...extra };
    return this.#call<R>({ handler, path, local: true, options: {}, interrupts: true }, call);
  }

  async #step(node: StepPlan, path: string, scope: Scope): Promise<unknown> {
    const { name: handler, local = false } = node;
    const options = callOptions(node);
    try {
      const of = { handler, path, local, options, interrupts: true };
      const output = await this.#call(of, this.values.call(scope, local));
      if (node.undo) this.undos.push(this.#undo(handler, path, output, scope));
      return output;
    } catch (error) {
      if (!node.onError || isCancellation(error)) throw error;
      const call = { ...this.values.call(scope, local), error: errorOfCall(error) };
      return await this.#call({ handler: `${handler}.onError`, path: `${path}.onError`, local, options }, call);
    }
  }

  /** Tells people what the run waits for. */
  notify(name: string, path: string, scope: Scope, wait: NonNullable<Call["wait"]>): Promise<void> {
    const of = { handler: `${name}.notify`, path: `${path}.notify`, local: false, options: {}, interrupts: true };
    return this.#call<void>(of, { ...this.values.call(scope, false), wait });
  }

  #undo(step: string, path: string, output: unknown, scope: Scope): Undo {
    const { item, index } = this.values.call(scope, true);
    return { step, path, output, ...(item === undefined ? {} : { item }), ...(index === undefined ? {} : { index }) };
  }

  #action(handler: string, path: string, scope: Scope, options: CallPlan): void {
    const of = { handler, path, local: false, options: callOptions(options) };
    const action = this.#call<void>(of, this.values.call(scope, false)).catch((error: unknown) => {
      if (!isCancellation(error)) log.warn(`The action '${path}' failed`, { error });
    });
    this.actions.add(action);
    void action.finally(() => this.actions.delete(action));
  }

  async #call<R>(of: Parameters<Calls["call"]>[0], call: Call): Promise<R> {
    try {
      return await this.calls.call<R>(of, call);
    } catch (error) {
      const cause = causeOf(error);
      if (cause?.type !== failureTypes.cancelled) throw error;
      return await this.cancel(cause.message);
    }
  }

  /** A run can't end as cancelled by itself: the server has to ask for it. */
  async cancel(reason: string): Promise<never> {
    log.info(`The flow cancels itself: ${reason}`);
    await scheduleLocalActivity(CANCEL_ACTIVITY, [], { startToCloseTimeout: "10s", summary: reason });
    return await CancellationScope.current().cancelRequested;
  }

  /** Continues as new if the server suggests it and nothing runs beside the main thread. */
  async #continueAsNew(thread: Thread): Promise<void> {
    if (!thread.isMain || this.forks > 0 || !workflowInfo().continueAsNewSuggested) return;
    if (this.responses.areAwaited) return;
    if (this.#patience-- > 0) return;
    await Promise.all(this.actions);
    const { plan, payload, undos, deadline, root } = this;
    const frames = thread.frames.map(({ at, state }) => (state === undefined ? { at } : { at, state }));
    const kept = { ...this.values.save(), ...this.approvals.save() };
    const state: Continued = { kind: "continued", plan, frames, scope: root.save(), ...kept, undos };
    if (deadline !== undefined) state.deadline = deadline;
    if (this.progress.isPaused) state.isPaused = true;
    if (this.responses.given !== undefined) state.response = this.responses.given;
    if (this.admission.held.length > 0) state.held = this.admission.held;
    if (this.calls.priority !== undefined) state.priority = this.calls.priority;
    if (this.cancelOn !== undefined) state.cancelOn = this.cancelOn;
    if (JSON.stringify(state).length + JSON.stringify(payload ?? null).length > largestState) {
      this.#patience = patience;
      return;
    }
    await continueAsNew(payload, state);
  }
}

function callOptions({ timeout, heartbeat, attempts, backoff, maxBackoff, queue }: CallPlan): CallPlan {
  const given = { timeout, heartbeat, attempts, backoff, maxBackoff, queue };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
