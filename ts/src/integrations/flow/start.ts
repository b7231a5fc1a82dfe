/** How runs of flows are started by this side; anything that can start a Workflow can start them too. */
import { type Client, WorkflowExecutionAlreadyStartedError } from "../../client";

/** Starts a run. Returns its Workflow's id, also where a run of that id was started before. */
export async function startFlow(
  client: Client,
  flow: string,
  payload: unknown,
  options: { workflowId: string; taskQueue: string },
): Promise<{ id: string }> {
  try {
    await client.workflow.start(flow, { ...options, args: [payload], workflowIdReusePolicy: "REJECT_DUPLICATE" });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return { id: options.workflowId };
}
