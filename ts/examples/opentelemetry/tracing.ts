import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { Client } from "temporal-bun-sdk/client";
import { OpenTelemetryPlugin } from "temporal-bun-sdk/opentelemetry-v2";
import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
import { hello } from "./workflows";

// In the place of an exporter such as that of @opentelemetry/exporter-trace-otlp-proto.
const exporter: SpanExporter = {
  export(spans, done) {
    for (const span of spans) console.log(`${span.spanContext().traceId} ${span.name}`);
    done({ code: 0 });
  },
  shutdown: async () => undefined,
};

// OpenTelemetry as for any program: a provider, what keeps the active span across await, and the format of headers.
const resource = resourceFromAttributes({ "service.name": "greetings" });
const spanProcessor = new BatchSpanProcessor(exporter);
const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

export const activities = { greeting: async () => "Hello" };

const address = process.env["TEMPORAL_ADDRESS"] ?? "localhost:7233";
const plugins = [new OpenTelemetryPlugin({ resource, spanProcessor })];
// Clients and Workers on this connection have its plugins.
const connection = await NativeConnection.connect({ address, plugins });
const taskQueue = `tracing-${Date.now()}`;
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: `${import.meta.dir}/workflows.ts`,
  activities,
  shutdownGraceTime: "10 seconds",
});
await worker.runUntil(() =>
  new Client({ connection }).workflow.execute(hello, { taskQueue, workflowId: taskQueue, args: ["Bun"] }),
);
await connection.close();
await provider.shutdown();
