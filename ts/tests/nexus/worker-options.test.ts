import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as nexus from "nexus-rpc";
import { activityInfo } from "../../src/activity";
import { getClient, startWorkflow, WorkflowRunOperationHandler } from "../../src/nexus";
import { bundleWorkflowCode, type WorkerOptions } from "../../src/worker";
import { rejection } from "../worker/support";
import { type Order, shop } from "./fixtures/service";
import { operation, serving, unique } from "./support";

setDefaultTimeout(180_000);

const workflowsPath = `${import.meta.dir}/fixtures/order-workflows.ts`;
const folder = mkdtempSync(join(tmpdir(), "nexus-bundle-"));
const { code } = await bundleWorkflowCode({ workflowsPath });
const codePath = join(folder, "bundle.js");
writeFileSync(codePath, code);
afterAll(() => rmSync(folder, { recursive: true }));

const pack = async (what: string) => `packed ${what}`;
const fallback = async (what: string) => `${activityInfo().activityType} ${what} by default`;

const combinations: [string, Partial<WorkerOptions>][] = [
  ["activities as an object, Workflows as a path", { activities: { pack, default: fallback }, workflowsPath }],
  [
    "activities as a map, Workflows as code",
    { activities: new Map(Object.entries({ pack, default: fallback })), workflowBundle: { code } },
  ],
  ["Workflows as a file of code", { activities: { pack, default: fallback }, workflowBundle: { codePath } }],
];

test.each(combinations)("one Worker serves Nexus, Workflows and activities: %s", async (_name, options) => {
  const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id }) =>
    startWorkflow<(id: string) => Promise<string>>(ctx, "packAndShip", { workflowId: unique("order"), args: [id] }),
  );
  const handler = nexus.serviceHandler(shop, { greet: async (_ctx, name) => `hello ${name}`, order });
  await serving<typeof shop, void>(
    handler,
    async ({ service, worker }) => {
      expect(await service.executeOperation("greet", "Ann", operation())).toBe("hello Ann");
      expect(await service.executeOperation("order", { id: "7" }, operation())).toBe("packed 7, ship 7 by default");
      expect(worker.getStatus()).toMatchObject({
        workflowPollerState: "POLLING",
        activityPollerState: "POLLING",
        nexusPollerState: "POLLING",
      });
    },
    options,
  );
});

test("slots of Nexus tasks: more requests than there are slots are all answered, no more than that at a time", async () => {
  let running = 0;
  let most = 0;
  const both = Promise.withResolvers<void>();
  const handler = nexus.serviceHandler(shop, {
    greet: async (_ctx, name) => {
      most = Math.max(most, ++running);
      if (running === 2) both.resolve();
      await both.promise;
      // Time enough for a third one to come, if it could.
      for (let call = 0; call < 3; call++) await getClient().workflow.count("WorkflowId = 'none'");
      running--;
      return name;
    },
    order: async () => "",
  });
  await serving<typeof shop, void>(
    handler,
    async ({ service }) => {
      const names = Array.from({ length: 8 }, (_, index) => `${index}`);
      expect(await Promise.all(names.map((name) => service.executeOperation("greet", name, operation())))).toEqual(
        names,
      );
    },
    { maxConcurrentNexusTaskExecutions: 2 },
  );
  expect(most).toBe(2);
});

test("polls of Nexus tasks follow the load, or are limited", async () => {
  const handler = nexus.serviceHandler(shop, { greet: async (_ctx, name) => name, order: async () => "" });
  for (const options of [
    { nexusTaskPollerBehavior: { type: "autoscaling", minimum: 1, maximum: 3, initial: 2 } },
    { maxConcurrentNexusTaskPolls: 1 },
  ] satisfies Partial<WorkerOptions>[]) {
    const answered = serving<typeof shop, string>(
      handler,
      ({ service }) => service.executeOperation("greet", "polled", operation()),
      options,
    );
    expect(await answered).toBe("polled");
  }
  const wrong = serving<typeof shop, void>(handler, async () => {}, {
    nexusTaskPollerBehavior: { type: "autoscaling", minimum: 3, maximum: 1, initial: 2 },
  });
  expect((await rejection(wrong)).message).toContain("nexusTaskPollers");
});
