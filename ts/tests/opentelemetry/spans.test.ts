import { expect, setDefaultTimeout, test } from "bun:test";
import { Client, Connection } from "../../src/client";
import { OpenTelemetryPlugin } from "../../src/integrations/opentelemetry";
import { OpenTelemetryPlugin as OpenTelemetryPluginV2 } from "../../src/integrations/opentelemetry-v2";
import { type ReplayWorkerOptions, Worker } from "../../src/worker";
import { testServer } from "../support/server";
import { flagsOf, type RecordedHistory, readRecording, readVersions } from "./recorded";
import { describeSpans, runScenario } from "./scenario";
import { makeTracing, sdk, workflowsPath } from "./support";

setDefaultTimeout(180_000);

const { address, namespace } = await testServer();
const variants = [
  ["opentelemetry", OpenTelemetryPlugin, OpenTelemetryPluginV2],
  ["opentelemetry-v2", OpenTelemetryPluginV2, OpenTelemetryPlugin],
] as const;

/** An ID without what is different in every run of the scenario. */
const local = (workflowId: string): string => workflowId.replace(/^[^/]*/, "");

/** The IDs of those histories that don't replay. */
async function failures(options: ReplayWorkerOptions, histories: RecordedHistory[]): Promise<string[]> {
  const failed: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowsPath, ...options }, histories)) {
    if (error !== undefined) failed.push(local(workflowId));
  }
  return failed;
}

test.each(variants)(
  "with %s spans and flags are those of the official package, and replays export none",
  async (name, plugin) => {
    const official = await readRecording(`interceptors-${name}`);
    const prefix = `spans-${crypto.randomUUID()}`;
    const { exporter, ...tracing } = makeTracing();
    const workflowIds = await runScenario(
      { ...sdk, OpenTelemetryPlugin: plugin },
      { address, namespace, prefix, ...tracing, worker: { workflowsPath } },
    );
    const spans = exporter.getFinishedSpans();
    expect(describeSpans(spans, prefix)).toEqual(official.spans);
    const ids = spans.map((span) => span.spanContext().spanId);
    expect(new Set(ids).size).toBe(ids.length);

    const client = new Client({ connection: await Connection.connect({ address }), namespace });
    const histories = await Promise.all(
      workflowIds.map(async (workflowId) => ({
        workflowId,
        history: await client.workflow.getHandle(workflowId).fetchHistory(),
      })),
    );
    await client.connection.close();
    const flags = (all: RecordedHistory[]) =>
      Object.fromEntries(all.map(({ workflowId, history }) => [local(workflowId), flagsOf(history)]));
    expect(flags(histories)).toEqual(flags(official.histories));

    exporter.reset();
    expect(await failures({ plugins: [new plugin(tracing)] }, histories)).toEqual([]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  },
);

test.each(variants)(
  "with %s histories of the official package replay, and not with the other one",
  async (name, plugin, other) => {
    const { histories } = await readRecording(`interceptors-${name}`);
    expect(histories).toHaveLength(17);
    // The validator in the first run of `everything` drew ids that a replay doesn't draw; the official SDK can't replay
    // it either.
    const broken = name === "opentelemetry" ? ["/everything"] : [];
    expect(await failures({ plugins: [new plugin(makeTracing())] }, histories)).toEqual(broken);
    // Ids come from another sequence there, so that the Activities have other IDs.
    expect(await failures({ plugins: [new other(makeTracing())] }, histories)).toEqual(
      expect.arrayContaining(["/undisturbed", "/cancelled", "/cancelsOperation", "/steps"]),
    );
  },
);

test("histories of old versions of the official package, which yielded elsewhere and traced less, replay as they do with its newest one", async () => {
  const workflowsPath = `${import.meta.dir}/fixtures/yields.ts`;
  const replay = async (options: ReplayWorkerOptions, histories: RecordedHistory[]) => {
    const errors: (string | null)[] = [];
    for await (const { error } of Worker.runReplayHistories({ workflowsPath, ...options }, histories)) {
      errors.push(error === undefined ? null : /Nondeterminism error: [^"]*/.exec(error.message)![0]);
    }
    return errors;
  };
  const flags: Record<string, number[]> = {};
  for (const [version, histories] of await readVersions()) {
    const expected = histories.map(({ error }) => error);
    expect(await replay({ plugins: [new OpenTelemetryPlugin(makeTracing())] }, histories)).toEqual(expected);
    // The interceptors decide about it.
    expect(await replay({}, histories)).not.toEqual(expected);
    flags[version] = [...new Set(histories.flatMap(({ history }) => flagsOf(history)))]
      .filter((flag) => flag > 2)
      .sort();
  }
  expect(flags).toEqual({ "1.11.3": [], "1.11.6": [], "1.13.1": [], "1.13.2": [3, 4, 5], "1.24.0": [3, 4, 5] });
});
