/** Triggers by time: `schedule`, `interval` and `poll`. `deploy` makes schedules of the server of them. */
import type { ScheduleOverlapPolicy } from "../../../client";
import type { Duration, Logger } from "../../../common";
import { msToNumber } from "../../../common/time";
import { positiveMs } from "../definition";
import type { Trigger } from "../trigger";
import { cronProblem } from "./cron";

/** Options that all triggers by time have. */
export interface TimeOptions {
  /**
   * Its name, unique in the flow: letters, digits, `-` and `_`. With another name it is another schedule. Default: its
   * number among the flow's triggers by time, from 1.
   */
  name?: string;
  /** A random delay of up to so much, so that not everything starts at once. Default: none. */
  jitter?: Duration;
  /** What happens while the run before still goes on. Default `"SKIP"`. */
  overlap?: ScheduleOverlapPolicy;
  /** How late a start that was missed is still made. Default 1 year, as the server has it. */
  catchup?: Duration;
}

/** Options of {@link schedule}. */
export interface ScheduleTriggerOptions<I> extends TimeOptions {
  /** What each run is started with. */
  payload: I;
  /** IANA's name of the zone that the times are in, such as `"Europe/Berlin"`. Default UTC. */
  timezone?: string;
}

/** Options of {@link interval}. */
export interface IntervalOptions<I> extends TimeOptions {
  /** What each run is started with. */
  payload: I;
  /** Time after the beginning of each interval, counted from the epoch. Default 0. */
  offset?: Duration;
}

/** What the function of {@link poll} is called with. */
export interface PollContext<C> {
  /** The cursor that it returned the last time; undefined the first time. */
  readonly cursor: C | undefined;
  readonly log: Logger;
  /** Aborts when the Worker shuts down. */
  readonly signal: AbortSignal;
}

/** Options of {@link poll}. */
export interface PollOptions<I> extends TimeOptions {
  /** Time between two looks. */
  every: Duration;
  /** What makes an item that is seen again the same. There is one run for each. */
  id: (item: I) => string;
  /** Time that one look may take. Default 1 minute. */
  timeout?: Duration;
}

/** When a schedule of the server is due. Times are milliseconds. */
export interface When {
  cron?: readonly string[];
  timezone?: string;
  every?: number;
  offset?: number;
  jitter?: number;
  overlap?: ScheduleOverlapPolicy;
  catchup?: number;
}

/** A trigger by time. */
export interface TimeTrigger<I> extends Trigger<I> {
  readonly kind: "time";
  readonly name: string | undefined;
  readonly when: When;
  /** What runs are started with, where nothing is polled. */
  readonly payload?: I;
  readonly poll?: Poll;
}

/** What a poll does. */
export interface Poll {
  readonly look: (context: PollContext<any>) => unknown;
  readonly id: (item: any) => string;
  readonly timeout: number;
}

/**
 * Starts a run at the times that a cron text names.
 *
 * @param cron five fields, six with a year, seven with seconds, or a name such as `@daily`; or a list of such texts
 * @throws TypeError if a text, the zone or a duration makes no sense
 */
export function schedule<I>(
  cron: string | readonly string[],
  { payload, timezone, ...options }: ScheduleTriggerOptions<I>,
): TimeTrigger<I> {
  const crons = typeof cron === "string" ? [cron] : cron;
  for (const one of crons) {
    const problem = cronProblem(one);
    if (problem !== undefined) throw new TypeError(`schedule(${JSON.stringify(one)}): ${problem}`);
  }
  if (crons.length === 0) throw new TypeError("schedule([]): there must be a cron text");
  if (timezone !== undefined && !isZone(timezone))
    throw new TypeError(
      `schedule(${JSON.stringify(cron)}): there is no time zone ${JSON.stringify(timezone)}. Names are IANA's, such as "Europe/Berlin", capitals included`,
    );
  const when = { cron: crons, ...(timezone === undefined ? {} : { timezone }) };
  return { payload, ...trigger(`schedule(${JSON.stringify(cron)})`, when, options) };
}

