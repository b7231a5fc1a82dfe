/** Logging in with the token of the terminal, and logging out. */

import { ProblemError } from "../problem";
import type { Audit } from "./audit";
import { type Callers, cookie, terminal } from "./callers";
import { checkHost, checkJson, checkSite, type Hosts } from "./origin";
import { randomSecret, type Sessions, type Subject, sha256 } from "./sessions";

const cookieSeconds = 24 * 3600;

interface LoginOptions {
  callers: Callers;
  sessions: Sessions;
  hosts: Hosts;
  audit: Audit;
  isHttps: boolean;
  /** Gets each new login token, for the terminal. */
  announce(token: string): void;
}

export class Login {
  readonly #options: LoginOptions;
  #tokenHash: string | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
    if (options.callers.mode === "token") this.#renew();
  }

  /** A login token is good for one login. */
  #renew(): void {
    const token = randomSecret();
    this.#tokenHash = sha256(token);
    this.#options.announce(token);
  }

  /** `POST /auth/token`: a session for the token. */
  async withToken(request: Request, ip: string | undefined, requestId: string): Promise<Response> {
    const { hosts, callers } = this.#options;
    checkHost(request, hosts);
    checkSite(request, hosts, false);
    checkJson(request);
    const { token } = (await request.json().catch(() => ({}))) as { token?: unknown };
    if (callers.mode !== "token" || typeof token !== "string" || sha256(token) !== this.#tokenHash)
      throw new ProblemError({
        title: "The login token is not right",
        status: 401,
        cause: "It was used already, or is another console's",
        fix: "Take the newest one from the console's output: each is good for one login.",
      });
    this.#renew();
    return this.begin(terminal, request, ip, requestId, Response.json({}));
  }

  /** Begins a session. Returns the answer with its cookie. */
  async begin(
    subject: Subject,
    request: Request,
    ip: string | undefined,
    requestId: string,
    answer: Response,
  ): Promise<Response> {
    const { audit, sessions, callers, isHttps } = this.#options;
    await audit.append({ event: "login", actor: subject.subject, via: callers.mode, ip, requestId });
    const userAgent = request.headers.get("user-agent") ?? undefined;
    const secret = await sessions.create(subject, { ip, userAgent });
    answer.headers.append("set-cookie", setCookie(callers.cookieName, secret, cookieSeconds, isHttps));
    return answer;
  }

  /** `POST /auth/logout`. */
  async logout(request: Request, ip: string | undefined, requestId: string): Promise<Response> {
    const { hosts, callers, sessions, audit, isHttps } = this.#options;
    checkHost(request, hosts);
    checkSite(request, hosts, true);
    const secret = cookie(request, callers.cookieName);
    const session = secret === undefined ? undefined : await sessions.find(secret);
    if (session !== undefined) {
      await sessions.end(session.id);
      await audit.append({ event: "logout", actor: session.body.subject, via: callers.mode, ip, requestId });
    }
    const answer = Response.json({});
    answer.headers.append("set-cookie", setCookie(callers.cookieName, "", 0, isHttps));
    return answer;
  }
}

/** The text of a Set-Cookie header. */
export function setCookie(name: string, value: string, seconds: number, isHttps: boolean): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isHttps ? "; Secure" : ""}`;
}
