/** Who makes a request: an API token's owner, a session's, or, without logins, whoever is on this machine. */

import type { Grant } from "../../shared/actions";
import type { Caller } from "../call";
import { ProblemError } from "../problem";
import type { Grants } from "./grants";
import type { Sessions, Subject } from "./sessions";
import type { Tokens } from "./tokens";

export type Mode = "none" | "token" | "oidc";

/** What somebody has who owns the machine. */
const everything: readonly Grant[] = [
  { role: "admin", namespaces: "*" },
  { role: "auditor", namespaces: "*" },
];

/** The subject that the login token of the terminal stands for. */
export const terminal: Subject = { subject: "terminal", name: "whoever started the console", groups: [] };

export class Callers {
  readonly mode: Mode;
  readonly cookieName: string;
  readonly #sessions: Sessions;
  readonly #tokens: Tokens;
  readonly #grants: Grants;

  constructor(mode: Mode, isHttps: boolean, sessions: Sessions, tokens: Tokens, grants: Grants) {
    this.mode = mode;
    // Browsers give no page of another host such a cookie, nor let one set it; they ask https for that.
    this.cookieName = isHttps ? "__Host-tbc" : "tbc";
    this.#sessions = sessions;
    this.#tokens = tokens;
    this.#grants = grants;
  }

  /**
   * @param use whether it counts as use of a session
   * @throws ProblemError 401 if nobody is known
   */
  async of(request: Request, use = true): Promise<Caller> {
    const authorization = request.headers.get("authorization");
    if (authorization !== null) return this.#byToken(authorization);
    if (this.mode === "none") return { subject: "local", via: "none", grants: everything };
    const secret = cookie(request, this.cookieName);
    const session = secret === undefined ? undefined : await this.#sessions.find(secret, use);
    if (session === undefined) throw unknown("There is no session, or it has ended", "Log in.");
    const { subject, name } = session.body;
    const grants = await this.grantsOf(session.body);
    if (grants.length === 0) throw unknown("What was granted to you was taken back", "Ask an admin of the console.");
    return { subject, name, via: "session", grants, credential: session.id };
  }

  /** What somebody who logs in may do. */
  async grantsOf(subject: Subject): Promise<readonly Grant[]> {
    const isTerminal = this.mode === "token" && subject.subject === terminal.subject;
    return isTerminal ? everything : this.#grants.of(subject);
  }

  async #byToken(authorization: string): Promise<Caller> {
    const [, token = ""] = /^Bearer (\S+)$/.exec(authorization) ?? [];
    const doc = await this.#tokens.find(token);
    if (doc === undefined)
      throw unknown("The API token is unknown or has expired", "Make a new one on the page Access.");
    return { subject: `token:${doc.body.name}`, via: "token", grants: doc.body.grants, credential: doc.id };
  }
}

const unknown = (cause: string, fix: string) =>
  new ProblemError({ title: "You are not logged in", status: 401, cause, fix });

/** The value of a cookie. */
export function cookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split(/;\s*/);
  const found = pairs.find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
