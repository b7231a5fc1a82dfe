/** Calls of the API, by the keys of the route table: `call("GET /ns/:ns/workflows", { params: { ns } })`. */

import type { Problem } from "../shared/problem";
// Types alone: the table itself has its schemas with it, which the browser has no use for.
import type { Response as Answer, BodyInput, Parameters, QueryInput, RouteKey } from "../shared/routes";

/** The API has refused, or the console can't be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.cause}`);
    this.problem = problem;
  }
}

/** What a call needs besides its key: only what the route has is asked for. */
export type CallOptions<Key extends RouteKey> = (keyof Parameters<Key> extends never
  ? { params?: undefined }
  : { params: Parameters<Key> }) & {
  query?: QueryInput<Key>;
  signal?: AbortSignal;
} & (Key extends `GET ${string}` ? { body?: undefined } : { body: BodyInput<Key> });

export async function call<Key extends RouteKey>(key: Key, options: CallOptions<Key>): Promise<Answer<Key>> {
  const [method = "", pattern = ""] = key.split(" ");
  const params = (options.params ?? {}) as Record<string, string>;
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const query = new URLSearchParams(
    Object.entries(options.query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
  return send<Answer<Key>>(method, `/api/v1${path}${query.size > 0 ? `?${query}` : ""}`, options.body, options.signal);
}

/** The same for pages that are described by data, whose keys and parameters the compiler can't put together. */
export function callAny(key: RouteKey, options: AnyCall = {}): Promise<any> {
  return call(key, options as CallOptions<RouteKey>);
}

interface AnyCall {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
}

/** Logging in and out: not in the table, because nobody has a grant there yet. */
export const logIn = (token: string) => send("POST", "/auth/token", { token });
export const loginMode = () => send<{ mode: "none" | "token" | "oidc" }>("GET", "/auth/mode");
export const logOut = () => send("POST", "/auth/logout", {});

async function send<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: method === "GET" ? {} : { "content-type": "application/json", "x-tbc": "1" },
    body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
    signal,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError({
      title: "The console can't be reached",
      status: 0,
      cause: error instanceof Error ? error.message : String(error),
      fix: "Look whether it still runs. This page goes on when it is back.",
      requestId: "",
    });
  });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  if (response.ok && isJson) return JSON.parse(text) as T;
  throw new ApiError(problemIn(text) ?? notOurs(response));
}

function problemIn(text: string): Problem | undefined {
  try {
    const problem = JSON.parse(text) as Problem;
    return typeof problem.title === "string" && typeof problem.cause === "string" ? problem : undefined;
  } catch {
    return undefined;
  }
}

/** What stands before the console may answer in its place, and in its own words. */
function notOurs({ ok, status, statusText }: Response): Problem {
  return {
    title: "The console can't be reached",
    // A page instead of an answer, as of a proxy that wants a login, is a failure as well.
    status: ok ? 502 : status,
    cause: `What stands before it has answered with ${status} ${statusText}`.trim(),
    fix: "Look whether it still runs. This page goes on when it is back.",
    requestId: "",
  };
}
