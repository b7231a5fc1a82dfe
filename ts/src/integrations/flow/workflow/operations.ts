/** Operations on state, as all stores do them: a value before, one after, and a result. Workflow code runs them too. */

/** What is kept under a key. */
export interface Entry {
  value: unknown;
  /** When it is gone, in milliseconds since the epoch. */
  expires?: number;
}

/** One operation. `ttl` is in milliseconds. */
export type Operation =
  | { do: "set"; key: string; value: unknown; ttl?: number }
  | { do: "incr"; key: string; by: number; ttl?: number }
  | { do: "delete"; key: string }
  | { do: "cas"; key: string; expected?: unknown; value: unknown; ttl?: number };

/** An operation with the id by which it is done once, however often it is asked for. */
export interface Request {
  id: string;
  operation: Operation;
}

/** What an operation gave, or why it wasn't done. */
export type Outcome = { value?: unknown } | { error: string };

/** How many operations a scope remembers, so that they aren't done again. */
export const remembered = 1_000;

/** The entry, if it isn't over. */
export function current(entry: Entry | undefined, now: number): Entry | undefined {
  return entry?.expires !== undefined && entry.expires <= now ? undefined : entry;
}

/** Does an operation. Returns the entry after it, which is undefined if there is none, and the outcome. */
export function perform(
  before: Entry | undefined,
  operation: Operation,
  now: number,
): { entry: Entry | undefined; outcome: Outcome } {
  const entry = current(before, now);
  const made = (value: unknown): Entry => {
    const { ttl } = operation as { ttl?: number };
    if (ttl !== undefined) return { value, expires: now + ttl };
    // A counter keeps its time: it would never end, if each count made it new.
    return operation.do === "incr" && entry?.expires !== undefined ? { value, expires: entry.expires } : { value };
  };
  switch (operation.do) {
    case "set":
      return { entry: made(operation.value), outcome: {} };
    case "delete":
      return { entry: undefined, outcome: { value: entry !== undefined } };
    case "cas": {
      if (!same(entry?.value, operation.expected)) return { entry, outcome: { value: false } };
      return { entry: made(operation.value), outcome: { value: true } };
    }
    case "incr": {
      const { value = 0 } = entry ?? {};
      if (typeof value !== "number")
        return { entry, outcome: { error: `'${operation.key}' isn't a number, it can't be counted` } };
      return { entry: made(value + operation.by), outcome: { value: value + operation.by } };
    }
  }
}

/** Whether values are the same as JSON, whatever the order of their fields. */
function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [keys, others] = [Object.keys(left), Object.keys(right)];
  return (
    keys.length === others.length &&
    keys.every(
      (key) =>
        Object.hasOwn(right, key) &&
        same((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
    )
  );
}
