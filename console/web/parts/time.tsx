import { usePreference } from "../preferences";

/** A time in the zone that the reader has chosen; the other form is its title. */
export function Time({ value, short }: { value?: string | number; short?: boolean }) {
  const zone = usePreference("zone");
  if (value === undefined || value === "") return <span className="quiet">–</span>;
  const date = new Date(value);
  const options: Intl.DateTimeFormatOptions = {
    ...(short ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" }),
    ...(zone === "local" ? {} : { timeZone: zone }),
  };
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {new Intl.DateTimeFormat(undefined, options).format(date)}
      {zone === "UTC" && " UTC"}
    </time>
  );
}

/** A length of time, for people. */
export function lasting(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
