/** Time skipping with a dev server. What is sent to Temporal's own test server: see test-server.test.ts. */

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { WithStartWorkflowOperation, type WorkflowHandle } from "../../src/client";
import { TestWorkflowEnvironment, TimeSkippingWorkflowClient } from "../../src/testing";
import { eventually } from "../support/eventually";
import { causes, rejection } from "../worker/support";
import * as workflows from "./fixtures/workflows";
import { executable, script, temporaryFolder, withWorker } from "./support";

setDefaultTimeout(180_000);

const dayMs = 86_400_000;
const environment = await TestWorkflowEnvironment.createTimeSkipping({
  server: { executable, extraArgs: ["--log-level", "error"] },
});
afterAll(() => environment.teardown());
const { workflow } = environment.client;

const start = (taskQueue: string, name: keyof typeof workflows, ...args: unknown[]) =>
  workflow.start(name, { taskQueue, workflowId: crypto.randomUUID(), args });
const execute = async (...parameters: Parameters<typeof start>): Promise<any> => (await start(...parameters)).result();
const status = async (handle: WorkflowHandle) => (await handle.describe()).status.name;
const completed = (handle: WorkflowHandle) =>
  eventually(
    () => status(handle),
    (name) => name === "COMPLETED",
  );

/** Days by which the environment's clock is further after `body`. */
async function daysOf(body: () => Promise<unknown>): Promise<number> {
  const before = await environment.currentTimeMs();
  await body();
  return ((await environment.currentTimeMs()) - before) / dayMs;
}

test("the environment says that it skips, and its clients do", () => {
  expect(environment.supportsTimeSkipping).toBe(true);
  expect(environment.namespace).toBeUndefined();
  expect(environment.options.server).toMatchObject({ type: "time-skipping", executable });
  expect(workflow).toBeInstanceOf(TimeSkippingWorkflowClient);
  expect(environment.workflowClient).toBe(workflow);
  expect(
    () =>
      new TimeSkippingWorkflowClient({ connection: { ...environment.connection, testService: undefined } as never }),
  ).toThrow(TypeError);
});

describe("while a result is waited for", () => {
  test("timers fire at once, and the clock is further by them", async () => {
    await withWorker(environment, async (taskQueue) => {
      expect(await daysOf(async () => expect(await execute(taskQueue, "sleepDays", 30)).toBe(30))).toBeCloseTo(30, 2);
      expect(
        await workflow.execute(workflows.sleepDays, { taskQueue, workflowId: crypto.randomUUID(), args: [400] }),
      ).toBe(400);
    });
  });

  test("it is skipped for children, and for the runs that follow", async () => {
    await withWorker(environment, async (taskQueue) => {
      expect(await execute(taskQueue, "childSleepsDays", 7)).toBe(7);
      expect(
        await daysOf(async () => expect(await execute(taskQueue, "chain", 3)).toBe("end of the chain")),
      ).toBeCloseTo(3, 2);
    });
  });

  test("it is skipped for activities that are to be tried again, and through start delays and timeouts", async () => {
    let attempts = 0;
    const work = async () => {
      if (++attempts < 3) throw new Error("not yet");
      return `attempt ${attempts}`;
    };
    await withWorker(
      environment,
      async (taskQueue) => {
        expect(await execute(taskQueue, "activity")).toBe("attempt 3");
        const options = { taskQueue, workflowId: crypto.randomUUID() };
        expect(await workflow.execute(workflows.hello, { ...options, args: ["you"], startDelay: "10 days" })).toBe(
          "Hello, you!",
        );
        const error = await rejection(
          workflow.execute(workflows.untilSignal, { ...options, workflowExecutionTimeout: "10 days" }),
        );
        expect(error.message).toBe("Workflow execution timed out");
      },
      { activities: { work } },
    );
  });

  test("of several Workflows at a time, each skips; one that starts meanwhile does from the beginning", async () => {
    await withWorker(environment, async (taskQueue) => {
      const waiting = await start(taskQueue, "untilSignal");
      const result = waiting.result();
      expect(await Promise.all([10, 20, 30].map((days) => execute(taskQueue, "sleepDays", days)))).toEqual([
        10, 20, 30,
      ]);
      // The result of the first is still waited for, so that time skips from the beginning for those that start now.
      const options = { taskQueue, workflowId: crypto.randomUUID(), args: [3] as [number] };
      const signalled = await workflow.signalWithStart(workflows.sleepDays, { ...options, signal: "unknown" });
      expect((await signalled.describe()).raw.workflowExtendedInfo?.timeSkippingInfo?.effectiveConfig?.enabled).toBe(
        true,
      );
      expect(await signalled.result()).toBe(3);
      await waiting.signal(workflows.go);
      await result;
    });
  });

  test("the clock goes on by what each Workflow skips, also of those that have the same id one after the other", async () => {
    await withWorker(environment, async (taskQueue) => {
      const options = { taskQueue, workflowId: crypto.randomUUID() };
      for (const days of [3, 2]) {
        const handle = await workflow.start(workflows.sleepDays, { ...options, args: [days] });
        expect(await daysOf(() => handle.result())).toBeCloseTo(days, 2);
      }
      const signalled = await workflow.start(workflows.untilSignal, options);
      expect(await daysOf(() => environment.sleep("2 days"))).toBeCloseTo(2, 2);
      await signalled.signal(workflows.go);
      await completed(signalled);
      const last = await workflow.start(workflows.sleepDays, { ...options, args: [1] });
      expect(await daysOf(() => last.result())).toBeCloseTo(1, 2);
    });
  });

  test("an update with start starts a Workflow that skips", async () => {
    await withWorker(environment, async (taskQueue) => {
      const startWorkflowOperation = new WithStartWorkflowOperation(workflows.sleepDays, {
        taskQueue,
        workflowId: crypto.randomUUID(),
        args: [5],
        workflowIdConflictPolicy: "FAIL",
      });
      // The Workflow has no such update and rejects it; it is started all the same.
      await rejection(workflow.executeUpdateWithStart("unknown", { startWorkflowOperation }));
      const handle = await startWorkflowOperation.workflowHandle();
      expect(await handle.result()).toBe(5);
    });
  });
});

