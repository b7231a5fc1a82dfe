import { type Metric, type MetricMeter, type NumericMetricValueType, noopMetricMeter } from "../../common";
import type { MetricSinks } from "../../workflow/metrics";
import type { InjectedSinks } from "../sinks";

/**
 * The Worker's end of the metrics of Workflow code. Makes each metric once, however often Workflows make it.
 *
 * @param meter where the values go
 * @returns no sink at all if they go nowhere, so that they stay on the workflow thread
 */
export function metricSinks(meter: MetricMeter): InjectedSinks<any> {
  if (meter === noopMetricMeter) return {};
  const metrics = new Map<string, Metric>();
  const once = <M extends Metric>(kind: string, name: string, make: () => M): M => {
    const key = `${kind} ${name}`;
    let metric = metrics.get(key) as M | undefined;
    if (metric === undefined) metrics.set(key, (metric = make()));
    return metric;
  };
  return {
    __temporal_metrics: {
      addMetricCounterValue: {
        fn: (_info, name, unit, description, value, tags) =>
          once("counter", name, () => meter.createCounter(name, unit, description)).add(value, tags),
      },
      recordMetricHistogramValue: {
        fn: (_info, name, valueType: NumericMetricValueType, unit, description, value, tags) =>
          once(`${valueType} histogram`, name, () => meter.createHistogram(name, valueType, unit, description)).record(
            value,
            tags,
          ),
      },
      setMetricGaugeValue: {
        fn: (_info, name, valueType: NumericMetricValueType, unit, description, value, tags) =>
          once(`${valueType} gauge`, name, () => meter.createGauge(name, valueType, unit, description)).set(
            value,
            tags,
          ),
      },
    },
  } satisfies InjectedSinks<MetricSinks>;
}
