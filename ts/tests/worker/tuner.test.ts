import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Client } from "../../src/client";
import {
  DefaultLogger,
  type FixedSizeSlotSupplier,
  ResourceBasedController,
  type ResourceBasedSlotsForType,
  type TunerHolder,
  Worker,
  type WorkerOptions,
  type WorkerTuner,
} from "../../src/worker";
import { compileWorkerOptions, nativeWorkerOptions } from "../../src/worker/compile-options";
import { rejection, testConnection, withWorker } from "./support";

// Servers and Workers start in these tests; on a loaded machine that takes longer than the usual five seconds.
setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/slot-workflows.ts`;
const targets = { targetMemoryUsage: 1, targetCpuUsage: 1 };
const fixed = (numSlots: number): FixedSizeSlotSupplier => ({ type: "fixed-size", numSlots });
const holder = (more: Partial<TunerHolder> = {}): TunerHolder => ({
  workflowTaskSlotSupplier: fixed(4),
  activityTaskSlotSupplier: fixed(3),
  localActivityTaskSlotSupplier: fixed(2),
  nexusTaskSlotSupplier: fixed(1),
  ...more,
});

/** What the native worker gets for a Worker's options. */
function native(options: Partial<WorkerOptions>) {
  const silent = new DefaultLogger("ERROR");
  return nativeWorkerOptions(compileWorkerOptions({ taskQueue: "q", workflowsPath, ...options }, silent), "build");
}

/**
 * An activity that stays until as many run at once as there are slots, and then lets the server answer a few times, so
 * that more could come.
 */
function overlapping(slots: number) {
  let running = 0;
  let most = 0;
  const full = Promise.withResolvers<void>();
  return {
    most: () => most,
    activity: async (client: Client) => {
      most = Math.max(most, ++running);
      if (running >= slots) full.resolve();
      await full.promise;
      for (let turn = 0; turn < 10; turn++) await client.workflowService.getSystemInfo({});
      running--;
    },
  };
}

/** The most activities that a Worker with these options has at once; fails if it doesn't reach that many. */
async function mostAtOnce(kind: "remote" | "local", slots: number, options: Partial<WorkerOptions>): Promise<number> {
  const { most, activity } = overlapping(slots);
  const ready = Promise.withResolvers<Client>();
  await withWorker(
    async ({ execute, client }) => {
      ready.resolve(client);
      await execute("parallel", kind, slots + 3);
    },
    { workflowsPath, activities: { overlap: async () => activity(await ready.promise) }, ...options },
  );
  return most();
}

describe("the number of slots", () => {
  test("defaults: 40 Workflow tasks, 100 activities, local activities and Nexus tasks", () => {
    expect(native({}).tuner).toEqual({
      workflowTasks: { type: "fixed", slots: 40 },
      activities: { type: "fixed", slots: 100 },
      localActivities: { type: "fixed", slots: 100 },
      nexusTasks: { type: "fixed", slots: 100 },
    });
    expect(native({}).activityTaskPollers).toEqual({ type: "simple", maximum: 10 });
  });

  test("maxConcurrent options set them, and keep polls below them", () => {
    const options = native({
      maxConcurrentWorkflowTaskExecutions: 5,
      maxConcurrentActivityTaskExecutions: 4,
      maxConcurrentLocalActivityExecutions: 3,
      maxConcurrentNexusTaskExecutions: 2,
    });
    expect(options.tuner).toEqual({
      workflowTasks: { type: "fixed", slots: 5 },
      activities: { type: "fixed", slots: 4 },
      localActivities: { type: "fixed", slots: 3 },
      nexusTasks: { type: "fixed", slots: 2 },
    });
    expect(options.workflowTaskPollers).toEqual({ type: "simple", maximum: 5 });
    expect(options.activityTaskPollers).toEqual({ type: "simple", maximum: 4 });
  });

  test("activities beyond maxConcurrentActivityTaskExecutions wait", async () => {
    expect(await mostAtOnce("remote", 2, { maxConcurrentActivityTaskExecutions: 2 })).toBe(2);
  });

  test("local activities beyond maxConcurrentLocalActivityExecutions wait", async () => {
    expect(await mostAtOnce("local", 2, { maxConcurrentLocalActivityExecutions: 2 })).toBe(2);
  });
});

describe("a tuner", () => {
  test("of fixed sizes: as many tasks at once as each kind has slots", async () => {
    const tuner = holder();
    expect(native({ tuner }).tuner).toEqual({
      workflowTasks: { type: "fixed", slots: 4 },
      activities: { type: "fixed", slots: 3 },
      localActivities: { type: "fixed", slots: 2 },
      nexusTasks: { type: "fixed", slots: 1 },
    });
    expect(await mostAtOnce("remote", 3, { tuner })).toBe(3);
    expect(await mostAtOnce("local", 2, { tuner })).toBe(2);
  });

  test("that is resource-based: the defaults of each kind", () => {
    const others = { type: "resourceBased", minimumSlots: 1, maximumSlots: 2000, rampThrottleMs: 50 };
    const tuner: WorkerTuner = {
      tunerOptions: { targetMemoryUsage: 0.7, targetCpuUsage: 0.9 },
      activityTaskSlotOptions: { maximumSlots: 7, rampThrottle: "1s" },
    };
    expect(native({ tuner }).tuner).toEqual({
      workflowTasks: { type: "resourceBased", minimumSlots: 2, maximumSlots: 1000, rampThrottleMs: 10 },
      activities: { ...others, maximumSlots: 7, rampThrottleMs: 1000 },
      localActivities: others,
      nexusTasks: others,
      resources: { targetMemoryUsage: 0.7, targetCpuUsage: 0.9 },
    } as never);
    expect(native({ tuner }).workflowTaskPollers).toEqual({ type: "simple", maximum: 10 });
  });

  test("that is resource-based: never more than maximumSlots, never fewer than minimumSlots", async () => {
    const two = { minimumSlots: 2, maximumSlots: 2, rampThrottle: 0 };
    const options = { workflowTaskSlotOptions: two, activityTaskSlotOptions: two, localActivityTaskSlotOptions: two };
    // Nothing is left of the machine for these targets, but the minimum is given all the same.
    const tuner: WorkerTuner = { tunerOptions: { targetMemoryUsage: 0, targetCpuUsage: 0 }, ...options };
    expect(await mostAtOnce("remote", 2, { tuner })).toBe(2);
    expect(await mostAtOnce("local", 2, { tuner })).toBe(2);
  });

  test("that is resource-based: with a controller that Workers share", async () => {
    const controller = ResourceBasedController.create({ targetMemoryUsage: 0, targetCpuUsage: 0 });
    const two = { minimumSlots: 2, maximumSlots: 100, rampThrottle: 0 };
    const tuner: WorkerTuner = { controller, activityTaskSlotOptions: two, localActivityTaskSlotOptions: two };
    const resourceController = native({ tuner }).tuner?.resourceController;
    expect(resourceController).toBeNumber();
    const { type, ...options } = { type: "resource-based", ...two } as const;
    const shared = holder({
      activityTaskSlotSupplier: { type, controller, ...options },
      localActivityTaskSlotSupplier: { type, controller },
    });
    expect(native({ tuner: shared }).tuner).toMatchObject({
      resourceController,
      activities: { minimumSlots: 2, maximumSlots: 100 },
    });
    // Its targets leave no more than the minimum to each.
    expect(await Promise.all([mostAtOnce("remote", 2, { tuner }), mostAtOnce("local", 2, { tuner })])).toEqual([2, 2]);
    expect(() => ResourceBasedController.create({ targetMemoryUsage: 80, targetCpuUsage: 1 })).toThrow(
      new TypeError("ResourceBasedController.create.targetMemoryUsage must be a share between 0 and 1, got 80"),
    );
  });

  test("with a different supplier for each kind", async () => {
    const resourceBased: ResourceBasedSlotsForType = {
      type: "resource-based",
      tunerOptions: targets,
      minimumSlots: 3,
      maximumSlots: 3,
    };
    const tuner = holder({
      activityTaskSlotSupplier: resourceBased,
      nexusTaskSlotSupplier: { type: "resource-based", tunerOptions: { ...targets } },
    });
    expect(native({ tuner }).tuner?.resources).toEqual(targets);
    expect(await mostAtOnce("remote", 3, { tuner })).toBe(3);
    expect(await mostAtOnce("local", 2, { tuner })).toBe(2);
  });
});

describe("refused:", () => {
  const message = async (options: object): Promise<string> => {
    const { connection } = await testConnection();
    const error = await rejection(Worker.create({ connection, taskQueue: "tuners", workflowsPath, ...options }));
    expect(error).toBeInstanceOf(TypeError);
    return [error.message, error.cause?.message].join("; ");
  };

  test.each([
    "maxConcurrentWorkflowTaskExecutions",
    "maxConcurrentActivityTaskExecutions",
    "maxConcurrentLocalActivityExecutions",
    "maxConcurrentNexusTaskExecutions",
  ])("a tuner beside %s", async (option) => {
    expect(await message({ tuner: holder(), [option]: 5 })).toContain(`Cannot set both tuner and ${option}`);
  });

  test.each<[string, unknown, string]>([
    ["what is no tuner", { slots: 5 }, "it has: slots"],
    [
      "a supplier that is missing",
      { ...holder(), nexusTaskSlotSupplier: undefined },
      "tuner.nexusTaskSlotSupplier must be a slot supplier",
    ],
    ["a type that doesn't exist", holder({ activityTaskSlotSupplier: { type: "elastic" } as never }), '"elastic"'],
    [
      "a number that is none",
      holder({ activityTaskSlotSupplier: fixed(1.5) }),
      "tuner.activityTaskSlotSupplier.numSlots",
    ],
    [
      "a target that isn't a share",
      { tunerOptions: { ...targets, targetCpuUsage: 80 } },
      "tuner.tunerOptions.targetCpuUsage",
    ],
    [
      "a maximum below the minimum",
      { tunerOptions: targets, activityTaskSlotOptions: { minimumSlots: 5, maximumSlots: 4 } },
      "tuner.activities.maximumSlots",
    ],
    ["one Workflow slot beside a cache", holder({ workflowTaskSlotSupplier: fixed(1) }), "tuner.workflowTasks.slots"],
    [
      "a custom supplier without its functions",
      holder({ activityTaskSlotSupplier: { type: "custom" } as never }),
      "activityTaskSlotSupplier.reserveSlot",
    ],
    [
      "different targets in one tuner",
      holder({
        activityTaskSlotSupplier: { type: "resource-based", tunerOptions: targets },
        localActivityTaskSlotSupplier: { type: "resource-based", tunerOptions: { ...targets, targetCpuUsage: 0.5 } },
      }),
      "tuner.localActivityTaskSlotSupplier.tunerOptions",
    ],
    [
      "a controller beside targets",
      { tunerOptions: targets, controller: ResourceBasedController.create(targets) },
      "exactly one of controller or tunerOptions, in tuner",
    ],
    [
      "a controller that is none",
      { controller: {} },
      "Resource-based tuner controller must be a ResourceBasedController: tuner.controller",
    ],
    [
      "different controllers in one tuner",
      holder({
        activityTaskSlotSupplier: { type: "resource-based", controller: ResourceBasedController.create(targets) },
        localActivityTaskSlotSupplier: { type: "resource-based", controller: ResourceBasedController.create(targets) },
      }),
      "tuner.localActivityTaskSlotSupplier.controller",
    ],
    [
      "targets beside a controller in one tuner",
      holder({
        activityTaskSlotSupplier: { type: "resource-based", controller: ResourceBasedController.create(targets) },
        localActivityTaskSlotSupplier: { type: "resource-based", tunerOptions: targets },
      }),
      "has a controller",
    ],
  ])("%s", async (_what, tuner, expected) => {
    expect(await message({ tuner })).toContain(expected);
  });
});
