/** How runs of flows are started by this side; anything that can start a Workflow can start them too. */
import { randomUUID } from "node:crypto";
import { type Client, WorkflowExecutionAlreadyStartedError } from "../../client";

/** What a start says besides the payload. */
interface StartOptions {
  /** Makes another start with it the same. Default: a random one. */
  key?: string | undefined;
  taskQueue: string;
}

/** Id of the Workflow of a run. */
export function workflowIdOf(flow: string, key: string): string {
  return `${flow}/${key}`;
}

/** Starts a run. Returns its Workflow's id, also where a run of that key was started before. */
export async function startFlow(
  client: Client,
  flow: string,
  payload: unknown,
  { key = randomUUID(), taskQueue }: StartOptions,
): Promise<{ id: string }> {
  const workflowId = workflowIdOf(flow, key);
  try {
    await client.workflow.start(flow, {
      workflowId,
      taskQueue,
      args: [payload],
      workflowIdReusePolicy: "REJECT_DUPLICATE",
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return { id: workflowId };
}
