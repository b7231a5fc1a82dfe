import { expect, setDefaultTimeout, test } from "bun:test";
import { inNewProcess } from "../support/process";
import { testServer } from "../support/server";

setDefaultTimeout(180_000);

/** Runs a program that has a buffer, and returns what it writes as JSON. */
async function withBuffer(program: string, data: object = {}): Promise<any> {
  const [line] = await inNewProcess(
    `const buffer = new sdk.MetricsBuffer(data.buffer);
    const runtime = sdk.Runtime.install({ logger: new sdk.DefaultLogger("ERROR"), telemetryOptions: { metrics: { ...data.metrics, buffer } } });
    ${program}`,
    data,
  );
  return JSON.parse(line!);
}

test("a buffer has the metrics of the program, of activities, of Workflows and of Core", async () => {
  const { address } = await testServer();
  const updates = await withBuffer(
    `const meter = runtime.metricMeter.withTags({ shop: "s1" });
    meter.createCounter("visits", "1", "how many came").add(2);
    meter.createUpDownCounter("inside").add(-1, { open: true });
    meter.createGauge("warmth", "float").set(20.5);
    meter.createHistogram("wait", "int", "ms").record(12);
    const { Client, Connection } = await import(data.client);
    const { Context } = await import(data.activity);
    const taskQueue = "buffer-" + crypto.randomUUID();
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    const activities = { async measured() { Context.current().metricMeter.createCounter("activity_runs").add(1); } };
    const worker = await sdk.Worker.create({ connection, taskQueue, workflowsPath: data.workflows, activities });
    const client = new Client({ connection: await Connection.connect({ address: data.address }) });
    await worker.runUntil(client.workflow.execute("measuring", { taskQueue, workflowId: taskQueue }));
    console.log(JSON.stringify([...buffer.retrieveUpdates()]).replaceAll(taskQueue, "QUEUE"));
    await connection.close();
    await client.connection.close();`,
    {
      address,
      metrics: { metricPrefix: "mine_", globalTags: { region: "north" } },
      workflows: `${import.meta.dir}/fixtures/metric-workflows.ts`,
      client: `${import.meta.dir}/../../src/client`,
      activity: `${import.meta.dir}/../../src/activity`,
    },
  );
  const tags = { region: "north" };
  const all = { ...tags, shop: "s1" };
  expect(updates.slice(0, 4)).toEqual([
    {
      metric: { kind: "counter", valueType: "int", name: "visits", unit: "1", description: "how many came" },
      value: 2,
      attributes: all,
    },
    {
      metric: { kind: "up-down-counter", valueType: "int", name: "inside" },
      value: -1,
      attributes: { ...all, open: true },
    },
    {
      metric: { kind: "gauge", valueType: "float", name: "warmth" },
      value: 20.5,
      attributes: all,
    },
    {
      metric: { kind: "histogram", valueType: "int", name: "wait", unit: "ms" },
      value: 12,
      attributes: all,
    },
  ]);
  const named = (name: string) => updates.filter(({ metric }: any) => metric.name === name);
  expect(named("activity_runs")).toMatchObject([
    { value: 1, attributes: { ...tags, activityType: "measured", taskQueue: "QUEUE" } },
  ]);
  // Only Core's own name the service.
  for (const { metric, attributes } of updates)
    expect([metric.name, "service_name" in attributes]).toEqual([metric.name, metric.name.startsWith("mine_")]);
  expect(named("workflow_orders")).toMatchObject([
    { value: 2, attributes: { ...tags, dish: "soup", workflowType: "measuring" } },
  ]);
  expect(named("workflow_amount")).toMatchObject([{ metric: { kind: "histogram", valueType: "float" }, value: 0.5 }]);
  expect(named("mine_workflow_completed")).toMatchObject([
    {
      metric: { kind: "counter" },
      value: 1,
      attributes: { ...tags, service_name: "temporal-core-sdk", task_queue: "QUEUE" },
    },
  ]);
  expect(named("mine_request_latency")[0]).toMatchObject({
    metric: { kind: "histogram", valueType: "int", unit: "ms" },
  });
});