describe("sleep", () => {
  test("skips for Workflows that run, and not beyond", async () => {
    await withWorker(environment, async (taskQueue) => {
      const handles = await Promise.all([start(taskQueue, "sleepDays", 2), start(taskQueue, "sleepDays", 4)]);
      expect(await daysOf(() => environment.sleep("1 day"))).toBeCloseTo(1, 2);
      expect(await Promise.all(handles.map(status))).toEqual(["RUNNING", "RUNNING"]);
      await environment.sleep(1.5 * dayMs);
      // Not result(), which would skip as well.
      await completed(handles[0]!);
      expect(await status(handles[1]!)).toBe("RUNNING");
      await environment.sleep("2 days");
      expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([2, 4]);
    });
  });

  test("skips for children that run", async () => {
    await withWorker(environment, async (taskQueue) => {
      const handle = await start(taskQueue, "childSleepsDays", 2);
      await eventually(
        async () => (await handle.describe()).raw.pendingChildren,
        (children) => children?.some(({ runId }) => runId) === true,
      );
      await environment.sleep("3 days");
      expect(await handle.result()).toBe(2);
    });
  });

  test("skips where nothing runs; the clock never goes back", async () => {
    const before = await environment.currentTimeMs();
    await Promise.all([environment.sleep("1 day"), environment.sleep("2 days")]);
    const after = await environment.currentTimeMs();
    expect((after - before) / dayMs).toBeCloseTo(3, 2);
    await withWorker(environment, (taskQueue) => execute(taskQueue, "hello", "you"));
    expect(await environment.currentTimeMs()).toBeGreaterThanOrEqual(after);
  });

  test("in an activity of a Workflow is refused with advice, because the dev server would wait for the activity", async () => {
    const activities = { work: () => environment.sleep("30 days") };
    await withWorker(
      environment,
      async (taskQueue) => {
        const [, , cause] = causes(await rejection(execute(taskQueue, "activityOrTimer")));
        expect(cause).toMatchObject({
          nonRetryable: true,
          message: expect.stringContaining("use Temporal's test server"),
        });
      },
      { activities },
    );
  });

  test("waits for activities that run", async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<string>();
    const work = () => (started.resolve(), release.promise);
    await withWorker(
      environment,
      async (taskQueue) => {
        const handle = await start(taskQueue, "activity");
        await started.promise;
        let slept = false;
        const sleeping = environment.sleep("1 day").then(() => (slept = true));
        await eventually(
          async () => (await handle.describe()).raw.workflowExtendedInfo?.timeSkippingInfo,
          (info) => info?.effectiveConfig?.fastForwardConfig !== undefined,
        );
        expect(slept).toBe(false);
        release.resolve("done");
        await sleeping;
        expect(await handle.result()).toBe("done");
      },
      { activities: { work } },
    );
  });

  test("of a Workflow that has no Worker is an error that names it, instead of no end", async () => {
    const handle = await start("nobody", "hello", "you");
    const error = await rejection(environment.sleep("1 day"));
    expect(error.message).toContain(
      `Workflow ${handle.workflowId} has a task that no Worker has taken from task queue nobody for`,
    );
    await handle.terminate();
    await environment.sleep("1 day");
  });
});

test("time stands as long as no result is waited for, and again when it is there", async () => {
  await withWorker(environment, async (taskQueue) => {
    const waiting = await start(taskQueue, "untilSignal");
    const skips = async () =>
      (await waiting.describe()).raw.workflowExtendedInfo?.timeSkippingInfo?.effectiveConfig?.enabled;
    expect(await skips()).toBeUndefined();
    const { testService } = environment.connection;
    await testService.unlockTimeSkipping({});
    expect(await skips()).toBe(true);
    expect(await execute(taskQueue, "sleepDays", 1)).toBe(1);
    expect(await skips()).toBe(true);
    await testService.lockTimeSkipping({});
    expect((await skips()) ?? false).toBe(false);
    await waiting.signal(workflows.go);
    await waiting.result();
  });
});

test("RPCs of the test server that a dev server can't take over say so", async () => {
  const { testService } = environment.connection;
  expect(await rejection(testService.sleep({}))).toMatchObject({
    code: 12,
    details: expect.stringContaining("Temporal's test server"),
  });
});

test("a dev server that is too old to skip time is refused", async () => {
  using folder = temporaryFolder();
  const path = script(folder.path, "temporal", 'echo "temporal version 1.5.0 (Server 1.29.1, UI 2.42.1)"');
  const error = await rejection(
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: "existing-path", path } } }),
  );
  expect(error.message).toContain(
    "has version 1.29 of the server, which can't skip time: use Temporal CLI 1.9 (server 1.32) or newer",
  );
});
