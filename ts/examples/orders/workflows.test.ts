import { afterAll, beforeAll, expect, test } from "bun:test";
import { ApplicationFailure } from "temporal-bun-sdk/common";
import { TestWorkflowEnvironment } from "temporal-bun-sdk/testing";
import { DefaultLogger, Runtime, Worker } from "temporal-bun-sdk/worker";
import * as activities from "./activities";
import { order, ship, status } from "./workflows";

const taskQueue = "test";
const teapot = { item: "teapot", quantity: 2, cents: 4990, shipWithin: "3 days" } as const;
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
    taskQueue,
    workflowsPath: `${import.meta.dir}/workflows.ts`,
    activities,
  });
  return worker.runUntil(body);
}

test("an order is charged and shipped", async () => {
  await withWorker(async () => {
    const handle = await environment.client.workflow.start(order, {
      taskQueue,
      workflowId: "order-shipped",
      args: [{ ...teapot, id: "shipped" }],
    });
    await handle.signal(ship, "parcel-1867");
    expect(await handle.result()).toEqual({ payment: "payment-shipped", trackingNumber: "parcel-1867" });
    expect(await handle.query(status)).toBe("shipped");
  });
});

test("an order that isn't shipped within 3 days is undone, and fails", async () => {
  await withWorker(async () => {
    const handle = await environment.client.workflow.start(order, {
      taskQueue,
      workflowId: "order-late",
      args: [{ ...teapot, id: "late" }],
    });
    const { cause } = await handle.result().catch((error) => error);
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause.type).toBe("NotShipped");
    expect(await handle.query(status)).toBe("failed");
  });
});
