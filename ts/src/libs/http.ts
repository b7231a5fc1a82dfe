import { type Api, isLoopback } from "./configuration";
import { LibsError, reasonOf } from "./error";
import { packageVersion } from "./manifest";
import { type Network, TemporaryFailure } from "./network";

const redirectLimit = 5;

/** The answer to one request: its head has arrived, its body is read by {@link Exchange.chunks}. */
export interface Exchange {
  readonly status: number;
  readonly headers: Headers;
  /**
   * The body as it arrives. Throws a {@link TemporaryFailure} when it breaks off or stands still. Can be left early.
   */
  chunks(): AsyncGenerator<Uint8Array>;
  /** Reads no further. */
  cancel(): Promise<void>;
}

/** Sends GET requests to the releases API and to the addresses of files that it names. */
export class Http {
  constructor(
    readonly api: Api,
    readonly network: Network,
  ) {}

  /**
   * One attempt at `url`, following redirects. The token goes to the API's host only; a redirect to another host, and
   * what follows it, goes without.
   *
   * Returns when the status is one of `expected`; throws a {@link TemporaryFailure} or a {@link LibsError} otherwise.
   */
  async get(
    url: URL,
    accept: string,
    expected: readonly number[],
    headers: Record<string, string> = {},
  ): Promise<Exchange> {
    let target = url;
    let known = true;
    for (let redirects = 0; redirects <= redirectLimit; redirects++) {
      known &&= target.origin === new URL(this.api.baseUrl).origin;
      const exchange = await this.#send(target, {
        ...headers,
        Accept: accept,
        // A file has to arrive as it is: its length and the ETag that a resumed download compares are those of these
        // bytes.
        "Accept-Encoding": "identity",
        "User-Agent": `temporal-bun-sdk/${packageVersion}`,
        ...(known && this.api.token !== undefined ? { Authorization: `Bearer ${this.api.token}` } : {}),
      });
      const location = [301, 302, 303, 307, 308].includes(exchange.status) ? exchange.headers.get("location") : null;
      if (location === null) {
        if (expected.includes(exchange.status)) return exchange;
        const text = await firstBytes(exchange);
        throw this.#refused(target, exchange, text);
      }
      await exchange.cancel();
      target = redirectTarget(target, location);
    }
    throw new LibsError(
      "bad-response",
      `${withoutQuery(url)} redirects more than ${redirectLimit} times`,
      `to follow the redirects, the last one to ${withoutQuery(target)}`,
      "try again later, or use another mirror in TEMPORAL_LIBS_BASE_URL",
    );
  }

  /** Reads a body of at most `limit` bytes as text. */
  async text(
    url: URL,
    accept: string,
    expected: readonly number[],
    limit: number,
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const exchange = await this.get(url, accept, expected);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of exchange.chunks()) {
      length += chunk.length;
      if (length > limit) {
        throw new LibsError(
          "bad-response",
          `${withoutQuery(url)} sends more than ${limit} bytes`,
          "to read the answer",
          "check TEMPORAL_LIBS_BASE_URL: it has to be a releases API as GitHub's",
        );
      }
      parts.push(chunk);
    }
    return { status: exchange.status, headers: exchange.headers, text: new TextDecoder().decode(Buffer.concat(parts)) };
  }

  async #send(url: URL, headers: Record<string, string>): Promise<Exchange> {
    const { limits, timing } = this.network;
    const abort = new AbortController();
    // Without a timer of its own, a request whose server says nothing would wait for ever.
    const watch = (milliseconds: number) =>
      setTimeout(() => abort.abort(new Error(`nothing for ${milliseconds / 1000} s`)), milliseconds);
    let response: Response;
    const timer = watch(limits.responseTimeoutMs);
    try {
      response = await fetch(url, { headers, redirect: "manual", signal: abort.signal });
    } catch (error) {
      throw unreachable(url, abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      clearTimeout(timer);
    }
    return {
      status: response.status,
      headers: response.headers,
      async *chunks() {
        if (response.body === null) return;
        const reader = response.body.getReader();
        const startedAt = timing.now();
        try {
          for (;;) {
            const stalled = watch(limits.stallTimeoutMs);
            let result: Awaited<ReturnType<typeof reader.read>>;
            try {
              result = await reader.read();
            } catch (error) {
              throw brokenOff(url, abort.signal.aborted ? abort.signal.reason : error);
            } finally {
              clearTimeout(stalled);
            }
            if (result.done) return;
            // A drip of bytes never stands still, and the lock of the cache is held meanwhile.
            if (timing.now() - startedAt > limits.bodyTimeoutMs) throw tooSlow(url, limits.bodyTimeoutMs);
            yield result.value;
          }
        } finally {
          abort.abort();
        }
      },
      async cancel() {
        abort.abort();
        // Rejects because it was aborted, which was the purpose.
        await response.body?.cancel().catch(() => {});
      },
    };
  }

  #refused(url: URL, { status, headers }: Exchange, text: string): Error {
    const address = withoutQuery(url);
    const reason = `${address} answers ${status}${serverMessage(text)}`;
    const waitMs = this.#askedWait(headers);
    const limited = status === 429 || (status === 403 && (waitMs !== undefined || /rate limit/i.test(text)));
    if (limited) return new TemporaryFailure(reason, (tried) => this.#rateLimited(reason, tried, waitMs), waitMs);
    if (status >= 500 || status === 408) {
      const wait = waitMs === undefined ? "" : `, and asks to wait ${Math.ceil(waitMs / 1000)} s`;
      return new TemporaryFailure(
        reason,
        (tried) =>
          new LibsError(
            "server-error",
            `The server fails: ${reason}${wait}`,
            tried,
            "try again later, or set TEMPORAL_LIBS_BASE_URL to a mirror",
          ),
        waitMs,
      );
    }
    if (status === 401 || status === 403) {
      const how =
        this.api.token === undefined
          ? "set GITHUB_TOKEN to a token that may read the repository"
          : "check that the token in GITHUB_TOKEN is valid and may read the repository, or unset it if the repository is public";
      return new LibsError(
        "access-denied",
        `Access is denied: ${reason}`,
        `GET ${address} ${this.api.token === undefined ? "without" : "with"} a token`,
        how,
      );
    }
    return new LibsError(
      "bad-response",
      `The answer is of no use: ${reason}`,
      `GET ${address}`,
      "check TEMPORAL_LIBS_BASE_URL: it has to be a releases API as GitHub's, such as https://api.github.com/repos/owner/name",
    );
  }

  /** Milliseconds that the server asks to wait, by `Retry-After` or by the headers of GitHub's rate limit. */
  #askedWait(headers: Headers): number | undefined {
    const now = this.network.timing.now();
    const retryAfter = headers.get("retry-after");
    if (retryAfter !== null) {
      const at = /^\d+$/.test(retryAfter) ? now + Number(retryAfter) * 1000 : Date.parse(retryAfter);
      if (!Number.isNaN(at)) return Math.max(0, at - now);
    }
    if (headers.get("x-ratelimit-remaining") !== "0") return undefined;
    const reset = Number(headers.get("x-ratelimit-reset") ?? NaN) * 1000;
    // A second more, because the header is in whole seconds and clocks differ.
    return Number.isNaN(reset) ? undefined : Math.max(0, reset - now) + 1000;
  }

  #rateLimited(reason: string, tried: string, waitMs: number | undefined): LibsError {
    const when = waitMs === undefined ? "" : ` until ${new Date(this.network.timing.now() + waitMs).toISOString()}`;
    const token =
      this.api.token === undefined
        ? "set GITHUB_TOKEN, which allows many more requests"
        : "use a token of somebody who has requests left";
    return new LibsError(
      "rate-limit",
      `The server's rate limit is used up${when}: ${reason}`,
      tried,
      `wait until then, ${token}, or set TEMPORAL_LIBS_BASE_URL to a mirror`,
    );
  }
}

