/** What the tests of tracing share: tracing of this process, and the scenario on the shared server. */
import { context, propagation, type Tracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Context } from "../../src/activity";
import { Client, Connection, WithStartWorkflowOperation } from "../../src/client";
import { ApplicationFailure, CompleteAsyncError } from "../../src/common";
import { startWorkflow, WorkflowRunOperationHandler } from "../../src/nexus";
import { NativeConnection, Worker } from "../../src/worker";
import type { Sdk } from "./scenario";
// Quiets the runtime.
import "../worker/support";

// For the whole process; nothing is traced without interceptors.
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
);

/** Tracing that keeps all spans. */
export interface Tracing {
  exporter: InMemorySpanExporter;
  spanProcessor: SpanProcessor;
  tracer: Tracer;
  resource: Resource;
}

/** Tracing of its own for a test. */
export function makeTracing(): Tracing {
  const exporter = new InMemorySpanExporter();
  const spanProcessor = new SimpleSpanProcessor(exporter);
  const resource = resourceFromAttributes({ "service.name": "tests" });
  return {
    exporter,
    spanProcessor,
    resource,
    tracer: new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] }).getTracer("tests"),
  };
}

/** This SDK, for the scenario. */
export const sdk: Omit<Sdk, "OpenTelemetryPlugin"> = {
  ApplicationFailure,
  Client,
  CompleteAsyncError,
  Connection,
  Context,
  NativeConnection,
  startNexusWorkflow: startWorkflow,
  WithStartWorkflowOperation,
  Worker,
  WorkflowRunOperationHandler,
};

/** Path of the Workflows. */
export const workflowsPath = `${import.meta.dir}/fixtures/workflows.ts`;
