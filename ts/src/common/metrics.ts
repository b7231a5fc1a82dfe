/** Metrics of the application: counters, histograms and gauges. */

/** Whether values are integers or not. */
export type NumericMetricValueType = "int" | "float";

/** Kinds of metrics. */
export type MetricKind = "counter" | "histogram" | "gauge" | "up-down-counter";

/** Tags that a metric's values carry. */
export type MetricTags = Record<string, string | number | boolean>;

/** Tags, or a function called at each value that returns them. */
export type MetricTagsOrFunc = MetricTags | (() => MetricTags);

/** Makes metrics. */
export interface MetricMeter {
  /** A metric that only grows. */
  createCounter(name: string, unit?: string, description?: string): MetricCounter;
  /** A distribution of values. */
  createHistogram(
    name: string,
    valueType?: NumericMetricValueType,
    unit?: string,
    description?: string,
  ): MetricHistogram;
  /** A metric that is set to its current value. */
  createGauge(name: string, valueType?: NumericMetricValueType, unit?: string, description?: string): MetricGauge;
  /** A metric that grows and shrinks. */
  createUpDownCounter?(name: string, unit?: string, description?: string): MetricUpDownCounter;
  /** A meter whose metrics carry these tags too. */
  withTags(tags: MetricTags): MetricMeter;
}

/** What all metrics have. */
export interface Metric {
  name: string;
  unit?: string;
  description?: string;
  kind: MetricKind;
  valueType: NumericMetricValueType;
}

/** A metric that only grows. */
export interface MetricCounter extends Metric {
  /** Adds to the count; not less than 0. */
  add(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricCounter;
  kind: "counter";
  valueType: "int";
}

/** A distribution of values. */
export interface MetricHistogram extends Metric {
  /** Adds a value; not less than 0. */
  record(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricHistogram;
  kind: "histogram";
}

/** A metric that is set to its current value. */
export interface MetricGauge extends Metric {
  /** Sets the value; not less than 0. */
  set(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricGauge;
  kind: "gauge";
}

/** A metric that grows and shrinks. */
export interface MetricUpDownCounter extends Metric {
  /** Adds to the value; may be negative. */
  add(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricUpDownCounter;
  kind: "up-down-counter";
  valueType: "int";
}

const ignore = (): void => {};

function noopMetric<K extends MetricKind>(
  kind: K,
  valueType: NumericMetricValueType,
  name: string,
  unit?: string,
  description?: string,
) {
  const metric = {
    kind,
    valueType,
    name,
    unit,
    description,
    add: ignore,
    record: ignore,
    set: ignore,
    withTags: () => metric,
  };
  return metric as any;
}

/** A meter whose metrics go nowhere. */
export const noopMetricMeter: MetricMeter = {
  createCounter: (name, unit, description) => noopMetric("counter", "int", name, unit, description),
  createHistogram: (name, valueType = "int", unit, description) =>
    noopMetric("histogram", valueType, name, unit, description),
  createGauge: (name, valueType = "int", unit, description) => noopMetric("gauge", valueType, name, unit, description),
  createUpDownCounter: (name, unit, description) => noopMetric("up-down-counter", "int", name, unit, description),
  withTags: () => noopMetricMeter,
};
