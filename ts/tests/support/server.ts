/**
 * Temporal's dev server for tests, the demo and the bench.
 *
 * Each server is a process of its own on a port that the operating system picked, with a SQLite file in a temporary folder.
 * It ends with the process that started it, even when that one is killed: a small shell stands between the two, reads a pipe
 * whose other end lives here, and takes the server and its folder away when the pipe closes.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

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

// $1 is the folder to remove; the rest is the server's command line. File descriptor 3 is the pipe from the starter. When the
// server has ended (stopped, to be started again perhaps) the shell waits on: the folder must go with the starter all the same.
// A background command of sh reads /dev/null unless told otherwise, hence the copy of standard input.
const keeper = `
directory=$1; shift
exec 3<&0
"$@" 3<&- &
server=$!
echo "keeper: server $server"
{ read -r _ <&3; kill -KILL "$server" 2>/dev/null; rm -rf "$directory"; } >/dev/null 2>&1 &
watcher=$!
wait "$server" 2>/dev/null
kill "$watcher" 2>/dev/null
echo "keeper: ended"
read -r _ <&3
rm -rf "$directory"
`;

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

/** A TCP port on 127.0.0.1 that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolvePort(port));
    });
  });
}

// On globalThis, not in the module, because a test runner may load this module once per test file.
const sharedKey = Symbol.for("temporal-bun-sdk.tests.server");
const shared = globalThis as { [sharedKey]?: Promise<TestServer> | undefined };

/** The dev server that all tests of this process share; started by the first call. Use task queues and workflow ids of your own. */
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
  const directory = mkdtempSync(join(tmpdir(), "temporal-dev-server-"));
  const databaseFile = join(directory, "temporal.db");
  let running: ServerProcess | undefined;
  let port = 0;
  // Between the pick and the server's bind another process can take the port, so a failed start is tried again on another one.
  for (let attempt = 1; running === undefined; attempt++) {
    port = await freePort();
    try {
      running = await launch(cli, port, databaseFile, directory, options);
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
      if (stopping !== undefined) await end(stopping);
    },
    async start() {
      if (running !== undefined) throw new Error("the dev server runs already: call stop() first");
      running = await launch(cli, port, databaseFile, directory, options);
    },
  };
}

interface ServerProcess {
  id: number;
  ended: Promise<void>;
}

async function launch(cli: string, port: number, databaseFile: string, directory: string, options: ServerOptions): Promise<ServerProcess> {
  const command = [
    cli, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", String(port),
    "--db-filename", databaseFile, "--log-level", "error",
  ];
  if (options.namespace !== undefined && options.namespace !== "default") command.push("--namespace", options.namespace);
  for (const [key, value] of Object.entries(options.dynamicConfig ?? {})) {
    command.push("--dynamic-config-value", `${key}=${JSON.stringify(value)}`);
  }
  for (const [name, type] of Object.entries(options.searchAttributes ?? {})) command.push("--search-attribute", `${name}=${type}`);
  const child = Bun.spawn(["sh", "-c", keeper, "keeper", directory, ...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  child.unref();
  const { ready, ended } = watchOutput(child);
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${readyTimeoutMs / 1000} seconds`)), readyTimeoutMs);
  });
  try {
    return { id: await Promise.race([ready, late]), ended };
  } catch (error) {
    throw new Error(`the Temporal dev server did not get ready on port ${port}: ${error instanceof Error ? error.message : error}`);
  } finally {
    clearTimeout(timer);
  }
}

// `ready` gives the server's process id when the CLI announces its address, which it does once the frontend serves. Both streams are
// read to their end: a server whose pipe is full would stop.
function watchOutput(child: Bun.Subprocess<"pipe", "pipe", "pipe">): { ready: Promise<number>; ended: Promise<void> } {
  let text = "";
  const ready = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<void>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-8_000);
      if (/^Temporal Server:/m.test(text)) ready.resolve(Number(/^keeper: server (\d+)$/m.exec(text)?.[1]));
      if (/^keeper: ended$/m.test(text)) {
        ready.reject(new Error(text.replaceAll(/^keeper: .*\n/gm, "").trim() || "it ended without a word"));
        ended.resolve();
      }
    }
  };
  void read(child.stdout);
  void read(child.stderr);
  return { ready: ready.promise, ended: ended.promise };
}

// SIGKILL, because the dev server takes its time to end in an orderly way and SQLite keeps the file whole either way.
async function end(server: ServerProcess): Promise<void> {
  process.kill(server.id, "SIGKILL");
  await server.ended;
}
