import { Client } from "../client";
import { type Duration, IllegalStateError, type MetricMeter, SdkComponent } from "../common";
import { msToNumber } from "../common/time";
import { NativeWorker, type TaskKind } from "../native";
import { NamespaceInfo } from "../proto/temporal/sdk/core/core_interface";
import { ActivityTasks } from "./activities/activity-tasks";
import type { HistoryInput } from "./bundler/history";
import { defaultBuildId, loadBundle } from "./bundler/worker-bundle";
import { type CompiledWorkerOptions, compileWorkerOptions, hasWorkflows, nativeWorkerOptions } from "./compile-options";
import { NativeConnection } from "./connection";
import {
  CombinedWorkerRunError,
  GracefulShutdownPeriodExpiredError,
  PromiseCompletionTimeoutError,
  TransportError,
} from "./errors";
import type { NexusHandling } from "./nexus/nexus-execution";
import { NexusTasks } from "./nexus/nexus-tasks";
import { workerObserver } from "./observer";
import { decidePatch } from "./patch-activation";
import { PayloadService } from "./payloads/payload-service";
import { type ReplayHistoriesIterable, replayHistories } from "./replay/replay";
import type { ReplayResult } from "./replay/replay-error";
import { CustomSlots } from "./slots/custom-slots";
import { type Logger, loggerWithAttributes } from "./telemetry/logger";
import { metricSinks } from "./telemetry/metric-sinks";
import { Runtime } from "./telemetry/runtime";
import { threadSetup } from "./threads/thread-setup";
import type { ThreadState } from "./threads/thread-state";
import { deliverLogs, deliverSinkCalls } from "./threads/workflow-output";
import { type WorkflowThreadEvents, WorkflowThreads } from "./threads/workflow-threads";
import { withPublicErrors, workerError } from "./worker-errors";
import type { ReplayWorkerOptions, WorkerOptions } from "./worker-options";

/**
 * What a Worker is doing.
 * - `INITIALIZED`: made, not running.
 * - `RUNNING`: takes tasks.
 * - `STOPPING`: told to shut down.
 * - `DRAINING`: takes no new tasks; activities that run end, or are cancelled when `shutdownGraceTime` is over.
 * - `DRAINED`: everything has ended, connections are being released.
 * - `STOPPED`: `run` has resolved.
 * - `FAILED`: `run` has rejected.
 */
export type State = "INITIALIZED" | "RUNNING" | "STOPPING" | "DRAINING" | "DRAINED" | "STOPPED" | "FAILED";

/** What a poller is doing. */
export type PollerState = "POLLING" | "SHUTDOWN" | "FAILED";

/** A snapshot of a Worker, see {@link Worker.getStatus}. */
export interface WorkerStatus {
  /** What the Worker is doing. */
  runState: State;
  /** What the poller of Workflow tasks is doing. */
  workflowPollerState: PollerState;
  /** What the poller of activity tasks is doing. */
  activityPollerState: PollerState;
  /** What the poller of Nexus tasks is doing. */
  nexusPollerState: PollerState;
  /** Whether Workflow tasks are being waited for. */
  hasOutstandingWorkflowPoll: boolean;
  /** Whether activity tasks are being waited for. */
  hasOutstandingActivityPoll: boolean;
  /** Whether Nexus tasks are being waited for. */
  hasOutstandingNexusPoll: boolean;
  /** Activations that Workflow code is working on; at most one per thread. */
  numInFlightWorkflowActivations: number;
  /** Running activities, local ones included. */
  numInFlightActivities: number;
  /** Running activities that have a task on the server. */
  numInFlightNonLocalActivities: number;
  /** Running local activities. */
  numInFlightLocalActivities: number;
  /** Requests that Nexus handlers are working on. */
  numInFlightNexusOperations: number;
  /** Workflow runs in memory. */
  numCachedWorkflows: number;
  /** Running activities that have sent a heartbeat. */
  numHeartbeatingActivities: number;
}

/** Options of {@link Worker.runUntil}. */
export interface RunUntilOptions {
  /** How long to wait for the promise after the Worker has stopped. Default 0. */
  promiseCompletionTimeout?: Duration;
}

