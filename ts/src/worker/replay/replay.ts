import { type HistoryAndWorkflowId, SdkComponent } from "../../common";
import { NativeWorker } from "../../native";
import type { DebuggingOptions } from "../../workflow-host/host";
import type { Eviction } from "../../workflow-realm/runtime";
import { encodeHistory } from "../bundler/history";
import { defaultBuildId, loadBundle } from "../bundler/worker-bundle";
import { type CompiledWorkerOptions, compileWorkerOptions } from "../compile-options";
import { CombinedWorkerRunError, ShutdownError } from "../errors";
import { PayloadService } from "../payloads/payload-service";
import { type Logger, loggerWithAttributes } from "../telemetry/logger";
import { Runtime } from "../telemetry/runtime";
import { threadSetup } from "../threads/thread-setup";
import { deliverLogs, deliverSinkCalls } from "../threads/workflow-output";
import { type WorkflowThreadEvents, WorkflowThreads } from "../threads/workflow-threads";
import { workerError } from "../worker-errors";
import type { ReplayWorkerOptions } from "../worker-options";
import { findDivergence } from "./divergence";
import { isDivergence, type ReplayResult, replayErrorOf } from "./replay-error";

/** Histories to replay, one after the other. */
export type ReplayHistoriesIterable = AsyncIterable<HistoryAndWorkflowId> | Iterable<HistoryAndWorkflowId>;

/** Makes the names of the task queues of replays unique. */
let replayCount = 0;

/**
 * Replays histories, one at a time; see `Worker.runReplayHistories`.
 *
 * @param debugging set if a debugger is to see the Workflow code. Default: if `TEMPORAL_DEBUG` is set
 */
export async function* replayHistories(
  options: ReplayWorkerOptions,
  histories: ReplayHistoriesIterable,
  debugging?: DebuggingOptions,
): AsyncIterableIterator<ReplayResult> {
  for (const plugin of options.plugins ?? []) options = (await plugin.configureReplayWorker?.(options)) ?? options;
  const replayer = await Replayer.create(options, debugging);
  let witness: Promise<Replayer> | undefined;
  const source = encodedHistories(histories);
  const pushNext = async () => {
    const { done, value } = await source.next();
    if (done) return undefined;
    const eviction = replayer.replay(value.workflowId, value.bytes);
    // Nobody waits for the one that was handed over ahead when the caller leaves.
    eviction.catch(() => {});
    return { ...value, eviction };
  };
  let inner: { error: unknown } | undefined;
  try {
    let current = await pushNext();
    while (current !== undefined) {
      // The next history is fetched, encoded and handed to Core while the threads replay this one; its error comes
      // after this one's result.
      const following = pushNext();
      following.catch(() => {});
      const eviction = await current.eviction;
      let { evidence } = eviction;
      if (isDivergence(eviction) && evidence === undefined) {
        // To know of each command where it came from takes time, so it is found out when there is something to find.
        witness ??= Replayer.create(options, debugging, true);
        ({ evidence } = await (await witness).replay(current.workflowId, current.bytes));
      }
      const divergence = evidence && findDivergence(current.bytes, evidence);
      const error = replayErrorOf(eviction, divergence);
      yield {
        workflowId: current.workflowId,
        runId: eviction.runId,
        ...(error === undefined ? {} : { error }),
        ...(divergence === undefined ? {} : { divergence }),
      };
      current = await following;
    }
  } catch (error) {
    inner = { error };
    throw error;
  } finally {
    // Queued behind a pending next(), which may wait for a source that never answers.
    source.return().catch(() => {});
    // What it could fail with is said of the history.
    await witness?.then((replayer) => replayer.close()).catch(() => {});
    await closeReplayer(replayer, inner);
  }
}

async function* encodedHistories(
  histories: ReplayHistoriesIterable,
): AsyncGenerator<{ workflowId: string; bytes: Uint8Array }, void> {
  for await (const { workflowId, history } of histories) yield { workflowId, bytes: await encodeHistory(history) };
}

async function closeReplayer(replayer: Replayer, inner: { error: unknown } | undefined): Promise<void> {
  try {
    await replayer.close();
  } catch (error) {
    if (inner === undefined) throw error;
    if (inner.error === error) return;
    throw new CombinedWorkerRunError("Worker run failed with inner error", {
      cause: { workerError: error, innerError: inner.error },
    });
  }
}

/** A native replay worker and its threads, which replay one history at a time. */
class Replayer {
  readonly #failure = Promise.withResolvers<never>();
  readonly #threads: WorkflowThreads;
  readonly #payloads: PayloadService;
  #native: NativeWorker | undefined;
  /** Of the histories that were handed to Core, in their order. */
  readonly #evictions: PromiseWithResolvers<Eviction>[] = [];

