/** Starting workflows: alone, with a signal, or with an update. */

import type { Handler } from "../call";
import { badRequest } from "../problem";
import { searchAttributes } from "./payloads";
import type { RpcRequest } from "./rpc";
import type { Temporal } from "./temporal";
import { updateOutcome, updateRequest } from "./updates";

type StartHandler = Handler<"POST /ns/:ns/workflows">;

export function startHandler(temporal: Temporal): StartHandler {
  return async (call) => {
    const { params, body } = call;
    if (body.signal !== undefined && body.update !== undefined)
      throw badRequest("Both a signal and an update are to be sent along", "Leave one of them out.");
    const request = await startRequest(temporal, call);
    const { workflowId = "" } = request;
    if (body.signal !== undefined) {
      const { runId = "", started } = await temporal.call("signalWithStartWorkflowExecution", {
        ...request,
        signalName: body.signal.name,
        signalInput: await temporal.payloads.encodeList(body.signal.input, params.ns),
      });
      return { workflowId, runId, started: started ?? false };
    }
    if (body.update === undefined) {
      const { runId = "", started } = await temporal.call("startWorkflowExecution", request);
      return { workflowId, runId, started: started ?? false };
    }
    const update = await updateRequest(temporal, params.ns, { workflowId }, body.update, call.identity);
    const { responses } = await temporal.call(
      "executeMultiOperation",
      {
        namespace: params.ns,
        resourceId: workflowId,
        operations: [{ startWorkflow: request }, { updateWorkflow: update }],
      },
      { signal: call.signal, ms: 30_000 },
    );
    const started = responses?.[0]?.startWorkflow;
    return {
      workflowId,
      runId: started?.runId ?? "",
      started: started?.started ?? false,
      update: await updateOutcome(
        temporal,
        responses?.[1]?.updateWorkflow ?? {},
        update.request?.meta?.updateId ?? "",
        call,
      ),
    };
  };
}

async function startRequest(
  temporal: Temporal,
  { params, body, identity, requestId }: Parameters<StartHandler>[0],
): Promise<RpcRequest<"startWorkflowExecution">> {
  const { payloads } = temporal;
  const memo = await payloads.encodeMap(body.memo, params.ns);
  const [summary, details] = await payloads.encode([body.summary, body.details], params.ns);
  return {
    namespace: params.ns,
    workflowId: body.workflowId || crypto.randomUUID(),
    workflowType: { name: body.type },
    taskQueue: { name: body.taskQueue },
    input: await payloads.encodeList(body.input, params.ns),
    workflowIdConflictPolicy: body.conflictPolicy,
    workflowIdReusePolicy: body.reusePolicy,
    workflowExecutionTimeout: body.executionTimeout,
    workflowRunTimeout: body.runTimeout,
    workflowTaskTimeout: body.taskTimeout,
    workflowStartDelay: body.startDelay,
    cronSchedule: body.cronSchedule,
    retryPolicy: body.retryPolicy,
    memo: memo === undefined ? undefined : { fields: memo },
    searchAttributes: searchAttributes(body.searchAttributes),
    priority: body.priority,
    userMetadata: {
      summary: body.summary === undefined ? undefined : summary,
      details: body.details === undefined ? undefined : details,
    },
    identity,
    requestId,
  };
}
