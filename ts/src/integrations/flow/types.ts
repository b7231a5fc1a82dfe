/**
 * Types of the chain of a flow: what each step can read of those before it, through branches, loops and races.
 */
import type { Duration, Logger } from "../../common";
import type { ControlOptions } from "./control/options";
import type { EventOutput, FlowEvent } from "./events/event";
import type { Approval, FlowResponse, Resumed } from "./plan";
import type { SchemaInput, SchemaOutput, StandardSchema } from "./schema";
import type { Service } from "./service";
import type { FlowStart } from "./start";
import type { FlowState } from "./state/context";
import type { Trigger } from "./trigger";

/** Outputs of steps, by their names. */
export type Steps = Record<string, { output: unknown }>;

/** What is left of a value that was stored as JSON: a `Date` is a text, methods are gone. */
export type Stored<T> = 0 extends 1 & T
  ? any
  : T extends { toJSON(): infer J }
    ? J
    : T extends string | number | boolean | null | undefined
      ? T
      : T extends (...args: any) => any
        ? never
        : T extends object
          ? { [K in keyof T]: Stored<T[K]> }
          : T;

/** The run and the step that a handler is called for. */
export interface RunInfo {
  /** The Workflow's id. */
  readonly id: string;
  /** The flow's id. */
  readonly flow: string;
  /** The step, with the turns of the loops around it, such as `each[3]/charge`. */
  readonly step: string;
  /** 1, and one more for each retry. */
  readonly attempt: number;
  /** The same for every attempt at this step, and for no other: for systems that recognise what they did already. */
  readonly idempotencyKey: string;
}

/** What every handler is given. */
export interface BaseContext<P, V> {
  /** The payload, as the flow's schema gives it. */
  readonly payload: P;
  /** The services of the flow. */
  readonly services: V;
  /** The run and the step. */
  readonly run: RunInfo;
  /** State of the flow that outlives its runs. */
  readonly state: FlowState;
  /** Logs with the run's attributes; secrets are masked. */
  readonly log: Logger;
  /** Aborts when the step is cancelled: its run is, another branch won the race, or the Worker shuts down. */
  readonly signal: AbortSignal;
  /** Reports progress for people to see; that the step is alive is reported without it. */
  heartbeat(details?: unknown): void;
  /** Publishes an event, once, however often the step is tried. Returns the event's id. */
  publish<I>(event: FlowEvent<I, any>, payload: NoInfer<I>, options?: { id?: string }): Promise<{ id: string }>;
  /**
   * Starts a run of another flow, once, however often the step is tried.
   *
   * @throws FlowRefusedError if the other flow's `rateLimit` or `throttle` refused it
   */
  trigger<F extends AnyFlow>(flow: F, payload: InputOf<F>, options?: { key?: string }): Promise<FlowStart>;
  /** Ends the run as cancelled, after the `undo`s. */
  cancel(reason?: string): never;
}

/** What a step of the chain is given. */
export interface Context<P, S, L, V, X = {}> extends BaseContext<P, V> {
  /** Outputs of the steps before; of those in a branch that wasn't taken, undefined. */
  readonly steps: S;
  /** Output of the step before; the payload for the first one, the item for the first one in a `forEach`. */
  readonly last: L;
  /** The item of the innermost `forEach` or `batch`. */
  readonly item: X extends { item: infer I } ? I : never;
  /** Number of the item, or of the turn of a `while`, from 0. */
  readonly index: X extends { index: number } ? number : never;
}

/** What `undo` of a step is given. */
export interface UndoContext<P, V> extends BaseContext<P, V> {
  /** The item of the innermost `forEach` or `batch` that the step was in. */
  readonly item: unknown;
  /** Number of the item or turn that the step was in. */
  readonly index: number | undefined;
}

/** What went wrong, for `onError` and `onFailure`. */
export interface FlowError {
  /** Name of the error's class, or the type of an `ApplicationFailure`. */
  readonly type: string;
  readonly message: string;
  readonly details?: readonly unknown[];
}

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** Attempts in all; an attempt whose Worker died counts. Default 10, and 3 for what is local. */
  attempts?: number;
  /** Time before the second attempt; each later one waits twice as long. Default 1 second. */
  backoff?: Duration;
  /** Longest time between two attempts. Default 1 minute. */
  maxBackoff?: Duration;
}

