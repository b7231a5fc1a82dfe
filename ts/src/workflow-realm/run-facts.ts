import type { InitializeWorkflow } from "../proto/temporal/sdk/core/workflow_activation/workflow_activation";

/** Whose payloads are in a message, as far as it isn't in the message. */
export interface RunFacts {
  workflowId: string;
  workflowType: string;
  parent?: { namespace: string; workflowId: string; runId: string };
}

/** What a run is known by before it is in memory. */
export function factsOf(details: InitializeWorkflow): RunFacts {
  const { workflowId = "", workflowType = "", parentWorkflowInfo: parent, continuedFromExecutionRunId } = details;
  if (parent === undefined || continuedFromExecutionRunId) return { workflowId, workflowType };
  const { namespace = "", workflowId: parentId = "", runId = "" } = parent;
  return { workflowId, workflowType, parent: { namespace, workflowId: parentId, runId } };
}
