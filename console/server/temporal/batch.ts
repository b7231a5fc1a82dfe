import type { BatchOperation, BatchRouteKey } from "../../shared/routes/batch";
import type { Handlers } from "../call";
import { badRequest } from "../problem";
import { listing } from "./listing";
import { fieldMask, type RpcRequest } from "./rpc";
import type { Temporal } from "./temporal";
import { versioningOverride } from "./versioning";

type Operation = Partial<RpcRequest<"startBatchOperation">>;

export function batchHandlers(temporal: Temporal): Handlers<BatchRouteKey> {
  return {
    "GET /ns/:ns/batch": (call) =>
      listing(call, (page) => temporal.show("listBatchOperations", { namespace: call.params.ns, ...page }, call))(
        (answer) => answer.operationInfo,
      ),

    "GET /ns/:ns/batch/:job": (call) =>
      temporal.show("describeBatchOperation", { namespace: call.params.ns, jobId: call.params.job }, call),

    "POST /ns/:ns/batch": async ({ params, body, identity }) => {
      const { query, executions, reason, operation, perSecond } = body;
      if ((query === undefined) === (executions === undefined))
        throw badRequest("Either a query or executions must be there, not both", "Leave one of them out.");
      const jobId = crypto.randomUUID();
      const onActivities = operation.kind.endsWith("Activities");
      const named = executions?.map(({ id, runId }) => ({
        type: onActivities ? "EXECUTION_TYPE_ACTIVITY" : "EXECUTION_TYPE_WORKFLOW",
        businessId: id,
        runId,
      }));
      await temporal.call("startBatchOperation", {
        namespace: params.ns,
        jobId,
        reason,
        visibilityQuery: query,
        ...(onActivities
          ? { targetExecutions: named }
          : { executions: executions?.map(({ id, runId }) => ({ workflowId: id, runId })) }),
        maxOperationsPerSecond: perSecond,
        ...(await operationOf(temporal, params.ns, operation, identity)),
      });
      return { jobId };
    },

    "POST /ns/:ns/batch/:job/stop": async ({ params, body, identity }) => {
      await temporal.call("stopBatchOperation", {
        namespace: params.ns,
        jobId: params.job,
        reason: body.reason,
        identity,
      });
      return {};
    },
  };
}

async function operationOf(
  temporal: Temporal,
  namespace: string,
  operation: BatchOperation,
  identity: string,
): Promise<Operation> {
  switch (operation.kind) {
    case "terminate":
      return { terminationOperation: { identity } };
    case "cancel":
      return { cancellationOperation: { identity } };
    case "delete":
      return { deletionOperation: { identity } };
    case "signal": {
      const input = await temporal.payloads.encodeList(operation.input, namespace);
      return { signalOperation: { signal: operation.name, input, identity } };
    }
    case "reset":
      return { resetOperation: { identity, options: resetOptions(operation) } };
    case "options": {
      const { versioningOverride: override, priority } = operation;
      const mask = [
        ...(override === undefined ? [] : ["versioningOverride"]),
        ...(priority === undefined ? [] : ["priority"]),
      ];
      if (mask.length === 0) throw badRequest("There is nothing to change", "Give versioningOverride or priority.");
      const workflowExecutionOptions = { versioningOverride: versioningOverride(override), priority };
      return { updateWorkflowOptionsOperation: { identity, workflowExecutionOptions, updateMask: fieldMask(mask) } };
    }
    case "cancelActivities":
      return { cancelActivitiesOperation: { identity } };
    case "terminateActivities":
      return { terminateActivitiesOperation: { identity } };
    case "deleteActivities":
      return { deleteActivitiesOperation: { identity } };
  }
}

function resetOptions({ at, buildId, exclude }: Extract<BatchOperation, { kind: "reset" }>) {
  if ((at === undefined) === (buildId === undefined))
    throw badRequest("A reset needs either `at` or `buildId`", "Leave one of them out.");
  return {
    ...(at === "FirstWorkflowTask" ? { firstWorkflowTask: {} } : {}),
    ...(at === "LastWorkflowTask" ? { lastWorkflowTask: {} } : {}),
    ...(buildId === undefined ? {} : { buildId }),
    resetReapplyExcludeTypes: exclude,
  };
}