/** Options of steps that also `defaults` of a flow may have. */
export interface StepDefaults {
  /** Time that one attempt may take. Default 10 minutes, and 10 seconds for what is local, which can't have more. */
  timeout?: Duration;
  /** Default: see {@link RetryOptions}. */
  retry?: RetryOptions;
  /**
   * Time after which a step that gave no sign of life is tried again elsewhere. Signs are given without your doing.
   * Default 20 seconds.
   */
  heartbeat?: Duration;
}

/** Options of `action`. */
export interface ActionOptions extends StepDefaults {
  /** Task queue of the Workers that run it. Default: the flow's. */
  queue?: string;
  /** Names that the step had before: runs that started then use this handler. */
  aliases?: readonly string[];
}

/** Options of `step`. `C` is the step's context, `R` its result, `E` that of `onError`. */
export interface StepOptions<C extends BaseContext<any, any>, R, E> extends ActionOptions {
  /** Whether it runs within the Workflow task: cheaper, for what takes a few seconds at most. Default `false`. */
  local?: boolean;
  /** Takes back what the step did, when the run fails or is cancelled later. Called in reverse order of the steps. */
  undo?: (ctx: UndoContext<C["payload"], C["services"]>, output: Stored<NoInfer<R>>) => unknown;
  /** Called when all attempts failed. What it returns is the step's output, and the run goes on. */
  onError?: (ctx: C, error: FlowError) => E | Promise<E>;
}

/** Options of `transform`. */
export type TransformOptions = Pick<ActionOptions, "retry" | "aliases">;

interface Frame {
  S: Steps;
  D: Steps;
  L: unknown;
  /** Steps of the arms before this one. */
  acc: Steps;
  lasts: unknown;
  else: boolean;
}
type Push<S extends Steps, D extends Steps, L> = { S: S; D: D; L: L; acc: {}; lasts: never; else: false };
type Maybe<T> = { [K in keyof T]: T[K] extends { output: infer O } ? { output: O | undefined } : never };
/** What `last` may be after an `if`, besides the last step of its last arm. */
type LastOfArms<F extends Frame> = F["else"] extends true ? F["lasts"] : F["lasts"] | F["L"];
type NextArm<P, S extends Steps, D extends Steps, L, V, X, K extends Frame[], Else extends boolean> = K extends [
  infer F extends Frame,
  ...infer R extends Frame[],
]
  ? Block<
      P,
      S,
      {},
      F["L"],
      V,
      X,
      [{ S: F["S"]; D: F["D"]; L: F["L"]; acc: F["acc"] & D; lasts: F["lasts"] | L; else: Else }, ...R]
    >
  : never;

type Name<N extends string, S> = string extends N ? N : N extends keyof S ? `step '${N}' exists already` : N;
type Branches<P, S extends Steps, L, V, X> = Record<string, (b: Block<P, S, {}, L, V, X, []>) => Closed>;
type Outputs<B extends Record<string, (b: any) => Closed>> = { [N in keyof B]: LastOf<ReturnType<B[N]>> };
type Won<B extends Record<string, (b: any) => Closed>> = {
  [N in keyof B]: { branch: N; output: LastOf<ReturnType<B[N]>> };
}[keyof B];

/** A chain without an open `if`. */
export interface Closed<L = any> {
  readonly "~": { L: L; K: [] };
}
/** Output of the last step of a chain. */
type LastOf<B> = B extends { readonly "~": { L: infer L } } ? L : never;

/** What a handler returned, stored. Where a chain is expected, the compiler mustn't take its type from there. */
type Result<R> = [R] extends [infer T] ? Stored<T> : never;

/** A value, or a promise of one. */
type Awaitable<T> = T | Promise<T>;

/**
 * The chain of a flow, or of a part of it. Each method adds a verb and returns the chain.
 *
 * `S` are the steps before the open `if`, `D` those in it: kept apart, because taking steps out of one type again costs
 * the compiler minutes. `L` is the last output, `X` has item and index of loops, `K` the open `if`s, innermost first.
 */
