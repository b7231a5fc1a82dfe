import { current } from "../../workflow/current";
import { platform } from "../platform";

const RealDate = Date;

/**
 * `Date` for the whole thread: the time of the Workflow Task while a run is executing, real time otherwise. It shares
 * the prototype of the real one, so that every date is an instance of both.
 */
const DeterministicDate = function Date(this: unknown, ...args: unknown[]): unknown {
  const run = current;
  // Called as a function, Date gives the current time as text, whatever the arguments.
  if (new.target === undefined) return (run === undefined ? new RealDate() : new RealDate(run.now)).toString();
  if (args.length === 0 && run !== undefined) return Reflect.construct(RealDate, [run.now], new.target);
  return Reflect.construct(RealDate, args, new.target);
} as unknown as DateConstructor;

/** Puts {@link DeterministicDate} in the place of `Date` on this thread. */
export function installDate(): void {
  const now = () => (current === undefined ? platform.now() : current.now);
  for (const [key, value] of Object.entries({ now, parse: RealDate.parse, UTC: RealDate.UTC })) {
    Object.defineProperty(DeterministicDate, key, { value, writable: true, enumerable: false, configurable: true });
  }
  Object.defineProperty(DeterministicDate, "prototype", { value: RealDate.prototype, writable: false });
  Object.defineProperty(DeterministicDate, "length", { value: 7 });
  Object.defineProperty(DeterministicDate, "name", { value: "Date" });
  Object.defineProperty(RealDate.prototype, "constructor", { value: DeterministicDate });
  Object.defineProperty(globalThis, "Date", { value: DeterministicDate });
  installTemporal();
}

/** The `Temporal` API reads the clock too, where it exists. */
function installTemporal(): void {
  const api = (globalThis as { Temporal?: TemporalApi }).Temporal;
  if (api?.Now === undefined) return;
  const { Now, Instant } = api;
  const instant = () => Instant.fromEpochMilliseconds(DeterministicDate.now());
  const zoned = (zone: unknown = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
  const replacements = {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: unknown) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone?: unknown) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: unknown) => zoned(zone).toPlainTime(),
  };
  for (const [key, value] of Object.entries(replacements)) {
    if (key in Now) Object.defineProperty(Now, key, { value, writable: true, enumerable: false, configurable: true });
  }
}

interface TemporalApi {
  Now: Record<string, () => unknown> & { timeZoneId(): string };
  Instant: { fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: unknown): ZonedDateTime } };
}

interface ZonedDateTime {
  toPlainDateTime(): unknown;
  toPlainDate(): unknown;
  toPlainTime(): unknown;
}
