/** Takes out what nobody may see, by its path in a value: `**.password`, `user.*.token`. */

const shown = "[redacted]";

/** What redacts values by these patterns. Letters' case doesn't matter. */
export function redactor(patterns: readonly string[]): (value: unknown) => unknown {
  const compiled = patterns.map((pattern) => pattern.toLowerCase().split("."));
  if (compiled.length === 0) return (value) => value;
  return (value) => redact(value, compiled);
}

/** `rests` is what is left of each pattern at this place. */
function redact(value: unknown, rests: readonly string[][]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const next = rests.flatMap((rest) => advance(rest, key.toLowerCase()));
    return [key, next.some((rest) => rest.length === 0) ? shown : redact(item, next)] as const;
  });
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

/** What is left of a pattern after a key: nothing, one rest, or, after `**`, several. */
function advance(pattern: string[], key: string): string[][] {
  const [first, ...rest] = pattern;
  if (first === undefined) return [];
  if (first === "**") return [pattern, ...advance(rest, key)];
  return first === "*" || first === key ? [rest] : [];
}
