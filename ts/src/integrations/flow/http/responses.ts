/** Responses that flows give to the callers of their webhooks, by `respond`. */
import { randomUUID } from "node:crypto";
import { type Client, WithStartWorkflowOperation, WorkflowExecutionAlreadyStartedError } from "../../../client";
import { type FlowResponse, RESPOND_UPDATE, RESPONSE_QUERY } from "../plan";
import { workflowIdOf } from "../start";
import { json } from "./body";

/** A response as HTTP has it. */
export function responseOf({ status = 200, headers = {}, body }: FlowResponse): Response {
  if (body === undefined) return new Response(null, { status: status === 200 ? 204 : status, headers });
  const isText = typeof body === "string" && Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return isText ? new Response(body, { status, headers }) : json(status, body, headers);
}

/**
 * Starts a run, or finds the one that a call with this key started before, and waits for its response. Undefined if
 * there is none in time. A caller that comes again with the same key gets the same one, also when the run has ended.
 */
export async function awaitResponse(
  client: Client,
  flow: string,
  payload: unknown,
  { key = randomUUID(), taskQueue }: { key?: string | undefined; taskQueue: string },
  ms: number,
): Promise<{ id: string; response: FlowResponse | undefined }> {
  const id = workflowIdOf(flow, key);
  const inTime = AbortSignal.timeout(ms);
  const operation = new WithStartWorkflowOperation(flow, {
    workflowId: id,
    taskQueue,
    args: [payload],
    workflowIdConflictPolicy: "USE_EXISTING",
    workflowIdReusePolicy: "REJECT_DUPLICATE",
  });
  // What it ends with is known by the update.
  operation.workflowHandle().catch(() => undefined);
  try {
    const response = await client.withAbortSignal(inTime, () =>
      client.workflow.executeUpdateWithStart<any, FlowResponse, []>(RESPOND_UPDATE, {
        startWorkflowOperation: operation,
      }),
    );
    return { id, response };
  } catch (error) {
    if (inTime.aborted) return { id, response: undefined };
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { id, response: await client.workflow.getHandle(id).query<FlowResponse, []>(RESPONSE_QUERY) };
  }
}
