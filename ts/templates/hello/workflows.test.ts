import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestWorkflowEnvironment } from "temporal-bun-sdk/testing";
import { DefaultLogger, Runtime, Worker } from "temporal-bun-sdk/worker";
import * as activities from "./activities";
import { hello } from "./workflows";

let environment: TestWorkflowEnvironment;

// Of what the SDK logs, errors are enough here.
Runtime.install({ logger: new DefaultLogger("ERROR") });

// A server of its own, which skips the time that Workflows wait.
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createTimeSkipping();
}, 120_000);

afterAll(() => environment?.teardown());

/** Runs a test's body beside a Worker. */
async function withWorker<T>(body: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: "test",
    workflowsPath: `${import.meta.dir}/workflows.ts`,
    activities,
  });
  return worker.runUntil(body);
}

test("greets by name", async () => {
  const result = await withWorker(() =>
    environment.client.workflow.execute(hello, { taskQueue: "test", workflowId: "greets", args: ["Bun", "fr"] }),
  );
  expect(result).toBe("Bonjour, Bun!");
});