  readonly #runtime: Runtime;

  /** @param isWitness whether runs keep evidence, and nothing that they log is told: they are replayed once more */
  static async create(
    options: ReplayWorkerOptions,
    debugging: DebuggingOptions | undefined,
    isWitness = false,
  ): Promise<Replayer> {
    const runtime = Runtime.instance();
    const taskQueue = `${options.replayName ?? "fake_replay_queue"}-${replayCount++}`;
    const attributes = { sdkComponent: SdkComponent.worker, taskQueue };
    const logger = loggerWithAttributes(runtime.logger, () => attributes);
    // Nobody waits for the task of a replay, so it may take its time.
    const compiled = { ...compileWorkerOptions({ ...options, taskQueue }, logger), isolateExecutionTimeoutMs: 0 };
    const debugOptions = debugging ?? (compiled.debugMode ? {} : undefined);
    const replayer = new Replayer(compiled, runtime, logger, debugOptions, isWitness);
    try {
      // Who looks on with a debugger has time, and sees each history once.
      await replayer.#start(compiled, logger, isWitness || debugOptions !== undefined);
      return replayer;
    } catch (error) {
      replayer.#kill();
      throw workerError(error);
    }
  }

  private constructor(
    options: CompiledWorkerOptions,
    runtime: Runtime,
    logger: Logger,
    debugging: DebuggingOptions | undefined,
    isWitness: boolean,
  ) {
    this.#runtime = runtime;
    runtime.hold(this);
    // Reported by whatever is waiting at the time, and nothing may be.
    this.#failure.promise.catch(() => {});
    this.#payloads = new PayloadService(options.loadedDataConverter, logger, true);
    const events: WorkflowThreadEvents = {
      output: (logs, sinkCalls) => {
        if (isWitness) return;
        deliverLogs(logs, logger);
        deliverSinkCalls(sinkCalls, options.sinks ?? {}, logger);
      },
      evicted: (eviction) => this.#evictions.shift()?.resolve(eviction),
      payloads: (request) => this.#payloads.handle(request),
      // A replay finds the answers in the history; a patch that isn't there is active beyond its end.
      stuck: () => {},
      outgrown: () => {},
      asked: () => true,
      failed: (error) => this.#failure.reject(error),
    };
    this.#threads = new WorkflowThreads(options.workflowThreadPoolSize, events, debugging);
  }

  /** Replays a history, after those before it. Resolves with the eviction that ends it. */
  async replay(workflowId: string, history: Uint8Array): Promise<Eviction> {
    this.#native?.pushHistory(workflowId, history);
    const ended = Promise.withResolvers<Eviction>();
    this.#evictions.push(ended);
    return await Promise.race([ended.promise, this.#failure.promise]);
  }

  /** Shuts down. Rejects with the error that made it fail, if one did. */
  async close(): Promise<void> {
    try {
      this.#native?.finishHistories();
      this.#native?.initiateShutdown();
      await Promise.race([this.#threads.drained(), this.#failure.promise]);
      await Promise.race([this.#native?.finalizeShutdown(), this.#failure.promise]);
      await this.#threads.stop();
      this.#native?.close();
      this.#runtime.release(this);
    } catch (error) {
      this.#kill();
      throw workerError(error);
    }
  }

  async #start(options: CompiledWorkerOptions, logger: Logger, keepsEvidence: boolean): Promise<void> {
    const bundle = await loadBundle(options, logger);
    if (bundle === undefined) throw new TypeError("ReplayWorkerOptions must contain workflowsPath or workflowBundle");
    const { namespace, taskQueue, identity } = options;
    this.#native = NativeWorker.replay(this.#runtime.native, {
      namespace,
      taskQueue,
      identity,
      buildId: defaultBuildId(bundle),
    });
    const setup = threadSetup(options, bundle, logger, this.#payloads);
    await this.#threads.load({ ...setup, isReplay: true, keepsEvidence }, 0);
    await this.#threads.attach(this.#native);
    this.#native.start({
      workflowQueues: this.#threads.queues,
      onStopped: (_kind, error) => this.#stopped(error),
      onError: (error) => this.#stopped(error),
    });
  }

  #stopped(error: Error | undefined): void {
    if (error !== undefined) this.#failure.reject(workerError(error));
    // After the last history this is the good end; its eviction has come before.
    else for (const { reject } of this.#evictions) reject(new ShutdownError("Worker was shutdown"));
  }

  #kill(): void {
    this.#threads.kill();
    this.#native?.close();
    this.#runtime.release(this);
  }
}
