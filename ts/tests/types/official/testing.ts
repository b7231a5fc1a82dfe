/** Tests of programs. */

import type { WorkflowStartOptions } from "@temporalio/client";
import { CancelledFailure, type Workflow, type WorkflowResultType } from "@temporalio/common";
import { MockActivityEnvironment, TestWorkflowEnvironment, workflowInterceptorModules } from "@temporalio/testing";
import { DefaultLogger, Runtime, Worker } from "@temporalio/worker";
import { greet, longRunning } from "./activities";
import { order } from "./workflows";

let testEnv: TestWorkflowEnvironment;

export async function before(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger("WARN") });
  testEnv = await TestWorkflowEnvironment.createTimeSkipping();
  testEnv = await TestWorkflowEnvironment.createLocal({ server: { namespace: "test", ip: "127.0.0.1" } });
}

export async function test(): Promise<void> {
  const { client, nativeConnection } = testEnv;
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: "test",
    workflowsPath: "/workflows.js",
    activities: { greet: async () => "mocked" },
    interceptors: { workflowModules: workflowInterceptorModules },
  });
  const { total } = await worker.runUntil(
    client.workflow.execute(order, { workflowId: "w", taskQueue: "test", args: [{ id: "1", items: [] }] }),
  );
  await testEnv.sleep("1 day");
  console.log(total, await testEnv.currentTimeMs());
  const env = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: 5 });
  env.on("heartbeat", (details: unknown) => {
    console.log(details);
    env.cancel("CANCELLED");
  });
  const text: string = await env.run(greet, "x");
  try {
    await env.run(longRunning, text.length);
  } catch (error) {
    if (!(error instanceof CancelledFailure)) throw error;
  }
}

export async function after(): Promise<void> {
  await testEnv?.teardown();
}

/** A helper of a test suite that takes any Workflow. */
export async function run<T extends Workflow>(
  workflow: T,
  options: WorkflowStartOptions<T>,
): Promise<WorkflowResultType<T>> {
  return testEnv.client.workflow.execute(workflow, options);
}
