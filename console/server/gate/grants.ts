/** Who has which role where: what the configuration says, and what was granted in the console. */

import type { Grant } from "../../shared/actions";
import type { ConfiguredGrant } from "../config";
import { type Doc, everything, type Store } from "../store/store";
import type { Subject } from "./sessions";

const kind = "grant";

export class Grants {
  readonly #store: Store;
  readonly #configured: readonly ConfiguredGrant[];

  constructor(store: Store, configured: readonly ConfiguredGrant[]) {
    this.#store = store;
    this.#configured = configured;
  }

  /** What somebody may do now: asked for each request, so that a change holds at once. */
  async of({ subject, email, groups }: Subject): Promise<Grant[]> {
    const stored = await this.list();
    return [...this.#configured, ...stored.map(({ body }) => body)]
      .filter((grant) =>
        grant.group === undefined
          ? grant.subject === subject || (email !== undefined && grant.subject === email)
          : groups.includes(grant.group),
      )
      .map(({ role, namespaces }) => ({ role, namespaces }));
  }

  get configured(): readonly ConfiguredGrant[] {
    return this.#configured;
  }

  list(): Promise<Doc<ConfiguredGrant>[]> {
    return everything(this.#store, kind);
  }

  async add(body: ConfiguredGrant): Promise<string> {
    const id = crypto.randomUUID();
    await this.#store.put({ kind, id, rev: 0, k1: body.group ?? "", k2: body.subject ?? "", body });
    return id;
  }

  remove(id: string): Promise<boolean> {
    return this.#store.delete(kind, id);
  }
}
