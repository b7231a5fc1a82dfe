/** The schema, step by step. A step that was released is never changed: its checksum is kept. */

interface Migration {
  version: number;
  name: string;
  statements: readonly string[];
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "documents, audit log, leases",
    statements: [
      `CREATE TABLE doc (
        kind TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, k1 TEXT NOT NULL, k2 TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
      ) STRICT`,
      "CREATE INDEX doc_keys ON doc (kind, k1, k2, id)",
      `CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, prev TEXT NOT NULL, hash TEXT NOT NULL, text TEXT NOT NULL
      ) STRICT`,
      "CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT",
    ],
  },
];

/** What tells whether a step is the one that was applied. */
export function checksum(migration: Migration): string {
  return new Bun.CryptoHasher("sha256").update(migration.statements.join(";")).digest("hex");
}
