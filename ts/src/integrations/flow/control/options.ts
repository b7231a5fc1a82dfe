/** Options of `define` that say how many runs of a flow there may be, and when. */
import type { Duration } from "../../../common";
import { msToNumber } from "../../../common/time";
import { type FlowEvent, isEvent } from "../events/event";
import type { CollectorRule, GateRule } from "../workflow/gate-messages";

/** Of which runs an option is. `P` is the payload. */
interface Keyed<P> {
  /** Runs with the same key count together. Default: all runs of the flow. */
  key?: (payload: P) => string;
}

/** At most so many runs begin in any period of the length. */
interface Window<P> extends Keyed<P> {
  /** From 1 to 1,000. */
  limit: number;
  period: Duration;
}

/** Options by which a flow limits its runs. `P` is the payload, as the flow's schema gives it. */
export interface ControlOptions<P> {
  /** How many runs there are at a time, up to 1,000. The others wait for their turn, in the order of their starts. */
  concurrency?: Keyed<P> & { limit: number };
  /**
   * One run at a time. Another one that is started meanwhile is `"skip"`ped; `"join"`s it, so that its starter gets
   * the result of the run that is there; or `"replace"`s it, which is cancelled first.
   */
  singleton?: Keyed<P> & { mode: "skip" | "join" | "replace" };
  /** How many runs begin in a period. Others are refused. */
  rateLimit?: Window<P>;
  /** How many runs begin in a period. Up to 1,000 others wait, then they are refused. */
  throttle?: Window<P>;
  /**
   * Events that cancel a run, if they happen after its start: those whose key is what `match` returns, which is
   * mandatory for events that have a key.
   */
  cancelOn?: readonly { event: FlowEvent; match?: (payload: P) => string }[];
  /**
   * One run for all starts between which less than the period passes, with the payload of the last or first one.
   * `maxWait` is the longest that the first one waits.
   */
  debounce?: Keyed<P> & { period: Duration; maxWait?: Duration; take?: "first" | "last" };
  /**
   * One run for several starts, whose payloads are lists: it gets all their items, `size` of them, or what there is
   * after the `timeout`.
   */
  batch?: P extends readonly unknown[] ? Keyed<P> & { size: number; timeout: Duration } : never;
  /** Which of the tasks that wait in a queue goes first: from 1, the first, to 5. Default 3. */
  priority?: number | ((payload: P) => number);
  /**
   * Tasks of each key get a share of the queue in proportion to their weight, from 0.001 to 1,000, default 1. For
   * Workers that can't keep up, and for servers that have fairness.
   */
  fairness?: { key: (payload: P) => string; weight?: number | ((payload: P) => number) };
}

type Key = ((payload: any) => string) | undefined;

/** The options, checked. */
export interface Control {
  /** In the order in which runs pass them. */
  readonly gates: readonly { readonly rule: GateRule; readonly key: Key }[];
  readonly collector: { readonly rule: CollectorRule; readonly key: Key } | undefined;
  readonly cancelOn: NonNullable<ControlOptions<any>["cancelOn"]>;
  readonly priority: ControlOptions<any>["priority"];
  readonly fairness: ControlOptions<any>["fairness"];
}

const largestLimit = 1_000;
const modes = ["skip", "join", "replace"] as const;

/** The options of a flow; undefined if it has none. @throws TypeError if one makes no sense */
export function controlOf(flow: string, options: ControlOptions<any>): Control | undefined {
  const { concurrency, singleton, rateLimit, throttle, debounce, cancelOn = [], priority, fairness } = options;
  const batch = options.batch as { size: number; timeout: Duration; key?: Key } | undefined;
  const fail = (why: string): never => {
    throw new TypeError(`flow '${flow}': ${why}`);
  };
  const whole = (value: unknown, what: string, most: number): number => {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most)
      fail(`${what} must be a whole number from 1 to ${most}, got ${value}`);
    return value as number;
  };
  const time = (value: Duration, what: string): number => {
    const ms = msToNumber(value as number, `${what} of flow '${flow}'`);
    if (!(ms > 0 && Number.isFinite(ms))) fail(`${what} must be more than nothing, got ${value}`);
    return Math.ceil(ms);
  };
  const keyOf = (of: { key?: Key } | undefined, what: string): Key => {
    if (of?.key !== undefined && typeof of.key !== "function")
      fail(`${what}.key must be a function of the payload, got ${typeof of.key}`);
    return of?.key;
  };
  const gates: { rule: GateRule; key: Key }[] = [];
  if (singleton !== undefined) {
    const { mode } = singleton;
    if (!modes.includes(mode)) fail(`singleton.mode must be one of ${modes.join(", ")}, got ${JSON.stringify(mode)}`);
    gates.push({ rule: { kind: "singleton", mode }, key: keyOf(singleton, "singleton") });
  }
  for (const [kind, window] of [["rateLimit", rateLimit] as const, ["throttle", throttle] as const]) {
    if (window === undefined) continue;
    const limit = whole(window.limit, `${kind}.limit`, largestLimit);
    const period = time(window.period, `${kind}.period`);
    gates.push({ rule: { kind, limit, period }, key: keyOf(window, kind) });
  }
  if (concurrency !== undefined) {
    const limit = whole(concurrency.limit, "concurrency.limit", largestLimit);
    gates.push({ rule: { kind: "concurrency", limit }, key: keyOf(concurrency, "concurrency") });
  }
  if (debounce !== undefined && batch !== undefined) fail("it can't have both debounce and batch");
  let collector: Control["collector"];
  if (debounce !== undefined) {
    const { maxWait, take = "last" } = debounce;
    if (take !== "first" && take !== "last")
      fail(`debounce.take must be "first" or "last", got ${JSON.stringify(take)}`);
    const rule: CollectorRule = { kind: "debounce", period: time(debounce.period, "debounce.period"), take };
    if (maxWait !== undefined) rule.maxWait = time(maxWait, "debounce.maxWait");
    collector = { rule, key: keyOf(debounce, "debounce") };
  }
  if (batch !== undefined) {
    const size = whole(batch.size, "batch.size", 10_000);
    const rule: CollectorRule = { kind: "batch", size, timeout: time(batch.timeout, "batch.timeout") };
    collector = { rule, key: keyOf(batch, "batch") };
  }
  if (priority !== undefined && typeof priority !== "function") whole(priority, "priority", 5);
  if (fairness !== undefined && typeof fairness.key !== "function")
    fail(`fairness.key must be a function of the payload, got ${typeof fairness.key}`);
  if (!Array.isArray(cancelOn)) fail("cancelOn must be a list of { event, match }");
  for (const { event, match } of cancelOn) {
    if (!isEvent(event)) fail("cancelOn needs events that were made by event()");
    if (event.key !== undefined && typeof match !== "function")
      fail(`it is cancelled by the event '${event.name}', which has a key: say by match which one`);
    if (event.key === undefined && match !== undefined)
      fail(`its cancelOn has a match for the event '${event.name}', which has no key`);
  }
  const control = { gates, collector, cancelOn, priority, fairness };
  const isUsed = [collector, priority, fairness].some((one) => one !== undefined);
  return isUsed || gates.length > 0 || cancelOn.length > 0 ? control : undefined;
}
