/** `serveHealth`: what the endpoint of `temporal-bun worker` doesn't show. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "../../src/client";
import type { Health } from "../../src/worker";
import { eventually } from "../support/eventually";
import { Program } from "../support/process";
import { testServer } from "../support/server";

const folder = mkdtempSync(join(tmpdir(), "temporal-health-"));
afterAll(() => rmSync(folder, { recursive: true }));

const { address } = await testServer();

/** A program that has a Worker and does what `then` says. */
function program(taskQueue: string, then: string): Program {
  const source = `
    import { NativeConnection, serveHealth, Worker } from ${JSON.stringify(`${import.meta.dir}/../../src/worker`)};
    const connection = await NativeConnection.connect({ address: ${JSON.stringify(address)} });
    const worker = await Worker.create({
      connection,
      taskQueue: ${JSON.stringify(taskQueue)},
      workflowsPath: ${JSON.stringify(`${import.meta.dir}/../cli/fixtures/worker-workflows.ts`)},
    });
    ${then}
    await connection.close();`;
  const path = join(folder, `${taskQueue}.ts`);
  writeFileSync(path, source);
  return new Program([process.execPath, path]);
}

const get = async (port: string, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, ...((await response.json()) as Health) };
};

test("says that Workflow code blocks its thread, for as long as it does", async () => {
  const taskQueue = crypto.randomUUID();
  await using running = program(
    taskQueue,
    `const { port } = await serveHealth({ worker, port: 0, hostname: "127.0.0.1", blockedAfter: "1 second" });
    console.log("port " + port);
    await worker.run();`,
  );
  const [, port] = await running.says(/port (\d+)\n/);
  const connection = await Connection.connect({ address });
  const handle = await new Client({ connection }).workflow.start("loop", {
    ...{ taskQueue, workflowId: taskQueue, workflowTaskTimeout: "1 minute" },
  });
  const { threads, live } = await eventually(
    () => get(port!, "/live"),
    ({ status }) => status === 503,
  );
  expect(live).toBe(false);
  expect(threads.find(({ name }) => name === "workflows 1")!.blockedMs).toBeGreaterThanOrEqual(1_000);
  expect(threads.find(({ name }) => name === "main")!.blockedMs).toBeLessThan(1_000);
  // The code is interrupted.
  await eventually(
    () => get(port!, "/live"),
    ({ status }) => status === 200,
  );
  await handle.terminate();
  await connection.close();
  running.kill("SIGTERM");
  await running.ends();
});

test("neither keeps the process alive nor delays its end, and can be closed", async () => {
  await using running = program(
    crypto.randomUUID(),
    `const first = await serveHealth({ worker, port: 0 });
    await first.close();
    // The port is free again.
    const second = await serveHealth({ worker, port: first.port });
    console.log(first.port === second.port);
    const answer = async () => (await fetch("http://127.0.0.1:" + second.port + "/ready")).json();
    console.log(JSON.stringify(await answer()));
    await worker.runUntil(async () => {
      while (!(await answer()).ready);
    });
    while ((await answer()).workers[0] !== "STOPPED");`,
  );
  const { output } = await running.ends();
  const [same, made] = output.trim().split("\n");
  expect(same).toBe("true");
  // A Worker that is made and doesn't run is alive, but not ready.
  expect(JSON.parse(made!)).toMatchObject({ live: true, ready: false, workers: ["INITIALIZED"] });
});

test("a Worker that has failed is not live", async () => {
  const taskQueue = crypto.randomUUID();
  await using running = program(
    taskQueue,
    `const begun = Promise.withResolvers();
    const id = ${JSON.stringify(taskQueue)} + "-failing";
    const failing = await Worker.create({
      connection,
      taskQueue: id,
      workflowsPath: worker.options.workflowsPath,
      // It doesn't end, so the shutdown fails.
      activities: { block: () => new Promise(() => begun.resolve()) },
      shutdownForceTime: 100,
    });
    const { port } = await serveHealth({ worker: [worker, failing], port: 0 });
    const running = Promise.all([worker.run(), failing.run().catch(({ name }) => console.log(name))]);
    const handle = await failing.client.workflow.start("blockMain", { taskQueue: id, workflowId: id, args: [""] });
    await begun.promise;
    failing.shutdown();
    const answer = () => fetch("http://127.0.0.1:" + port + "/live");
    while ((await answer()).status !== 503);
    console.log(JSON.stringify(await (await answer()).json()));
    await handle.terminate();
    worker.shutdown();
    await running;`,
  );
  const [name, body] = (await running.ends()).output.trim().split("\n");
  expect(name).toBe("GracefulShutdownPeriodExpiredError");
  expect(JSON.parse(body!)).toMatchObject({ live: false, ready: false, workers: ["RUNNING", "FAILED"] });
});

test("what can't be used is refused: a port that is taken, and too short a time", async () => {
  await using running = program(
    crypto.randomUUID(),
    `const { port } = await serveHealth({ worker, port: 0 });
    for (const options of [{ port }, { port: 0, blockedAfter: 999 }, { port: 0, blockedAfter: "soon" }])
      await serveHealth({ worker, ...options }).catch((error) => console.log(error.name + ": " + error.message));
    await worker.runUntil(Promise.resolve());`,
  );
  const [taken, short, none] = (await running.ends()).output.trim().split("\n");
  expect(taken).toMatch(/^Error: Health can't be served on 0\.0\.0\.0:\d+: .*Is the port in use\?$/);
  expect(short).toBe("TypeError: blockedAfter is 999, but must be 1 second at least");
  expect(none).toMatch(/'soon'/);
});
