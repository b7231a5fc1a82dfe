/** Server programs as child processes that can't outlive this one. */

import { type AddressInfo, connect, createServer } from "node:net";

/** A running server. */
export interface ServerProcess {
  /** Process id of the server, to pause it or to kill it. */
  readonly id: number;
  /** Ends the server at once and resolves when it has ended; also if it ended before. */
  kill(): Promise<void>;
}

/** What {@link launchServer} needs to know. */
interface LaunchOptions {
  /** Program and arguments. */
  command: readonly string[];
  /**
   * Whether the server answers, found out from its standard output so far or by calling it. Asked again and again,
   * until true or too late.
   */
  ready: (output: string) => boolean | Promise<boolean>;
  /** How long the server may take until it is ready, in milliseconds. */
  timeoutMs: number;
  /** Gets what the server writes to standard error, as it comes. Default: nobody. */
  log?: (text: string) => void;
}

/** The server ended before it was ready. The message has what it wrote. */
export class ServerEndedError extends Error {
  override readonly name = "ServerEndedError";
}

// A shell stands between this process and the server. File descriptor 3 is a pipe whose other end lives here: it closes
// when this process ends, however it ends, and the server goes with it. A background command of sh reads /dev/null
// unless told otherwise, hence the copy of standard input.
const keeper = `
exec 3<&0
"$@" 3<&- &
server=$!
echo "keeper: server $server"
{ read -r _ <&3; kill -KILL "$server"; } >/dev/null 2>&1 &
watcher=$!
wait "$server" 2>/dev/null
status=$?
kill "$watcher" 2>/dev/null
printf '\\nkeeper: ended %s\\n' "$status"
`;

const readinessPollMs = 100;
/** How much of the server's output is kept for the error. */
const keptCharacters = 8_000;

/** Held so that the garbage collector does not close the pipe of a server in use. */
const alive = new Set<Bun.Subprocess>();

/**
 * Starts a server and waits until it is ready. It ends with this process, even when that is killed; it does not keep
 * this process alive, except while its start or its end is waited for.
 *
 * @throws ServerEndedError if the server ends instead of getting ready
 * @throws Error if the server is not ready in time; it is ended then
 */
export function launchServer(options: LaunchOptions): Promise<ServerProcess> {
  return holdingProcess(launch(options));
}

/** Keeps this process alive until a promise is settled: what it waits for, an `unref` server, doesn't. */
async function holdingProcess<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 31 - 1);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

async function launch({ command, ready, timeoutMs, log }: LaunchOptions): Promise<ServerProcess> {
  const child = Bun.spawn(["sh", "-c", keeper, "keeper", ...command], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // A terminal's Ctrl-C is for this process: what it does at its end may need the server.
    detached: true,
  });
  child.unref();
  alive.add(child);
  const output = watchOutput(child, log);
  const id = await output.started;
  const ended = output.ended.then(() => void alive.delete(child));
  const kill = async () => {
    if (alive.has(child)) process.kill(id, "SIGKILL");
    await holdingProcess(ended);
  };
  const deadline = Date.now() + timeoutMs;
  let late = false;
  while (alive.has(child)) {
    // A server that hangs while it is asked must not outlast the deadline.
    const { promise: timeout, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()), false as const);
    const answer = await Promise.race([ready(output.text.stdout), ended.then(() => false), timeout]);
    clearTimeout(timer);
    if (answer && alive.has(child)) return { id, kill };
    late = Date.now() >= deadline;
    if (late) break;
    await Promise.race([output.more(), Bun.sleep(readinessPollMs)]);
  }
  await kill();
  const said = `${output.text.stdout}\n${output.text.stderr}`.trim();
  const words = said === "" ? "It wrote nothing." : `It wrote:\n${said}`;
  if (late) throw new Error(`${command[0]} was not ready within ${timeoutMs / 1000} seconds and was ended. ${words}`);
  throw new ServerEndedError(`${command[0]} ended with exit code ${await output.ended} before it was ready. ${words}`);
}

interface ServerOutput {
  /** Process id of the server. */
  started: Promise<number>;
  /** Exit code of the server. */
  ended: Promise<number>;
  /** The latest output. */
  text: { stdout: string; stderr: string };
  /** Resolves at the next output. */
  more(): Promise<void>;
}

/** Reads both streams to their end: a server whose pipe is full would stop. */
function watchOutput(
  child: Bun.Subprocess<"pipe", "pipe", "pipe">,
  log: ((text: string) => void) | undefined,
): ServerOutput {
  const text = { stdout: "", stderr: "" };
  const started = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<number>();
  let next = Promise.withResolvers<void>();
  const read = async (stream: ReadableStream<Uint8Array>, name: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const piece = decoder.decode(chunk, { stream: true });
      text[name] = (text[name] + piece).slice(-keptCharacters);
      if (name === "stderr") log?.(piece);
      else readKeeper();
      next.resolve();
      next = Promise.withResolvers();
    }
  };
  const readKeeper = () => {
    const line = /^keeper: (server|ended) (\d+)\n/m;
    for (let match = line.exec(text.stdout); match !== null; match = line.exec(text.stdout)) {
      text.stdout = text.stdout.replace(match[0], "");
      (match[1] === "server" ? started : ended).resolve(Number(match[2]));
    }
  };
  const streams = Promise.all([read(child.stdout, "stdout"), read(child.stderr, "stderr")]);
  // The exit code of the shell itself, when the shell was killed instead of the server.
  void streams.then(() => child.exited).then(ended.resolve, ended.reject);
  ended.promise.then(
    (code) => started.reject(new Error(`the shell that starts servers ended with exit code ${code}: ${text.stderr}`)),
    started.reject,
  );
  return { started: started.promise, ended: ended.promise, text, more: () => next.promise };
}

/**
 * A TCP port of a local address that is free now, and that the system gives to nobody who asks for any port for the
 * next minute: a connection that was closed on its side waits there. Who asks for this port gets it.
 */
export function freePort(host = "127.0.0.1"): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer((socket) => socket.on("error", reject).end());
    probe.once("error", reject);
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo;
      // It is closed here after it was closed there.
      const visitor = connect(port, host)
        .on("error", reject)
        .on("end", () => visitor.end());
      visitor.on("close", () => probe.close(() => resolve(port)));
      visitor.resume();
    });
  });
}
