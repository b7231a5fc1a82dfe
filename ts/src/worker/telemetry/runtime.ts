import {
  IllegalStateError,
  type Logger,
  type LogMetadata,
  type MetricMeter,
  MetricMeterWithComposedTags,
  noopMetricMeter,
  SdkComponent,
} from "../../common";
import { NativeError, type NativeLogRecord, NativeRuntime } from "../../native";
import { LogBuffer } from "../threads/log-buffer";
import { withPublicErrors } from "../worker-errors";
import { LogTimestamp } from "./logger";
import { RuntimeMetricMeter } from "./metric-meter";
import { type CompiledRuntimeOptions, compileOptions, type RuntimeOptions } from "./runtime-options";
import { SdkMetrics } from "./sdk-metrics";

let current: Runtime | undefined;
let currentIsInstalled = false;
/** Of the last runtime that was installed; one that is made after its shutdown has them too. */
let lastOptions: RuntimeOptions = {};

/** Whether a runtime was shut down: what it had of the system is free soon, when its threads have ended. */
let oneHasEnded = false;
/** How long a port may take until it is free, in milliseconds. */
const portPatienceMs = 5_000;

/**
 * Core's runtime for the Workers of this process: its threads, logs and metrics, and the signals that shut Workers
 * down. Connections of clients don't use it.
 */
export class Runtime {
  /** The options in force, with defaults filled in. */
  readonly options: CompiledRuntimeOptions;
  /**
   * Where the SDK, Workflows and activities log. With log forwarding it sorts records by their times, which takes 100
   * ms.
   */
  readonly logger: Logger;
  /**
   * Metrics of the program's own. They are exported beside Core's, without its prefix; without an exporter, and after
   * the shutdown, they go nowhere.
   */
  metricMeter: MetricMeter;
  /** The native runtime, for the SDK itself. */
  readonly native: NativeRuntime;
  /** The SDK's own metrics, for the SDK itself; undefined without an exporter. */
  readonly sdkMetrics: SdkMetrics | undefined;
  readonly #users = new Set<object>();
  readonly #shutdownCallbacks = new Set<() => void>();
  readonly #logBuffer: LogBuffer | undefined;
  /** Whether it was used, and isn't any more. */
  #idle = false;
  #listening = false;
  #shuttingDown = false;

