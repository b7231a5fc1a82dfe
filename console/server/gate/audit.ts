/**
 * The audit log: a chain in which each entry's hash covers the one before. The text that is hashed is what is stored,
 * because a database may write the same JSON in another way.
 */

import { type AuditRecord, ConflictError, type Store } from "../store/store";

/** What an entry says. */
export interface AuditEntry {
  /** "intent" before it is done, "outcome" after it, "refused" if it was not allowed; else what happened. */
  event: "intent" | "outcome" | "refused" | "login" | "logout" | "start";
  actor: string;
  via: string;
  ip?: string;
  requestId: string;
  action?: string;
  namespace?: string;
  /** The path of the request below `/api/v1`. */
  target?: string;
  reason?: string;
  /** What was asked for, without values that may be secret. */
  request?: unknown;
  /** "done", or what went wrong. */
  outcome?: string;
  /** The number of the intent that an outcome belongs to. */
  intent?: number;
}

export interface StoredEntry extends AuditEntry {
  seq: number;
  at: string;
}

const genesis = "0".repeat(64);
const attempts = 100;

/** Hash of an entry's text after the hash of the entry before. */
const chainHash = (prev: string, text: string): string =>
  new Bun.CryptoHasher("sha256").update(prev).update("\n").update(text).digest("hex");

export class Audit {
  readonly #store: Store;
  /** Who has written the newest entry is known here, until somebody else has. */
  #head: { seq: number; hash: string } | undefined;
  /** One append after the other: two of this process would only lose against each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Writes an entry; returns its number. Whoever loses against another console tries again. */
  append(entry: AuditEntry): Promise<number> {
    const mine = this.#last.then(() => this.#append(entry));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #append(entry: AuditEntry): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      this.#head ??= await this.head();
      const seq = this.#head.seq + 1;
      const text = JSON.stringify({ seq, at: new Date().toISOString(), ...entry } satisfies StoredEntry);
      const prev = this.#head.hash;
      const hash = chainHash(prev, text);
      try {
        await this.#store.append({ seq, prev, hash, text });
        this.#head = { seq, hash };
        return seq;
      } catch (error) {
        this.#head = undefined;
        if (!(error instanceof ConflictError) || attempt === attempts) throw error;
      }
    }
  }

  /** The newest entry's number and hash. */
  async head(): Promise<{ seq: number; hash: string }> {
    const [newest] = await this.#store.read({ limit: 1 });
    return newest === undefined ? { seq: 0, hash: genesis } : { seq: newest.seq, hash: newest.hash };
  }

  /** Entries before a number, the newest first. */
  async page(before: number | undefined, limit: number): Promise<(StoredEntry & { hash: string })[]> {
    const records = await this.#store.read({ before, limit });
    return records.map(({ text, hash }) => ({ ...(JSON.parse(text) as StoredEntry), hash }));
  }
}

/** Something is wrong with the chain at an entry. */
export interface Damage {
  seq: number;
  problem: string;
}

/** Reads the whole chain. Returns how many entries there are, and what is wrong. */
export async function verifyChain(store: Store): Promise<{ entries: number; damages: Damage[]; head: string }> {
  const damages: Damage[] = [];
  let prev = genesis;
  let seq = 0;
  for (;;) {
    const records = await store.read({ from: seq + 1, limit: 1000 });
    for (const record of records) {
      damages.push(...damagesOf(record, seq, prev));
      prev = record.hash;
      seq = record.seq;
    }
    if (records.length < 1000) return { entries: seq, damages, head: prev };
  }
}

function damagesOf({ seq, prev, hash, text }: AuditRecord, before: number, expected: string): Damage[] {
  const damages: Damage[] = [];
  if (seq !== before + 1) damages.push({ seq, problem: `entries ${before + 1} to ${seq - 1} are missing` });
  if (prev !== expected) damages.push({ seq, problem: "it does not follow the entry before" });
  if (hash !== chainHash(prev, text)) damages.push({ seq, problem: "its text was changed" });
  else if ((JSON.parse(text) as StoredEntry).seq !== seq) damages.push({ seq, problem: "it stood at another place" });
  return damages;
}
