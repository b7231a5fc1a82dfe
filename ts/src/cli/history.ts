import type { Client } from "../client";
import { rethrowGrpcError } from "../client/helpers";
import type { History } from "../proto/temporal/api/history/v1/message";

/**
 * The history of a run. The client rejects with the call's own error, as in the official SDK; this one says what isn't
 * there, as other calls do.
 *
 * @throws WorkflowNotFoundError if there is no such run
 */
export async function fetchHistory(client: Client, workflowId: string, runId: string | undefined): Promise<History> {
  try {
    return await client.workflow.getHandle(workflowId, runId).fetchHistory();
  } catch (error) {
    rethrowGrpcError(error, "Failed to get Workflow execution history", { workflowId, runId });
  }
}
