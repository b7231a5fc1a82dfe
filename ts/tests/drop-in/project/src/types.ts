/** What the compiler must accept and refuse; the function is never called. */
import { type Client, ScheduleOverlapPolicy, type WorkflowHandle } from "@temporalio/client";
import type { Duration } from "@temporalio/common";
import { msToNumber } from "@temporalio/common/lib/time";
import { coresdk, temporal } from "@temporalio/proto";
import type { WorkerOptions } from "@temporalio/worker";
import { executeChild, proxyActivities } from "@temporalio/workflow";
import type { Client as OwnClient } from "temporal-bun-sdk/client";
import type * as activities from "./activities";
import { addItem, ship } from "./shared";
import { order, wrap } from "./workflows";

export async function check(client: Client, handle: WorkflowHandle<typeof order>): Promise<void> {
  const own: OwnClient = client;
  const { lookUp } = proxyActivities<typeof activities>({ startToCloseTimeout: "1 minute" });
  const found: string = await lookUp("customer");
  // @ts-expect-error: activities get what they declare
  await lookUp(1);
  // @ts-expect-error: no unit of time
  proxyActivities<typeof activities>({ startToCloseTimeout: "1 mile" });
  const count: number = await handle.executeUpdate(addItem, { args: [{ name: "cup", price: 1 }] });
  // @ts-expect-error: the carrier is text
  await handle.signal(ship, 1);
  // @ts-expect-error: an order has an id
  await client.workflow.start(order, { taskQueue: "orders", workflowId: "order", args: [{ items: [] }] });
  const wrapped: string = await executeChild(wrap, { args: ["id"] });
  // @ts-expect-error: options of Workers have no such name
  const options: WorkerOptions = { taskQueue: "orders", workflowPath: "" };
  const { events } = await handle.fetchHistory();
  const started: temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes | null | undefined = events?.find(
    ({ eventType }) => eventType === temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
  )?.workflowExecutionStartedEventAttributes;
  const payload: temporal.api.common.v1.IPayload = temporal.api.common.v1.Payload.create({ data: new Uint8Array(1) });
  // @ts-expect-error: data are bytes
  temporal.api.common.v1.Payload.create({ data: "text" });
  const details: temporal.api.common.v1.Payload.IExternalPayloadDetails =
    temporal.api.common.v1.Payload.ExternalPayloadDetails.create({});
  const activation: coresdk.workflow_activation.IWorkflowActivation =
    coresdk.workflow_activation.WorkflowActivation.fromObject({ runId: "run" });
  void [started, payload, details, activation];
  const duration: Duration = "1 hour";
  void [own, found, count, wrapped, options, msToNumber(duration), ScheduleOverlapPolicy.SKIP];
}
