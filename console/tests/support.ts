/** A console against the dev server that the tests share, and callers of it. */

import { temporalCli, testServer } from "../../ts/tests/support/server";
import type { ConsoleConfig } from "../server/config";
import { type RunningConsole, startConsole } from "../server/console";
import type { Grant } from "../shared/actions";
import type { Problem } from "../shared/problem";

/** What a request was answered with. */
interface Reply {
  status: number;
  body: any;
  headers: Headers;
}

export interface TestConsole extends RunningConsole {
  /** Without a path. */
  readonly origin: string;
  /** Lines that it has written. */
  readonly lines: string[];
  readonly address: string;
  [Symbol.asyncDispose](): Promise<void>;
}

interface TestConsoleOptions {
  mode?: "none" | "token" | "oidc";
  config?: ConsoleConfig;
  /** Default: the shared dev server's. */
  address?: string;
  /** Default: any. */
  port?: number;
  /** Sees each RPC of the console. */
  onCall?(method: string): void;
}

/** Starts a console in this process that keeps nothing. */
export async function testConsole({
  mode = "none",
  config,
  address,
  port = 0,
  onCall,
}: TestConsoleOptions = {}): Promise<TestConsole> {
  const server = address ?? (await testServer()).address;
  const lines: string[] = [];
  const running = await startConsole({
    connection: {
      address: server,
      interceptors: [
        (call, next) => {
          onCall?.(call.method);
          return next(call);
        },
      ],
    },
    namespace: "default",
    port,
    mode,
    config: { store: ":memory:", ...config },
    log: (line) => lines.push(line),
  });
  return {
    ...running,
    origin: new URL(running.url).origin,
    lines,
    address: server,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** Makes one request. What isn't JSON is its text. */
export async function send(
  { origin }: { origin: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const reads = method === "GET" || method === "HEAD";
  const response = await fetch(origin + path, {
    method,
    headers: { ...(reads ? {} : { "content-type": "application/json", "x-tbc": "1" }), ...headers },
    body: reads ? undefined : JSON.stringify(body ?? {}),
    redirect: "manual",
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, body: isJson && text !== "" ? JSON.parse(text) : text, headers: response.headers };
}

/** The same below `/api/v1`. Fails with the problem unless it is answered with 200. */
export async function api(
  running: { origin: string },
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<any> {
  const reply = await send(running, method, `/api/v1${path}`, body, headers);
  if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

/** Logs in with the token that a console printed. Returns the headers of a browser with that session. */
export async function logIn(running: TestConsole, url: string = running.url): Promise<Record<string, string>> {
  const reply = await send(running, "POST", "/auth/token", { token: new URL(url).hash.slice(1) });
  if (reply.status !== 200) throw new Error(`login: ${reply.status} ${JSON.stringify(reply.body as Problem)}`);
  return browser(running, reply.headers.get("set-cookie")!.split(";")[0]!);
}

/** Headers that a browser sends from the console's own page. */
export const browser = ({ origin }: { origin: string }, cookie: string): Record<string, string> => ({
  cookie,
  origin,
  "sec-fetch-site": "same-origin",
});

/** An API token with these grants. Returns its headers. */
export async function tokenFor(
  running: { origin: string },
  admin: Record<string, string>,
  grants: Grant[],
): Promise<Record<string, string>> {
  const { token } = await api(running, "POST", "/tokens", { name: "test", grants }, admin);
  return { authorization: `Bearer ${token}` };
}

/** Runs Temporal's CLI against the console's server. Returns what it printed, as JSON where it is. */
export async function cli({ address }: { address: string }, ...args: string[]): Promise<any> {
  const child = Bun.spawn([temporalCli(), ...args, "--address", address, "-o", "json"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, HOME: "/nonexistent" },
  });
  const text = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();
  const [out, problem, code] = await Promise.all([text(child.stdout), text(child.stderr), child.exited]);
  if (code !== 0) throw new Error(`temporal ${args.join(" ")}: ${problem}${out}`);
  try {
    return JSON.parse(out);
  } catch {
    return out;
  }
}

/** An id that no other test has. */
export const unique = (name: string): string => `${name}-${crypto.randomUUID().slice(0, 8)}`;