test("values are given once, metrics are the same objects, and what is left at the shutdown can be retrieved", async () => {
  const seen = await withBuffer(
    `const counter = runtime.metricMeter.createCounter("visits");
    const seen = { none: [...buffer.retrieveUpdates()].length };
    counter.add(1);
    counter.add(2, { shop: "s1" });
    const first = [...buffer.retrieveUpdates()];
    seen.first = first.map(({ value }) => value);
    counter.add(3);
    const second = [...buffer.retrieveUpdates()];
    seen.second = second.map(({ value }) => value);
    seen.same = new Set([...first, ...second].map(({ metric }) => metric)).size;
    counter.add(4);
    await runtime.shutdown();
    counter.add(5);
    seen.left = [...buffer.retrieveUpdates()].map(({ value }) => value);
    seen.after = [...buffer.retrieveUpdates()].length;
    sdk.Runtime.instance().metricMeter.createCounter("again").add(6);
    seen.again = [...buffer.retrieveUpdates()].map(({ value }) => value);
    console.log(JSON.stringify(seen));`,
  );
  expect(seen).toEqual({ none: 0, first: [1, 2], second: [3], same: 1, left: [4], after: 0, again: [6] });
});

test("a full buffer drops what comes, and says so in the log", async () => {
  const lines = await inNewProcess(
    `const buffer = new sdk.MetricsBuffer({ maxBufferSize: 3 });
    const logged = Promise.withResolvers();
    const messages = [];
    const logger = new sdk.DefaultLogger("ERROR", ({ message }) => { if (messages.push(message) === 2) logged.resolve(); });
    const runtime = sdk.Runtime.install({ logger, telemetryOptions: { logging: { forward: {} }, metrics: { buffer } } });
    const counter = runtime.metricMeter.createCounter("visits");
    for (const round of [1, 2]) {
      for (let value = 1; value <= 5; value++) counter.add(value);
      console.log([...buffer.retrieveUpdates()].map(({ value }) => value).join());
    }
    await logged.promise;
    for (const message of messages) console.log(message);
    await runtime.shutdown();`,
  );
  expect(lines.slice(0, 2)).toEqual(["1,2,3", "1,2,3"]);
  expect(lines.slice(2)).toEqual(Array(2).fill(expect.stringContaining("the metrics buffer is full")));
});

test("durations in seconds", async () => {
  const { address } = await testServer();
  const latency = await withBuffer(
    `const connection = await sdk.NativeConnection.connect({ address: data.address });
    console.log(JSON.stringify([...buffer.retrieveUpdates()].find(({ metric }) => metric.name === "temporal_request_latency").metric));
    await connection.close();`,
    { address, buffer: { useSecondsForDurations: true } },
  );
  expect(latency).toMatchObject({ kind: "histogram", valueType: "float", unit: "s" });
});

test("what can't be a buffer is refused", async () => {
  const lines = await inNewProcess(
    `const outcome = (run) => { try { run(); return "done"; } catch ({ name, message }) { return name + ": " + message; } };
    console.log(outcome(() => new sdk.MetricsBuffer({ maxBufferSize: 0 })));
    console.log(outcome(() => sdk.Runtime.install({ telemetryOptions: { metrics: { buffer: {} } } })));
    console.log(outcome(() => sdk.Runtime.install({ telemetryOptions: { metrics: {} } })));
    const buffer = new sdk.MetricsBuffer();
    const runtime = sdk.Runtime.install({ telemetryOptions: { metrics: { buffer } } });
    console.log(outcome(() => buffer.bind(runtime)));
    console.log(buffer.maxBufferSize, buffer.useSecondsForDurations, [...new sdk.MetricsBuffer().retrieveUpdates()].length);`,
  );
  expect(lines[0]).toStartWith("TypeError: MetricsBufferOptions.maxBufferSize");
  expect(lines[1]).toBe("TypeError: telemetryOptions.metrics needs prometheus, otel, or a MetricsBuffer as buffer");
  expect(lines[2]).toBe(lines[1]!);
  expect(lines[3]).toBe("IllegalStateError: MetricsBuffer already bound to a runtime");
  expect(lines[4]).toBe("10000 false 0");
});
