/** Conversion of the server's messages, and of its errors. */

import type { LoadedDataConverter } from "../common/converter/data-converter";
import {
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  searchAttributePayloadConverter,
} from "../common/converter/payload-search-attributes";
import { NamespaceNotFoundError, WorkflowNotFoundError } from "../common/errors";
import { decodePriority } from "../common/priority";
import { optionalTsToDate, requiredTsToDate } from "../common/time";
import type { Replace } from "../common/type-helpers";
import { decodeMapFromPayloads } from "../payloads/codec-helpers";
import { Status } from "../proto/google/rpc/status";
import type { WorkflowExecution as ProtoExecution } from "../proto/temporal/api/common/v1/message";
import { WorkflowExecutionStatus } from "../proto/temporal/api/enums/v1/workflow";
import {
  MultiOperationExecutionFailure,
  NamespaceNotFoundFailure,
} from "../proto/temporal/api/errordetails/v1/message";
import type { CountWorkflowExecutionsResponse } from "../proto/temporal/api/workflowservice/v1/request_response";
import { type GrpcServiceError, GrpcStatus } from "./connection/grpc-error";
import { isGrpcServiceError, ServiceError } from "./errors";
import type {
  CountWorkflowExecution,
  RawWorkflowExecutionInfo,
  WorkflowExecution,
  WorkflowExecutionInfo,
  WorkflowExecutionStatusName,
} from "./types";

function statusName(code: WorkflowExecutionStatus): WorkflowExecutionStatusName {
  const name = WorkflowExecutionStatus[code]?.replace("WORKFLOW_EXECUTION_STATUS_", "");
  if (name === undefined || name === "UNRECOGNIZED") return "UNKNOWN";
  return (name === "CANCELED" ? "CANCELLED" : name) as WorkflowExecutionStatusName;
}

function execution(message: ProtoExecution | undefined): Required<WorkflowExecution> | undefined {
  return message && { workflowId: message.workflowId ?? "", runId: message.runId ?? "" };
}

/** What the server's message says of a workflow; `raw` becomes the `raw` of the result. */
export async function executionInfoFromRaw<T>(
  info: RawWorkflowExecutionInfo,
  dataConverter: LoadedDataConverter,
  raw: T,
  namespace: string,
): Promise<Replace<WorkflowExecutionInfo, { raw: T }>> {
  const { workflowId = "", runId = "" } = info.execution ?? {};
  const code = info.status ?? WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED;
  return {
    type: info.type?.name ?? "",
    workflowId,
    runId,
    taskQueue: info.taskQueue ?? "",
    status: { code, name: statusName(code) },
    historyLength: info.historyLength?.toNumber() ?? 0,
    historySize: info.historySizeBytes?.toNumber() || undefined,
    startTime: requiredTsToDate(info.startTime, "startTime"),
    executionTime: optionalTsToDate(info.executionTime),
    closeTime: optionalTsToDate(info.closeTime),
    memo: await decodeMapFromPayloads(dataConverter, info.memo?.fields, { type: "workflow", namespace, workflowId }),
    searchAttributes: decodeSearchAttributes(info.searchAttributes?.indexedFields),
    typedSearchAttributes: decodeTypedSearchAttributes(info.searchAttributes?.indexedFields),
    parentExecution: execution(info.parentExecution),
    rootExecution: execution(info.rootExecution),
    raw,
    priority: decodePriority(info.priority),
  };
}

/** The counts in the server's message. */
export function decodeCountWorkflowExecutionsResponse(
  response: CountWorkflowExecutionsResponse,
): CountWorkflowExecution {
  const groups = (response.groups ?? []).map((group) => ({
    count: group.count?.toNumber() ?? 0,
    groupValues: (group.groupValues ?? []).map((value) => searchAttributePayloadConverter.fromPayload<any>(value)),
  }));
  return { count: response.count?.toNumber() ?? 0, groups };
}

/** The details that came with an error of the server: encoded messages and their types. */
export function getGrpcStatusDetails(error: GrpcServiceError): { type: string; value: Uint8Array }[] {
  const status = error.metadata.get("grpc-status-details-bin")[0];
  if (!status) return [];
  return detailsOf(Status.decode(status));
}

function detailsOf(status: {
  details?: { typeUrl?: string; value?: Uint8Array }[];
}): { type: string; value: Uint8Array }[] {
  return (status.details ?? []).map(({ typeUrl, value }) => ({
    type: (typeUrl ?? "").replace(/^type\.googleapis\.com\//, ""),
    value: value ?? new Uint8Array(),
  }));
}

/** Throws a more telling error if the details say which; otherwise does nothing. */
export function rethrowKnownErrorTypes(error: GrpcServiceError): void {
  for (const { type, value } of getGrpcStatusDetails(error)) {
    if (type === "temporal.api.errordetails.v1.NamespaceNotFoundFailure") {
      throw new NamespaceNotFoundError(NamespaceNotFoundFailure.decode(value).namespace ?? "");
    }
  }
}

/**
 * Gives the error of an RPC with several operations the code and the words of the operation that failed; leaves others
 * alone, and returns false.
 */
export function unwrapMultiOperationError(error: unknown): boolean {
  if (!isGrpcServiceError(error)) return false;
  for (const { type, value } of getGrpcStatusDetails(error)) {
    if (type !== "temporal.api.errordetails.v1.MultiOperationExecutionFailure") continue;
    // One status per operation: the others are "aborted" because of the one that failed.
    const failed = MultiOperationExecutionFailure.decode(value).statuses?.find(
      (status) =>
        status.code &&
        !detailsOf(status).some((item) => item.type === "temporal.api.failure.v1.MultiOperationExecutionAborted"),
    );
    if (!failed) continue;
    error.code = failed.code!;
    error.details = failed.message ?? error.details;
    error.message = failed.message ?? error.message;
    return true;
  }
  return false;
}

/**
 * Throws what a failed RPC means: `WorkflowNotFoundError`, `NamespaceNotFoundError`, or a `ServiceError` with the
 * cause.
 */
export function rethrowGrpcError(error: unknown, fallbackMessage: string, workflow?: WorkflowExecution): never {
  if (!isGrpcServiceError(error)) {
    if (!(error instanceof Error))
      throw new ServiceError("Unexpected error while making gRPC request", { cause: new Error(String(error)) });
    throw new ServiceError(`Unexpected error while making gRPC request: ${error.message}`, { cause: error });
  }
  rethrowKnownErrorTypes(error);
  if (error.code === GrpcStatus.NOT_FOUND) {
    throw new WorkflowNotFoundError(error.details || "Workflow not found", workflow?.workflowId ?? "", workflow?.runId);
  }
  throw new ServiceError(`${fallbackMessage}: ${error.details}`, { cause: error });
}
