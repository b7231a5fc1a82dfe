import { expect, setDefaultTimeout, test } from "bun:test";
import type { MetricMeter, MetricTags } from "../../src/common";
import { noopMetricMeter } from "../../src/common";
import { DefaultLogger } from "../../src/worker";
import { metricSinks } from "../../src/worker/telemetry/metric-sinks";
import { deliverSinkCalls } from "../../src/worker/threads/workflow-output";
import type { SinkMessage } from "../../src/workflow-realm/runtime";
import { rejection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

test("a sink called defaultWorkerLogger takes what Workflows log, instead of the Runtime's logger", async () => {
  const records: unknown[] = [];
  const level = (name: string) => ({
    fn: (info: { workflowType: string }, message: string, attributes: Record<string, unknown>) =>
      void records.push([name, info.workflowType, message, attributes["sdkComponent"], attributes["answer"]]),
  });
  const defaultWorkerLogger = {
    trace: level("trace"),
    debug: level("debug"),
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
  };
  const ended = Promise.withResolvers<void>();
  await withWorker(
    async ({ execute }) => {
      await execute("logs");
      await ended.promise;
    },
    {
      sinks: {
        defaultWorkerLogger: {
          ...defaultWorkerLogger,
          debug: {
            fn: (info: any, message: string, attributes: any) => {
              defaultWorkerLogger.debug.fn(info, message, attributes);
              if (message === "Workflow completed") ended.resolve();
            },
          },
        },
      },
    },
  );
  expect(records).toEqual([
    ["debug", "logs", "Workflow started", "worker", undefined],
    ["info", "logs", "from the workflow", "workflow", 42],
    ["debug", "logs", "Workflow completed", "worker", undefined],
  ]);
});

test("names that are the SDK's are refused", async () => {
  const error = await rejection(withWorker(async () => {}, { sinks: { __temporal_metrics: {} } }));
  expect(error.message).toBe("Cannot use sink name: '__temporal_metrics', with reserved prefix: '__temporal_'");
});

test("metrics of Workflows go to the meter of the Worker, each made once", () => {
  const made: unknown[][] = [];
  const values: unknown[][] = [];
  const metric =
    (method: string) =>
    (name: string, ...rest: unknown[]) => {
      made.push([name, ...rest]);
      return { [method]: (value: number, tags?: MetricTags) => values.push([name, value, tags]) } as any;
    };
  const meter: MetricMeter = {
    createCounter: metric("add"),
    createHistogram: metric("record"),
    createGauge: metric("set"),
    withTags: () => meter,
  };
  const call = (fn: string, ...args: unknown[]): SinkMessage => ({
    sink: "__temporal_metrics",
    fn,
    args,
    info: { typedSearchAttributes: [] } as unknown as SinkMessage["info"],
  });
  const tags = { workflowType: "order" };
  const calls = [
    call("addMetricCounterValue", "orders", "1", "all orders", 2, tags),
    call("addMetricCounterValue", "orders", "1", "all orders", 3, tags),
    call("recordMetricHistogramValue", "amount", "float", "EUR", undefined, 1.5, tags),
    call("recordMetricHistogramValue", "amount", "int", "EUR", undefined, 1, tags),
    call("setMetricGaugeValue", "open", "int", undefined, undefined, 7, tags),
  ];
  deliverSinkCalls(calls, metricSinks(meter), new DefaultLogger("ERROR"));
  expect(made).toEqual([
    ["orders", "1", "all orders"],
    ["amount", "float", "EUR", undefined],
    ["amount", "int", "EUR", undefined],
    ["open", "int", undefined, undefined],
  ]);
  expect(values).toEqual([
    ["orders", 2, tags],
    ["orders", 3, tags],
    ["amount", 1.5, tags],
    ["amount", 1, tags],
    ["open", 7, tags],
  ]);
  expect(metricSinks(noopMetricMeter)).toEqual({});
});
