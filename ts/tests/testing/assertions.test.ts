/** Assertions in Workflows, with the interceptors of the testing package. */

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { ApplicationFailure } from "../../src/common";
import { TestWorkflowEnvironment, workflowInterceptorModules } from "../../src/testing";
import { bundleWorkflowCode } from "../../src/worker";
import { testServer } from "../support/server";
import { causes, rejection, taskFailure } from "../worker/support";
import * as workflows from "./fixtures/workflows";
import { withWorker, workflowsPath } from "./support";

setDefaultTimeout(180_000);

const environment = await TestWorkflowEnvironment.createFromExistingServer(await testServer());
afterAll(() => environment.teardown());
const { workflow } = environment.client;
const options = (taskQueue: string) => ({ taskQueue, workflowId: crypto.randomUUID() });

test("one that fails in the Workflow function or in a signal's handler fails the Workflow, for good", async () => {
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules });
  for (const more of [
    { interceptors: { workflowModules: workflowInterceptorModules } },
    { workflowsPath: undefined, workflowBundle },
  ]) {
    await withWorker(
      environment,
      async (taskQueue) => {
        const [, failure] = causes(
          await rejection(
            workflow.execute(workflows.assertion, { ...options(taskQueue), retry: { maximumAttempts: 3 } }),
          ),
        );
        expect(failure).toBeInstanceOf(ApplicationFailure);
        expect(failure).toMatchObject({ nonRetryable: true, message: expect.stringContaining("one is not two") });
        expect(failure.stack).toContain("fixtures/workflows.ts");
        const handle = await workflow.start(workflows.untilSignal, options(taskQueue));
        await handle.signal(workflows.wrong);
        expect(causes(await rejection(handle.result()))[1]).toMatchObject({
          nonRetryable: true,
          message: expect.stringContaining("wrong in a signal"),
        });
      },
      more,
    );
  }
});

test("another error fails the task, as without the interceptors", async () => {
  await withWorker(
    environment,
    async (taskQueue) => {
      const handle = await workflow.start(workflows.otherError, options(taskQueue));
      expect((await taskFailure(handle)).message).toBe("no assertion");
      await handle.terminate();
    },
    { interceptors: { workflowModules: workflowInterceptorModules } },
  );
  await withWorker(environment, async (taskQueue) => {
    const handle = await workflow.start(workflows.assertion, options(taskQueue));
    expect((await taskFailure(handle)).message).toContain("one is not two");
    await handle.terminate();
  });
});
