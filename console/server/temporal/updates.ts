/** Updates: sent, awaited, shown. */

import type { PayloadView } from "../../shared/json";
import type { UpdateOutcome } from "../../shared/routes/workflows";
import type { Call } from "../call";
import { short } from "./names";
import type { RpcRequest, RpcResponse } from "./rpc";
import type { Temporal } from "./temporal";

const deadlineMs = 30_000;

interface AskedUpdate {
  name: string;
  input: readonly unknown[];
  updateId?: string;
  wait: "Admitted" | "Accepted" | "Completed";
}

/** The request of an update. */
export async function updateRequest(
  temporal: Temporal,
  namespace: string,
  workflowExecution: { workflowId: string; runId?: string },
  { name, input, updateId, wait }: AskedUpdate,
  identity: string,
): Promise<RpcRequest<"updateWorkflowExecution">> {
  return {
    namespace,
    workflowExecution,
    // The server does not admit without more: who only wants that gets an answer when it is accepted.
    waitPolicy: { lifecycleStage: wait === "Admitted" ? "Accepted" : wait },
    request: {
      meta: { updateId: updateId || crypto.randomUUID(), identity },
      input: { name, args: await temporal.payloads.encodeList(input, namespace) },
    },
  };
}

export async function sendUpdate(
  temporal: Temporal,
  call: Call<"POST /ns/:ns/workflows/:id/:run/update">,
  execution: { workflowId: string; runId: string },
): Promise<UpdateOutcome> {
  const { params, body, identity, signal } = call;
  const request = await updateRequest(temporal, params.ns, execution, body, identity);
  const answer = await temporal.call("updateWorkflowExecution", request, { signal, ms: deadlineMs });
  return updateOutcome(temporal, answer, request.request?.meta?.updateId ?? "", call);
}

/** How far an update is, shown as far as the caller may see it. */
export async function updateOutcome(
  temporal: Temporal,
  { stage, outcome }: Pick<RpcResponse<"updateWorkflowExecution">, "stage" | "outcome">,
  updateId: string,
  call: Parameters<Temporal["present"]>[2],
): Promise<UpdateOutcome> {
  const shown = await temporal.present<{ success?: { payloads?: PayloadView[] }; failure?: unknown }>(
    "temporal.api.update.v1.Outcome",
    outcome ?? {},
    call,
  );
  return {
    updateId,
    stage: short(stage, "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE"),
    ...(shown.success === undefined ? {} : { result: shown.success.payloads ?? [] }),
    ...(shown.failure === undefined ? {} : { failure: shown.failure }),
  };
}
