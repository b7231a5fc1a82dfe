/** API tokens: for programs. Only their hash is stored. */

import type { Grant } from "../../shared/actions";
import { type Doc, everything, type Store } from "../store/store";
import { randomSecret, sha256 } from "./sessions";

interface ApiToken {
  name: string;
  grants: Grant[];
  createdBy: string;
  created: number;
  expires: number;
}

const kind = "token";
const prefix = "tbc_";

export class Tokens {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the token, which nobody can read again. */
  async create(body: ApiToken): Promise<{ id: string; token: string }> {
    const token = prefix + randomSecret();
    const id = sha256(token);
    await this.#store.put({ kind, id, rev: 0, k1: body.createdBy, k2: "", body });
    return { id, token };
  }

  /** The token's record, if it has not expired. */
  async find(token: string): Promise<Doc<ApiToken> | undefined> {
    if (!token.startsWith(prefix)) return undefined;
    const doc = await this.#store.get<ApiToken>(kind, sha256(token));
    return doc !== undefined && doc.body.expires > Date.now() ? doc : undefined;
  }

  list(): Promise<Doc<ApiToken>[]> {
    return everything(this.#store, kind);
  }

  revoke(id: string): Promise<boolean> {
    return this.#store.delete(kind, id);
  }
}
