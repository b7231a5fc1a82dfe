/** Where flows keep state. */
import type { Entry, Outcome, Request } from "../workflow/operations";

/** A part of an application's state, in which operations follow one another. */
export interface Scope {
  /** The flow's id. */
  flow: string;
  scope: string;
}

/** An entry with where it belongs. */
export interface StoredEntry extends Scope, Entry {
  key: string;
}

/** Keeps the state of flows: `sqlite()`, `sql()`, or by default Workflows. */
export interface StateStore {
  /** The value of a key that isn't over; undefined if there is none. */
  get(scope: Scope, key: string): Promise<unknown>;
  /** Does an operation, once for its id. */
  apply(scope: Scope, request: Request): Promise<Outcome>;
  /** All entries that aren't over. */
  entries(): AsyncIterable<StoredEntry>;
}
