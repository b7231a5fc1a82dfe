/** Meters that add tags. */

import type {
  MetricCounter,
  MetricGauge,
  MetricHistogram,
  MetricMeter,
  MetricTags,
  MetricTagsOrFunc,
  MetricUpDownCounter,
  NumericMetricValueType,
} from "./metrics";
import { filterNullAndUndefined } from "./type-helpers";

/** A meter that adds tags to the values of another meter's metrics. */
export class MetricMeterWithComposedTags implements MetricMeter {
  /**
   * A meter that adds the tags, which win over those that `meter` adds.
   *
   * @param tagsOrFunc tags, or a function that is asked for them at each value
   * @param force whether to make a meter of this class even if there are no tags, for a meter that knows no tags itself
   */
  static compose(meter: MetricMeter, tagsOrFunc: MetricTagsOrFunc, force = false): MetricMeter {
    const nothing = typeof tagsOrFunc === "object" && Object.keys(tagsOrFunc).length === 0;
    if (nothing && !force) return meter;
    const added = nothing ? [] : [tagsOrFunc];
    return meter instanceof MetricMeterWithComposedTags
      ? new MetricMeterWithComposedTags(meter.parentMeter, [...meter.contributors, ...added])
      : new MetricMeterWithComposedTags(meter, added);
  }

  private constructor(
    private readonly parentMeter: MetricMeter,
    private readonly contributors: readonly MetricTagsOrFunc[],
  ) {}

  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    return tagged(this.parentMeter.createCounter(name, unit, description), this.contributors);
  }

  createHistogram(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricHistogram {
    return tagged(this.parentMeter.createHistogram(name, valueType, unit, description), this.contributors);
  }

  createGauge(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricGauge {
    return tagged(this.parentMeter.createGauge(name, valueType, unit, description), this.contributors);
  }

  /** Throws `TypeError` if the meter below has no such metrics. */
  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    const metric = this.parentMeter.createUpDownCounter?.(name, unit, description);
    if (metric === undefined) throw new TypeError("createUpDownCounter is not supported by the underlying meter");
    return tagged(metric, this.contributors);
  }

  withTags(tags: MetricTags): MetricMeter {
    return MetricMeterWithComposedTags.compose(this, tags);
  }
}

type AnyMetric = MetricCounter | MetricHistogram | MetricGauge | MetricUpDownCounter;
type RecordValue = (value: number, extraTags?: MetricTags) => void;

/** The metric with the contributors' tags added to each value, and those given with the value on top. */
function tagged<M extends AnyMetric>(metric: M, contributors: readonly MetricTagsOrFunc[]): M {
  const { name, unit, description, kind, valueType } = metric;
  const recording: Partial<Record<"add" | "record" | "set", RecordValue>> = {};
  for (const method of ["add", "record", "set"] as const) {
    if (!(method in metric)) continue;
    recording[method] = (value, extraTags) =>
      (metric as unknown as Record<string, RecordValue>)[method]!(value, resolve(contributors, extraTags));
  }
  return {
    name,
    unit,
    description,
    kind,
    valueType,
    ...recording,
    withTags: (tags: MetricTags) => tagged(metric, [...contributors, tags]),
  } as unknown as M;
}

function resolve(contributors: readonly MetricTagsOrFunc[], extraTags: MetricTags | undefined): MetricTags {
  const tags: MetricTags = {};
  for (const contributor of contributors)
    Object.assign(tags, typeof contributor === "function" ? contributor() : contributor);
  return filterNullAndUndefined(Object.assign(tags, extraTags));
}
