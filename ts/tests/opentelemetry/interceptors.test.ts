import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  context,
  createTraceState,
  defaultTextMapSetter,
  propagation,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import Long from "long";
import type { OperationContext } from "nexus-rpc";
import { CompleteAsyncError, defaultPayloadConverter, IllegalStateError, type Logger } from "../../src/common";
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryInboundInterceptor,
  OpenTelemetryNexusOutboundInterceptor,
  OpenTelemetryPlugin,
  type OpenTelemetrySinks,
  type SerializableSpan,
} from "../../src/integrations/opentelemetry";
import {
  OpenTelemetryOutboundInterceptor as OpenTelemetryOutboundInterceptorV2,
  OpenTelemetryPlugin as OpenTelemetryPluginV2,
} from "../../src/integrations/opentelemetry-v2";
import { MockActivityEnvironment } from "../../src/testing";
import { bundleWorkflowCode, type InjectedSinks, type WorkerOptions } from "../../src/worker";
import type { WorkflowInfo } from "../../src/workflow";
import { activityCompleted, type Job, type Outcome, resultOf, signal, TestThread, update } from "../workflow/support";
import { makeTracing } from "./support";

setDefaultTimeout(180_000);

const modules = {
  opentelemetry: `${import.meta.dir}/../../src/integrations/opentelemetry/workflow-interceptors.ts`,
  "opentelemetry-v2": `${import.meta.dir}/../../src/integrations/opentelemetry-v2/workflow-interceptors.ts`,
};
const fixture = "../../opentelemetry/fixtures/traced.ts";
const open = (workflowInterceptorModules: string[] = []) =>
  TestThread.open(fixture, {}, { workflowInterceptorModules });
const fired: Job = { fireTimer: { seq: 1 } };

/** The spans that an activation handed to the sink. */
const spansOf = ({ sinkCalls = [] }: Outcome): SerializableSpan[] =>
  sinkCalls.flatMap(({ args }) => args[0] as SerializableSpan[]);

/** A header with the context of a caller's span. */
function callerHeader() {
  const spanContext = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: TraceFlags.SAMPLED,
    traceState: createTraceState("vendor=value"),
  };
  const carrier = {};
  propagation.inject(trace.setSpanContext(context.active(), spanContext), carrier, defaultTextMapSetter);
  return { "_tracer-data": defaultPayloadConverter.toPayload(carrier) };
}

