/** Nexus services, handlers and callers. */

import { getClient, log, startWorkflow, WorkflowRunOperationHandler } from "@temporalio/nexus";
import { Worker } from "@temporalio/worker";
import * as wf from "@temporalio/workflow";
import * as nexus from "nexus-rpc";
import { type Order, order } from "./workflows";

export const shop = nexus.service("shop", {
  echo: nexus.operation<string, string>(),
  order: nexus.operation<Order, { total: number }>({ name: "order-something" }),
});

export const handler = nexus.serviceHandler(shop, {
  echo: async (ctx, input) => {
    log.info("echo", { requestId: ctx.requestId });
    await getClient().workflow.count();
    return input;
  },
  order: new WorkflowRunOperationHandler<Order, { total: number }>(async (ctx, input) =>
    startWorkflow(ctx, order, { args: [input], workflowId: input.id }),
  ),
});

export async function caller(): Promise<number> {
  const client = wf.createNexusServiceClient({ service: shop, endpoint: "shop-endpoint" });
  const text: string = await client.executeOperation("echo", "x", { scheduleToCloseTimeout: "10s" });
  const handle = await client.startOperation(shop.operations.order, { id: text, items: [] });
  const { total } = await handle.result();
  return total;
}

export const serving = () => Worker.create({ taskQueue: "shop", nexusServices: [handler] });
