/** Responses that flows give to the callers of their webhooks, by `respond`. */
import { randomUUID } from "node:crypto";
import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from "../../../client";
import { ApplicationFailure, WorkflowNotFoundError } from "../../../common";
import { type FlowResponse, failureTypes, RESPOND_UPDATE, RESPONSE_QUERY } from "../plan";
import { workflowIdOf } from "../start";
import { json } from "./body";

/** How long the server may take to tell of a run, in milliseconds. */
const tellMs = 10_000;

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
  const ask = async (): Promise<FlowResponse> => {
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
      return await client.workflow.executeUpdateWithStart<any, FlowResponse, []>(RESPOND_UPDATE, {
        startWorkflowOperation: operation,
        // All callers wait by one update, however many there are: a run takes ten at a time.
        updateId: RESPOND_UPDATE,
      });
    } catch (error) {
      if (hasContinued(error)) return ask();
      throw error;
    }
  };
  try {
    return { id, response: await client.withAbortSignal(inTime, ask) };
  } catch (error) {
    const response = await client.withDeadline(Date.now() + tellMs, () =>
      responseWithoutUpdate(client, id, inTime.aborted, error),
    );
    return { id, response };
  }
}

/** Whether the run has said that it goes on as another one. */
function hasContinued(error: unknown): boolean {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === failureTypes.continued;
}

/**
 * What there is to say of a run whose update said nothing: that it goes on (undefined), or what it answered before it
 * ended, or how it ended.
 *
 * @throws what the update threw, if there is no such run
 */
async function responseWithoutUpdate(
  client: Client,
  id: string,
  isLate: boolean,
  error: unknown,
): Promise<FlowResponse | undefined> {
  const handle = client.workflow.getHandle(id);
  const found = await handle.describe().catch((other: unknown) => {
    throw other instanceof WorkflowNotFoundError ? error : other;
  });
  const status = found.status.name;
  if (status === "RUNNING") {
    if (isLate) return undefined;
    throw error;
  }
  const given = await handle.query<FlowResponse | undefined, []>(RESPONSE_QUERY);
  return given ?? { status: status === "COMPLETED" ? 200 : 500, body: { id, status } };
}
