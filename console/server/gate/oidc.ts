/** Logging in at an identity provider: OpenID Connect, code flow with PKCE. */

import * as oidc from "openid-client";
import { localPath } from "../../shared/local-path";
import { ConfigError, type OidcConfig } from "../config";
import { everything, type Store } from "../store/store";
import type { Audit } from "./audit";
import { type Callers, cookie } from "./callers";
import { type Login, setCookie } from "./login";
import { checkHost, type Hosts } from "./origin";
import { randomSecret, type Subject, sha256 } from "./sessions";

interface Attempt {
  nonce: string;
  verifier: string;
  /** Hash of the secret in the cookie of the browser that began it. */
  browser: string;
  returnTo: string;
  expires: number;
}

interface OidcOptions {
  config: OidcConfig;
  publicUrl: string;
  store: Store;
  hosts: Hosts;
  login: Login;
  callers: Callers;
  audit: Audit;
  isHttps: boolean;
  log(line: string): void;
}

const kind = "oidc-attempt";
const attemptSeconds = 600;
const timeoutSeconds = 5;
const callbackPath = "/auth/callback";

/** A login has failed; `kind` is what the browser is told. */
class LoginError extends Error {
  override readonly name = "LoginError";
  readonly kind: "no-grant" | "provider" | "refused" | "state";

  constructor(kind: LoginError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export class Oidc {
  readonly #options: OidcOptions;
  #provider: Promise<oidc.Configuration> | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
    const { protocol, hostname } = new URL(options.config.issuer);
    const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
    if (protocol !== "https:" && !isLocal)
      throw new ConfigError(`oidc.issuer is ${options.config.issuer}: it must be https, or on this machine.`);
  }

  /** What the provider says of itself; asked again after a failure. */
  async #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options.config;
    this.#provider ??= oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      timeout: timeoutSeconds,
      // The constructor has seen to it that only this machine is asked without TLS.
      execute: issuer.startsWith("http:") ? [oidc.allowInsecureRequests] : [],
    });
    try {
      return await this.#provider;
    } catch (error) {
      this.#provider = undefined;
      throw new LoginError("provider", `${issuer} can't be reached or is no identity provider: ${causeOf(error)}`);
    }
  }

  /** `GET /auth/login`: sends the browser to the provider. */
  begin(request: Request, requestId: string): Promise<Response> {
    return this.#orBack(requestId, () => this.#begin(request));
  }

  /** `GET /auth/callback`: the provider has sent the browser back. */
  finish(request: Request, ip: string | undefined, requestId: string): Promise<Response> {
    return this.#orBack(requestId, () => this.#finish(request, ip, requestId));
  }

  /** A browser is sent back to the page for logging in, which says in its own words what a kind of failure means. */
  async #orBack(requestId: string, act: () => Promise<Response>): Promise<Response> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      this.#options.log(`${requestId} login: ${error.message}`);
      return redirect(`/login?failed=${error.kind}&request=${requestId}`);
    }
  }

  async #begin(request: Request): Promise<Response> {
    const { config, hosts, store, isHttps } = this.#options;
    checkHost(request, hosts);
    const provider = await this.#discover();
    const [state, nonce, browser] = [randomSecret(), randomSecret(), randomSecret()];
    const verifier = oidc.randomPKCECodeVerifier();
    const attempt: Attempt = {
      nonce,
      verifier,
      browser: sha256(browser),
      returnTo: localPath(new URL(request.url).searchParams.get("to")),
      expires: Date.now() + attemptSeconds * 1000,
    };
    await this.#forgetOld();
    await store.put({ kind, id: sha256(state), rev: 0, k1: "", k2: "", body: attempt });
    const url = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: this.#callbackUrl,
      scope: config.scope ?? "openid email profile",
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const answer = redirect(url.href);
    answer.headers.append("set-cookie", setCookie(this.#cookieName, browser, attemptSeconds, isHttps));
    return answer;
  }

  async #finish(request: Request, ip: string | undefined, requestId: string): Promise<Response> {
    const { hosts, login, callers, isHttps, audit } = this.#options;
    checkHost(request, hosts);
    const { search, searchParams } = new URL(request.url);
    const state = searchParams.get("state") ?? "";
    const attempt = await this.#take(state, cookie(request, this.#cookieName));
    const subject = await this.#subject(new URL(callbackPath + search, this.#options.publicUrl), state, attempt);
    const grants = await callers.grantsOf(subject);
    if (grants.length === 0) {
      await audit.append({ event: "refused", actor: subject.subject, via: "oidc", ip, requestId, target: "login" });
      throw new LoginError("no-grant", `no grant names ${subject.subject} or one of the groups ${subject.groups}`);
    }
    const answer = await login.begin(subject, request, ip, requestId, redirect(attempt.returnTo));
    answer.headers.append("set-cookie", setCookie(this.#cookieName, "", 0, isHttps));
    return answer;
  }

  /** The attempt that a state stands for, which is used up by that. */
  async #take(state: string, browser: string | undefined): Promise<Attempt> {
    const { store } = this.#options;
    const id = sha256(state);
    const doc = await store.get<Attempt>(kind, id);
    const isTheirs = doc !== undefined && browser !== undefined && doc.body.browser === sha256(browser);
    // Whoever deletes it has it: a second one with the same state comes too late.
    if (isTheirs && doc.body.expires > Date.now() && (await store.delete(kind, id))) return doc.body;
    throw new LoginError("state", "it was begun in another browser, is used up, or took longer than ten minutes");
  }

  async #subject(url: URL, state: string, { nonce, verifier }: Attempt): Promise<Subject> {
    const { groupsClaim = "groups" } = this.#options.config;
    const provider = await this.#discover();
    try {
      const tokens = await oidc.authorizationCodeGrant(provider, url, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const idClaims = tokens.claims()!;
      // Some providers have groups in the ID token, others at the userinfo endpoint alone.
      const more =
        idClaims[groupsClaim] === undefined && provider.serverMetadata().userinfo_endpoint !== undefined
          ? await oidc.fetchUserInfo(provider, tokens.access_token, idClaims.sub)
          : {};
      return subjectOf({ ...more, ...idClaims }, groupsClaim);
    } catch (error) {
      throw new LoginError("refused", causeOf(error));
    }
  }

  get #callbackUrl(): string {
    return new URL(callbackPath, this.#options.publicUrl).href;
  }

  get #cookieName(): string {
    return `${this.#options.callers.cookieName}-login`;
  }

  /** Takes away attempts that nobody came back from. */
  async #forgetOld(): Promise<void> {
    const { store } = this.#options;
    for (const { id, body } of await everything<Attempt>(store, kind))
      if (body.expires < Date.now()) await store.delete(kind, id);
  }
}

function subjectOf(claims: Record<string, unknown>, groupsClaim: string): Subject {
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name] : undefined);
  const groups = claims[groupsClaim];
  return {
    subject: text("sub")!,
    name: text("name") ?? text("preferred_username") ?? text("email"),
    // One that nobody has verified is whatever somebody has typed.
    email: claims["email_verified"] === true ? text("email") : undefined,
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
  };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

const redirect = (location: string) =>
  new Response(null, { status: 302, headers: { location, "cache-control": "no-store" } });
