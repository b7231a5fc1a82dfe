/** State in PostgreSQL, by Bun's client. */
import type { SQL } from "bun";
import { current, type Entry, type Outcome, perform, type Request, remembered } from "../workflow/operations";
import type { Scope, StateStore, StoredEntry } from "./store";

/**
 * Keeps the state of flows in PostgreSQL, in the tables `flow_state` and `flow_state_done`, which are made if there are
 * none.
 *
 * @param client of Bun: `new SQL("postgres://…")`
 */
export function sql(client: SQL): StateStore {
  return new SqlState(client);
}

interface Row {
  flow: string;
  scope: string;
  key: string;
  value: string;
  expires: string | null;
}

class SqlState implements StateStore {
  readonly #client: SQL;
  #ready: Promise<void> | undefined;

  constructor(client: SQL) {
    this.#client = client;
  }

  async get({ flow, scope }: Scope, key: string): Promise<unknown> {
    await this.#prepare();
    return current(await read(this.#client, flow, scope, key), Date.now())?.value;
  }

  async apply({ flow, scope }: Scope, { id, operation }: Request): Promise<Outcome> {
    await this.#prepare();
    return this.#client.begin(async (transaction) => {
      // Operations on a scope follow one another, those on others don't wait.
      await transaction`SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify([flow, scope])}, 0))`;
      const [known] = await transaction`
        SELECT outcome FROM flow_state_done WHERE flow = ${flow} AND scope = ${scope} AND id = ${id}`;
      if (known !== undefined) return JSON.parse(known.outcome) as Outcome;
      const { entry, outcome } = perform(await read(transaction, flow, scope, operation.key), operation, Date.now());
      await write(transaction, flow, scope, operation.key, entry);
      const [{ number }] = await transaction`
        INSERT INTO flow_state_done (flow, scope, id, outcome)
        VALUES (${flow}, ${scope}, ${id}, ${JSON.stringify(outcome)}) RETURNING number`;
      if (Number(number) % 100 === 0) await forget(transaction, flow, scope);
      return outcome;
    });
  }

  async *entries(): AsyncGenerator<StoredEntry> {
    await this.#prepare();
    const rows = (await this.#client`
      SELECT * FROM flow_state WHERE expires IS NULL OR expires > ${Date.now()} ORDER BY flow, scope, key`) as Row[];
    for (const { value, expires, ...where } of rows)
      yield { ...where, value: JSON.parse(value), ...(expires === null ? {} : { expires: Number(expires) }) };
  }

  #prepare(): Promise<void> {
    this.#ready ??= makeTables(this.#client).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }
}

async function makeTables(client: SQL): Promise<void> {
  await client.begin(async (transaction) => {
    // IF NOT EXISTS alone fails where two make a table at once.
    await transaction`SELECT pg_advisory_xact_lock(hashtextextended('flow_state', 0))`;
    await transaction`
      CREATE TABLE IF NOT EXISTS flow_state (
        flow text NOT NULL, scope text NOT NULL, key text NOT NULL, value text NOT NULL, expires bigint,
        PRIMARY KEY (flow, scope, key))`;
    await transaction`
      CREATE TABLE IF NOT EXISTS flow_state_done (
        number bigserial PRIMARY KEY, flow text NOT NULL, scope text NOT NULL, id text NOT NULL, outcome text NOT NULL,
        UNIQUE (flow, scope, id))`;
  });
}

async function read(client: SQL, flow: string, scope: string, key: string): Promise<Entry | undefined> {
  const [row] = (await client`
    SELECT * FROM flow_state WHERE flow = ${flow} AND scope = ${scope} AND key = ${key}`) as Row[];
  if (row === undefined) return undefined;
  return { value: JSON.parse(row.value), ...(row.expires === null ? {} : { expires: Number(row.expires) }) };
}

async function write(client: SQL, flow: string, scope: string, key: string, entry: Entry | undefined): Promise<void> {
  if (entry === undefined) {
    await client`DELETE FROM flow_state WHERE flow = ${flow} AND scope = ${scope} AND key = ${key}`;
    return;
  }
  const { value, expires = null } = entry;
  await client`
    INSERT INTO flow_state (flow, scope, key, value, expires)
    VALUES (${flow}, ${scope}, ${key}, ${JSON.stringify(value)}, ${expires})
    ON CONFLICT (flow, scope, key) DO UPDATE SET value = EXCLUDED.value, expires = EXCLUDED.expires`;
}

async function forget(client: SQL, flow: string, scope: string): Promise<void> {
  await client`DELETE FROM flow_state WHERE expires <= ${Date.now()}`;
  await client`
    DELETE FROM flow_state_done WHERE flow = ${flow} AND scope = ${scope} AND number <= (
      SELECT number FROM flow_state_done WHERE flow = ${flow} AND scope = ${scope}
      ORDER BY number DESC LIMIT 1 OFFSET ${remembered})`;
}
