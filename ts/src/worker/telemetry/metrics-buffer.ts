import { IllegalStateError, type Metric, type MetricTags } from "../../common";
import { type BufferedMetric, bufferDefaults, type MetricKind, metricsDefaults } from "../../native/options.generated";
import { wholeNumber } from "../option-values";
import type { Runtime } from "./runtime";

/** Options of a {@link MetricsBuffer}. */
export interface MetricsBufferOptions {
  /** Most values that wait to be retrieved; those that come beyond it are dropped, which is logged. Default 10,000. */
  maxBufferSize?: number;
  /** Durations in seconds, not milliseconds. Default `false`. */
  useSecondsForDurations?: boolean;
}

/** A value of a metric that was recorded. */
export interface BufferedMetricUpdate {
  /** The metric. It is the same object for all values of a metric. */
  metric: Metric;
  /** What a counter is to add; what a gauge or histogram recorded. */
  value: number;
  /** Tags of the value. Values that were retrieved together may share the object, so don't change it. */
  attributes: MetricTags;
}

/**
 * Keeps the metrics of Core and of the program for you to export yourself: give it to the Runtime as
 * `telemetryOptions.metrics.buffer`, and call {@link retrieveUpdates} often enough that it doesn't overflow.
 *
 * @experimental as in the official SDK
 */
export class MetricsBuffer {
  /** See `MetricsBufferOptions.maxBufferSize`. */
  readonly maxBufferSize: number;
  /** See `MetricsBufferOptions.useSecondsForDurations`. */
  readonly useSecondsForDurations: boolean;
  #runtime: Runtime | undefined;
  /** What a runtime that was shut down left. */
  #left: BufferedMetricUpdate[] = [];
  readonly #metrics = new Map<string, Metric>();

  /** @throws TypeError if `maxBufferSize` isn't a whole number from 1 */
  constructor(options: MetricsBufferOptions = {}) {
    this.maxBufferSize = wholeNumber(
      "MetricsBufferOptions.maxBufferSize",
      options.maxBufferSize ?? bufferDefaults.maximumUpdates,
      1,
    );
    this.useSecondsForDurations = options.useSecondsForDurations ?? metricsDefaults.useSecondsForDurations;
  }

  /**
   * The values since the last call, in the order in which they were recorded. After the Runtime's shutdown it still
   * gives those that came before. Without a Runtime there are none.
   */
  retrieveUpdates(): ArrayIterator<BufferedMetricUpdate> {
    const updates = [...this.#left, ...this.#take()];
    this.#left = [];
    return updates.values();
  }

  /** Has it filled by a Runtime; for the SDK itself. @throws IllegalStateError if it has one */
  bind(runtime: Runtime): MetricsBuffer {
    if (this.#runtime !== undefined) throw new IllegalStateError("MetricsBuffer already bound to a runtime");
    this.#runtime = runtime;
    return this;
  }

  /**
   * Undoes {@link bind}, and keeps what has come; for the SDK itself. @throws IllegalStateError if it is bound to
   * another Runtime
   */
  unbind(runtime: Runtime): void {
    if (this.#runtime === undefined) return;
    if (this.#runtime !== runtime) throw new IllegalStateError("MetricsBuffer is bound to a different runtime");
    this.#left.push(...this.#take());
    this.#runtime = undefined;
  }

  #take(): BufferedMetricUpdate[] {
    if (this.#runtime === undefined) return [];
    const { metrics: taken, attributes, updates } = this.#runtime.native.takeMetrics();
    const metrics = taken.map((metric) => this.#metric(metric));
    return updates.map(([metric, tags, value]) => ({ metric: metrics[metric]!, value, attributes: attributes[tags]! }));
  }

  #metric({ kind, name, unit, description }: BufferedMetric): Metric {
    const key = JSON.stringify([kind, name, unit, description]);
    const known = this.#metrics.get(key);
    if (known !== undefined) return known;
    // What wasn't given arrives as an empty text.
    const metric = { ...kinds[kind], name, unit: unit || undefined, description: description || undefined } as Metric;
    this.#metrics.set(key, metric);
    return metric;
  }
}

const kinds: Record<MetricKind, Pick<Metric, "kind" | "valueType">> = {
  counter: { kind: "counter", valueType: "int" },
  upDownCounter: { kind: "up-down-counter", valueType: "int" },
  histogram: { kind: "histogram", valueType: "int" },
  floatHistogram: { kind: "histogram", valueType: "float" },
  gauge: { kind: "gauge", valueType: "int" },
  floatGauge: { kind: "gauge", valueType: "float" },
};
