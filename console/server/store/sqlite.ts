import { Database } from "bun:sqlite";
import { checksum, migrations } from "./migrations";
import { type AuditRecord, ConflictError, type Doc, type Health, type Page, type Store } from "./store";

interface Row {
  kind: string;
  id: string;
  rev: number;
  k1: string;
  k2: string;
  body: string;
}

const toDoc = <Body>({ body, ...rest }: Row): Doc<Body> => ({ ...rest, body: JSON.parse(body) as Body });

/** The store in a file of SQLite, or in memory for ":memory:". */
export class SqliteStore implements Store {
  readonly #db: Database;

  constructor(path: string) {
    this.#db = new Database(path, { create: true, strict: true });
    this.#db.run("PRAGMA journal_mode = WAL");
    // What was said to be in the audit log must be there after a power cut.
    this.#db.run("PRAGMA synchronous = FULL");
    this.#db.run("PRAGMA busy_timeout = 5000");
    this.#db.run(
      `CREATE TABLE IF NOT EXISTS schema_migration (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, took_ms REAL NOT NULL
      ) STRICT`,
    );
  }

  async get<Body>(kind: string, id: string): Promise<Doc<Body> | undefined> {
    const row = this.#db.query<Row, [string, string]>("SELECT * FROM doc WHERE kind = ? AND id = ?").get(kind, id);
    return row === null ? undefined : toDoc<Body>(row);
  }

  async put({ kind, id, rev, k1, k2, body }: Doc): Promise<number> {
    const text = JSON.stringify(body);
    const { changes } =
      rev === 0
        ? this.#db.query("INSERT OR IGNORE INTO doc VALUES (?, ?, 1, ?, ?, ?)").run(kind, id, k1, k2, text)
        : this.#db
            .query("UPDATE doc SET rev = rev + 1, k1 = ?, k2 = ?, body = ? WHERE kind = ? AND id = ? AND rev = ?")
            .run(k1, k2, text, kind, id, rev);
    if (changes === 0) throw new ConflictError(`${kind} ${id} is not at revision ${rev} any more: read it again`);
    return rev + 1;
  }

  async delete(kind: string, id: string): Promise<boolean> {
    return this.#db.query("DELETE FROM doc WHERE kind = ? AND id = ?").run(kind, id).changes > 0;
  }

  async list<Body>(
    kind: string,
    { k1, k2, cursor = "", limit = 100 }: { k1?: string; k2?: string; cursor?: string; limit?: number } = {},
  ): Promise<Page<Doc<Body>>> {
    const rows = this.#db
      .query<Row, [string, string | null, string | null, string, number]>(
        `SELECT * FROM doc WHERE kind = ?1 AND (?2 IS NULL OR k1 = ?2) AND (?3 IS NULL OR k2 = ?3) AND id > ?4
         ORDER BY id LIMIT ?5`,
      )
      .all(kind, k1 ?? null, k2 ?? null, cursor, limit + 1);
    const items = rows.slice(0, limit).map(toDoc<Body>);
    return rows.length > limit ? { items, next: items.at(-1)!.id } : { items };
  }

  async append({ seq, prev, hash, text }: AuditRecord): Promise<void> {
    const { changes } = this.#db.query("INSERT OR IGNORE INTO audit VALUES (?, ?, ?, ?)").run(seq, prev, hash, text);
    if (changes === 0) throw new ConflictError(`the audit log has an entry ${seq} already`);
  }

  async read({ from, before, limit }: { from?: number; before?: number; limit: number }): Promise<AuditRecord[]> {
    if (from !== undefined)
      return this.#db
        .query<AuditRecord, [number, number]>("SELECT * FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?")
        .all(from, limit);
    return this.#db
      .query<AuditRecord, [number, number]>("SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?")
      .all(before ?? Number.MAX_SAFE_INTEGER, limit);
  }

  async lease(name: string, owner: string, ms: number): Promise<boolean> {
    const now = Date.now();
    const { changes } = this.#db
      .query(
        `INSERT INTO lease VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET owner = ?2, until = ?3
         WHERE lease.owner = ?2 OR lease.until <= ?4`,
      )
      .run(name, owner, now + ms, now);
    return changes > 0;
  }

  async migrate(): Promise<string[]> {
    return this.#db
      .transaction(() => {
        const known = this.#applied();
        for (const { version, name, checksum: was } of known) {
          const migration = migrations.find((candidate) => candidate.version === version);
          if (migration === undefined)
            throw new Error(`the store has schema ${version} (${name}), which this console is too old for: update it`);
          if (checksum(migration) !== was)
            throw new Error(`schema ${version} (${name}) of the store is not the one that this console has`);
        }
        const pending = migrations.filter(({ version }) => !known.some((other) => other.version === version));
        for (const migration of pending) {
          const start = performance.now();
          for (const statement of migration.statements) this.#db.run(statement);
          this.#db
            .query("INSERT INTO schema_migration VALUES (?, ?, ?, ?)")
            .run(migration.version, migration.name, checksum(migration), performance.now() - start);
        }
        return pending.map(({ version, name }) => `${version} ${name}`);
      })
      .exclusive();
  }

  #applied(): { version: number; name: string; checksum: string }[] {
    return this.#db
      .query<{ version: number; name: string; checksum: string }, []>(
        "SELECT version, name, checksum FROM schema_migration ORDER BY version",
      )
      .all();
  }

  async backup(path: string): Promise<void> {
    this.#db.query("VACUUM INTO ?").run(path);
  }

  async health(): Promise<Health> {
    const schema = this.#applied().at(-1)?.version ?? 0;
    const ok = schema === migrations.at(-1)!.version;
    return { ok, schema, detail: ok ? "SQLite" : `SQLite at schema ${schema}` };
  }

  async close(): Promise<void> {
    this.#db.close();
  }
}
