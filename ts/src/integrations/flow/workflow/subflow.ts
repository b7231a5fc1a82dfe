/** Flows that a flow starts. */
import {
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from "../../../workflow";
import type { SubflowPlan } from "../plan";
import type { Execution } from "./execution";
import type { Scope } from "./scope";

/** Runs a flow as a Child Workflow. Returns its output, or its Workflow's id if the run doesn't wait for it. */
export async function runSubflow(
  execution: Execution,
  { name, flow, queue, detached }: SubflowPlan,
  path: string,
  scope: Scope,
): Promise<unknown> {
  const input = await execution.decide("input", name, path, scope);
  const workflowId = `${workflowInfo().workflowId}/${path}`;
  const options = {
    workflowId,
    args: [input],
    staticSummary: path,
    ...(queue === undefined ? {} : { taskQueue: queue }),
  };
  if (!detached) return executeChild(flow, { ...options, parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL });
  await startChild(flow, {
    ...options,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
  });
  return { id: workflowId };
}