/**
 * Starts a run every so often.
 *
 * @throws TypeError if a duration makes no sense
 */
export function interval<I>(every: Duration, { payload, offset, ...options }: IntervalOptions<I>): TimeTrigger<I> {
  const what = `interval(${JSON.stringify(every)})`;
  const when: When = { every: wholeSeconds(every, what) };
  if (offset !== undefined) when.offset = msToNumber(offset as number, `offset of ${what}`);
  if (when.offset !== undefined && !(when.offset >= 0 && when.offset < when.every!))
    throw new TypeError(`${what}: offset must be from 0 to the interval, got ${JSON.stringify(offset)}`);
  return { payload, ...trigger(what, when, options) };
}

/**
 * Looks for items every so often, and starts a run for each that wasn't there before.
 *
 * @param look gets the cursor of the last look and returns the items since, and the cursor from which to go on. When it
 *   fails, or its process dies, it is called again with the same cursor.
 * @throws TypeError if a duration makes no sense, or `id` is missing
 */
export function poll<I, C>(
  look: (context: PollContext<C>) => PollResult<I, C> | Promise<PollResult<I, C>>,
  { every, id, timeout = "1 minute", ...options }: PollOptions<I>,
): TimeTrigger<I> {
  const what = `poll every ${JSON.stringify(every)}`;
  if (typeof look !== "function" || typeof id !== "function")
    throw new TypeError(`${what}: it needs a function, and 'id'`);
  const found = { look, id, timeout: positiveMs(timeout, `timeout of ${what}`) };
  return { poll: found, ...trigger(what, { every: wholeSeconds(every, what) }, options) };
}

/** What the function of {@link poll} returns. */
export interface PollResult<I, C> {
  items: readonly I[];
  cursor: C;
}

function trigger<I>(what: string, when: When, { name, jitter, overlap, catchup }: TimeOptions): TimeTrigger<I> {
  if (name !== undefined && !/^[A-Za-z][\w-]{0,63}$/.test(name))
    throw new TypeError(`${what}: ${JSON.stringify(name)} is no name: use up to 64 letters, digits, '-' and '_'`);
  const complete: When = { ...when };
  if (jitter !== undefined) complete.jitter = positiveMs(jitter, `jitter of ${what}`);
  if (catchup !== undefined) complete.catchup = positiveMs(catchup, `catchup of ${what}`);
  if (overlap !== undefined) complete.overlap = overlap;
  return { kind: "time", name, when: complete };
}

/** Shorter ones, and parts of seconds, are nothing that a schedule can do. */
function wholeSeconds(duration: Duration, what: string): number {
  const ms = positiveMs(duration, what);
  if (ms % 1000 !== 0)
    throw new TypeError(`${what}: schedules know whole seconds alone, got ${JSON.stringify(duration)}`);
  return ms;
}

function isZone(timeZone: string): boolean {
  try {
    const known = new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
    // An offset, and a name in other letters, are zones for Intl and none for the server.
    return !/^[+-]/.test(timeZone) && (known === timeZone || known.toLowerCase() !== timeZone.toLowerCase());
  } catch {
    return false;
  }
}

/** A trigger by time with the name that it has in its flow. */
export interface NamedTimeTrigger extends TimeTrigger<unknown> {
  readonly name: string;
}

/** The triggers by time of a flow, each with its name. @throws TypeError if two have one name */
export function timeTriggers(triggers: readonly Trigger[]): NamedTimeTrigger[] {
  const found = triggers.filter((one): one is TimeTrigger<unknown> => one.kind === "time");
  const named = found.map((one, index) => ({ ...one, name: one.name ?? String(index + 1) }));
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new TypeError(`two triggers by time have the name '${twice.name}'`);
  return named;
}