  protected constructor(native: NativeRuntime, options: CompiledRuntimeOptions) {
    this.native = native;
    this.options = options;
    this.metricMeter = options.native.metrics
      ? MetricMeterWithComposedTags.compose(new RuntimeMetricMeter(native), {}, true)
      : noopMetricMeter;
    const { metrics } = options.native;
    if (metrics) this.sdkMetrics = new SdkMetrics(this.metricMeter, metrics.useSecondsForDurations === true);
    if (options.native.logging?.forward === true) {
      this.#logBuffer = new LogBuffer(options.logger);
      native.forwardLogs((record) => this.#log(record));
    }
    this.logger = this.#logBuffer ?? options.logger;
    options.metricsBuffer?.bind(this);
  }

  /** The runtime of this process, if there is one in use. Tests of programs end it by this name. */
  static get _instance(): Runtime | undefined {
    return current === undefined || current.#idle ? undefined : current;
  }

  /**
   * Sets up the runtime of this process. Must come before the first `NativeConnection` and the first Worker, or when
   * all of them are closed.
   *
   * @throws IllegalStateError if there is one already
   * @throws TypeError for options that can't be used
   */
  static install(options: RuntimeOptions): Runtime {
    if (current !== undefined && !current.#idle) {
      throw new IllegalStateError(
        currentIsInstalled
          ? "Runtime singleton has already been installed: call Runtime.install once, or shut the first one down before"
          : "Runtime singleton has already been instantiated: call Runtime.install before the first NativeConnection and the first Worker, or when all are closed",
      );
    }
    const compiled = compileOptions(options);
    void current?.shutdown();
    current = new this(
      withPublicErrors(() => startNative(compiled)),
      compiled,
    );
    currentIsInstalled = true;
    lastOptions = options;
    return current;
  }

  /** The runtime of this process. The first call sets it up, with defaults or as the last one that was installed. */
  static instance(): Runtime {
    if (current === undefined) {
      const compiled = compileOptions(lastOptions);
      current = new this(
        withPublicErrors(() => startNative(compiled)),
        compiled,
      );
      currentIsInstalled = false;
    }
    return current;
  }

  /** Notes that something uses the runtime, for the SDK itself. */
  hold(user: object): void {
    this.#users.add(user);
    this.#idle = false;
  }

  /** Undoes {@link hold}. A runtime that nothing uses any more goes on, but can be replaced. */
  release(user: object): void {
    if (this.#users.delete(user)) this.#idle = this.#users.size === 0;
  }

  /** Passes on the log records that wait to be sorted. */
  flushLogs(): void {
    this.#logBuffer?.flush();
  }

  /**
   * Ends the runtime. Its threads go when the last connection and Worker that use it are closed; another can be
   * installed.
   */
  async shutdown(): Promise<void> {
    this.#shutdownCallbacks.clear();
    this.#listen();
    this.#logBuffer?.close();
    if (current !== this) return;
    current = undefined;
    oneHasEnded = true;
    this.metricMeter = noopMetricMeter;
    this.options.metricsBuffer?.unbind(this);
    this.native.close();
  }

  /**
   * Has a function called when one of the shutdown signals arrives; the process then doesn't end by itself. Soon, if
   * one has arrived.
   */
  registerShutdownSignalCallback(callback: () => void): void {
    if (this.#shuttingDown) return queueMicrotask(callback);
    this.#shutdownCallbacks.add(callback);
    this.#listen();
  }

  /** Undoes {@link registerShutdownSignalCallback}. Without callbacks signals do what they always do. */
  deregisterShutdownSignalCallback(callback: () => void): void {
    this.#shutdownCallbacks.delete(callback);
    this.#listen();
  }

  #listen(): void {
    const wanted = this.#shutdownCallbacks.size > 0;
    if (wanted === this.#listening) return;
    this.#listening = wanted;
    for (const signal of this.options.shutdownSignals) {
      if (wanted) process.on(signal, this.#onSignal);
      else process.off(signal, this.#onSignal);
    }
  }

  readonly #onSignal = (): void => {
    this.#shuttingDown = true;
    const callbacks = [...this.#shutdownCallbacks];
    // From here on a second signal ends the process, for people who don't want to wait.
    this.#shutdownCallbacks.clear();
    this.#listen();
    for (const callback of callbacks) queueMicrotask(callback);
  };

  #log({ level, target, message, timestampMs, fields }: NativeLogRecord): void {
    const meta: LogMetadata = {
      sdkComponent: SdkComponent.core,
      target,
      ...namedAsHere(fields),
      [LogTimestamp]: BigInt(Math.round(timestampMs)) * 1_000_000n,
    };
    this.logger.log(level, message, meta);
  }
}

/** What the native options that users write are called by them, and by the official SDK's errors. */
const publicNames = {
  "metrics.exporter.prometheus.bindAddress":
    "telemetryOptions.metrics.prometheus.bindAddress (metricsExporter.prometheus.socketAddr)",
  "metrics.exporter.otel.url": "telemetryOptions.metrics.otel.url (metricsExporter.otel.url)",
};

function asNamedByUsers(error: unknown): unknown {
  if (error instanceof NativeError)
    for (const [native, name] of Object.entries(publicNames)) error.message = error.message.replace(native, name);
  return error;
}

function startNative({ native }: CompiledRuntimeOptions): NativeRuntime {
  const deadline = performance.now() + portPatienceMs;
  for (;;) {
    try {
      return new NativeRuntime(native);
    } catch (error) {
      const taken = error instanceof NativeError && /address already in use/i.test(error.message);
      if (!taken || !oneHasEnded || performance.now() > deadline) throw asNamedByUsers(error);
      Bun.sleepSync(10);
    }
  }
}

/** Fields of Core's records under the names that records of the SDK have: `task_queue` is `taskQueue`. */
function namedAsHere(fields: Record<string, unknown>): Record<string, unknown> {
  const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));
}
