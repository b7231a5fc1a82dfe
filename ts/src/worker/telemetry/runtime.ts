import { closeCoreRuntime, coreRuntime, installCoreRuntime } from "../../client/connection/core-runtime";
import {
  IllegalStateError,
  type Logger,
  type LogMetadata,
  type MetricMeter,
  MetricMeterWithComposedTags,
  noopMetricMeter,
  SdkComponent,
} from "../../common";
import type { NativeLogRecord, NativeRuntime } from "../../native";
import { LogBuffer } from "../threads/log-buffer";
import { withPublicErrors } from "../worker-errors";
import { LogTimestamp } from "./logger";
import { RuntimeMetricMeter } from "./metric-meter";
import { type CompiledRuntimeOptions, compileOptions, type RuntimeOptions } from "./runtime-options";

let current: Runtime | undefined;
let currentIsInstalled = false;
/** Of the last runtime that was installed; one that is made after its shutdown has them too. */
let lastOptions: RuntimeOptions = {};

/** Core's runtime in this process: its threads, logs and metrics, and the signals that shut Workers down. */
export class Runtime {
  /** The options in force, with defaults filled in. */
  readonly options: CompiledRuntimeOptions;
  /**
   * Where the SDK, Workflows and activities log. With log forwarding it sorts records by their times, which takes 100
   * ms.
   */
  readonly logger: Logger;
  /**
   * Metrics of the program's own. They are exported beside Core's, without its prefix; without an exporter they go
   * nowhere.
   */
  readonly metricMeter: MetricMeter;
  /** The native runtime, for the SDK itself. */
  readonly native: NativeRuntime;
  readonly #shutdownCallbacks = new Set<() => void>();
  readonly #logBuffer: LogBuffer | undefined;
  #listening = false;
  #shuttingDown = false;

  protected constructor(native: NativeRuntime, options: CompiledRuntimeOptions) {
    this.native = native;
    this.options = options;
    this.metricMeter = options.native.metrics
      ? MetricMeterWithComposedTags.compose(new RuntimeMetricMeter(native), {}, true)
      : noopMetricMeter;
    if (options.native.logging?.forward === true) {
      this.#logBuffer = new LogBuffer(options.logger);
      native.forwardLogs((record) => this.#log(record));
    }
    this.logger = this.#logBuffer ?? options.logger;
    options.metricsBuffer?.bind(this);
  }

  /**
   * Sets up the runtime of this process. Must come before the first connection and the first Worker.
   *
   * @throws IllegalStateError if there is one already
   * @throws TypeError for options that can't be used
   */
  static install(options: RuntimeOptions): Runtime {
    if (current !== undefined) {
      throw new IllegalStateError(
        currentIsInstalled
          ? "Runtime singleton has already been installed: call Runtime.install once, or shut the first one down before"
          : "Runtime singleton has already been instantiated: call Runtime.install before the first connection and the first Worker",
      );
    }
    const compiled = compileOptions(options);
    current = new this(
      withPublicErrors(() => installCoreRuntime(compiled.native)),
      compiled,
    );
    currentIsInstalled = true;
    lastOptions = options;
    return current;
  }

  /** The runtime of this process. The first call sets it up, with defaults or as the last one that was installed. */
  static instance(): Runtime {
    if (current === undefined) {
      current = new this(withPublicErrors(coreRuntime), compileOptions(lastOptions));
      currentIsInstalled = false;
    }
    return current;
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
    this.options.metricsBuffer?.unbind(this);
    closeCoreRuntime();
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

/** Fields of Core's records under the names that records of the SDK have: `task_queue` is `taskQueue`. */
function namedAsHere(fields: Record<string, unknown>): Record<string, unknown> {
  const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));
}
