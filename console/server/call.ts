/** What a handler of a route gets, and what it is. */

import type { Action, Grant } from "../shared/actions";
import type { Body, Parameters, Query, Response, RouteKey } from "../shared/routes";

/** Who makes a request. */
export interface Caller {
  /** Names the person or the token, for grants and for the audit log. */
  subject: string;
  name?: string;
  via: "none" | "session" | "token";
  grants: readonly Grant[];
  /** Id of the session, or of the API token. */
  credential?: string;
}

export interface Call<Key extends RouteKey> {
  params: Parameters<Key>;
  query: Query<Key>;
  body: Body<Key>;
  caller: Caller;
  /** What the Temporal server is told about who does this. */
  identity: string;
  requestId: string;
  /** Aborts when the caller has gone. */
  signal: AbortSignal;
  /** Whether the caller may do something else at the same place. */
  can(action: Action): boolean;
}

export type Handler<Key extends RouteKey> = (call: Call<Key>) => Promise<Response<Key>>;

/** A handler for each of these routes. */
export type Handlers<Key extends RouteKey> = { [K in Key]: Handler<K> };