export interface Block<P, S extends Steps, D extends Steps, L, V, X, K extends Frame[]> {
  /** Runs a function, once it has finished never again: an activity. */
  step<const N extends string, R, E = never>(
    name: Name<N, S & D>,
    run: (ctx: Context<P, S & D, L, V, X>) => Awaitable<R>,
    options?: StepOptions<Context<P, S & D, L, V, X>, R, E>,
  ): Block<P, S, D & { [k in N]: { output: Result<R | E> } }, Result<R | E>, V, X, K>;

  /** Runs a short function that has no effects: a local activity. */
  transform<const N extends string, R>(
    name: Name<N, S & D>,
    run: (ctx: Context<P, S & D, L, V, X>) => Awaitable<R>,
    options?: TransformOptions,
  ): Block<P, S, D & { [k in N]: { output: Result<R> } }, Result<R>, V, X, K>;

  /** Runs a function beside the steps that follow. The run waits for it at its end, and logs its failure. */
  action<const N extends string>(
    name: Name<N, S & D>,
    run: (ctx: Context<P, S & D, L, V, X>) => unknown,
    options?: ActionOptions,
  ): Block<P, S, D, L, V, X, K>;

  /** Logs a text. Default level `INFO`. */
  log(
    text: string | ((ctx: Context<P, S & D, L, V, X>) => Awaitable<string>),
    level?: LogLevel,
  ): Block<P, S, D, L, V, X, K>;

  /** Begins a branch, which {@link endIf} ends. */
  if<const N extends string>(
    name: Name<N, S & D>,
    condition: (ctx: Context<P, S & D, L, V, X>) => Awaitable<boolean>,
  ): Block<P, S & D, {}, L, V, X, [Push<S, D, L>, ...K]>;

  /** Begins another arm, taken if its condition is the first that holds. */
  elseIf<const N extends string>(
    this: K extends [{ else: false }, ...any] ? this : "elseIf() without an open if()",
    name: Name<N, S>,
    condition: (ctx: Context<P, S, K[0]["L"], V, X>) => Awaitable<boolean>,
  ): NextArm<P, S, D, L, V, X, K, false>;

  /** Begins the arm that is taken if no condition holds. */
  else(
    this: K extends [{ else: false }, ...any] ? this : "else() without an open if()",
  ): NextArm<P, S, D, L, V, X, K, true>;

  /** Ends a branch. Outputs of its steps may be undefined from here on. */
  endIf(
    this: K extends [Frame, ...any] ? this : "endIf() without if()",
  ): K extends [infer F extends Frame, ...infer R extends Frame[]]
    ? Block<P, F["S"], F["D"] & Maybe<F["acc"] & D>, LastOfArms<F> | L, V, X, R>
    : never;

  /**
   * Repeats a part while a condition holds. `last` goes through the turns: it is the step before the loop in the first
   * one, and the last of the turn before in the others, so it must be of the same type. It is the loop's output, which
   * the turns see too.
   */
  while<const N extends string, B extends Closed<L>>(
    name: Name<N, S & D>,
    condition: (
      ctx: Context<P, S & D & { [k in N]: { output: L } }, L, V, X & { index: number }>,
    ) => Awaitable<boolean>,
    body: (b: Block<P, S & D & { [k in N]: { output: L } }, {}, L, V, X & { index: number }, []>) => B,
    options?: { max?: number },
  ): Block<P, S, D & { [k in N]: { output: L } }, L, V, X, K>;

  /** Runs parts side by side. If one fails the others are cancelled. The output has that of each. */
  parallel<const N extends string, B extends Branches<P, S & D, L, V, X>>(
    name: Name<N, S & D>,
    branches: B,
  ): Block<P, S, D & { [k in N]: { output: Outputs<B> } }, Outputs<B>, V, X, K>;

  /** Runs parts side by side until the first one ends, well or not, and cancels the others. */
  race<const N extends string, B extends Branches<P, S & D, L, V, X>>(
    name: Name<N, S & D>,
    branches: B,
  ): Block<P, S, D & { [k in N]: { output: Won<B> } }, Won<B>, V, X, K>;

