import type { Duration } from "../../common";
import { msToNumber } from "../../common/time";
import { type State, type Worker as TemporalWorker, threadStatesOf } from "../worker";
// @ts-expect-error: it is a text.
import threadCode from "./health-thread.js" with { type: "text" };

/** Options of {@link serveHealth}. */
export interface HealthOptions {
  /** Whose health it is; with several, all of them must be well. */
  worker: TemporalWorker | readonly TemporalWorker[];
  /** Port to listen on; 0 for one that the system picks. */
  port: number;
  /** Address to listen on. Default `"0.0.0.0"`: all. */
  hostname?: string;
  /**
   * How long a thread may be blocked before the process counts as dead: milliseconds, or text like `"30s"`. At least 1
   * s. Default 10 s.
   */
  blockedAfter?: Duration;
}

/** What `GET /live` and `GET /ready` answer, as JSON. */
export interface Health {
  /** No thread is blocked, and no Worker has failed: status 200, otherwise 503. */
  live: boolean;
  /** It is live, and all Workers are running, so they have reached the server and don't shut down. */
  ready: boolean;
  /** States of the Workers. */
  workers: State[];
  /** `main`, which runs activities, and the threads that run Workflow code. */
  threads: {
    name: string;
    /** For how long it has been found to do the same, in milliseconds, in steps of 200. */
    blockedMs: number;
  }[];
}

/** A health endpoint while it is served. */
export interface HealthServer {
  /** The port that it listens on. */
  readonly port: number;
  /** Ends it; then the port is free. There is no need to: it doesn't keep the process alive. */
  close(): Promise<void>;
}

/** How often the main thread shows that it turns, in milliseconds. */
const beatIntervalMs = 200;
const shortestMs = 1_000;
/** Where the main thread counts, in memory that it shares with the one that answers. States follow. */
const beatSlot = 0;

const states: State[] = ["INITIALIZED", "RUNNING", "STOPPING", "DRAINING", "DRAINED", "STOPPED", "FAILED"];

/** The DOM's types hide what Bun adds to the class. */
type BunWorker = globalThis.Worker & Pick<Bun.Worker, "ref" | "unref">;

/**
 * Serves the health of Workers by HTTP, for the probes of an orchestrator: `GET /live` (restart the process if not) and
 * `GET /ready` (the Worker takes tasks). Both answer 200 or 503 with {@link Health}. A thread of its own answers, so it
 * does while the event loop is blocked, and says so.
 *
 * ```ts
 * const worker = await Worker.create(options);
 * await serveHealth({ worker, port: 8080 });
 * await worker.run();
 * ```
 *
 * @throws TypeError for a `blockedAfter` that can't be used
 * @throws Error if the port can't be listened on
 */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const workers = [options.worker].flat() as readonly TemporalWorker[];
  const blockedAfterMs = msToNumber(options.blockedAfter ?? "10s", "blockedAfter");
  if (!(blockedAfterMs >= shortestMs))
    throw new TypeError(`blockedAfter is ${options.blockedAfter}, but must be 1 second at least`);
  const memory = new SharedArrayBuffer((1 + workers.length) * Int32Array.BYTES_PER_ELEMENT);
  const slots = new Int32Array(memory);
  const stateSlots = workers.map((_, index) => beatSlot + 1 + index);
  const code = URL.createObjectURL(new Blob([threadCode], { type: "text/javascript" }));
  const thread = new Worker(code, { name: "temporal-health" }) as BunWorker;
  let watched: SharedArrayBuffer[] = [];
  const beat = () => {
    for (const [index, slot] of stateSlots.entries())
      Atomics.store(slots, slot, states.indexOf(workers[index]!.getState()));
    // Threads are replaced when they take too much memory.
    const found = workers.flatMap((worker) => threadStatesOf(worker));
    if (found.length !== watched.length || found.some((state, index) => state.memory !== watched[index])) {
      watched = found.map((state) => state.memory);
      thread.postMessage({ threads: found.map(({ watch }, index) => ({ name: `workflows ${index + 1}`, ...watch })) });
    }
    Atomics.add(slots, beatSlot, 1);
  };
  const closed = Promise.withResolvers<void>();
  thread.addEventListener("close", () => closed.resolve());
  const close = () => {
    clearInterval(beating);
    thread.ref();
    thread.terminate();
    return closed.promise;
  };
  const answer = Promise.withResolvers<{ port: number } | { error: string }>();
  thread.onmessage = ({ data }) => answer.resolve(data);
  thread.onerror = ({ message }) => answer.resolve({ error: message });
  thread.postMessage({ memory, beatSlot, stateSlots, states, blockedAfterMs, ...addressOf(options) });
  beat();
  const beating = setInterval(beat, beatIntervalMs).unref();
  const answered = await answer.promise;
  URL.revokeObjectURL(code);
  if ("error" in answered) {
    await close();
    const { hostname, port } = addressOf(options);
    throw new Error(`Health can't be served on ${hostname}:${port}: ${answered.error}. Is the port in use?`);
  }
  thread.unref();
  return { port: answered.port, close };
}

const addressOf = ({ hostname = "0.0.0.0", port }: HealthOptions) => ({ hostname, port });
