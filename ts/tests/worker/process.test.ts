import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { Program, run } from "../support/process";
import { taskFailure, testConnection, workflowsPath } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

/** Starts the Worker process. */
const startProcess = (address: string, namespace: string, taskQueue: string) =>
  new Program([process.execPath, `${import.meta.dir}/fixtures/worker-process.ts`, address, namespace, taskQueue]);

test.each(["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR2"] as const)(
  "%s shuts down gracefully: running activities finish, the process ends by itself",
  async (signal) => {
    const { connection, namespace } = await testConnection();
    const client = new Client({ connection, namespace });
    const taskQueue = `test-${randomUUID()}`;
    await using child = startProcess(connection.options.address, namespace, taskQueue);
    const handle = await client.workflow.start("callOnce", {
      taskQueue,
      workflowId: randomUUID(),
      args: ["waitForRelease"],
    });
    await child.says(/^started 1$/m);
    child.kill(signal);
    expect((await child.ends()).output).toEndWith("state STOPPED\n");
    const { events } = await handle.fetchHistory();
    expect(events?.some((event) => event.activityTaskCompletedEventAttributes !== undefined)).toBe(true);
    await handle.terminate();
  },
);

test("a killed Worker's Workflow is finished by the next one", async () => {
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace });
  const taskQueue = `test-${randomUUID()}`;
  await using first = startProcess(connection.options.address, namespace, taskQueue);
  const handle = await client.workflow.start("steps", {
    taskQueue,
    workflowId: randomUUID(),
    args: [2],
    workflowTaskTimeout: "2s",
  });
  await first.says(/^running$/m);
  await handle.signal("step");
  first.kill("SIGKILL");
  await first.ends("SIGKILL");
  await using second = startProcess(connection.options.address, namespace, taskQueue);
  await handle.signal("step");
  expect(await handle.result()).toBe(2);
  second.kill("SIGTERM");
  await second.ends();
});

test("a Worker that is made but never run doesn't keep the process alive", async () => {
  const { connection, namespace } = await testConnection();
  const program = `
    import { NativeConnection, Worker } from "temporal-bun-sdk/worker";
    const connection = await NativeConnection.connect({ address: "${connection.options.address}" });
    const worker = await Worker.create({ connection, namespace: "${namespace}", taskQueue: "never-run", workflowsPath: "${workflowsPath}" });
    console.log(worker.getState());`;
  const { output } = await run([process.execPath, "-e", program], { cwd: `${import.meta.dir}/../..` });
  expect(output).toBe("INITIALIZED\n");
});

// In a process of its own because `bun test` takes rejected promises for its own, on every thread.
test.each([
  ["forgetsPromise", "Unhandled Promise rejection: Error: nobody listens"],
  ["forgetsEndlessError", expect.stringContaining("didn't yield within 5000 ms")],
])("a promise that is rejected without a handler fails the task of %s, and the Worker lives on", async (type, text) => {
  const { connection, namespace } = await testConnection();
  const client = new Client({ connection, namespace });
  const taskQueue = `test-${randomUUID()}`;
  await using child = startProcess(connection.options.address, namespace, taskQueue);
  const options = { taskQueue, workflowId: randomUUID(), workflowTaskTimeout: "1 minute" } as const;
  const handle = await client.workflow.start(type, options);
  expect((await taskFailure(handle)).message).toEqual(text);
  await handle.terminate();
  expect(await client.workflow.execute("greeting", { taskQueue, workflowId: randomUUID(), args: ["still"] })).toBe(
    "Hello, still!",
  );
  child.kill("SIGTERM");
  await child.ends();
});

test("what Workflows and activities log, and what sinks get, arrives once", async () => {
  const { connection, namespace } = await testConnection();
  const { output } = await run([
    process.execPath,
    `${import.meta.dir}/fixtures/logging-process.ts`,
    connection.options.address,
    namespace,
    `test-${randomUUID()}`,
  ]);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const logs = lines.filter(({ message }) => message !== undefined);
  expect(logs).toHaveLength(2);
  expect(logs[0]).toMatchObject({
    level: "INFO",
    message: "from the workflow",
    meta: { sdkComponent: "workflow", workflowType: "outputs", answer: 42 },
  });
  expect(logs[1]).toMatchObject({
    level: "INFO",
    message: "from the activity",
    meta: {
      sdkComponent: "activity",
      activityType: "logSomething",
      attempt: 1,
      workflowType: "callActivity",
      answer: 42,
    },
  });
  const sinks = lines.filter(({ sink }) => sink !== undefined);
  expect(sinks.filter(({ sink }) => sink === "once")).toEqual([
    { sink: "once", args: [1], type: "outputs", now: "number" },
    { sink: "once", args: [3], type: "outputs", now: "number" },
    // Of the query, which is no replay although it comes after one.
    { sink: "once", args: [4], type: "outputs", now: "number" },
  ]);
  // The second task replays the first, and the query both.
  expect(sinks.filter(({ sink }) => sink === "always")).toHaveLength(3);
  const failures = new Set(lines.filter(({ failed }) => failed !== undefined).map((line) => JSON.stringify(line)));
  expect(failures).toEqual(
    new Set([
      '{"failed":"External sink function threw an error","ifaceName":"tester","fnName":"throws","workflowType":"outputs","error":"a bug in the sink"}',
      '{"failed":"Workflow referenced an unregistered external sink","ifaceName":"tester","fnName":"unknown","workflowType":"outputs"}',
    ]),
  );
});