  /** Runs a part for each item. The output is the list of their outputs, in the order of the items. */
  forEach<const N extends string, I, B extends Closed>(
    name: Name<N, S & D>,
    items: (ctx: Context<P, S & D, L, V, X>) => Awaitable<readonly I[]>,
    body: (b: Block<P, S & D, {}, Stored<I>, V, { item: Stored<I>; index: number }, []>) => B,
    options?: LoopOptions,
  ): Block<P, S, D & { [k in N]: { output: LastOf<B>[] } }, LastOf<B>[], V, X, K>;

  /** As {@link forEach}, for lists of `size` items each. */
  batch<const N extends string, I, B extends Closed>(
    name: Name<N, S & D>,
    of: { items: (ctx: Context<P, S & D, L, V, X>) => Awaitable<readonly I[]>; size: number },
    body: (b: Block<P, S & D, {}, Stored<I>[], V, { item: Stored<I>[]; index: number }, []>) => B,
    options?: LoopOptions,
  ): Block<P, S, D & { [k in N]: { output: LastOf<B>[] } }, LastOf<B>[], V, X, K>;

  /** Runs another flow as a Child Workflow. The output is that of the flow; with `wait: false`, the Workflow's id. */
  subflow<const N extends string, F extends AnyFlow, const W extends boolean = true>(
    name: Name<N, S & D>,
    flow: F,
    input: (ctx: Context<P, S & D, L, V, X>) => Awaitable<InputOf<F>>,
    options?: { wait?: W; queue?: string },
  ): Block<P, S, D & { [k in N]: { output: SubflowOutput<F, W> } }, SubflowOutput<F, W>, V, X, K>;

  /** Waits for a time. */
  sleep(duration: Duration | ((ctx: Context<P, S & D, L, V, X>) => Awaitable<Duration>)): Block<P, S, D, L, V, X, K>;

  /** Waits until a time, given as `Date`, text or milliseconds since the epoch. */
  sleepUntil(
    time: Date | string | ((ctx: Context<P, S & D, L, V, X>) => Awaitable<Date | string | number>),
  ): Block<P, S, D, L, V, X, K>;

  /**
   * Answers the caller of a webhook that has `respond: "step"`, and goes on. The first response of a run counts, and is
   * what the caller gets again if it repeats its request.
   */
  respond(
    response: FlowResponse | ((ctx: Context<P, S & D, L, V, X>) => Awaitable<FlowResponse>),
  ): Block<P, S, D, L, V, X, K>;

  /** Waits for an event; for the first of several, if it is a list. Null when the time is up. */
  waitForEvent<const N extends string, const E extends FlowEvent | readonly FlowEvent[]>(
    name: Name<N, S & D>,
    event: E,
    options?: WaitOptions<Context<P, S & D, L, V, X>>,
  ): Block<P, S, D & { [k in N]: { output: Happened<E> | null } }, Happened<E> | null, V, X, K>;

  /**
   * Waits until a person decides, by the link that `notify` is given. The output says what was decided, by whom, and
   * what came along.
   */
  humanInTheLoop<const N extends string, Schema extends StandardSchema<any, any> = StandardSchema<any, any>>(
    name: Name<N, S & D>,
    options?: ApprovalOptions<Context<P, S & D, L, V, X>, Schema>,
  ): Block<
    P,
    S,
    D & { [k in N]: { output: Approval<Stored<SchemaOutput<Schema>>> } },
    Approval<Stored<SchemaOutput<Schema>>>,
    V,
    X,
    K
  >;

  /** Waits until somebody lets the run go on: `App.decide`, `temporal-bun flow approve`. */
  pause<const N extends string>(
    name: Name<N, S & D>,
  ): Block<P, S, D & { [k in N]: { output: Resumed } }, Resumed, V, X, K>;

  /** Ends the run as cancelled, after the `undo`s. */
  cancel(reason: string): Block<P, S, D, L, V, X, K>;

  /** For the types alone. */
  readonly "~": { L: L; K: K };
}