interface WorkerParts {
  options: CompiledWorkerOptions;
  runtime: Runtime;
  logger: Logger;
  metricMeter: MetricMeter;
  native: NativeWorker;
  threads: WorkflowThreads | undefined;
  slots: CustomSlots | undefined;
  connection: NativeConnection;
  /** Whether the Worker made the connection itself, and so closes it. */
  ownsConnection: boolean;
  /** Rejects when a thread fails, from its start on. */
  failure: Failure;
  /** How many bytes of a result or a failure the server takes. */
  sizeLimit: number;
}

/** What ends a Worker. Spelled out, because the declarations must do with libraries older than PromiseWithResolvers. */
interface Failure {
  readonly promise: Promise<never>;
  reject(reason: unknown): void;
}

/** What the threads of a Worker's Workflow code are doing, for the SDK itself. */
export let threadStatesOf: (worker: Worker) => ThreadState[];

/**
 * Takes tasks from a task queue, runs Workflow code on threads of its own, activities and Nexus handlers on this one.
 */
export class Worker {
  /** The options it was made with, with defaults filled in. */
  readonly options: CompiledWorkerOptions;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #native: NativeWorker;
  readonly #threads: WorkflowThreads | undefined;
  readonly #slots: CustomSlots | undefined;
  readonly #metricMeter: MetricMeter;
  readonly #activities: ActivityTasks;
  readonly #nexus: NexusTasks | undefined;
  readonly #failure: Failure;
  readonly #pollersStopped = { activity: Promise.withResolvers<void>(), nexus: Promise.withResolvers<void>() };
  #connection: NativeConnection;
  #ownsConnection: boolean;
  #client: Client | undefined;
  #state: State = "INITIALIZED";
  readonly #pollers: Record<TaskKind, PollerState>;
  #forceTimer: ReturnType<typeof setTimeout> | undefined;
  #stopMeasuring: (() => void) | undefined;
  #released = false;

  static {
    threadStatesOf = (worker) => worker.#threads?.states ?? [];
  }

  /**
   * Makes a Worker: bundles its Workflows, starts its threads and asks the server about the namespace.
   *
   * @throws TypeError for options that can't be used
   * @throws TransportError if the server can't be reached or doesn't know the namespace
   * @throws ForbiddenModuleError if Workflow code imports what it can't use
   */
  static async create(options: WorkerOptions): Promise<Worker> {
    const plugins = [...(options.plugins ?? []), ...(options.connection?.plugins ?? [])];
    options = { ...options, plugins };
    for (const plugin of plugins) options = (await plugin.configureWorker?.(options)) ?? options;
    const runtime = Runtime.instance();
    const attributes = { sdkComponent: SdkComponent.worker, taskQueue: options.taskQueue };
    const logger = loggerWithAttributes(runtime.logger, () => attributes);
    const compiled = compileWorkerOptions(options, logger);
    const metricMeter = runtime.metricMeter.withTags({ namespace: compiled.namespace, taskQueue: compiled.taskQueue });
    compiled.sinks = { ...metricSinks(metricMeter), ...compiled.sinks };
    runtime.hold(compiled);
    try {
      return new this(await prepare(compiled, runtime, logger, metricMeter));
    } finally {
      runtime.release(compiled);
    }
  }

  /**
   * Replays a history against Workflow code.
   *
   * @param options where the code is
   * @param history protobuf message, its encoded bytes, or its JSON as `temporal workflow show --output json` prints it
   * @param workflowId what the Workflow sees as its ID, which histories don't contain. Default `"fake"`
   * @throws DeterminismViolationError if the code doesn't agree with the history
   * @throws ReplayError if the replay fails for another reason
   */
  static async runReplayHistory(
    options: ReplayWorkerOptions,
    history: HistoryInput,
    workflowId = "fake",
  ): Promise<void> {
    for await (const { error } of Worker.runReplayHistories(options, [{ history, workflowId }])) {
      if (error !== undefined) throw error;
    }
  }

