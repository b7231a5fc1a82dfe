/** Types that say at which times a schedule takes its actions. */

import type { Duration } from "../../common/time";

/** Names of the months, as calendars have them. */
export const MONTHS = [
  "JANUARY",
  "FEBRUARY",
  "MARCH",
  "APRIL",
  "MAY",
  "JUNE",
  "JULY",
  "AUGUST",
  "SEPTEMBER",
  "OCTOBER",
  "NOVEMBER",
  "DECEMBER",
] as const;
/** Name of a month. */
export type Month = (typeof MONTHS)[number];

/** Names of the days of the week, as calendars have them. */
export const DAYS_OF_WEEK = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"] as const;
/** Name of a day of the week. */
export type DayOfWeek = (typeof DAYS_OF_WEEK)[number];

/** The times of `calendars`, `intervals` and `cronExpressions` together, without those of `skip`. */
export interface ScheduleSpec {
  calendars?: CalendarSpec[];
  intervals?: IntervalSpec[];
  /**
   * Cron expressions of 5 fields (minute, hour, day of month, month, day of week), 6 (and year), or 7 (second in
   * front). Also `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly`, and `@every 1h/10m` (an interval and its
   * offset). A day must match both day of month and day of week. `CRON_TZ=<time zone>` may come first, `# comment`
   * last.
   */
  cronExpressions?: string[];
  /** Times to leave out. All fields must match, seconds too. */
  skip?: CalendarSpec[];
  /** Earlier times are left out. Default: none are. */
  startAt?: Date;
  /** Later times are left out. Default: none are. */
  endAt?: Date;
  /** Each time is delayed by a random part of this: milliseconds, or text like "1 minute". Default 0. */
  jitter?: Duration;
  /**
   * Time zone of calendars and cron expressions, e.g. "Europe/Berlin". Default UTC. Clock times are matched as they
   * are: a time that summer time leaves out has no action that day, one that comes twice has two.
   */
  timezone?: string;
}

/** A {@link ScheduleSpec} as the server has it: cron expressions have become calendars and intervals. */
export type ScheduleSpecDescription = Omit<
  ScheduleSpec,
  "calendars" | "intervals" | "cronExpressions" | "skip" | "jitter"
> & {
  calendars?: CalendarSpecDescription[];
  intervals?: IntervalSpecDescription[];
  skip?: CalendarSpecDescription[];
  /** Milliseconds. */
  jitter?: number;
};

/** Seconds, given by their fields: a second matches if each field has one of the values. */
export interface CalendarSpec {
  /** 0 to 59. Default 0. */
  second?: LooseRange<number> | LooseRange<number>[] | "*";
  /** 0 to 59. Default 0. */
  minute?: LooseRange<number> | LooseRange<number>[] | "*";
  /** 0 to 23. Default 0. */
  hour?: LooseRange<number> | LooseRange<number>[] | "*";
  /** 1 to 31. Default "*". */
  dayOfMonth?: LooseRange<number> | LooseRange<number>[] | "*";
  /** Default "*". */
  month?: LooseRange<Month> | LooseRange<Month>[] | "*";
  /** With four digits. Default "*". */
  year?: LooseRange<number> | LooseRange<number>[] | "*";
  /** Default "*". */
  dayOfWeek?: LooseRange<DayOfWeek> | LooseRange<DayOfWeek>[] | "*";
  /** Text for people. */
  comment?: string;
}

/** A {@link CalendarSpec} as the server has it. No ranges in `year` mean all years. */
export interface CalendarSpecDescription {
  second: Range<number>[];
  minute: Range<number>[];
  hour: Range<number>[];
  dayOfMonth: Range<number>[];
  month: Range<Month>[];
  year: Range<number>[];
  dayOfWeek: Range<DayOfWeek>[];
  /** Text for people. */
  comment?: string;
}

/** Times at the same distance: every n × `every` + `offset` since 1970, UTC. Whole seconds. */
export interface IntervalSpec {
  /** Milliseconds, or text like "1 hour". */
  every: Duration;
  /** Milliseconds, or text like "19 minutes". Default 0. */
  offset?: Duration;
}

/** An {@link IntervalSpec} as the server has it; milliseconds. */
export interface IntervalSpecDescription {
  every: number;
  offset: number;
}

/** Values from `start` to `end`, both inclusive, every `step`th of them. */
export interface Range<Unit> {
  start: Unit;
  /** Default `start`. */
  end: Unit;
  /** Default 1. */
  step: number;
}

/** A {@link Range}, one with parts left out, or a single value. */
export type LooseRange<Unit> =
  | Range<Unit>
  | {
      start: Range<Unit>["start"];
      end?: Range<Unit>["end"];
      step?: never;
    }
  | Unit;
