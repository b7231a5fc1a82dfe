import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from "temporal-bun-sdk/client";
import { ApplicationFailure, CancelledFailure, type Duration } from "temporal-bun-sdk/common";
import { EventType } from "temporal-bun-sdk/proto/temporal/api/enums/v1/event_type";
import { type OrderStatus, order, ship, status } from "../../examples/orders/workflows";
import { Program } from "../support/process";
import { type PrivateServer, startServer } from "../support/server";

const folder = `${import.meta.dir}/../../examples/orders`;

let server: PrivateServer;
let connection: Connection;
let client: Client;
const programs: Program[] = [];

beforeAll(async () => {
  // A server of its own: the example's task queue has a fixed name, and another test's worker must not take its tasks.
  server = await startServer();
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
});

afterAll(async () => {
  for (const program of programs) program.kill("SIGKILL");
  await connection?.close();
  await server?.stop();
});

/** Runs a script of the example as a process of its own. */
function run(script: string, ...words: string[]): Program {
  const program = new Program([process.execPath, `${folder}/${script}`, ...words], {
    env: { ...process.env, TEMPORAL_ADDRESS: server.address },
  });
  programs.push(program);
  return program;
}

/** A worker that is asked to end, and must, when the block that made it is left. */
function startWorker() {
  const worker = run("worker.ts");
  return {
    async [Symbol.asyncDispose]() {
      worker.kill("SIGTERM");
      await worker.ends();
    },
  };
}

function startOrder(id: string, shipWithin: Duration = "1 hour") {
  return client.workflow.start(order, {
    workflowId: `order-${id}`,
    taskQueue: "orders",
    args: [{ id, item: "teapot", quantity: 2, cents: 4990, shipWithin }],
  });
}

/** Asks the workflow for its status until it is `wanted`. */
async function reaches(handle: WorkflowHandle<typeof order>, wanted: OrderStatus): Promise<void> {
  for (let now = await handle.query(status); now !== wanted; now = await handle.query(status)) {
    if (now === "cancelled" || now === "failed")
      throw new Error(`${handle.workflowId} is ${now} and will never be ${wanted}`);
  }
}

/** Names of the activities that completed, in order. */
async function completedActivities(handle: WorkflowHandle<typeof order>): Promise<string[]> {
  const events = (await handle.fetchHistory()).events ?? [];
  const names = new Map(
    events.map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name]),
  );
  return events.flatMap(
    (event) => names.get(String(event.activityTaskCompletedEventAttributes?.scheduledEventId)) ?? [],
  );
}

describe("the orders example", () => {
  test("an order is reserved, charged at the third attempt, and shipped", async () => {
    await using _worker = startWorker();
    const { output } = await run("client.ts", "shipped").ends();
    expect(output).toContain("status: waiting for shipment");
    expect(output).toContain("parcel-1867");

    const handle = client.workflow.getHandle<typeof order>("order-shipped");
    expect(await handle.result()).toEqual({ payment: "payment-shipped", trackingNumber: "parcel-1867" });
    expect(await handle.query(status)).toBe("shipped");
    expect(await completedActivities(handle)).toEqual(["reserve", "charge"]);
    const events = (await handle.fetchHistory()).events ?? [];
    const attempts = events.flatMap(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? []);
    expect(attempts).toEqual([1, 3]);
  });

  test("a cancelled order is refunded and released", async () => {
    await using _worker = startWorker();
    const handle = await startOrder("cancelled");
    await reaches(handle, "waiting for shipment");
    await handle.cancel();
    const error = await handle.result().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(await handle.query(status)).toBe("cancelled");
    expect((await handle.describe()).status.name).toBe("CANCELLED");
    expect(await completedActivities(handle)).toEqual(["reserve", "charge", "refund", "release"]);
  });

  test("an order that is not shipped in time is refunded and released, and fails", async () => {
    await using _worker = startWorker();
    const handle = await startOrder("late", "200 milliseconds");
    const error = await handle.result().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const cause = (error as WorkflowFailedError).cause;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect((cause as ApplicationFailure).type).toBe("NotShipped");
    expect(await handle.query(status)).toBe("failed");
    expect(await completedActivities(handle)).toEqual(["reserve", "charge", "refund", "release"]);
  });

  test("a worker killed in the middle: another one goes on where it stopped", async () => {
    const handle = await startOrder("survivor");
    const killed = run("worker.ts");
    await reaches(handle, "waiting for shipment");
    killed.kill("SIGKILL");
    await killed.ends("SIGKILL");
    // Nobody runs the workflow now, but the server takes the signal.
    await handle.signal(ship, "parcel-after-the-crash");

    await using _worker = startWorker();
    expect(await handle.result()).toEqual({ payment: "payment-survivor", trackingNumber: "parcel-after-the-crash" });
    expect(await completedActivities(handle)).toEqual(["reserve", "charge"]);
    // The history shows that it was another process that finished the workflow.
    const events = (await handle.fetchHistory()).events ?? [];
    const identities = events.flatMap((event) =>
      event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
        ? (event.workflowTaskCompletedEventAttributes?.identity ?? [])
        : [],
    );
    expect(new Set(identities).size).toBe(2);
  });
});
