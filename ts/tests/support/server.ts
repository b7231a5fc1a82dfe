/**
 * Temporal's dev server for tests, the demo and the bench.
 *
 * Each server is a process of its own on a port that the operating system picked, with a SQLite file in a temporary
 * folder. Both go with the process that started them, even when that one is killed.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort, launchServer, type ServerProcess } from "../../src/testing/server-process";

export { freePort };

/** A running dev server that other tests may share. */
export interface TestServer {
  /** Host and port of the frontend, e.g. `127.0.0.1:39215`. */
  readonly address: string;
  /** A namespace that exists on it. */
  readonly namespace: string;
  /** Ends the server at once. There is no need to call it: the server ends with the process. */
  stop(): Promise<void>;
}

/** A dev server that belongs to one test, which may stop it and start it again. */
export interface PrivateServer extends TestServer {
  readonly port: number;
  /** The SQLite file; it stays when the server is stopped and goes when this process ends. */
  readonly databaseFile: string;
  /** Process id of the server while it runs, to pause it with SIGSTOP or kill it. */
  processId(): number;
  /** Starts the stopped server on the same port and the same database file. */
  start(): Promise<void>;
}

export interface ServerOptions {
  /** Namespace to create and to report; default `default`, which always exists. */
  namespace?: string;
  /** Dynamic configuration of the server, e.g. `{ "frontend.WorkflowTimeSkippingEnabled": true }`. */
  dynamicConfig?: Record<string, unknown>;
  /** Search attributes to register, name to type, e.g. `{ CustomerId: "Keyword" }`. */
  searchAttributes?: Record<string, string>;
}

const readyTimeoutMs = 60_000;
const startAttempts = 5;

/** The Temporal CLI: `TEMPORAL_CLI`, or the one that `make` puts into `.toolchain`. */
export function temporalCli(): string {
  const fromEnvironment = process.env["TEMPORAL_CLI"];
  const path = fromEnvironment || resolve(import.meta.dir, "../../../.toolchain/python/bin/temporal");
  if (!existsSync(path)) {
    throw new Error(
      `no Temporal CLI at ${path}: ${fromEnvironment ? "correct TEMPORAL_CLI" : "run `make build` in the repository, or set TEMPORAL_CLI"}`,
    );
  }
  return path;
}

// On globalThis, not in the module, because a test runner may load this module once per test file.
const sharedKey = Symbol.for("temporal-bun-sdk.tests.server");
const shared = globalThis as { [sharedKey]?: Promise<TestServer> | undefined };

/**
 * The dev server that all tests of this process share; started by the first call. Use task queues and workflow ids of
 * your own.
 */
export function testServer(): Promise<TestServer> {
  return (shared[sharedKey] ??= startServer().then((server) => ({
    address: server.address,
    namespace: server.namespace,
    async stop() {
      shared[sharedKey] = undefined;
      await server.stop();
    },
  })));
}

/** Starts a dev server of the caller's own. */
export async function startServer(options: ServerOptions = {}): Promise<PrivateServer> {
  const cli = temporalCli();
  const namespace = options.namespace ?? "default";
  const directory = temporaryFolder();
  const databaseFile = join(directory, "temporal.db");
  let running: ServerProcess | undefined;
  let port = 0;
  // Between the pick and the server's bind another process can take the port, so a failed start is tried again on
  // another one.
  for (let attempt = 1; running === undefined; attempt++) {
    port = await freePort();
    try {
      running = await launch(cli, port, databaseFile, options);
    } catch (error) {
      if (attempt === startAttempts) throw error;
    }
  }
  return {
    address: `127.0.0.1:${port}`,
    namespace,
    port,
    databaseFile,
    processId() {
      if (running === undefined) throw new Error("the dev server is stopped: call start() first");
      return running.id;
    },
    async stop() {
      const stopping = running;
      running = undefined;
      // SIGKILL, because the dev server takes its time to end in an orderly way and SQLite keeps the file whole either
      // way.
      await stopping?.kill();
    },
    async start() {
      if (running !== undefined) throw new Error("the dev server runs already: call stop() first");
      running = await launch(cli, port, databaseFile, options);
    },
  };
}

function launch(cli: string, port: number, databaseFile: string, options: ServerOptions): Promise<ServerProcess> {
  const command = [
    cli,
    "server",
    "start-dev",
    "--headless",
    "--ip",
    "127.0.0.1",
    "--port",
    String(port),
    "--db-filename",
    databaseFile,
    "--log-level",
    "error",
  ];
  if (options.namespace !== undefined && options.namespace !== "default")
    command.push("--namespace", options.namespace);
  for (const [key, value] of Object.entries(options.dynamicConfig ?? {})) {
    command.push("--dynamic-config-value", `${key}=${JSON.stringify(value)}`);
  }
  for (const [name, type] of Object.entries(options.searchAttributes ?? {}))
    command.push("--search-attribute", `${name}=${type}`);
  return launchServer({ command, ready: (output) => /^Temporal Server:/m.test(output), timeoutMs: readyTimeoutMs });
}

/** A folder that goes with this process: a shell waits until the pipe from here closes. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "temporal-dev-server-"));
  const keeper = Bun.spawn(["sh", "-c", 'read -r _; rm -rf "$1"', "keeper", folder], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  keeper.unref();
  // Held, because a pipe that nobody refers to may be closed.
  keepers.add(keeper);
  return folder;
}

const keepers = new Set<Bun.Subprocess>();
