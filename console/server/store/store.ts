/** What the console keeps, and what a database must be able to do for it. */

/** Something that is kept: a session, a token, a grant, a saved view. */
export interface Doc<Body = unknown> {
  kind: string;
  id: string;
  /** Grows with each change; 0 stands for one that isn't there yet. */
  rev: number;
  /** Two keys to list by. */
  k1: string;
  k2: string;
  body: Body;
}

/** An entry of the audit log. The text itself is what is hashed, so it is kept as it is. */
export interface AuditRecord {
  seq: number;
  prev: string;
  hash: string;
  text: string;
}

export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; absent after the last one. */
  next?: string;
}

export interface Health {
  ok: boolean;
  detail: string;
  schema: number;
}

/** Somebody else changed the document meanwhile, or it is not there any more. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** All that is asked of a database. Nothing but changes of one row that compare first, so that every one can do it. */
export interface Store {
  get<Body>(kind: string, id: string): Promise<Doc<Body> | undefined>;
  /**
   * Writes a document if its revision is still `rev`. Returns the new revision.
   *
   * @throws ConflictError if it isn't
   */
  put(doc: Doc): Promise<number>;
  /** Whether there was one. */
  delete(kind: string, id: string): Promise<boolean>;
  /** Documents of a kind in the order of their ids, those with these keys if there are any. */
  list<Body>(
    kind: string,
    options?: { k1?: string; k2?: string; cursor?: string; limit?: number },
  ): Promise<Page<Doc<Body>>>;
  /**
   * Adds an entry to the audit log.
   *
   * @throws ConflictError if there is an entry with this number
   */
  append(record: AuditRecord): Promise<void>;
  /** Entries of the audit log from a number on, or the newest ones before it, newest first. */
  read(options: { from?: number; before?: number; limit: number }): Promise<AuditRecord[]>;
  /** Takes or renews a lease. Returns whether `owner` has it now. */
  lease(name: string, owner: string, ms: number): Promise<boolean>;
  /** Brings the schema up to date. Returns what was applied. */
  migrate(): Promise<string[]>;
  /** Writes a copy of everything to a file. */
  backup(path: string): Promise<void>;
  health(): Promise<Health>;
  close(): Promise<void>;
}

/** All documents of a kind, page by page. */
export async function everything<Body>(store: Store, kind: string): Promise<Doc<Body>[]> {
  const all: Doc<Body>[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list<Body>(kind, { cursor, limit: 1000 });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}
