/** Puts a console together, and serves it. */

import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ConnectionOptions } from "temporal-bun-sdk/client";
import { createApp } from "./app";
import { Web } from "./assets";
import { addCodecEndpoint } from "./codec-endpoint";
import { ConfigError, type ConsoleConfig, rolesOf } from "./config";
import { Audit } from "./gate/audit";
import { auditKey, keyPath, signHead } from "./gate/audit-heads";
import { Callers, type Mode } from "./gate/callers";
import { Gate, problemOf } from "./gate/gate";
import { Grants } from "./gate/grants";
import { Login } from "./gate/login";
import { Oidc } from "./gate/oidc";
import type { Hosts } from "./gate/origin";
import { Sessions } from "./gate/sessions";
import { Tokens } from "./gate/tokens";
import { handlers } from "./handlers";
import { Hub } from "./live/hub";
import { Streams } from "./live/stream";
import { watching } from "./live/watchers";
import { SqliteStore } from "./store/sqlite";
import { localCodec } from "./temporal/codec";
import { codecServer } from "./temporal/codec-server";
import { redactor } from "./temporal/redact";
import { Temporal } from "./temporal/temporal";
import { Visibility } from "./temporal/visibility";

export interface ConsoleOptions {
  /** The Temporal server. */
  connection: ConnectionOptions;
  namespace: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0 for any. */
  port: number;
  mode: Mode;
  config?: ConsoleConfig;
  /** Gets lines for the terminal or a log. */
  log?(line: string): void;
}

export interface RunningConsole {
  /** Where it is to be opened; has a login token if the mode is `token`. */
  readonly url: string;
  /** Where it listens, for who stands before it. */
  readonly local: string;
  stop(): Promise<void>;
}

const hourMs = 3600_000;
const loopback = new Set(["127.0.0.1", "localhost", "::1"]);

/** Starts a console. */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { mode, config = {}, host = "127.0.0.1", log = console.log } = options;
  if (mode === "none" && !loopback.has(host))
    throw new ConfigError(
      `Without logins the console listens to this machine alone, not to ${host}: take --auth token or --auth oidc.`,
    );
  const [outside] = mode === "none" ? outsideNames(config) : [];
  if (outside !== undefined)
    throw new ConfigError(
      `Without logins nobody may come by "${outside}": take \`publicUrl\` and \`hosts\` out, or --auth token or oidc.`,
    );
  if (mode === "oidc" && (config.oidc === undefined || config.publicUrl === undefined))
    throw new ConfigError("For --auth oidc, console.config.ts must have `oidc` and `publicUrl`.");
  const path = storePath(config.store);
  const store = new SqliteStore(path);
  await store.migrate();

  const temporal = new Temporal(options.connection, {
    codec: config.codecServer === undefined ? localCodec(config.payloadCodecs ?? []) : codecServer(config.codecServer),
    redact: redactor(config.redact ?? []),
  });
  const visibility = new Visibility(temporal);
  const roles = rolesOf(config);
  const isHttps = config.publicUrl?.startsWith("https:") ?? false;
  const audit = new Audit(store);
  const key = auditKey(keyPath(path));
  const sessions = new Sessions(store, mode);
  const tokens = new Tokens(store);
  const grants = new Grants(store, config.grants ?? []);
  const callers = new Callers(mode, isHttps, sessions, tokens, grants);

  // The port is known when it is served, and the names of the host depend on it.
  const hosts: { names: Set<string>; origins: Set<string> } & Hosts = { names: new Set(), origins: new Set() };
  const gate = new Gate({ hosts, roles, callers, audit });
  let url = "";
  let loginToken: string | undefined;
  const login = new Login({
    callers,
    sessions,
    hosts,
    audit,
    isHttps,
    announce(token) {
      loginToken = token;
      if (url !== "") log(`The next login: ${loginUrl(url, token)}`);
    },
  });
  const all = handlers({
    temporal,
    visibility,
    roles,
    namespace: options.namespace,
    store,
    audit,
    auditKey: key,
    grants,
    sessions,
    tokens,
  });
  const hub = new Hub(watching({ temporal, visibility, handlers: all, audit }), (error) =>
    problemOf(error, crypto.randomUUID()),
  );
  const streams = new Streams({
    hub,
    recall: (request) => callers.of(request, false),
    allows: (caller, action, place) => gate.allows(caller, action, place),
  });
  const oidc =
    mode === "oidc"
      ? new Oidc({
          config: config.oidc!,
          publicUrl: config.publicUrl!,
          store,
          hosts,
          login,
          callers,
          audit,
          isHttps,
          log,
        })
      : undefined;
  const app = createApp({ gate, hosts, mode, login, oidc, streams, web: new Web(), handlers: all, log });
  addCodecEndpoint(app, { gate, temporal, origins: new Set(config.codecOrigins ?? []) });
  const server = Bun.serve({
    hostname: host,
    port: options.port,
    idleTimeout: 60,
    // What the Temporal server takes at most, and some more for JSON.
    maxRequestBodySize: 8 * 1024 * 1024,
    development: false,
    fetch: (request, server) => app.fetch(request, { ip: server.requestIP(request)?.address }),
  });
  const port = server.port!;
  for (const name of allNames(host, port, config)) hosts.names.add(name);
  for (const origin of allOrigins(host, port, config)) hosts.origins.add(origin);
  const local = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  url = config.publicUrl?.replace(/\/$/, "") ?? local;
  await audit.append({ event: "start", actor: "console", via: mode, requestId: crypto.randomUUID(), target: url });
  const signNow = async () => log(await signHead(store, key, await audit.head()));
  await signNow();
  const hourly = setInterval(() => {
    Promise.all([signNow(), sessions.list()]).catch((error) => log(String(error)));
  }, hourMs);
  return {
    local,
    url: loginToken === undefined ? url : loginUrl(url, loginToken),
    async stop() {
      clearInterval(hourly);
      streams.close();
      hub.close();
      await server.stop(true);
      await signNow();
      await temporal.close();
      await store.close();
    },
  };
}

// Behind the #, because browsers send that to nobody.
const loginUrl = (url: string, token: string) => `${url}/login#${token}`;

/** The file of the store, in a folder that is there. */
export function storePath(configured: string | undefined): string {
  if (configured === ":memory:") return configured;
  const data = process.env["XDG_DATA_HOME"] || join(homedir(), ".local/share");
  const path = configured ?? join(data, "temporal-bun-console/console.db");
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return path;
}

/** Names by which others than this machine come. */
function outsideNames({ hosts = [], publicUrl }: ConsoleConfig): string[] {
  const named = [...hosts, ...(publicUrl === undefined ? [] : [new URL(publicUrl).host])];
  return named.filter((name) => !loopback.has(name.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")));
}

function allNames(host: string, port: number, config: ConsoleConfig): string[] {
  const own = loopback.has(host) ? ["127.0.0.1", "localhost", "[::1]"] : [host];
  const named = [...(config.hosts ?? []), ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).host])];
  return [...own.map((name) => `${name}:${port}`), ...named.map((name) => name.toLowerCase())];
}

function allOrigins(host: string, port: number, config: ConsoleConfig): string[] {
  if (config.publicUrl !== undefined) return [new URL(config.publicUrl).origin];
  return allNames(host, port, config).map((name) => `http://${name}`);
}
