import { expect, setDefaultTimeout, test } from "bun:test";
import { documentedMetrics, metricValue, parseMetrics } from "../support/metrics";
import { inNewProcess } from "../support/process";
import { freePort, testServer } from "../support/server";

setDefaultTimeout(180_000);

const own = documentedMetrics("Metrics of this SDK");
const processWide = { thread: "main" };

/** Runs Workflows in a process with Prometheus, and returns what is exported while the Worker runs and afterwards. */
async function measured(program: string) {
  const { address } = await testServer();
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const [during = "", after = ""] = await inNewProcess(
    `sdk.Runtime.install({ logger: new sdk.DefaultLogger("ERROR", () => {}), telemetryOptions: { logging: { forward: {} }, metrics: { prometheus: { bindAddress: data.bindAddress } } } });
    const { Client, Connection } = await import(data.client);
    const taskQueue = "sdk-metrics-" + crypto.randomUUID();
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    const activities = { async blocks() { Bun.sleepSync(1_500); } };
    const worker = await sdk.Worker.create({ connection, taskQueue, workflowsPath: data.workflows, activities });
    const client = new Client({ connection: await Connection.connect({ address: data.address }) });
    const start = (type) => client.workflow.start(type, { taskQueue, workflowId: crypto.randomUUID() });
    const read = async () => (await (await fetch("http://" + data.bindAddress + "/metrics")).text()).replaceAll(taskQueue, "QUEUE");
    const until = async (pattern) => {
      for (;;) { const text = await read(); if (pattern.test(text)) return text; await Bun.sleep(50); }
    };
    const during = await worker.runUntil(async () => { ${program} });
    console.log(JSON.stringify(during));
    console.log(JSON.stringify(await read()));
    await connection.close();
    await client.connection.close();`,
    {
      address,
      bindAddress,
      workflows: `${import.meta.dir}/fixtures/sdk-metrics-workflows.ts`,
      client: `${import.meta.dir}/../../src/client`,
    },
  );
  return { during: parseMetrics(JSON.parse(during)), after: parseMetrics(JSON.parse(after)) };
}

test("the SDK measures its threads and the process, and docs/METRICS.md says how", async () => {
  const { during, after } = await measured(
    `const handles = [await start("waits"), await start("refused"), await start("calls")];
    await handles[2].result();
    const text = await until(/^temporal_bun_sandbox_refusals\\{.*\\} [1-9]/m);
    for (const handle of handles.slice(0, 2)) await handle.terminate();
    return text;`,
  );
  const labels = { namespace: "default", taskQueue: "QUEUE" };
  const thread = { ...labels, thread: "workflow-0" };
  for (const { name, kind, labels: documented } of own) {
    const samples = during.filter((sample) => sample.metric === name);
    expect([name, samples[0]?.kind]).toEqual([name, kind]);
    const seen = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
    seen.delete("le");
    expect([name, [...seen].sort()]).toEqual([name, documented.toSorted()]);
  }
  const names = new Set(during.map(({ metric }) => metric));
  const isOwn = (name: string) => name.startsWith("temporal_bun_") || name.startsWith("temporal_workflow_thread_");
  expect([...names].filter(isOwn).toSorted()).toEqual(own.map(({ name }) => name).toSorted());
  const value = (name: string, labels: Record<string, string> = {}) => metricValue(during, name, labels);
  // The activity blocks the thread for so long that a timer of a second is late by half of one.
  expect(value("temporal_bun_event_loop_lag_sum")).toBeGreaterThanOrEqual(500);
  expect(value("temporal_bun_queue_depth", processWide)).toBeDefined();
  expect(value("temporal_bun_queue_depth", thread)).toBeDefined();
  expect(value("temporal_bun_workflow_activations", thread)).toBeGreaterThanOrEqual(3);
  expect(value("temporal_bun_workflow_activation_time", thread)).toBeGreaterThanOrEqual(1);
  expect(value("temporal_bun_cached_runs", thread)).toBeGreaterThanOrEqual(1);
  expect(value("temporal_workflow_thread_stuck", labels)).toBe(0);
  expect(value("temporal_workflow_thread_outgrown", labels)).toBe(0);
  const [resident, unshared] = ["resident", "private"].map((kind) => value(`temporal_bun_process_${kind}_memory`)!);
  expect(unshared).toBeGreaterThan(10_000_000);
  expect(resident).toBeGreaterThan(unshared!);
  expect(metricValue(after, "temporal_bun_cached_runs", thread)).toBe(0);
});
