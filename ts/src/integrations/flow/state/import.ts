/** State that another store gave. */
import { randomUUID } from "node:crypto";
import type { StateStore, StoredEntry } from "./store";

/** Keeps the values of lines. Returns how many there were. */
export async function importState(store: StateStore, lines: AsyncIterable<string> | Iterable<string>): Promise<number> {
  let line = 0;
  let values = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    const { flow, scope, key, value, expires } = entryOf(text, line);
    const ttl = expires === undefined ? undefined : expires - Date.now();
    if (ttl !== undefined && ttl <= 0) continue;
    const operation = { do: "set", key, value, ...(ttl === undefined ? {} : { ttl }) } as const;
    const outcome = await store.apply({ flow, scope }, { id: randomUUID(), operation });
    if ("error" in outcome) throw new Error(`Line ${line} can't be kept: ${outcome.error}`);
    values++;
  }
  return values;
}

function entryOf(text: string, line: number): StoredEntry {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    // It is told below.
  }
  const { flow, scope, key, value, expires } = (entry ?? {}) as Partial<StoredEntry>;
  const isEntry = [flow, scope, key].every((part) => typeof part === "string") && value !== undefined;
  if (!isEntry || (expires !== undefined && typeof expires !== "number"))
    throw new TypeError(`Line ${line} is no value of a state: it needs flow, scope, key and value`);
  return entry as StoredEntry;
}
