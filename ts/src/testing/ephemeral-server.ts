/** Servers that a test environment starts for itself. */

import { Connection } from "../client";
import { type SearchAttributeKey, type SearchAttributeType, TypedSearchAttributes } from "../common";
import { printable } from "../libs/printable";
import { type EphemeralServerExecutable, provideExecutable, temporalCli, timeSkippingServer } from "./executable";
import { devServerVersion, skipsTime } from "./installed";
import { freePort, launchServer, ServerEndedError, type ServerProcess } from "./server-process";

export type { EphemeralServerExecutable } from "./executable";

/** Configuration of the Temporal CLI's dev server. */
export interface DevServerConfig {
  /** The kind of server. */
  type: "dev-server";
  /**
   * Where the Temporal CLI comes from. Default: `TEMPORAL_CLI_PATH` of the environment, `temporal` in `PATH`, or in
   * `.toolchain/python/bin` of the working folder or one above; or else a cached download.
   */
  executable?: EphemeralServerExecutable;
  /** SQLite file for what is to outlive the server. Default: none, everything is in memory. */
  dbFilename?: string;
  /** Namespace, made at the start. Default `"default"`. */
  namespace?: string;
  /** IP address to listen on. Default `127.0.0.1`. */
  ip?: string;
  /** Port to listen on. Default: a free one. */
  port?: number;
  /** Whether there is a user interface. Default: only if there is a `uiPort`. */
  ui?: boolean;
  /** Port of the user interface. Default: `port + 1000`. */
  uiPort?: number;
  /**
   * Format and level of the server's log, which goes to standard error. Default `{ format: "pretty", level: "warn" }`.
   */
  log?: { format: string; level: string };
  /** Further arguments of `temporal server start-dev`. */
  extraArgs?: string[];
  /** Search attributes to register. */
  searchAttributes?: SearchAttributeKey<SearchAttributeType>[];
}

/** Configuration of a server with time skipping. */
export interface TimeSkippingServerConfig {
  /** The kind of server. */
  type: "time-skipping";
  /**
   * Where the test server comes from. The path of a Temporal CLI is taken too: its dev server can skip time itself, see
   * {@link TestWorkflowEnvironment.createTimeSkipping}. Default: `TEMPORAL_CLI_PATH` of the environment;
   * `temporal-test-server` in `PATH`, or one that was downloaded; a Temporal CLI as in {@link DevServerConfig}, if it
   * is 1.9 or newer; or else a cached download of the test server.
   */
  executable?: EphemeralServerExecutable;
  /** Port to listen on. Default: a free one. */
  port?: number;
  /** Further arguments of the server. */
  extraArgs?: string[];
}

/** A server that runs. */
interface EphemeralServer {
  /** Host and port. */
  readonly address: string;
  /** Whether it is a dev server with time skipping of its own, which has no TestService. */
  readonly skipsPerWorkflow: boolean;
  /** Ends it. */
  shutdown(): Promise<void>;
}

const readyTimeoutMs = 60_000;
/** How many free ports are tried: between the pick and the server's bind another process can take one. */
const portAttempts = 5;

/**
 * Starts a server and waits until it answers.
 *
 * @throws TypeError for options that make no sense
 * @throws Error if there is no program for it, or if it does not get ready; with what it wrote
 */
export async function startEphemeralServer(
  config: DevServerConfig | TimeSkippingServerConfig,
): Promise<EphemeralServer> {
  switch (config.type) {
    case "dev-server": {
      const path = await provideExecutable(temporalCli, config.executable);
      return startDevServer(path, config, false);
    }
    case "time-skipping": {
      const path = await provideExecutable(timeSkippingServer, config.executable);
      const version = await devServerVersion(path);
      if (version !== undefined) {
        if (!skipsTime(version)) {
          throw new Error(
            `${path} has version ${version.join(".")} of the server, which can't skip time: use Temporal CLI 1.9 (server 1.32) or newer`,
          );
        }
        // As quiet as the test server. A dev server warns of itself when it starts.
        const log = { format: "pretty", level: "error" };
        return startDevServer(path, { log, ...config, type: "dev-server" }, true);
      }
      return startOn(
        "127.0.0.1",
        config.port,
        false,
        (port) => [path, String(port), ...(config.extraArgs ?? [])],
        (port) => answers(`127.0.0.1:${port}`),
      );
    }
    default:
      throw new TypeError(`Unsupported server type: ${String((config as { type?: unknown }).type)}`);
  }
}

const timeSkippingConfig = [
  "frontend.WorkflowTimeSkippingEnabled=true",
  // Timers that were skipped fire at once instead of within a second.
  'history.timerProcessorMaxTimeShift="1ms"',
  // Otherwise a run that follows another one within a second is held back, and skips the time of that one a second
  // time.
  'history.workflowIdReuseMinimalInterval="0s"',
];

function startDevServer(path: string, config: DevServerConfig, skipsPerWorkflow: boolean): Promise<EphemeralServer> {
  const { ip = "127.0.0.1", namespace = "default", ui = false, uiPort, dbFilename } = config;
  const { format, level } = config.log ?? { format: "pretty", level: "warn" };
  const command = (port: number) => [
    path,
    "server",
    "start-dev",
    "--port",
    String(port),
    "--namespace",
    namespace,
    "--ip",
    ip,
    "--log-format",
    format,
    "--log-level",
    level,
    ...(skipsPerWorkflow ? timeSkippingConfig : []).flatMap((value) => ["--dynamic-config-value", value]),
    ...(dbFilename === undefined ? [] : ["--db-filename", dbFilename]),
    ...(uiPort !== undefined || ui ? ["--ui-port", String(uiPort ?? Math.min(port + 1000, 65_535))] : ["--headless"]),
    ...(config.searchAttributes ?? []).flatMap(({ name, type }) => [
      "--search-attribute",
      `${name}=${TypedSearchAttributes.toMetadataType(type)}`,
    ]),
    ...(config.extraArgs ?? []),
  ];
  // The CLI announces its address once the frontend serves. Asking the port instead could reach another server that
  // took it.
  return startOn(ip, config.port, skipsPerWorkflow, command, (_, output) => /^(Temporal )?Server:/m.test(output));
}

async function startOn(
  ip: string,
  fixedPort: number | undefined,
  skipsPerWorkflow: boolean,
  command: (port: number) => string[],
  ready: (port: number, output: string) => boolean | Promise<boolean>,
): Promise<EphemeralServer> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort(ip));
    let server: ServerProcess;
    try {
      server = await launchServer({
        command: command(port),
        ready: (output) => ready(port, output),
        timeoutMs: readyTimeoutMs,
        log: (text) => process.stderr.write(printable(text)),
      });
    } catch (error) {
      const taken = error instanceof ServerEndedError && /address already in use/i.test(error.message);
      if (fixedPort !== undefined || !taken || attempt === portAttempts) throw error;
      continue;
    }
    return { address: `${reachable(ip)}:${port}`, skipsPerWorkflow, shutdown: () => server.kill() };
  }
}

/** The address by which a server that listens on `ip` can be reached from here. */
function reachable(ip: string): string {
  if (ip === "0.0.0.0" || ip === "::" || ip === "localhost") return "127.0.0.1";
  return ip.includes(":") ? `[${ip}]` : ip;
}

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, proxy: null, connectTimeout: 1_000 });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}
