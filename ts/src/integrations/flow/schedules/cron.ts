/** Cron texts, as Temporal's server takes them. */

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  name: string;
  least: number;
  most: number;
  /** What stands for numbers, the first one for the least. */
  words?: readonly string[];
}

const second: Field = { name: "second", least: 0, most: 59 };
const minute: Field = { name: "minute", least: 0, most: 59 };
const hour: Field = { name: "hour", least: 0, most: 23 };
const dayOfMonth: Field = { name: "day of the month", least: 1, most: 31 };
const month: Field = { name: "month", least: 1, most: 12, words: months };
const dayOfWeek: Field = { name: "day of the week", least: 0, most: 7, words: days };
const year: Field = { name: "year", least: 2000, most: 2100 };

const five = [minute, hour, dayOfMonth, month, dayOfWeek];
const fields: Record<number, readonly Field[]> = { 5: five, 6: [...five, year], 7: [second, ...five, year] };
const names = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with a cron text; undefined if nothing is. */
export function cronProblem(cron: string): string | undefined {
  if (typeof cron !== "string") return "it must be a text";
  const text = cron.trim();
  if (text.startsWith("@")) return names.includes(text) ? undefined : `it must be one of ${names.join(", ")}`;
  if (text.includes("TZ=")) return "the zone is the option 'timezone'";
  const parts = text.split(/\s+/);
  const expected = fields[parts.length];
  if (expected === undefined)
    return `it has ${text === "" ? 0 : parts.length} fields, and must have 5, 6 with a year, or 7 with seconds`;
  for (const [index, part] of parts.entries()) {
    const field = expected[index]!;
    if (!part.split(",").every((item) => isItem(item, field)))
      return `'${part}' is no ${field.name}: use ${field.least} to ${field.most}, '*', 'a-b', '/n' and ','`;
  }
  return undefined;
}

/** `*`, `a`, `a-b`, and each with a step. */
function isItem(item: string, field: Field): boolean {
  const [, range = "", step] = /^([^/]*)(?:\/(.*))?$/.exec(item) ?? [];
  if (step !== undefined && !(/^\d+$/.test(step) && Number(step) >= 1)) return false;
  if (range === "*") return true;
  const [from, to, ...more] = range.split("-").map((value) => numberOf(value, field));
  if (from === undefined || more.length > 0) return false;
  if (!range.includes("-")) return true;
  return to !== undefined && from <= to;
}

function numberOf(text: string, { least, most, words = [] }: Field): number | undefined {
  const word = words.indexOf(text.toUpperCase());
  if (word >= 0) return word + least;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
}
