import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { Client } from "../../src/client";
import { eventually } from "../support/eventually";
import { Program, run } from "../support/process";
import { taskFailure, testConnection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

/** A process with a Workflow that can't be interrupted. */
async function startStuck(...more: string[]) {
  const { connection, namespace } = await testConnection();
  const workflowId = `stuck-${randomUUID()}`;
  const program = `${import.meta.dir}/fixtures/stuck-process.ts`;
  const { address } = connection.options;
  const child = new Program([process.execPath, program, address, namespace, "assembly", workflowId, ...more]);
  return { child, handle: new Client({ connection, namespace }).workflow.getHandle(workflowId) };
}

test("a Workflow that can't be interrupted fails its Worker by name, and the process can end", async () => {
  const { child, handle } = await startStuck();
  await using _ = child;
  const { output, errors } = await child.ends();
  const [logged = "", failure = "", state, counts] = output.trim().split("\n");
  expect(errors).toBe("");
  const run = `assembly with ID '${handle.workflowId}' and run `;
  expect(logged).toStartWith(`A Workflow doesn't yield and can't be interrupted: ${run}`);
  expect(failure).toStartWith(`UnexpectedError: A workflow thread doesn't come back: Workflow ${run}`);
  expect(state).toBe("FAILED");
  expect(counts).toBe('{"stuck":1,"outgrown":0}');
});

test("a signal ends a process with such a Workflow after shutdownForceTime", async () => {
  const { child, handle } = await startStuck("1");
  await using _ = child;
  await eventually(
    () => handle.fetchHistory().catch(() => undefined),
    (history) => history?.events?.some((event) => event.workflowTaskStartedEventAttributes !== undefined) === true,
  );
  child.kill("SIGTERM");
  const { output } = await child.ends();
  expect(output).toStartWith("GracefulShutdownPeriodExpiredError: ");
  expect(output).toContain("\nFAILED\n");
});

test("a Workflow that takes too much memory fails its task, and another thread takes the runs of its thread", () =>
  withWorker(
    async ({ start, worker }) => {
      const before = await start("innocent");
      await eventually(
        () => worker.getStatus().numCachedWorkflows,
        (count) => count === 1,
      );
      const outgrowing = await start("outgrows", [], { workflowTaskTimeout: "1 minute" });
      const { message } = await taskFailure(outgrowing);
      expect(message).toMatch(
        /^The process grew by \d+ MiB while Workflow outgrows with ID '.*' and run .* ran without/,
      );
      expect(message).toContain("the limit is 64.");
      expect(message).toContain("raise workflowMemoryLimitMb");
      await outgrowing.terminate();
      await before.signal("end");
      const after = await start("innocent");
      await after.signal("end");
      expect([await before.result(), await after.result()]).toEqual(["innocent", "innocent"]);
      expect(worker.getState()).toBe("RUNNING");
    },
    { workflowsPath: `${import.meta.dir}/fixtures/stuck-workflows.ts`, workflowMemoryLimitMb: 64 },
  ));

test("a replaced thread goes on with codecs and a realm for each run, and is counted", async () => {
  const { connection, namespace } = await testConnection();
  const program = `${import.meta.dir}/fixtures/outgrowing-process.ts`;
  const { output, errors } = await run([process.execPath, program, connection.options.address, namespace]);
  const [ended = "", counts] = output.trim().split("\n");
  expect(errors).toBe("");
  const { message, results } = JSON.parse(ended);
  expect(message).toStartWith("The process grew by ");
  expect(results).toEqual(["before", "after"]);
  // The task may be tried again before the Workflow is terminated.
  expect(counts).toMatch(/^{"stuck":0,"outgrown":[1-9]\d*}$/);
});
