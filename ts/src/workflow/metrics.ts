import type {
  Metric,
  MetricCounter,
  MetricGauge,
  MetricHistogram,
  MetricMeter,
  MetricTags,
  NumericMetricValueType,
} from "../common";
import { requireRun } from "./current";
import { compose } from "./interceptors";
import { proxySinks, type Sink, type Sinks } from "./sinks";

/** The sink that takes metrics out of Workflows; the Worker has the other end. */
export interface MetricSinks extends Sinks {
  /** Functions of the sink. */
  __temporal_metrics: WorkflowMetricMeter;
}

/** Functions of {@link MetricSinks}. */
interface WorkflowMetricMeter extends Sink {
  /** Adds to a counter. */
  addMetricCounterValue(
    name: string,
    unit: string | undefined,
    description: string | undefined,
    value: number,
    tags: MetricTags,
  ): void;
  /** Records a value of a histogram. */
  recordMetricHistogramValue(
    name: string,
    valueType: NumericMetricValueType,
    unit: string | undefined,
    description: string | undefined,
    value: number,
    tags: MetricTags,
  ): void;
  /** Sets a gauge. */
  setMetricGaugeValue(
    name: string,
    valueType: NumericMetricValueType,
    unit: string | undefined,
    description: string | undefined,
    value: number,
    tags: MetricTags,
  ): void;
}

const { __temporal_metrics: sink } = proxySinks<MetricSinks>();

type Common<M extends Metric> = Pick<M, "name" | "unit" | "description" | "kind" | "valueType">;

/** Makes metrics whose values carry `tags`. */
class Meter implements MetricMeter {
  constructor(private readonly tags: MetricTags) {}

  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    requireRun("Workflow.metricMeter");
    return counter({ kind: "counter", valueType: "int", name, unit, description }, this.tags);
  }

  createHistogram(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricHistogram {
    requireRun("Workflow.metricMeter");
    return histogram({ kind: "histogram", valueType, name, unit, description }, this.tags);
  }

  createGauge(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricGauge {
    requireRun("Workflow.metricMeter");
    return gauge({ kind: "gauge", valueType, name, unit, description }, this.tags);
  }

  withTags(tags: MetricTags): MetricMeter {
    return new Meter({ ...this.tags, ...tags });
  }
}

function counter(metric: Common<MetricCounter>, tags: MetricTags): MetricCounter {
  const { name, unit, description } = metric;
  return {
    ...metric,
    add: (value, extra) =>
      emit("MetricCounter", value, tags, extra, (all) =>
        sink.addMetricCounterValue(name, unit, description, value, all),
      ),
    withTags: (more) => counter(metric, { ...tags, ...more }),
  };
}

function histogram(metric: Common<MetricHistogram>, tags: MetricTags): MetricHistogram {
  const { name, unit, description, valueType } = metric;
  return {
    ...metric,
    record: (value, extra) =>
      emit("MetricHistogram", value, tags, extra, (all) =>
        sink.recordMetricHistogramValue(name, valueType, unit, description, value, all),
      ),
    withTags: (more) => histogram(metric, { ...tags, ...more }),
  };
}

function gauge(metric: Common<MetricGauge>, tags: MetricTags): MetricGauge {
  const { name, unit, description, valueType } = metric;
  return {
    ...metric,
    set: (value, extra) =>
      emit("MetricGauge", value, tags, extra, (all) =>
        sink.setMetricGaugeValue(name, valueType, unit, description, value, all),
      ),
    withTags: (more) => gauge(metric, { ...tags, ...more }),
  };
}

function emit(
  kind: string,
  value: number,
  tags: MetricTags,
  extra: MetricTags | undefined,
  send: (tags: MetricTags) => void,
): void {
  if (!(value >= 0)) throw new RangeError(`${kind} value must be non-negative (got ${value})`);
  const run = requireRun("Workflow.metricMeter");
  if (run.isReplaying) return;
  const getTags = compose(run, run.interceptors.outbound, "getMetricTags", (input) => input);
  send({ ...getTags({ workflowType: run.workflowType }), ...tags, ...extra });
}

/**
 * Makes metrics of Workflow code. Values are dropped while the Workflow is replayed, so that nothing counts twice. They
 * carry the Workflow's type, and what interceptors add (`getMetricTags`).
 *
 * @experimental
 */
export const metricMeter: MetricMeter = Object.freeze(new Meter({}));
