/** Conversion of the times of schedules. */

import { inspect } from "node:util";
import { msOptionalToTs, msToTs, optionalDateToTs, optionalTsToDate, optionalTsToMs, tsToMs } from "../../common/time";
import { isRecord } from "../../common/type-helpers";
import type {
  Range as ProtoRange,
  ScheduleSpec as ProtoSpec,
  StructuredCalendarSpec,
} from "../../proto/temporal/api/schedule/v1/message";
import {
  type CalendarSpec,
  type CalendarSpecDescription,
  DAYS_OF_WEEK,
  type LooseRange,
  MONTHS,
  type Range,
  type ScheduleSpec,
  type ScheduleSpecDescription,
} from "./schedule-spec-types";

type Loose<Unit> = LooseRange<Unit> | LooseRange<Unit>[] | "*" | undefined;

/** How one field of a calendar is converted. */
interface Field<Unit> {
  name: string;
  /** Number of a value; undefined for what is none. */
  number(value: unknown): number | undefined;
  /** Value of a number; undefined for what is out of bounds. */
  value(number: number): Unit | undefined;
  /** All values. */
  all: ProtoRange[];
  /** The values when the field is not given. */
  none: ProtoRange[];
}

function numbers(name: string, from: number, to: number, none?: ProtoRange[]): Field<number> {
  const all = [{ start: from, end: to, step: 1 }];
  const within = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to ? (value as number) : undefined;
  return { name, number: within, value: within, all, none: none ?? all };
}

function names<Name extends string>(name: string, values: readonly Name[], first: number): Field<Name> {
  const all = [{ start: first, end: first + values.length - 1, step: 1 }];
  const number = (value: unknown) => {
    const index = values.indexOf(value as Name);
    return index < 0 ? undefined : index + first;
  };
  return { name, number, value: (value) => values[value - first], all, none: all };
}

const zero = [{ start: 0, end: 0, step: 1 }];
const FIELDS = {
  second: numbers("second", 0, 59, zero),
  minute: numbers("minute", 0, 59, zero),
  hour: numbers("hour", 0, 23, zero),
  dayOfMonth: numbers("dayOfMonth", 1, 31),
  month: names("month", MONTHS, 1),
  // All years are said by no range at all.
  year: { ...numbers("year", 0, 9999), all: [], none: [] },
  dayOfWeek: names("dayOfWeek", DAYS_OF_WEEK, 0),
};

function encodeField<Unit>(field: Field<Unit>, loose: Loose<Unit>): ProtoRange[] {
  if (loose === undefined) return field.none;
  if (loose === "*") return field.all;
  const number = (value: unknown): number => {
    const result = field.number(value);
    if (result === undefined)
      throw new TypeError(
        `Invalid CalendarSpec component for field ${field.name}: '${String(value)}' of type '${typeof value}'`,
      );
    return result;
  };
  return (Array.isArray(loose) ? loose : [loose]).map((item) => {
    const range: { start?: unknown; end?: unknown; step?: unknown } = isRecord(item) ? item : { start: item };
    const start = number(range.start);
    const { step = 1 } = range;
    if (!Number.isInteger(step))
      throw new TypeError(
        `Invalid CalendarSpec component for field ${field.name}: the step is ${inspect(step)}, not a whole number`,
      );
    return { start, end: range.end === undefined ? start : number(range.end), step: Math.max(step as number, 1) };
  });
}

function decodeField<Unit>(field: Field<Unit>, ranges: ProtoRange[] | undefined): Range<Unit>[] {
  return (ranges ?? []).map(({ start = 0, end = 0, step = 0 }) => {
    const first = field.value(start);
    if (first === undefined)
      throw new RangeError(`Invalid CalendarSpec component for field ${field.name}: ${start} is out of bounds`);
    return { start: first, end: (end > start ? field.value(end) : undefined) ?? first, step: Math.max(step, 1) };
  });
}

function encodeCalendar(calendar: CalendarSpec): StructuredCalendarSpec {
  return {
    second: encodeField(FIELDS.second, calendar.second),
    minute: encodeField(FIELDS.minute, calendar.minute),
    hour: encodeField(FIELDS.hour, calendar.hour),
    dayOfMonth: encodeField(FIELDS.dayOfMonth, calendar.dayOfMonth),
    month: encodeField(FIELDS.month, calendar.month),
    year: encodeField(FIELDS.year, calendar.year),
    dayOfWeek: encodeField(FIELDS.dayOfWeek, calendar.dayOfWeek),
    comment: calendar.comment,
  };
}

function decodeCalendar(calendar: StructuredCalendarSpec): CalendarSpecDescription {
  return {
    second: decodeField(FIELDS.second, calendar.second),
    minute: decodeField(FIELDS.minute, calendar.minute),
    hour: decodeField(FIELDS.hour, calendar.hour),
    dayOfMonth: decodeField(FIELDS.dayOfMonth, calendar.dayOfMonth),
    month: decodeField(FIELDS.month, calendar.month),
    year: decodeField(FIELDS.year, calendar.year),
    dayOfWeek: decodeField(FIELDS.dayOfWeek, calendar.dayOfWeek),
    comment: calendar.comment ?? "",
  };
}

/** The protobuf form of a spec. Throws `TypeError` for a value that a calendar cannot have. */
export function encodeScheduleSpec(spec: ScheduleSpec): ProtoSpec {
  return {
    structuredCalendar: spec.calendars?.map(encodeCalendar),
    interval: spec.intervals?.map(({ every, offset }) => ({
      interval: msToTs(every, "every"),
      phase: msOptionalToTs(offset, "offset"),
    })),
    cronString: spec.cronExpressions,
    excludeStructuredCalendar: spec.skip?.map(encodeCalendar),
    startTime: optionalDateToTs(spec.startAt, "startAt"),
    endTime: optionalDateToTs(spec.endAt, "endAt"),
    jitter: msOptionalToTs(spec.jitter, "jitter"),
    timezoneName: spec.timezone,
  };
}

/** The spec in the server's message. */
export function decodeScheduleSpec(spec: ProtoSpec): ScheduleSpecDescription {
  return {
    calendars: (spec.structuredCalendar ?? []).map(decodeCalendar),
    intervals: (spec.interval ?? []).map(({ interval, phase }) => ({
      every: tsToMs(interval),
      offset: optionalTsToMs(phase) as number,
    })),
    skip: (spec.excludeStructuredCalendar ?? []).map(decodeCalendar),
    startAt: optionalTsToDate(spec.startTime),
    endAt: optionalTsToDate(spec.endTime),
    jitter: optionalTsToMs(spec.jitter),
    timezone: spec.timezoneName ?? "",
  };
}