describe("in Workflows", () => {
  test.each(Object.entries(modules))(
    "%s: spans of queries and validators leave random numbers as a replay finds them",
    async (_, module) => {
      const thread = await open([module]);
      const result = async (...between: ((run: ReturnType<TestThread["run"]>) => Promise<Outcome>)[]) => {
        const run = thread.run("draws");
        run.flags = [1, 2, 3, 4, 5, 6];
        await run.start();
        for (const step of between) expect((await step(run)).failure).toBeUndefined();
        return resultOf(await run.activate(fired));
      };
      const undisturbed = await result();
      const queried = await result(async (run) => {
        const outcome = await run.query("look");
        expect(spansOf(outcome).map(({ name }) => name)).toEqual(["HandleQuery:look"]);
        return outcome;
      });
      expect(queried).toBe(undisturbed);
      // The span of the handler is drawn in a replay too, that of the validator isn't.
      const updated = (runValidator: boolean) =>
        result(async (run) => {
          const { doUpdate } = update("change", "u1");
          const outcome = await run.activate({ doUpdate: { ...doUpdate, runValidator } });
          expect(spansOf(outcome).map(({ name }) => name)).toEqual([
            ...(runValidator ? ["ValidateUpdate:change"] : []),
            "HandleUpdate:change",
          ]);
          return outcome;
        });
      expect(await updated(true)).toBe(await updated(false));
    },
  );

  test("opentelemetry draws ids from Math.random(), opentelemetry-v2 from a sequence of its own", async () => {
    const drawn = async (workflowInterceptorModules: string[]) => {
      const run = (await open(workflowInterceptorModules)).run("draws");
      await run.start();
      const outcome = await run.activate(fired);
      return { drawn: resultOf(outcome), ids: spansOf(outcome).map(({ spanContext }) => spanContext) };
    };
    const plain = await drawn([]);
    const one = await drawn([modules.opentelemetry]);
    const two = await drawn([modules["opentelemetry-v2"]]);
    expect(one.drawn).not.toBe(plain.drawn);
    expect(two.drawn).toBe(plain.drawn);
    expect(await drawn([modules.opentelemetry])).toEqual(one);
    expect(await drawn([modules["opentelemetry-v2"]])).toEqual(two);
    for (const { ids } of [one, two]) {
      expect(ids).toEqual([
        {
          traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
          spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
          traceFlags: TraceFlags.SAMPLED,
        },
      ]);
    }
  });

  test("log records carry the ids of the active span, across activations, unless they have such attributes themselves", async () => {
    const thread = await open([modules.opentelemetry]);
    const run = thread.run("logs");
    const first = await run.start([], { headers: callerHeader() });
    const second = await run.activate(signal("poke"));
    const last = await run.activate(activityCompleted(1, "anything"));
    const spans = [first, second, last].flatMap(spansOf);
    const find = (name: string) => spans.find((span) => span.name === name)!;
    const logged = [first, second, last]
      .flatMap(({ logs = [] }) => logs)
      .map(({ message, attributes }) => [message, attributes.trace_id, attributes.span_id, attributes.trace_flags]);
    const ids = (name: string) => [find(name).spanContext.traceId, find(name).spanContext.spanId, "01"];
    expect(logged.filter(([message]) => !/^Workflow/.test(message as string))).toEqual([
      ["inside", ...ids("own")],
      ["poked", ...ids("HandleSignal:poke")],
      ["still inside", ...ids("own")],
      ["outside", find("RunWorkflow:logs").spanContext.traceId, "its own", "01"],
    ]);
    expect(find("own")).toMatchObject({
      instrumentationScope: { name: "own", version: "1.2.3" },
      parentSpanId: find("RunWorkflow:logs").spanContext.spanId,
    });
    expect(find("StartActivity:echo").parentSpanContext?.spanId).toBe(find("own").spanContext.spanId);
    // The caller's span is the parent, its trace state comes along; a signal without a header is a trace of its own.
    expect(find("RunWorkflow:logs")).toMatchObject({
      parentSpanId: "b7ad6b7169203331",
      spanContext: { traceId: "0af7651916cd43dd8448eb211c80319c", traceState: "vendor=value" },
    });
    expect(find("HandleSignal:poke").parentSpanId).toBeUndefined();
    // Times are those of the Workflow Tasks, which are a second apart.
    expect(find("own").duration).toEqual([2, 0]);
  });

  test("headers of Activities hold the span of the call", async () => {
    const thread = await open([modules["opentelemetry-v2"]]);
    const run = thread.run("logs");
    const { commands } = await run.start();
    const header = commands.find(({ scheduleActivity }) => scheduleActivity !== undefined)!.scheduleActivity!.headers![
      "_tracer-data"
    ]!;
    const spans = spansOf(await run.activate(activityCompleted(1, "anything")));
    const { spanContext } = spans.find(({ name }) => name === "StartActivity:echo")!;
    expect(defaultPayloadConverter.fromPayload<unknown>(header)).toEqual({
      traceparent: `00-${spanContext.traceId}-${spanContext.spanId}-01`,
    });
  });

  test.each(Object.entries(modules))(
    "%s: a span that begins in a replay ends with the id that was sent, and the ones before it stay in the replay",
    async (_, module) => {
      const thread = await open([module]);
      const original = thread.run("logs");
      const { commands } = await original.start();
      const header = commands.find(({ scheduleActivity }) => scheduleActivity !== undefined)!.scheduleActivity!
        .headers!["_tracer-data"]!;
      const { traceparent } = defaultPayloadConverter.fromPayload<{ traceparent: string }>(header);
      const poked = spansOf(await original.activate(signal("poke")));
      await original.evict();
      const run = thread.run("logs");
      run.replaying = true;
      run.flags = module === modules.opentelemetry ? [1, 2, 3, 4, 5, 6] : [];
      await run.start();
      const replayed = await run.activate(signal("poke"));
      // Those that the Worker drops.
      expect(replayed.sinkCalls!.map(({ sink, replaying }) => [sink, replaying])).toEqual([["exporter", true]]);
      expect(spansOf(replayed)).toEqual(poked);
      run.replaying = false;
      const ended = await run.activate(activityCompleted(1, "anything"));
      expect(ended.sinkCalls!.map(({ replaying }) => replaying)).toEqual([false, false, false]);
      const { spanContext } = spansOf(ended).find(({ name }) => name === "StartActivity:echo")!;
      expect(traceparent).toBe(`00-${spanContext.traceId}-${spanContext.spanId}-01`);
    },
  );

  test("baggage goes along with opentelemetry, and not with opentelemetry-v2, as in the official packages", async () => {
    const carrier = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", baggage: "tenant=t1" };
    const headers = { "_tracer-data": defaultPayloadConverter.toPayload(carrier) };
    for (const [name, module] of Object.entries(modules)) {
      const { commands } = await (await open([module])).run("logs").start([], { headers });
      const header = commands.find(({ scheduleActivity }) => scheduleActivity !== undefined)!.scheduleActivity!
        .headers!["_tracer-data"]!;
      expect([name, Object.keys(defaultPayloadConverter.fromPayload<object>(header)).includes("baggage")]).toEqual([
        name,
        name === "opentelemetry",
      ]);
    }
  });

  test("errors are recorded with places in the sources, whatever is thrown", async () => {
    const thread = await open([modules.opentelemetry]);
    const span = async (what: string) => {
      const run = thread.run("fails", what);
      await run.start();
      return spansOf(await run.activate(fired))[0]!;
    };
    const error = await span("error");
    expect(error.status).toEqual({ code: SpanStatusCode.ERROR, message: "an error of fails" });
    expect(error.events).toMatchObject([
      { name: "exception", attributes: { "exception.message": "an error of fails" } },
    ]);
    expect(error.events[0]!.attributes!["exception.stacktrace"]).toContain("fixtures/traced.ts:");
    expect((await span("text")).events).toMatchObject([{ attributes: { "exception.message": "just a text" } }]);
    expect((await span("nothing")).status).toEqual({ code: SpanStatusCode.ERROR, message: "undefined" });
  });

  test("runs of one thread have providers and contexts of their own", async () => {
    const thread = await open([modules["opentelemetry-v2"]]);
    const [one, two] = [thread.run("waits"), thread.run("waits")];
    await one.start([], { headers: callerHeader() });
    await two.start([], { randomnessSeed: Long.fromNumber(2) });
    for (const run of [one, two]) await run.activate(signal("poke"), signal("poke"));
    const end = async (run: typeof one) => spansOf(await run.activate(fired, { fireTimer: { seq: 2 } }));
    const [ofOne, ofTwo] = [await end(one), await end(two)];
    for (const [spans, parentSpanId] of [
      [ofOne, "b7ad6b7169203331"],
      [ofTwo, undefined],
    ] as const) {
      expect(spans.map((span) => [span.name, span.parentSpanId])).toEqual([
        ["HandleSignal:poke", undefined],
        ["HandleSignal:poke", undefined],
        ["RunWorkflow:waits", parentSpanId],
      ]);
    }
    const traces = [...ofOne, ...ofTwo].map(({ spanContext }) => spanContext.traceId);
    expect(new Set(traces).size).toBe(traces.length);
  });

  test("Workflow code may import OpenTelemetry's SDK before the interceptors do, whose clock it gets", async () => {
    for (const module of Object.values(modules))
      expect(resultOf(await (await open([module])).run("times").start())).toBe(true);
  });

  test("code that imports the official names gets these interceptors", async () => {
    const thread = await open([`${import.meta.dir}/fixtures/official-names.js`]);
    const run = thread.run("draws");
    await run.start();
    expect(spansOf(await run.activate(fired)).map(({ name }) => name)).toEqual(["RunWorkflow:draws"]);
  });
});

