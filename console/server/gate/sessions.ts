/** Sessions of browsers. They live in the store; the cookie has a secret whose hash is the key. */

import { ConflictError, type Doc, everything, type Store } from "../store/store";

const idleMs = 8 * 3600_000;
const wholeMs = 24 * 3600_000;
/** A session's last use is written at most so often. */
const touchMs = 60_000;

/** Who has logged in, as the identity provider said it. */
export interface Subject {
  subject: string;
  name?: string;
  email?: string;
  groups: readonly string[];
}

interface Session extends Subject {
  created: number;
  lastUsed: number;
  ip?: string;
  userAgent?: string;
}

const kind = "session";

/** Secrets are stored as their hashes alone. */
export const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");
export const randomSecret = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");

export class Sessions {
  readonly #store: Store;
  readonly #mode: string;
  readonly #now: () => number;

  /**
   * @param mode how people log in: the same name is somebody else where they log in otherwise
   * @param now the time, for tests of how sessions end
   */
  constructor(store: Store, mode: string, now: () => number = Date.now) {
    this.#store = store;
    this.#mode = mode;
    this.#now = now;
  }

  /** Returns the secret for the cookie. */
  async create(subject: Subject, from: { ip?: string; userAgent?: string }): Promise<string> {
    const secret = randomSecret();
    const now = this.#now();
    const body: Session = { ...subject, ...from, created: now, lastUsed: now };
    await this.#store.put({ kind, id: sha256(secret), rev: 0, k1: subject.subject, k2: this.#mode, body });
    return secret;
  }

  /**
   * The session of a cookie, if it goes on.
   *
   * @param use whether somebody has done something: a page that is only open uses nothing
   */
  async find(secret: string, use = true): Promise<Doc<Session> | undefined> {
    const doc = await this.#store.get<Session>(kind, sha256(secret));
    if (doc === undefined || doc.k2 !== this.#mode) return undefined;
    const now = this.#now();
    if (this.#isOver(doc.body)) {
      await this.#store.delete(kind, doc.id);
      return undefined;
    }
    if (use && now - doc.body.lastUsed > touchMs) await this.#touch(doc, now);
    return doc;
  }

  async #touch(doc: Doc<Session>, now: number): Promise<void> {
    doc.body.lastUsed = now;
    try {
      doc.rev = await this.#store.put(doc);
    } catch (error) {
      // Another request has touched it, or it has ended just now: then the next one finds that.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  /** Ends a session, by its id. */
  end(id: string): Promise<boolean> {
    return this.#store.delete(kind, id);
  }

  /** All sessions that go on; the others are forgotten. */
  async list(): Promise<Doc<Session>[]> {
    const sessions = await everything<Session>(this.#store, kind);
    const over = sessions.filter(({ body }) => this.#isOver(body));
    for (const { id } of over) await this.#store.delete(kind, id);
    return sessions.filter((doc) => !over.includes(doc));
  }

  #isOver({ created, lastUsed }: Session): boolean {
    const now = this.#now();
    return now - created > wholeMs || now - lastUsed > idleMs;
  }
}