/** The address without its query, where signed links have their secret. */
export function withoutQuery(url: URL): string {
  return url.origin + url.pathname;
}

function redirectTarget(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol === "https:" || (to?.protocol === "http:" && isLoopback(to) && isLoopback(from))) return to;
  throw new LibsError(
    "untrusted-url",
    `${withoutQuery(from)} redirects to ${to === undefined ? "something that is no URL" : withoutQuery(to)}, which is not https`,
    "to follow the redirect",
    "report this to who runs the server, or use another mirror in TEMPORAL_LIBS_BASE_URL",
  );
}

function unreachable(url: URL, cause: unknown): TemporaryFailure {
  const reason = `no answer from ${url.origin}: ${reasonOf(cause)}`;
  return new TemporaryFailure(
    reason,
    (tried) =>
      new LibsError(
        "no-network",
        `There is no connection to ${url.origin}: ${reasonOf(cause)}`,
        tried,
        "check the network and HTTPS_PROXY, set TEMPORAL_LIBS_BASE_URL to a mirror that can be reached, name a version that `temporal-bun libs cache list` shows, or copy a cache folder from another machine and name it in TEMPORAL_LIBS_CACHE_DIR",
        cause,
      ),
  );
}

function brokenOff(url: URL, cause: unknown): TemporaryFailure {
  const reason = `${withoutQuery(url)} broke off: ${reasonOf(cause)}`;
  return new TemporaryFailure(
    reason,
    (tried) =>
      new LibsError(
        "truncated",
        `The answer is incomplete: ${reason}`,
        tried,
        "check the network, then run this again",
        cause,
      ),
  );
}

function tooSlow(url: URL, milliseconds: number): LibsError {
  return new LibsError(
    "truncated",
    `${withoutQuery(url)} has not sent the whole of its answer in ${milliseconds / 1000} s`,
    "to read it; what of an archive has arrived is kept",
    "run this again: it goes on where it ended if the server can; if it stays so, use another mirror in TEMPORAL_LIBS_BASE_URL",
  );
}

async function firstBytes(exchange: Exchange): Promise<string> {
  try {
    for await (const chunk of exchange.chunks()) return new TextDecoder().decode(chunk.subarray(0, 2000));
  } catch {
    // The status says enough.
  }
  return "";
}

function serverMessage(text: string): string {
  try {
    const message = (JSON.parse(text) as { message?: unknown }).message;
    if (typeof message === "string") return ` (${message.slice(0, 200).replaceAll(/\s+/g, " ")})`;
  } catch {
    // No JSON: a page of some proxy, say.
  }
  return "";
}