describe("outside of Workflows", () => {
  test("interceptors of Workflows refuse to be made, and leave the process's tracing alone", () => {
    expect(() => new OpenTelemetryInboundInterceptor()).toThrow(IllegalStateError);
    expect(() => new OpenTelemetryOutboundInterceptorV2()).toThrow(
      "Interceptors of Workflows can only be made in Workflow code",
    );
  });

  test("log records of an Activity carry the ids of its span; leaving it open is no error", async () => {
    const { exporter, tracer } = makeTracing();
    const records: Record<string, unknown>[] = [];
    const logger = { log: (_level: string, _message: string, meta: object) => void records.push({ ...meta }) };
    const interceptors = [
      (ctx: MockActivityEnvironment["context"]) => ({
        inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer }),
        outbound: new OpenTelemetryActivityOutboundInterceptor(ctx),
      }),
    ];
    const environment = new MockActivityEnvironment(
      { activityType: "logging" },
      { interceptors, logger: logger as unknown as Logger },
    );
    const failure = environment.run(async () => {
      environment.context.log.info("here");
      throw new CompleteAsyncError();
    });
    await expect(failure).rejects.toThrow(CompleteAsyncError);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({ name: "RunActivity:logging", status: { code: SpanStatusCode.OK }, events: [] });
    const { traceId, spanId } = span!.spanContext();
    expect(records).toContainEqual(expect.objectContaining({ trace_id: traceId, span_id: spanId, trace_flags: "01" }));
  });

  test("log records of a Nexus handler carry the ids of the active span", () => {
    const { tracer } = makeTracing();
    const ctx = { service: "s", operation: "o", headers: {} } as unknown as OperationContext;
    const interceptor = new OpenTelemetryNexusOutboundInterceptor(ctx);
    const attributes = () => interceptor.getLogAttributes({ service: "s" }, (input) => input);
    expect(attributes()).toEqual({ service: "s" });
    tracer.startActiveSpan("request", (span) => {
      const { traceId, spanId } = span.spanContext();
      expect(attributes()).toEqual({ service: "s", trace_id: traceId, span_id: spanId, trace_flags: "01" });
      expect(interceptor.getMetricTags({ service: "s" }, (input) => input)).toEqual({ service: "s" });
    });
  });

  test("the modules of interceptors can be named by the package's entries", async () => {
    for (const name of Object.keys(modules)) {
      const entry = `temporal-bun-sdk/${name}/workflow-interceptors`;
      for (const module of [entry, import.meta.resolve(entry)]) {
        const { code } = await bundleWorkflowCode({
          workflowsPath: `${import.meta.dir}/fixtures/traced.ts`,
          workflowInterceptorModules: [module],
        });
        expect(code).toContain("@temporalio/interceptor-workflow");
      }
    }
  });

  const serialized = (): SerializableSpan => ({
    name: "RunWorkflow:anything",
    kind: 0,
    spanContext: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 1,
      traceState: "vendor=value",
    },
    parentSpanId: "00f067aa0ba902b7",
    parentSpanContext: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "00f067aa0ba902b7",
      traceFlags: 1,
      traceState: "vendor=other",
    },
    startTime: [1, 0],
    endTime: [2, 0],
    duration: [1, 0],
    status: { code: 1 },
    attributes: { own: true },
    links: [],
    events: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    instrumentationLibrary: { name: "scope" },
    instrumentationScope: { name: "scope" },
  });

  test("makeWorkflowExporter hands spans to processors and to exporters, with the resource and the Workflow's info", () => {
    const resource = resourceFromAttributes({ "service.name": "exported" });
    const info = { workflowId: "w1", runId: "r1" } as WorkflowInfo;
    const { exporter } = makeTracing();
    const processed: ReadableSpan[] = [];
    const processor = {
      onStart: () => undefined,
      onEnd: (span: ReadableSpan) => void processed.push(span),
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    const sinks: InjectedSinks<OpenTelemetrySinks> = { exporter: makeWorkflowExporter(processor, resource) };
    expect(sinks.exporter.export.callDuringReplay).toBeUndefined();
    sinks.exporter.export.fn(info, [serialized()]);
    makeWorkflowExporter(exporter, resource).export.fn(info, [serialized()]);
    makeWorkflowExporter(new SimpleSpanProcessor(exporter), resource).export.fn(info, [serialized()]);
    const spans = [...processed, ...exporter.getFinishedSpans()];
    expect(spans).toHaveLength(3);
    for (const span of spans) {
      expect(span).toMatchObject({
        name: "RunWorkflow:anything",
        resource,
        attributes: { own: true, workflowId: "w1", runId: "r1" },
      });
      expect(span.spanContext().traceState?.get("vendor")).toBe("value");
      expect(span.parentSpanContext?.traceState?.get("vendor")).toBe("other");
    }
  });

  test.each([OpenTelemetryPlugin, OpenTelemetryPluginV2])("%p adds to what is configured", async (plugin) => {
    const { exporter: _, ...tracing } = makeTracing();
    const made = new plugin(tracing);
    expect(made.otelOptions).toEqual(tracing);
    const given = {
      taskQueue: "q",
      workflowsPath: "w.ts",
      sinks: { mine: {} },
      interceptors: { workflowModules: ["first"] },
    } as unknown as WorkerOptions;
    const worker = made.configureWorker(given);
    expect(Object.keys(worker.sinks!)).toEqual(["mine", "exporter"]);
    expect(worker.interceptors).toMatchObject({
      workflowModules: ["first", expect.stringContaining("workflow-interceptors")],
      activity: [expect.any(Function)],
      nexus: [expect.any(Function)],
    });
    expect(Object.keys(made.configureReplayWorker(given).sinks!)).toEqual(["mine", "exporter"]);
    expect(made.configureClient({}).interceptors?.workflow).toHaveLength(1);
    const { code } = await bundleWorkflowCode({
      workflowsPath: `${import.meta.dir}/fixtures/traced.ts`,
      plugins: [made],
    });
    expect(code).toContain("@temporalio/interceptor-workflow");
  });
});
