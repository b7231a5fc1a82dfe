import { expect, setDefaultTimeout, test } from "bun:test";
import type {
  ActivitySlotInfo,
  LocalActivitySlotInfo,
  SlotInfo,
  SlotPermit,
  TunerHolder,
  WorkflowSlotInfo,
} from "../../src/worker";
import { UnexpectedError } from "../../src/worker";
import { run } from "../support/process";
import { CountingSupplier } from "./fixtures/slot-supplier";
import { makeWorker, rejection, testConnection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/slot-workflows.ts`;

function suppliers(sizes: { workflows?: number; activities?: number; localActivities?: number } = {}) {
  const workflow = new CountingSupplier<WorkflowSlotInfo>(sizes.workflows ?? 4);
  const activity = new CountingSupplier<ActivitySlotInfo>(sizes.activities ?? 4);
  const local = new CountingSupplier<LocalActivitySlotInfo>(sizes.localActivities ?? 4);
  const tuner: TunerHolder = {
    workflowTaskSlotSupplier: workflow,
    activityTaskSlotSupplier: activity,
    localActivityTaskSlotSupplier: local,
    nexusTaskSlotSupplier: { type: "fixed-size", numSlots: 1 },
  };
  return { workflow, activity, local, tuner, all: [workflow, activity, local] as CountingSupplier<SlotInfo>[] };
}

test("slots of the program's own: reserved, used and released, with the same permits", async () => {
  const { tuner, workflow, activity, local, all } = suppliers();
  const taskQueue = await withWorker(
    async ({ execute, taskQueue }) => {
      await execute("parallel", "remote", 3);
      await execute("parallel", "local", 3);
      return taskQueue;
    },
    {
      workflowsPath,
      activities: { overlap: async () => {} },
      tuner,
      identity: "slot tester",
      workerDeploymentOptions: { version: { deploymentName: "slots", buildId: "1.0" }, useWorkerVersioning: false },
    },
  );
  for (const [index, supplier] of all.entries()) {
    expect(supplier.reserved[0]).toEqual({
      slotType: (["workflow", "activity", "local-activity"] as const)[index]!,
      taskQueue,
      workerIdentity: "slot tester",
      workerBuildId: "1.0",
      workerDeploymentVersion: { deploymentName: "slots", buildId: "1.0" },
      isSticky: expect.any(Boolean) as never,
    });
    expect(supplier.onMainThread).toBe(true);
    // Everything is back, each permit once, and it is the object that was given.
    expect(supplier.free).toHaveLength(4);
    expect(supplier.permits.every((permit) => supplier.free.includes(permit))).toBe(true);
    // What was used is named again when it is released.
    expect(supplier.released.filter(({ slotInfo }) => slotInfo !== undefined)).toHaveLength(supplier.used.length);
  }
  expect(workflow.used.map(({ slotInfo }) => ({ ...slotInfo, isSticky: false }))).toContainEqual({
    type: "workflow",
    workflowType: "parallel",
    isSticky: false,
  });
  expect(workflow.reserved.some(({ isSticky }) => isSticky)).toBe(true);
  expect(activity.used.map(({ slotInfo }) => slotInfo)).toEqual(
    Array(3).fill({ type: "activity", activityType: "overlap" }),
  );
  expect(local.used.map(({ slotInfo }) => slotInfo)).toEqual(
    Array(3).fill({ type: "local-activity", activityType: "overlap" }),
  );
});

test("no more tasks at once than slots were given", async () => {
  const { tuner, activity } = suppliers({ activities: 1 });
  let running = 0;
  let most = 0;
  const { connection } = await testConnection();
  const overlap = async () => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < 5; turn++) await connection.workflowService.getSystemInfo({});
    running--;
  };
  await withWorker(({ execute }) => execute("parallel", "remote", 4), {
    workflowsPath,
    activities: { overlap },
    tuner,
  });
  expect(most).toBe(1);
  expect(activity.used).toHaveLength(4);
});

test("tryReserveSlot isn't called: what could be started eagerly comes by polling", async () => {
  const { tuner, all, activity } = suppliers();
  await withWorker(({ execute }) => execute("parallel", "remote", 3), {
    workflowsPath,
    activities: { overlap: async () => {} },
    tuner,
  });
  expect(all.map(({ tried }) => tried)).toEqual([0, 0, 0]);
  expect(activity.reserved.length).toBeGreaterThanOrEqual(3);
});

test("the signal is aborted when the Worker shuts down", async () => {
  const { tuner, workflow, activity } = suppliers({ activities: 0 });
  const waiting = Promise.withResolvers<void>();
  const reserveSlot = activity.reserveSlot.bind(activity);
  activity.reserveSlot = (context, signal) => {
    waiting.resolve();
    return reserveSlot(context, signal);
  };
  await withWorker(() => waiting.promise, { workflowsPath, activities: { overlap: async () => {} }, tuner });
  expect(activity.aborted.length).toBeGreaterThanOrEqual(1);
  for (const reason of activity.aborted) expect(reason).toMatchObject({ name: "AbortError" });
  expect(workflow.free).toHaveLength(4);
});

test("a permit that comes too late is given back", async () => {
  const { tuner, activity } = suppliers();
  const late: SlotPermit = { late: true };
  const waiting = Promise.withResolvers<void>();
  const given = Promise.withResolvers<SlotPermit>();
  activity.reserveSlot = (_context, signal) => {
    waiting.resolve();
    signal.addEventListener("abort", () => given.resolve(late));
    return given.promise;
  };
  await withWorker(() => waiting.promise, { workflowsPath, activities: { overlap: async () => {} }, tuner });
  // Each reservation that was open got it.
  expect(activity.released.length).toBeGreaterThanOrEqual(1);
  for (const { permit, slotInfo } of activity.released) {
    expect(permit).toBe(late);
    expect(slotInfo).toBeUndefined();
  }
});

test("a Worker that fails gives its slots back", async () => {
  const { tuner, all } = suppliers();
  const { worker, endThreads, execute } = await makeWorker({ tuner });
  const running = worker.run();
  running.catch(() => {});
  expect(await execute("greeting", "slots")).toBe("Hello, slots!");
  endThreads();
  expect(await rejection(running)).toBeInstanceOf(UnexpectedError);
  for (const { free } of all) expect(free).toHaveLength(4);
});

test("what a supplier throws is logged; a reservation is tried again", async () => {
  const { connection, namespace } = await testConnection();
  const program = [
    process.execPath,
    `${import.meta.dir}/fixtures/slot-errors-process.ts`,
    connection.options.address,
    namespace,
  ];
  const { output } = await run(program);
  const { attempts, signals, logs, result } = JSON.parse(output) as {
    attempts: number;
    signals: number;
    result: string;
    logs: { level: string; message: string; error: string }[];
  };
  expect(result).toBe("Hello, slots!");
  expect(attempts).toBeGreaterThanOrEqual(2);
  expect(signals).toBe(attempts);
  const about = (text: string) => logs.filter(({ message }) => message.includes(text));
  expect(about("`reserveSlot`")[0]).toMatchObject({ level: "WARN", error: "Error: no slot today" });
  expect(about("`markSlotUsed`")[0]).toMatchObject({ level: "ERROR", error: "TypeError: can't mark" });
  expect(about("`releaseSlot`")[0]).toMatchObject({ level: "ERROR", error: "TypeError: can't release" });
});
