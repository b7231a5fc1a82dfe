import { expect, setDefaultTimeout, test } from "bun:test";
import { inNewProcess } from "../support/process";
import { freePort, testServer } from "../support/server";

setDefaultTimeout(180_000);

const text = (lines: string[]) => lines.join("\n");

test("metrics of the program, of activities and of Workflows are exported, with their tags", async () => {
  const { address } = await testServer();
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const lines = await inNewProcess(
    `const runtime = sdk.Runtime.install({ telemetryOptions: { metrics: { globalTags: { region: "north" }, prometheus: { bindAddress: data.bindAddress } } } });
    const meter = runtime.metricMeter.withTags({ shop: "s1" });
    for (const counter of [meter.createCounter("visits", "1", "how many came"), meter.createCounter("visits", "1", "how many came")]) counter.add(1.9);
    meter.createUpDownCounter("inside").add(3);
    meter.createUpDownCounter("inside").withTags({ floor: 2 }).add(-1, { open: true });
    meter.createGauge("warmth", "float").set(20.5);
    meter.createGauge("level").set(7);
    meter.createHistogram("wait", "int", "ms").record(12.7);
    const { Client, Connection } = await import(data.client);
    const { Context } = await import(data.activity);
    const taskQueue = "metrics-" + crypto.randomUUID();
    const connection = await sdk.NativeConnection.connect({ address: data.address });
    const activities = { async measured() { Context.current().metricMeter.createCounter("activity_runs").add(1); } };
    const worker = await sdk.Worker.create({ connection, taskQueue, workflowsPath: data.workflows, activities });
    const client = new Client({ connection: await Connection.connect({ address: data.address }) });
    await worker.runUntil(client.workflow.execute("measuring", { taskQueue, workflowId: taskQueue }));
    console.log((await (await fetch("http://" + data.bindAddress + "/metrics")).text()).replaceAll(taskQueue, "QUEUE"));
    await connection.close();
    await client.connection.close();`,
    {
      address,
      bindAddress,
      workflows: `${import.meta.dir}/fixtures/metric-workflows.ts`,
      client: `${import.meta.dir}/../../src/client`,
      activity: `${import.meta.dir}/../../src/activity`,
    },
  );
  const labels = 'region="north"';
  expect(lines).toContain(`visits{shop="s1",${labels}} 2`);
  expect(lines).toContain("# HELP visits how many came");
  // Only Core's own name the service.
  expect(text(lines)).toMatch(/^temporal_num_pollers\{.*service_name="temporal-core-sdk"/m);
  expect(text(lines)).not.toMatch(/^(visits|inside|wait|workflow_|activity_).*service_name/m);
  expect(lines).toContain(`inside{shop="s1",${labels}} 3`);
  expect(lines).toContain(`inside{floor="2",open="true",shop="s1",${labels}} -1`);
  expect(lines).toContain(`warmth{shop="s1",${labels}} 20.5`);
  expect(lines).toContain(`level{shop="s1",${labels}} 7`);
  expect(lines).toContain(`wait_sum{shop="s1",${labels}} 12`);
  expect(lines).toContain(`activity_runs{activityType="measured",namespace="default",taskQueue="QUEUE",${labels}} 1`);
  expect(text(lines)).toMatch(/^workflow_orders\{dish="soup",namespace="default",.*workflowType="measuring".*\} 2$/m);
  expect(text(lines)).toMatch(/^workflow_amount_sum\{.*taskQueue="QUEUE".*\} 0\.5$/m);
});

test("values that a metric doesn't take are refused, and without an exporter metrics go nowhere", async () => {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const program = `
    const runtime = sdk.Runtime.install({ telemetryOptions: data.telemetry });
    const { metricMeter: meter } = runtime;
    const outcome = (record) => { try { record(); return "recorded"; } catch ({ name, message }) { return name + ": " + message; } };
    console.log(outcome(() => meter.createCounter("a").add(-1)));
    console.log(outcome(() => meter.createHistogram("b").record(-0.5)));
    console.log(outcome(() => meter.createGauge("c", "float").set(NaN)));
    console.log(outcome(() => meter.createUpDownCounter("d").add(Infinity)));
    console.log(outcome(() => meter.createCounter("")));
    console.log(outcome(() => meter.createCounter("tagged").add(1, { list: [] })));
    await runtime.shutdown();
    console.log(outcome(() => meter.createCounter("e").add(1)));`;
  const refused = await inNewProcess(program, { telemetry: { metrics: { prometheus: { bindAddress } } } });
  expect(refused.slice(0, 4)).toEqual([
    "TypeError: MetricCounter value must be non-negative (got -1)",
    "TypeError: MetricHistogram value must be non-negative (got -0.5)",
    "TypeError: MetricGauge value must be a finite number (got NaN)",
    "TypeError: MetricUpDownCounter value must be a finite number (got Infinity)",
  ]);
  expect(refused[4]).toMatch(/^TypeError: .*give the metric a name/);
  expect(refused[5]).toStartWith("TypeError: ");
  expect(await inNewProcess(program, { telemetry: {} })).toEqual(Array(7).fill("recorded"));
});
