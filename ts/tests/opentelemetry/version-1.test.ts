import { expect, setDefaultTimeout, test } from "bun:test";
import type { Resource } from "@opentelemetry/resources";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { BuildConfig, BunPlugin } from "bun";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "opentelemetry-sdk-trace-base-1";
import { version } from "opentelemetry-sdk-trace-base-1/package.json";
import { OpenTelemetryPlugin } from "../../src/integrations/opentelemetry";
import { bundleWorkflowCode } from "../../src/worker";
import { testServer } from "../support/server";
import { readRecording } from "./recorded";
import { describeSpans, runScenario } from "./scenario";
import { sdk, workflowsPath } from "./support";

setDefaultTimeout(180_000);

/** Makes imports of OpenTelemetry's SDK lead to its version 1, as if that were installed. */
const versionOne: BunPlugin = {
  name: "opentelemetry-1",
  setup: (build) => {
    build.onResolve({ filter: /^@opentelemetry\/(core|sdk-trace-base)$/ }, ({ path }) => ({
      path: Bun.resolveSync(path.replace("@opentelemetry/", "opentelemetry-").concat("-1"), import.meta.dir),
    }));
  },
};

test("with version 1 of OpenTelemetry's SDK, in Workflows and outside, spans are the same", async () => {
  const official = await readRecording("interceptors-opentelemetry");
  const { address, namespace } = await testServer();
  const prefix = `spans-${crypto.randomUUID()}`;
  const exporter = new InMemorySpanExporter();
  const spanProcessor = new SimpleSpanProcessor(exporter);
  const provider = new BasicTracerProvider({ spanProcessors: [spanProcessor] });
  const tracing = {
    tracer: provider.getTracer("tests"),
    spanProcessor: spanProcessor as unknown as SpanProcessor,
    resource: provider.resource as unknown as Resource,
  };
  const buildConfigHook = (config: BuildConfig): BuildConfig => ({
    ...config,
    plugins: [versionOne, ...(config.plugins ?? [])],
  });
  const worker = { workflowsPath, bundlerOptions: { buildConfigHook } };
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    buildConfigHook,
    plugins: [new OpenTelemetryPlugin(tracing)],
  });
  expect(code).toContain(`VERSION = "${version}"`);
  await runScenario({ ...sdk, OpenTelemetryPlugin }, { address, namespace, prefix, ...tracing, worker });
  const spans = exporter.getFinishedSpans();
  expect(describeSpans(spans as any, prefix)).toEqual(official.spans);
});
