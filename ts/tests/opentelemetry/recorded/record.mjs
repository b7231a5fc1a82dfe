/**
 * Runs the scenario with the official SDK and its interceptors for OpenTelemetry, and records the trees of spans and the histories.
 * Run with Node in a folder where @temporalio/{activity,client,nexus,worker}, @opentelemetry/context-async-hooks and one of the packages of interceptors are installed,
 * next to a dev server:
 *
 *     bun build scenario.ts --target node --external nexus-rpc --outfile scenario.mjs
 *     node record.mjs @temporalio/interceptors-opentelemetry scenario.mjs path/to/fixtures/workflows.ts 127.0.0.1:7233 official.json.gz
 *
 * With the name of a file that write.ts has written at the end, it replays the histories of this SDK instead.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const require = createRequire(`${process.cwd()}/`);
const [, , packageName, scenario, workflows, address, target, replayed] = process.argv;
const otel = require("@opentelemetry/api");
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require("@opentelemetry/core");
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const resources = require("@opentelemetry/resources");
const { OpenTelemetryPlugin } = require(packageName);
const { Client, Connection, WithStartWorkflowOperation } = require("@temporalio/client");
const { History } = require("@temporalio/proto").temporal.api.history.v1;
const { DefaultLogger, NativeConnection, Runtime, Worker } = require("@temporalio/worker");
const { ApplicationFailure } = require("@temporalio/common");
const { CompleteAsyncError, Context } = require("@temporalio/activity");
const { startWorkflow, WorkflowRunOperationHandler } = require("@temporalio/nexus");

Runtime.install({ logger: new DefaultLogger("ERROR") });
otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager());
otel.propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
const resource = resources.resourceFromAttributes?.({}) ?? resources.Resource.empty();
const exporter = new InMemorySpanExporter();
const spanProcessor = new SimpleSpanProcessor(exporter);
const tracer = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] }).getTracer("tests");

const webpackConfigHook = (config) => {
  config.resolve.alias["temporal-bun-sdk/workflow"] = require.resolve("@temporalio/workflow");
  for (const name of ["@opentelemetry/api", "nexus-rpc"]) config.resolve.alias[name] = require.resolve(name);
  config.resolve.modules.push(resolve("node_modules"));
  return config;
};
const worker = { workflowsPath: resolve(workflows), bundlerOptions: { webpackConfigHook } };

if (replayed !== undefined) {
  const { histories } = JSON.parse(gunzipSync(readFileSync(replayed)).toString());
  const plugin = new OpenTelemetryPlugin({ tracer, spanProcessor, resource });
  const inputs = Object.entries(histories).map(([workflowId, history]) => ({
    workflowId: workflowId.replace(/ .*/, ""),
    history: History.decode(Buffer.from(history, "base64")),
  }));
  let count = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories({ ...worker, plugins: [plugin] }, inputs)) {
    count++;
    if (error !== undefined) console.log(workflowId, error);
  }
  console.log(`${count} histories replayed, ${exporter.getFinishedSpans().length} spans exported`);
  process.exit(0);
}

const { describeSpans, readHistories, runScenario } = await import(resolve(scenario));
const sdk = {
  ApplicationFailure,
  Client,
  CompleteAsyncError,
  Connection,
  Context,
  NativeConnection,
  OpenTelemetryPlugin,
  startNexusWorkflow: startWorkflow,
  WithStartWorkflowOperation,
  Worker,
  WorkflowRunOperationHandler,
};
const prefix = `official-${Date.now()}`;
const workflowIds = await runScenario(sdk, { address, namespace: "default", prefix, tracer, spanProcessor, resource, worker });
const connection = await Connection.connect({ address });
const histories = await readHistories(new Client({ connection }), workflowIds, (history) => History.encode(history).finish());
writeFileSync(target, gzipSync(JSON.stringify({ spans: describeSpans(exporter.getFinishedSpans(), prefix), histories }), { level: 9 }));
console.log(`${exporter.getFinishedSpans().length} spans, ${Object.keys(histories).length} histories`);
process.exit(0);
