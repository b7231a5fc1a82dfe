/** Durations and times: numbers of milliseconds, strings like "10 seconds", and protobuf's Duration and Timestamp. */

import Long from "long";
import type { Timestamp as ProtoTimestamp } from "../proto/google/protobuf/timestamp";
import { ValueError } from "./errors";

/** Protobuf's Timestamp; its Duration has the same shape, and the functions here serve both. */
export type Timestamp = ProtoTimestamp;

type Unit =
  | "Years"
  | "Year"
  | "Yrs"
  | "Yr"
  | "Y"
  | "Weeks"
  | "Week"
  | "W"
  | "Days"
  | "Day"
  | "D"
  | "Hours"
  | "Hour"
  | "Hrs"
  | "Hr"
  | "H"
  | "Minutes"
  | "Minute"
  | "Mins"
  | "Min"
  | "M"
  | "Seconds"
  | "Second"
  | "Secs"
  | "Sec"
  | "s"
  | "Milliseconds"
  | "Millisecond"
  | "Msecs"
  | "Msec"
  | "Ms";
type UnitAnyCase = Unit | Uppercase<Unit> | Lowercase<Unit>;

/**
 * A duration as text: a number with a unit of time, e.g. "1.5h", "10 seconds", "2 days"; without a unit, milliseconds.
 */
export type StringValue = `${number}` | `${number}${UnitAnyCase}` | `${number} ${UnitAnyCase}`;

/** A duration: a number of milliseconds, or text like "10 seconds". */
export type Duration = StringValue | number;

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/**
 * Milliseconds per unit, by the letters that the unit may begin with; the pattern below lets only whole names through.
 */
const UNITS: Record<string, number> = {
  y: 365.25 * DAY,
  w: 7 * DAY,
  d: DAY,
  h: 3600 * SECOND,
  m: 60 * SECOND,
  s: SECOND,
  ms: 1,
};

const DURATION_PATTERN =
  /^(-?\d*\.?\d+) *(?:(milliseconds?|msecs?|ms)|(seconds?|secs?|s)|(minutes?|mins?|m)|(hours?|hrs?|h)|(days?|d)|(weeks?|w)|(years?|yrs?|y))?$/i;
const PATTERN_UNITS = ["ms", "s", "m", "h", "d", "w", "y"];

/**
 * Milliseconds of a duration.
 *
 * @param field what error messages call it
 * @throws TypeError for text that is not one
 */
export function msToNumber(value: Duration, field?: string): number {
  if (typeof value === "number") return value;
  const match = typeof value === "string" && value.length <= 100 ? DURATION_PATTERN.exec(value) : null;
  if (!match)
    throw new TypeError(
      `Invalid duration string: '${String(value)}'${of(field)}. Write a number of milliseconds, or text like '10 seconds', '1.5h' or '2 days'`,
    );
  const unit = PATTERN_UNITS.find((_, index) => match[index + 2] !== undefined) ?? "ms";
  return Number.parseFloat(match[1]!) * UNITS[unit]!;
}

/** Milliseconds of a duration, undefined for undefined. Throws like {@link msToNumber}. */
export function msOptionalToNumber(value: Duration | undefined, field?: string): number | undefined {
  return value === undefined ? undefined : msToNumber(value, field);
}

/**
 * Protobuf form of a number of milliseconds.
 *
 * @param field what error messages call it
 * @throws ValueError if it isn't finite
 */
export function msNumberToTs(millis: number, field?: string): Timestamp {
  if (Number.isNaN(millis) || !Number.isFinite(millis)) throw new ValueError(`Invalid millis ${millis}${of(field)}`);
  const seconds = Math.floor(millis / 1000);
  return { seconds: Long.fromNumber(seconds), nanos: Math.round((millis - seconds * 1000) * 1_000_000) };
}

/** Protobuf form of a duration. Throws like {@link msToNumber} and {@link msNumberToTs}. */
export function msToTs(value: Duration, field?: string): Timestamp {
  return msNumberToTs(msToNumber(value, field), field);
}

/** Protobuf form of a duration, undefined for undefined and null. Throws like {@link msToTs}. */
export function msOptionalToTs(value: Duration | undefined | null, field?: string): Timestamp | undefined {
  return value == null ? undefined : msToTs(value, field);
}

function of(field: unknown): string {
  return typeof field === "string" ? ` (${field})` : "";
}

/** Milliseconds of a protobuf time or duration, rounded down. Throws for undefined and null. */
export function tsToMs(time: Timestamp | null | undefined): number {
  if (time == null) throw new TypeError(`Expected timestamp, got ${String(time)}`);
  return (time.seconds?.toNumber() ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}

/** Milliseconds of a protobuf time or duration, undefined for undefined and null. */
export function optionalTsToMs(time: Timestamp | null | undefined): number | undefined {
  return time == null ? undefined : tsToMs(time);
}

/** Milliseconds of a protobuf time or duration; throws a `TypeError` that names the field when it is missing. */
export function requiredTsToMs(time: Timestamp | null | undefined, fieldName: string): number {
  if (time == null) throw new TypeError(`Expected ${fieldName} to be a timestamp, got ${String(time)}`);
  return tsToMs(time);
}

/** The date of a protobuf time. */
export function tsToDate(time: Timestamp): Date {
  return new Date(tsToMs(time));
}

/** The date of a protobuf time; throws a `TypeError` that names the field when it is missing. */
export function requiredTsToDate(time: Timestamp | null | undefined, fieldName: string): Date {
  return new Date(requiredTsToMs(time, fieldName));
}

/** The date of a protobuf time, undefined for undefined and null. */
export function optionalTsToDate(time: Timestamp | null | undefined): Date | undefined {
  return time == null ? undefined : tsToDate(time);
}

/**
 * Protobuf form of a date, undefined for undefined and null.
 *
 * @param field what error messages call it
 * @throws TypeError for what isn't a date
 * @throws ValueError for an invalid date
 */
export function optionalDateToTs(date: Date | null | undefined, field?: string): Timestamp | undefined {
  if (date == null) return undefined;
  if (typeof date.getTime !== "function") throw new TypeError(`Expected a Date${of(field)}, got ${typeof date}`);
  return msNumberToTs(date.getTime(), field);
}