/** Where a person decides. */
export interface ApprovalLink {
  /** The page, if the application has the option `publicUrl`; it is valid for this wait alone. */
  readonly url: string | undefined;
  /** What `App.resume` takes, and the end of the page's address. Give it to who may decide, and to nobody else. */
  readonly token: string;
}

/** Options of `humanInTheLoop`. `C` is the context. */
export interface ApprovalOptions<C, Schema extends StandardSchema<any, any>> {
  /** Checks what comes along with an approval. Default: anything may. */
  input?: Schema;
  /** How long to wait, counted from the verb's start. Default: for ever. */
  timeout?: Duration;
  /** What counts when nobody decides in time. Default `"deny"`. */
  onTimeout?: "approve" | "deny" | "fail";
  /** Tells who may decide, as a step does. What it returns is not kept: links belong into no history. */
  notify?: (ctx: C, link: ApprovalLink) => unknown;
}

/** Levels of `log`. */
export type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR";

/** Options of `forEach` and `batch`. */
export interface LoopOptions {
  /** Most items at a time, up to 1,000. Default 10. With 1, a long loop may continue as new between two items. */
  concurrency?: number;
}

/** Options of `waitForEvent`. `C` is the context. */
export interface WaitOptions<C> {
  /** The key of the events to wait for. Mandatory for events that have one. */
  match?: (ctx: C) => Awaitable<string>;
  /** How long to wait, counted from the verb's start. Default: for ever. */
  timeout?: Duration;
}

/** What a wait for events gives. */
type Happened<E> = E extends readonly (infer One)[]
  ? One extends FlowEvent & { readonly name: infer Name }
    ? { event: Name; payload: EventOutput<One> }
    : never
  : EventOutput<E>;

type SubflowOutput<F, W> = W extends false ? { id: string } : OutputOf<F>;

/** The types of a flow, whatever they are. */
export interface AnyFlow {
  readonly id: string;
  readonly "~flow": { I: any; O: any };
}
/** What a flow is started with. */
export type InputOf<F> = F extends { readonly "~flow": { I: infer I } } ? I : never;
/** What a flow ends with. */
export type OutputOf<F> = F extends { readonly "~flow": { O: infer O } } ? O : never;

/** Options of `define`. */
export interface FlowOptions<Id extends string, Schema extends StandardSchema<any, any>, V>
  extends ControlOptions<PayloadOf<Schema>> {
  /** The flow's id, which is the Workflow's type: letters, digits, `-` and `_`. */
  id: Id;
  /** Checks the payload of each run. */
  payload: Schema;
  /** What starts its runs, besides calls. */
  triggers?: readonly Trigger<SchemaInput<Schema>>[];
  /** Services that its steps use, by the names that `ctx.services` has for them. */
  services?: V;
  /** Time that a run may take in all, over runs that continued as new. Default: no limit. */
  timeout?: Duration;
  /** Task queue of the Workers that run it as a subflow or when it is triggered. Default: that of the application. */
  queue?: string;
  /** Options of its steps where they have none of their own. */
  defaults?: StepDefaults;
  /** Called when a run has ended well. If it fails, that is logged. */
  onSuccess?: (ctx: BaseContext<PayloadOf<Schema>, ServicesOf<V>>, output: unknown) => unknown;
  /** Called when a run has failed, after the `undo`s. If it fails too, that is logged. */
  onFailure?: (ctx: BaseContext<PayloadOf<Schema>, ServicesOf<V>>, error: FlowError) => unknown;
}

/** What `ctx.services` has. */
type ServicesOf<V> = { [K in keyof V]: V[K] extends Service<infer A, any> ? A : never };

/** The payload as steps see it: the schema's, stored. */
type PayloadOf<Schema> = Stored<SchemaOutput<Schema>>;

/** The chain that `define` begins with. */
export type FirstBlock<Schema, V> = Block<PayloadOf<Schema>, {}, {}, PayloadOf<Schema>, ServicesOf<V>, {}, []>;

/** The types of a flow. */
export interface FlowTypes<Schema, B> {
  I: SchemaInput<Schema>;
  O: LastOf<B>;
}
