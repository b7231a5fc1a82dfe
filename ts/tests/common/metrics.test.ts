import { describe, expect, test } from "bun:test";
import { type MetricMeter, MetricMeterWithComposedTags, type MetricTags, noopMetricMeter } from "../../src/common";

/** A meter that writes down what is recorded. */
function recordingMeter(): { meter: MetricMeter; records: unknown[][] } {
  const records: unknown[][] = [];
  const metric =
    (kind: string, method: string) =>
    (name: string, ...rest: unknown[]) =>
      ({
        name,
        kind,
        valueType: kind === "histogram" || kind === "gauge" ? rest[0] : "int",
        [method]: (value: number, tags?: MetricTags) => records.push([name, value, tags]),
      }) as any;
  const meter = {
    createCounter: metric("counter", "add"),
    createHistogram: metric("histogram", "record"),
    createGauge: metric("gauge", "set"),
    createUpDownCounter: metric("up-down-counter", "add"),
    withTags: () => {
      throw new Error("tags are composed, not handed on");
    },
  };
  return { meter, records };
}

describe("MetricMeterWithComposedTags", () => {
  test("adds tags to each value of each kind of metric; later ones win", () => {
    const { meter, records } = recordingMeter();
    let asked = 0;
    const fixed = MetricMeterWithComposedTags.compose(meter, { a: 1, b: 1 });
    const composed = MetricMeterWithComposedTags.compose(fixed, () => ({
      b: 2,
      asked: ++asked,
      gone: undefined as never,
    })).withTags({ c: 3 });
    const counter = composed.createCounter("counter", "u", "d");
    counter.add(1);
    counter.withTags({ d: 4 }).add(2, { a: 9 });
    composed.createHistogram("histogram", "float").record(1.5);
    composed.createGauge("gauge").set(7);
    composed.createUpDownCounter!("up-down").add(-1);
    expect(records).toEqual([
      ["counter", 1, { a: 1, b: 2, asked: 1, c: 3 }],
      ["counter", 2, { a: 9, b: 2, asked: 2, c: 3, d: 4 }],
      ["histogram", 1.5, { a: 1, b: 2, asked: 3, c: 3 }],
      ["gauge", 7, { a: 1, b: 2, asked: 4, c: 3 }],
      ["up-down", -1, { a: 1, b: 2, asked: 5, c: 3 }],
    ]);
    expect([counter.name, counter.kind, composed.createHistogram("h", "float").valueType]).toEqual([
      "counter",
      "counter",
      "float",
    ]);
  });

  test("makes nothing for no tags, unless forced", () => {
    const { meter } = recordingMeter();
    expect(MetricMeterWithComposedTags.compose(meter, {})).toBe(meter);
    expect(MetricMeterWithComposedTags.compose(meter, {}, true)).toBeInstanceOf(MetricMeterWithComposedTags);
  });

  test("says so when the meter below has no up-down-counters", () => {
    const { createUpDownCounter: _, ...meter } = recordingMeter().meter;
    const composed = MetricMeterWithComposedTags.compose(meter, { a: 1 });
    expect(() => composed.createUpDownCounter!("x")).toThrow(
      "createUpDownCounter is not supported by the underlying meter",
    );
  });
});

test("the meter that records nothing has every kind of metric", () => {
  const meter = noopMetricMeter.withTags({ a: 1 });
  meter.createCounter("c").withTags({ b: 1 }).add(1);
  meter.createHistogram("h").record(1);
  meter.createGauge("g").set(1);
  meter.createUpDownCounter!("u").add(-1);
  expect(meter.createHistogram("h", "float", "ms", "text")).toMatchObject({
    name: "h",
    kind: "histogram",
    valueType: "float",
    unit: "ms",
    description: "text",
  });
});
