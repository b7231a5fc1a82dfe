import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as nexus from "nexus-rpc";
import { activityInfo } from "../../src/activity";
import { startWorkflow, WorkflowRunOperationHandler } from "../../src/nexus";
import { bundleWorkflowCode, type WorkerOptions } from "../../src/worker";
import { type Order, shop } from "./fixtures/service";
import { operation, serving, unique } from "./support";

setDefaultTimeout(60_000);

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
  ["activities as a map, Workflows as code", { activities: new Map(Object.entries({ pack, default: fallback })), workflowBundle: { code } }],
  ["Workflows as a file of code", { activities: { pack, default: fallback }, workflowBundle: { codePath } }],
];

test.each(combinations)("one Worker serves Nexus, Workflows and activities: %s", async (_name, options) => {
  const order = new WorkflowRunOperationHandler<Order, string>((ctx, { id }) => startWorkflow<(id: string) => Promise<string>>(ctx, "packAndShip", { workflowId: unique("order"), args: [id] }));
  const handler = nexus.serviceHandler(shop, { greet: async (_ctx, name) => `hello ${name}`, order });
  await serving<typeof shop, void>(
    handler,
    async ({ service, worker }) => {
      expect(await service.executeOperation("greet", "Ann", operation())).toBe("hello Ann");
      expect(await service.executeOperation("order", { id: "7" }, operation())).toBe("packed 7, ship 7 by default");
      expect(worker.getStatus()).toMatchObject({ workflowPollerState: "POLLING", activityPollerState: "POLLING", nexusPollerState: "POLLING" });
    },
    options,
  );
});

test("slots and polls of Nexus tasks: more requests than there are of either are all answered", async () => {
  let running = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const handler = nexus.serviceHandler(shop, {
    greet: async (_ctx, name) => {
      most = Math.max(most, ++running);
      if (running === 2) gate.resolve();
      await gate.promise;
      running--;
      return name;
    },
    order: async () => "",
  });
  await serving<typeof shop, void>(
    handler,
    async ({ service }) => {
      const names = Array.from({ length: 8 }, (_, index) => `${index}`);
      expect(await Promise.all(names.map((name) => service.executeOperation("greet", name, operation())))).toEqual(names);
    },
    { maxConcurrentNexusTaskExecutions: 2, nexusTaskPollerBehavior: { type: "autoscaling", minimum: 1, maximum: 2, initial: 1 } },
  );
  expect(most).toBe(2);
});