  /**
   * Replays histories one after the other against the same code.
   *
   * @param options where the code is
   * @param histories histories with their Workflow IDs, for example from `client.workflow.list().intoHistories()`
   * @returns a result for each, in the same order
   */
  static runReplayHistories(
    options: ReplayWorkerOptions,
    histories: ReplayHistoriesIterable,
  ): AsyncIterableIterator<ReplayResult> {
    return replayHistories(options, histories);
  }

  protected constructor(parts: WorkerParts) {
    this.options = parts.options;
    this.#runtime = parts.runtime;
    this.#logger = parts.logger;
    this.#native = parts.native;
    this.#threads = parts.threads;
    this.#slots = parts.slots;
    this.#metricMeter = parts.metricMeter;
    this.#connection = parts.connection;
    this.#ownsConnection = parts.ownsConnection;
    this.#failure = parts.failure;
    this.#runtime.hold(this);
    this.#connection.hold(this);
    const pollsActivities = this.options.activities.size > 0;
    const services = this.options.nexusServiceHandlers;
    const state = (polls: boolean): PollerState => (polls ? "POLLING" : "SHUTDOWN");
    this.#pollers = {
      workflow: state(this.#threads !== undefined),
      activity: state(pollsActivities),
      nexus: state(services !== undefined),
    };
    if (!pollsActivities) this.#pollersStopped.activity.resolve();
    if (services === undefined) this.#pollersStopped.nexus.resolve();
    const common: Omit<NexusHandling, "services" | "interceptors"> = {
      namespace: this.options.namespace,
      taskQueue: this.options.taskQueue,
      dataConverter: this.options.loadedDataConverter,
      logger: this.#logger,
      metricMeter: this.#metricMeter,
      sizeLimit: parts.sizeLimit,
      client: () => this.client,
    };
    this.#activities = new ActivityTasks({
      ...common,
      activities: this.options.activities,
      interceptors: this.options.interceptors.activity,
      complete: (completion) => this.#whileOpen(() => this.#native.completeActivityTask(completion)),
      recordHeartbeat: (heartbeat) => this.#whileOpen(() => this.#native.recordActivityHeartbeat(heartbeat)),
    });
    if (services === undefined) return;
    this.#nexus = new NexusTasks({
      ...common,
      services,
      interceptors: this.options.interceptors.nexus,
      complete: (completion) => this.#whileOpen(() => this.#native.completeNexusTask(completion)),
    });
  }

  /** What the Worker is doing. */
  getState(): State {
    return this.#state;
  }

  /** A snapshot of what the Worker is doing. */
  getStatus(): WorkerStatus {
    const polls = this.#state === "RUNNING";
    const { inFlight, inFlightLocal, heartbeating } = this.#activities;
    return {
      runState: this.#state,
      workflowPollerState: this.#pollers.workflow,
      activityPollerState: this.#pollers.activity,
      nexusPollerState: this.#pollers.nexus,
      hasOutstandingWorkflowPoll: polls && this.#pollers.workflow === "POLLING",
      hasOutstandingActivityPoll: polls && this.#pollers.activity === "POLLING",
      hasOutstandingNexusPoll: polls && this.#pollers.nexus === "POLLING",
      numInFlightWorkflowActivations: this.#threads?.inFlight ?? 0,
      numInFlightActivities: inFlight,
      numInFlightNonLocalActivities: inFlight - inFlightLocal,
      numInFlightLocalActivities: inFlightLocal,
      numInFlightNexusOperations: this.#nexus?.inFlight ?? 0,
      numCachedWorkflows: this.#threads?.cached ?? 0,
      numHeartbeatingActivities: heartbeating,
    };
  }

  /**
   * A client for the Worker's connection and namespace; activities get it as `Context.current().client`, Nexus handlers
   * as `getClient()`.
   */
  get client(): Client {
    this.#client ??= new Client({
      connection: this.#connection,
      namespace: this.options.namespace,
      identity: this.options.identity,
      ...(this.options.dataConverter === undefined ? {} : { dataConverter: this.options.dataConverter }),
      ...(this.options.interceptors.client === undefined ? {} : { interceptors: this.options.interceptors.client }),
    });
    return this.#client;
  }

  /** The connection in use. Setting it moves the running Worker to another server or other credentials. */
  get connection(): NativeConnection {
    return this.#connection;
  }

  set connection(connection: NativeConnection) {
    if (connection === this.#connection) return;
    withPublicErrors(() => this.#native.replaceClient(connection.connected));
    const previous = this.#connection;
    const owned = this.#ownsConnection;
    previous.release(this);
    connection.hold(this);
    this.#connection = connection;
    this.#ownsConnection = false;
    this.#client = undefined;
    if (owned)
      previous
        .close()
        .catch((error: unknown) => this.#logger.error("Error closing the previous connection", { error }));
  }

  /**
   * Begins to shut down: no new tasks are taken; running activities and Nexus handlers are cancelled after
   * `shutdownGraceTime`, which is at once unless it is set; and `run` resolves when all have ended.
   *
   * @throws IllegalStateError unless the Worker is running
   */
  shutdown(): void {
    if (this.#state !== "RUNNING") throw new IllegalStateError(`Not running. Current state: ${this.#state}`);
    this.#setState("STOPPING");
    const limit = this.options.shutdownForceTimeMs;
    if (limit !== undefined) {
      const expired = () =>
        this.#failure.reject(
          new GracefulShutdownPeriodExpiredError("Timed out while waiting for worker to shutdown gracefully"),
        );
      this.#forceTimer = setTimeout(expired, limit);
    }
    try {
      this.#native.initiateShutdown();
      this.#setState("DRAINING");
    } catch (error) {
      this.#failure.reject(error);
    }
  }

  /**
   * Takes tasks until {@link shutdown}, or one of the Runtime's shutdown signals.
   *
   * @throws IllegalStateError if the Worker was run before
   * @throws GracefulShutdownPeriodExpiredError if the shutdown took longer than `shutdownForceTime`
   * @throws TransportError, UnexpectedError if the Worker can't go on
   */
  async run(): Promise<void> {
    let run = (worker: Worker) => worker.#run();
    for (const plugin of (this.options.plugins ?? []).toReversed()) {
      const next = run;
      if (plugin.runWorker !== undefined) run = (worker) => plugin.runWorker?.(worker, next) ?? next(worker);
    }
    return run(this);
  }

  /**
   * Runs until a promise is settled.
   *
   * @param fnOrPromise the promise, or a function that returns it and is called when the Worker runs
   * @returns what the promise resolves with
   * @throws what the promise rejects with, or why the Worker failed, or a {@link CombinedWorkerRunError} of both
   * @throws PromiseCompletionTimeoutError if the Worker stopped before the promise was settled
   */
  async runUntil<R>(fnOrPromise: Promise<R> | (() => Promise<R>), options?: RunUntilOptions): Promise<R> {
    const running = this.run();
    const inner = (async () => (typeof fnOrPromise === "function" ? fnOrPromise() : fnOrPromise))();
    let settled: PromiseSettledResult<R> | undefined;
    const settling = Promise.allSettled([inner]).then(([result]) => {
      settled = result;
      if (this.#state === "RUNNING") this.shutdown();
    });
    const [worker] = await Promise.allSettled([running]);
    const completionTimeoutMs = msToNumber(options?.promiseCompletionTimeout ?? 0, "promiseCompletionTimeout");
    if (settled === undefined) await withTimeout(settling, completionTimeoutMs);
    const result = settled ?? {
      status: "rejected" as const,
      reason: new PromiseCompletionTimeoutError(
        `Promise did not resolve within ${completionTimeoutMs}ms after Worker completed shutdown`,
      ),
    };
    if (worker.status === "fulfilled") {
      if (result.status === "fulfilled") return result.value;
      throw result.reason;
    }
    if (result.status === "fulfilled") throw worker.reason;
    throw new CombinedWorkerRunError("Worker terminated with fatal error in `runUntil`", {
      cause: { workerError: worker.reason, innerError: result.reason },
    });
  }

  async #run(): Promise<void> {
    if (this.#state !== "INITIALIZED") throw new IllegalStateError("Poller was already started");
    const onSignal = () => {
      if (this.#state === "RUNNING") this.shutdown();
    };
    // First, so that who reads that it runs can end it in order.
    this.#runtime.registerShutdownSignalCallback(onSignal);
    this.#setState("RUNNING");
    try {
      this.#start();
      workerObserver()?.running();
      await Promise.race([this.#finished(), this.#failure.promise]);
      this.#setState("DRAINED");
      await Promise.race([this.#native.finalizeShutdown(), this.#failure.promise]);
      await this.#threads?.stop();
      await this.#release();
      this.#setState("STOPPED");
    } catch (error) {
      const reason = workerError(error);
      this.#logger.error("Worker failed", { error: reason });
      this.#setState("FAILED");
      this.#threads?.kill();
      await this.#release();
      throw reason;
    } finally {
      this.#runtime.deregisterShutdownSignalCallback(onSignal);
      this.#runtime.flushLogs();
      this.#runtime.release(this);
    }
  }

  #start(): void {
    const nexus = this.#nexus;
    if (this.#threads === undefined) this.#logger.warn("No workflows registered, not polling for workflow tasks");
    if (this.options.activities.size === 0)
      this.#logger.warn("No activities registered, not polling for activity tasks");
    if (nexus === undefined) this.#logger.info("No Nexus services registered, not polling for Nexus tasks");
    this.#native.start({
      workflowQueues: this.#threads?.queues ?? [],
      ...(this.options.activities.size === 0 ? {} : { onActivityTask: (task) => this.#activities.handle(task) }),
      ...(nexus === undefined ? {} : { onNexusTask: (task) => nexus.handle(task) }),
      onStopped: (kind, error) => this.#stopped(kind, error),
      onRefused: (error, { kind, ...task }) =>
        this.#logger.error(`A task failed because its completion can't be used: ${kind}`, { error, ...task }),
      onError: (error) => this.#failure.reject(error),
    });
    this.#stopMeasuring = this.#runtime.sdkMetrics?.watch(this.#metricMeter, () => this.#threads?.states ?? []);
  }

  #stopped(kind: TaskKind, error: Error | undefined): void {
    this.#pollers[kind] = error === undefined ? "SHUTDOWN" : "FAILED";
    if (error !== undefined) this.#failure.reject(error);
    else if (kind !== "workflow") this.#pollersStopped[kind].resolve();
  }

  async #finished(): Promise<void> {
    const workflows = this.#threads?.drained().then(() => this.#stopped("workflow", undefined));
    // Core's Nexus poller stops when all requests are answered.
    await Promise.all([workflows, this.#pollersStopped.activity.promise, this.#pollersStopped.nexus.promise]);
    await this.#activities.idle();
  }

  async #release(): Promise<void> {
    clearTimeout(this.#forceTimer);
    this.#stopMeasuring?.();
    this.#released = true;
    this.#slots?.close();
    this.#native.close();
    this.#connection.release(this);
    if (this.#ownsConnection) await this.#connection.close();
  }

  /** Nobody is left after a failure to take what running activities still have to say. */
  #whileOpen(action: () => void): void {
    if (this.#released) return;
    try {
      action();
    } catch (error) {
      this.#failure.reject(error);
    }
  }

  #setState(state: State): void {
    this.#state = state;
    this.#logger.info("Worker state changed", { state });
  }
}

async function prepare(
  options: CompiledWorkerOptions,
  runtime: Runtime,
  logger: Logger,
  metricMeter: MetricMeter,
): Promise<WorkerParts> {
  const ownsConnection = options.connection == null;
  if (!ownsConnection && !(options.connection instanceof NativeConnection))
    throw new TypeError("WorkerOptions.connection must be a NativeConnection; a client's Connection has no Workers");
  const failure = Promise.withResolvers<never>();
  // Reported by `run`, or by nothing if the Worker is never run.
  failure.promise.catch(() => {});
  const made: { connection?: NativeConnection; native?: NativeWorker } = {};
  // Threads, bundle and connection need nothing of each other, so they are made at the same time.
  const payloads = new PayloadService(options.loadedDataConverter, logger, false);
  const threads = hasWorkflows(options) ? startThreads(options, logger, metricMeter, failure, payloads) : undefined;
  const bundling = loadBundle(options, logger);
  bundling.catch(() => {});
  try {
    const connection = (made.connection = options.connection ?? (await NativeConnection.connect()));
    const bundle = await bundling;
    const { buildId = defaultBuildId(bundle) } = options;
    const native = (made.native = new NativeWorker(connection.connected, nativeWorkerOptions(options, buildId)));
    const { custom } = options.tuner;
    const slots = Object.keys(custom).length === 0 ? undefined : new CustomSlots(custom, native, logger);
    const loading =
      bundle === undefined
        ? undefined
        : threads?.load(threadSetup(options, bundle, logger, payloads), options.workflowMemoryLimitMb);
    const [namespaceInfo] = await Promise.all([validate(native, connection), loading]);
    await threads?.attach(native);
    const shown = { ...options, buildId };
    return {
      options: shown,
      runtime,
      logger,
      metricMeter,
      native,
      threads,
      slots,
      connection,
      ownsConnection,
      failure,
      sizeLimit: sizeLimit(namespaceInfo, options),
    };
  } catch (error) {
    threads?.kill();
    made.native?.close();
    if (ownsConnection) await made.connection?.close();
    throw workerError(error);
  }
}

/** Asks the server about the namespace, for as long as connecting may take: Core itself tries for much longer. */
async function validate(native: NativeWorker, { options }: NativeConnection): Promise<Uint8Array> {
  const { address, connectTimeoutMs } = options;
  const late = Promise.withResolvers<never>();
  const message = `${address} has not said within ${connectTimeoutMs} ms (connectTimeout) whether the Worker's namespace exists; check that the server is running`;
  const timer = setTimeout(() => late.reject(new TransportError(message)), Math.min(connectTimeoutMs, 2 ** 31 - 1));
  try {
    return await Promise.race([native.validate(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** How many bytes of a result or a failure the server takes. */
function sizeLimit(namespaceInfo: Uint8Array, { disablePayloadErrorLimit }: CompiledWorkerOptions): number {
  const limit = NamespaceInfo.decode(namespaceInfo).limits?.blobSizeLimitError?.toNumber() ?? 0;
  return limit > 0 && !disablePayloadErrorLimit ? limit : Number.POSITIVE_INFINITY;
}

function startThreads(
  options: CompiledWorkerOptions,
  logger: Logger,
  metricMeter: MetricMeter,
  failure: Failure,
  payloads: PayloadService,
): WorkflowThreads {
  // With a 0, so that who watches them sees the first one as an increase.
  const counter = (name: string, description: string) => {
    const made = metricMeter.createCounter(name, "{thread}", description);
    made.add(0);
    return made;
  };
  const stuck = counter("temporal_workflow_thread_stuck", "Workflow threads that could not be interrupted");
  const outgrown = counter("temporal_workflow_thread_outgrown", "Workflow threads that were replaced for their memory");
  const events: WorkflowThreadEvents = {
    output: (logs, sinkCalls) => {
      deliverLogs(logs, logger);
      deliverSinkCalls(sinkCalls, options.sinks ?? {}, logger);
    },
    evicted: () => {},
    payloads: (request) => payloads.handle(request),
    asked: (question) => decidePatch(options.patchActivationCallback ?? (() => true), question),
    stuck: (run) => {
      logger.error("A Workflow doesn't yield and can't be interrupted", { sdkComponent: "worker", run });
      stuck.add(1);
    },
    outgrown: (run, grownMb) => {
      logger.error("A Workflow takes too much memory, so its thread is replaced", { run, grownMb });
      outgrown.add(1);
    },
    failed: (error) => failure.reject(error),
  };
  return new WorkflowThreads(options.workflowThreadPoolSize, events, options.debugMode ? {} : undefined);
}

async function withTimeout(promise: Promise<unknown>, ms: number): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, ms);
  await Promise.race([promise, timeout.promise]);
  clearTimeout(timer);
}
