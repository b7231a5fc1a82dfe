/** State in a file of SQLite, for the processes of one machine. */
import { Database } from "bun:sqlite";
import { current, type Entry, type Outcome, perform, type Request, remembered } from "../workflow/operations";
import type { Scope, StateStore, StoredEntry } from "./store";

const schema = `
  CREATE TABLE IF NOT EXISTS flow_state (
    flow TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER,
    PRIMARY KEY (flow, scope, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS flow_state_done (
    number INTEGER PRIMARY KEY AUTOINCREMENT, flow TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL,
    outcome TEXT NOT NULL, UNIQUE (flow, scope, id)
  );`;

/**
 * Keeps the state of flows in a file. All Workers of the application must see it, so they run on one machine.
 *
 * @param path of the file, which is made if there is none
 */
export function sqlite(path: string): StateStore {
  return new SqliteState(path);
}

interface Row {
  flow: string;
  scope: string;
  key: string;
  value: string;
  expires: number | null;
}

class SqliteState implements StateStore {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = new Database(path, { create: true });
    this.#database.run("PRAGMA busy_timeout = 10000");
    this.#database.run("PRAGMA journal_mode = WAL");
    this.#database.run(schema);
  }

  async get({ flow, scope }: Scope, key: string): Promise<unknown> {
    return current(this.#read(flow, scope, key), Date.now())?.value;
  }

  async apply({ flow, scope }: Scope, { id, operation }: Request): Promise<Outcome> {
    const done = this.#database.transaction(() => {
      const known = this.#database
        .query<{ outcome: string }, string[]>(
          "SELECT outcome FROM flow_state_done WHERE flow = ? AND scope = ? AND id = ?",
        )
        .get(flow, scope, id);
      if (known !== null) return JSON.parse(known.outcome) as Outcome;
      const { entry, outcome } = perform(this.#read(flow, scope, operation.key), operation, Date.now());
      this.#write(flow, scope, operation.key, entry);
      this.#remember(flow, scope, id, outcome);
      return outcome;
    });
    // It takes the right to write at once: one that reads first can't always get it afterwards.
    return done.immediate();
  }

  async *entries(): AsyncGenerator<StoredEntry> {
    const rows = this.#database.query<Row, [number]>(
      "SELECT * FROM flow_state WHERE expires IS NULL OR expires > ? ORDER BY flow, scope, key",
    );
    for (const { value, expires, ...where } of rows.iterate(Date.now()))
      yield { ...where, value: JSON.parse(value), ...(expires === null ? {} : { expires }) };
  }

  #read(flow: string, scope: string, key: string): Entry | undefined {
    const row = this.#database
      .query<Row, string[]>("SELECT * FROM flow_state WHERE flow = ? AND scope = ? AND key = ?")
      .get(flow, scope, key);
    return row === null
      ? undefined
      : { value: JSON.parse(row.value), ...(row.expires === null ? {} : { expires: row.expires }) };
  }

  #write(flow: string, scope: string, key: string, entry: Entry | undefined): void {
    if (entry === undefined) {
      this.#database.query("DELETE FROM flow_state WHERE flow = ? AND scope = ? AND key = ?").run(flow, scope, key);
      return;
    }
    this.#database
      .query("INSERT OR REPLACE INTO flow_state (flow, scope, key, value, expires) VALUES (?, ?, ?, ?, ?)")
      .run(flow, scope, key, JSON.stringify(entry.value), entry.expires ?? null);
  }

  #remember(flow: string, scope: string, id: string, outcome: Outcome): void {
    const { lastInsertRowid } = this.#database
      .query("INSERT INTO flow_state_done (flow, scope, id, outcome) VALUES (?, ?, ?, ?)")
      .run(flow, scope, id, JSON.stringify(outcome));
    // Now and then, because it is a walk over the scope.
    if (Number(lastInsertRowid) % 100 !== 0) return;
    const now = Date.now();
    this.#database.query("DELETE FROM flow_state WHERE expires <= ?").run(now);
    this.#database
      .query(
        `DELETE FROM flow_state_done WHERE flow = ?1 AND scope = ?2 AND number <= (
          SELECT number FROM flow_state_done WHERE flow = ?1 AND scope = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)`,
      )
      .run(flow, scope, remembered);
  }
}
