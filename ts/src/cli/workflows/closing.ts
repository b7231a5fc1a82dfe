/** `temporal-bun cancel` and `terminate`. */

import type { Client } from "../../client";
import type { Output } from "../output";
import type { WorkflowFlags } from "./result";

/** Asks a Workflow to cancel. */
export async function cancel(
  client: Client,
  { workflowId, runId, json }: WorkflowFlags,
  output: Output,
): Promise<void> {
  await client.workflow.getHandle(workflowId, runId).cancel();
  if (json) output.result(`${JSON.stringify({ workflowId, cancelRequested: true })}\n`);
  else output.result(`asked ${workflowId} to cancel\n`);
}

/** Ends a Workflow at once. */
export async function terminate(
  client: Client,
  { workflowId, runId, json, reason }: WorkflowFlags & { reason?: string },
  output: Output,
): Promise<void> {
  await client.workflow.getHandle(workflowId, runId).terminate(reason);
  if (json) output.result(`${JSON.stringify({ workflowId, terminated: true })}\n`);
  else output.result(`terminated ${workflowId}\n`);
}
