/** What the dashboard and the alerts in deploy/ use is exported, and has a place in the documents. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentedMetrics, type MetricSample, parseMetrics } from "../support/metrics";
import { inNewProcess } from "../support/process";
import { freePort, testServer } from "../support/server";

setDefaultTimeout(180_000);

const read = (path: string) => readFileSync(join(import.meta.dir, "../../..", path), "utf8");
const alerts = read("deploy/prometheus/alerts.yml");
const alertNames = [...alerts.matchAll(/^ *- alert: (\w+)$/gm)].map(([, name]) => name!);
const dashboard = JSON.parse(read("deploy/grafana/temporal-bun-worker.json"));

interface Query {
  text: string;
  metrics: string[];
}

/** Each query of the dashboard and of the alerts, with the metrics that it uses. */
const queries: Query[] = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }: { expr: string }) => expr)),
  ...dashboard.templating.list.map(({ definition = "" }) => definition),
  ...alerts.split(/^ *- alert: /m).slice(1),
].map((text: string) => ({
  text,
  metrics: [...text.matchAll(/\btemporal_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, "")),
}));
const used = new Set(queries.flatMap(({ metrics }) => metrics));
const documented = [...documentedMetrics("Metrics of this SDK"), ...documentedMetrics("Metrics of Core")];

/** What is exported before the first task, and after many of all kinds. */
let first: MetricSample[];
let last: MetricSample[];

beforeAll(async () => {
  const { address } = await testServer();
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const [before = "", after = ""] = await inNewProcess(
    `sdk.Runtime.install({ logger: new sdk.DefaultLogger("ERROR", () => {}), telemetryOptions: { logging: { forward: {} }, metrics: { prometheus: { bindAddress: data.bindAddress } } } });
    const taskQueue = "deploy-" + crypto.randomUUID();
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    const activities = { async fails() { throw new Error("as meant"); } };
    const worker = await sdk.Worker.create({ connection, taskQueue, workflowsPath: data.workflows, activities, maxCachedWorkflows: 1 });
    const start = (type, ...args) => worker.client.workflow.start(type, { taskQueue, workflowId: crypto.randomUUID(), args });
    const read = async () => (await fetch("http://" + data.bindAddress + "/metrics")).text();
    const until = async (pattern) => {
      for (;;) { const text = await read(); if (pattern.test(text)) return text; await Bun.sleep(50); }
    };
    await worker.runUntil(async () => {
      console.log(JSON.stringify(await until(/^temporal_bun_queue_depth\\{.*workflow-0/m)));
      const waiting = [await start("waits"), await start("waits"), await start("mistaken")];
      const handles = [];
      for (const type of ["completes", "failing", "continues", "waits"]) handles.push(await start(type, true));
      await handles.at(-1).cancel();
      for (const handle of handles) await handle.result().catch(() => {});
      await worker.client.workflow.getHandle("nobody").describe().catch(() => {});
      await until(/^temporal_workflow_task_execution_failed/m);
      await until(/^temporal_sticky_cache_total_forced_eviction/m);
      // One at least is not in the cache, where there is place for one.
      for (const handle of waiting.slice(0, 2)) await handle.signal("nudge");
      console.log(JSON.stringify(await until(/^temporal_sticky_cache_miss/m)));
      for (const handle of waiting) await handle.terminate();
    });
    await connection.close();`,
    { address, bindAddress, workflows: `${import.meta.dir}/fixtures/workflows.ts` },
  );
  first = parseMetrics(JSON.parse(before));
  last = parseMetrics(JSON.parse(after));
});

test("the dashboard and the alerts use documented metrics, and these are all used", () => {
  expect([...used].toSorted()).toEqual(documented.map(({ name }) => name).toSorted());
});

test("all are exported, and from the beginning or later as the document says", () => {
  const has = (samples: MetricSample[], name: string) => samples.some(({ metric }) => metric === name);
  const kind = (name: string) => last.find(({ metric }) => metric === name)?.kind;
  // Polls fail when there is no server.
  const rest = documented.filter(({ name }) => name !== "temporal_long_request_failure");
  expect(rest.map(({ name }) => [name, kind(name)])).toEqual(rest.map(({ name, kind }) => [name, kind]));
  const core = documentedMetrics("Metrics of Core");
  expect(core.map(({ name }) => [name, has(first, name)])).toEqual(core.map(({ name, atOnce }) => [name, atOnce]));
});

test("selectors have labels that the metrics have", () => {
  for (const { text } of queries) {
    for (const [, name = "", selector = ""] of text.matchAll(/\b(temporal_\w+)\{(.*?)\}/g)) {
      const labels = new Set(
        last.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)),
      );
      const asked = [...selector.matchAll(/(\w+) *[=!]~?/g)].map(([, label]) => label!);
      if (labels.size > 0) expect([name, asked.filter((label) => !labels.has(label))]).toEqual([name, []]);
    }
  }
});

test("each alert has a section in the runbook, and no other has", () => {
  const sections = [...read("docs/RUNBOOK.md").matchAll(/^## (Temporal\w+)$/gm)].map(([, name]) => name!);
  expect(sections).toEqual(alertNames);
});
