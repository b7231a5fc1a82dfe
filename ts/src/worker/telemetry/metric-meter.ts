import type {
  MetricCounter,
  MetricGauge,
  MetricHistogram,
  MetricMeter,
  MetricTags,
  MetricUpDownCounter,
  NumericMetricValueType,
} from "../../common";
import { encodeMetricAttributes, NativeMetric, type NativeRuntime } from "../../native";
import type { MetricKind } from "../../native/options.generated";
import { withPublicErrors } from "../worker-errors";

/**
 * Metrics of the program's own, exported by Core beside its own. Values with tags of their own alone:
 * `MetricMeterWithComposedTags` puts those of meters and metrics in front.
 */
export class RuntimeMetricMeter implements MetricMeter {
  readonly #runtime: NativeRuntime;
  /** One for each, however often it is made. */
  readonly #metrics = new Map<string, NativeMetric>();

  constructor(runtime: NativeRuntime) {
    this.#runtime = runtime;
  }

  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    const native = this.#native("counter", name, unit, description);
    const add = (value: number, tags?: MetricTags) =>
      recordValue(native, whole(atLeastZero("MetricCounter", value)), tags);
    return complete<MetricCounter>({ kind: "counter", valueType: "int", name, unit, description, add });
  }

  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    const native = this.#native("upDownCounter", name, unit, description);
    const add = (value: number, tags?: MetricTags) =>
      recordValue(native, whole(finite("MetricUpDownCounter", value)), tags);
    return complete<MetricUpDownCounter>({ kind: "up-down-counter", valueType: "int", name, unit, description, add });
  }

  createHistogram(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricHistogram {
    const native = this.#native(valueType === "int" ? "histogram" : "floatHistogram", name, unit, description);
    const convert = converterOf(valueType);
    const record = (value: number, tags?: MetricTags) =>
      recordValue(native, convert(atLeastZero("MetricHistogram", value)), tags);
    return complete<MetricHistogram>({ kind: "histogram", valueType, name, unit, description, record });
  }

  createGauge(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricGauge {
    const native = this.#native(valueType === "int" ? "gauge" : "floatGauge", name, unit, description);
    const convert = converterOf(valueType);
    const set = (value: number, tags?: MetricTags) =>
      recordValue(native, convert(atLeastZero("MetricGauge", value)), tags);
    return complete<MetricGauge>({ kind: "gauge", valueType, name, unit, description, set });
  }

  withTags(): never {
    return withTags();
  }

  #native(kind: MetricKind, name: string, unit: string | undefined, description: string | undefined): NativeMetric {
    const key = JSON.stringify([kind, name, unit, description]);
    let metric = this.#metrics.get(key);
    if (metric === undefined) {
      metric = withPublicErrors(() => new NativeMetric(this.#runtime, { kind, name, unit, description }));
      this.#metrics.set(key, metric);
    }
    return metric;
  }
}

function withTags(): never {
  throw new TypeError("withTags is for the runtime's metricMeter and what it makes");
}

/** The rest of a metric. */
function complete<M extends { withTags: unknown }>(metric: Omit<M, "withTags">): M {
  return { ...metric, withTags } as unknown as M;
}

function finite(metric: string, value: number): number {
  if (!Number.isFinite(value)) throw new TypeError(`${metric} value must be a finite number (got ${value})`);
  return value;
}

function atLeastZero(metric: string, value: number): number {
  if (finite(metric, value) < 0) throw new TypeError(`${metric} value must be non-negative (got ${value})`);
  return value;
}

/** As in the official SDK, metrics of whole numbers leave out what is behind the point. */
const whole = Math.trunc;

function converterOf(valueType: NumericMetricValueType): (value: number) => number {
  return valueType === "int" ? whole : (value) => value;
}

function recordValue(metric: NativeMetric, value: number, tags: MetricTags | undefined): void {
  withPublicErrors(() => metric.record(value, encodeMetricAttributes(tags ?? {})));
}
