/** Conversion of standalone Nexus operations from protobuf. */

import type { LoadedDataConverter } from "../../common/converter/data-converter";
import {
  decodeTypedSearchAttributes,
  typedSearchAttributePayloadConverter,
} from "../../common/converter/payload-search-attributes";
import { decode } from "../../common/encoding";
import type { Payload } from "../../common/interfaces";
import type { SearchAttributeType, TypedSearchAttributeValue } from "../../common/search-attributes";
import { optionalTsToDate, optionalTsToMs } from "../../common/time";
import { decodeOptionalFailureToOptionalError, decodeUserMetadata } from "../../payloads/codec-helpers";
import type { CountNexusOperationExecutionsResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";
import { ServiceError } from "../errors";
import {
  decodeNexusOperationCancellationState,
  decodeNexusOperationExecutionStatus,
  decodePendingNexusOperationState,
  type NexusOperationExecution,
  type NexusOperationExecutionCancellationInfo,
  type NexusOperationExecutionCount,
  type NexusOperationExecutionDescription,
  type RawNexusOperationExecutionCancellationInfo,
  type RawNexusOperationExecutionInfo,
  type RawNexusOperationExecutionListInfo,
} from "./nexus-types";

function decodeCommonInfo<Raw extends RawNexusOperationExecutionInfo | RawNexusOperationExecutionListInfo>(raw: Raw) {
  return {
    operationId: raw.operationId ?? "",
    runId: raw.runId ?? "",
    endpoint: raw.endpoint ?? "",
    service: raw.service ?? "",
    operation: raw.operation ?? "",
    scheduleTime: optionalTsToDate(raw.scheduleTime),
    closeTime: optionalTsToDate(raw.closeTime),
    status: decodeNexusOperationExecutionStatus(raw.status),
    searchAttributes: decodeTypedSearchAttributes(raw.searchAttributes?.indexedFields),
    stateTransitionCount: raw.stateTransitionCount?.toNumber() ?? 0,
    executionDuration: optionalTsToMs(raw.executionDuration),
    raw,
  };
}

/** What the server's list says of an operation. */
export const decodeNexusOperationListInfo: (raw: RawNexusOperationExecutionListInfo) => NexusOperationExecution =
  decodeCommonInfo;

/** What the server's description says of an operation. */
export async function decodeNexusOperationDescription(
  dataConverter: LoadedDataConverter,
  raw: RawNexusOperationExecutionInfo,
): Promise<NexusOperationExecutionDescription> {
  let metadata: ReturnType<typeof decodeUserMetadata> | undefined;
  const texts = () => (metadata ??= decodeUserMetadata(dataConverter, raw.userMetadata));
  return {
    ...decodeCommonInfo(raw),
    state: decodePendingNexusOperationState(raw.state),
    scheduleToCloseTimeout: optionalTsToMs(raw.scheduleToCloseTimeout),
    scheduleToStartTimeout: optionalTsToMs(raw.scheduleToStartTimeout),
    startToCloseTimeout: optionalTsToMs(raw.startToCloseTimeout),
    attempt: raw.attempt ?? 0,
    expirationTime: optionalTsToDate(raw.expirationTime),
    lastAttemptCompleteTime: optionalTsToDate(raw.lastAttemptCompleteTime),
    nextAttemptScheduleTime: optionalTsToDate(raw.nextAttemptScheduleTime),
    lastAttemptFailure: await decodeOptionalFailureToOptionalError(dataConverter, raw.lastAttemptFailure),
    blockedReason: raw.blockedReason || undefined,
    requestId: raw.requestId ?? "",
    operationToken: raw.operationToken || undefined,
    identity: raw.identity ?? "",
    cancellationInfo: raw.cancellationInfo && (await decodeCancellationInfo(dataConverter, raw.cancellationInfo)),
    staticSummary: async () => (await texts()).staticSummary,
    staticDetails: async () => (await texts()).staticDetails,
  };
}

async function decodeCancellationInfo(
  dataConverter: LoadedDataConverter,
  raw: RawNexusOperationExecutionCancellationInfo,
): Promise<NexusOperationExecutionCancellationInfo> {
  return {
    requestedTime: optionalTsToDate(raw.requestedTime),
    state: decodeNexusOperationCancellationState(raw.state),
    attempt: raw.attempt ?? 0,
    lastAttemptCompleteTime: optionalTsToDate(raw.lastAttemptCompleteTime),
    nextAttemptScheduleTime: optionalTsToDate(raw.nextAttemptScheduleTime),
    lastAttemptFailure: await decodeOptionalFailureToOptionalError(dataConverter, raw.lastAttemptFailure),
    blockedReason: raw.blockedReason || undefined,
    reason: raw.reason ?? "",
    raw,
  };
}

/** The counts in the server's message. */
export function decodeNexusOperationCount({
  count,
  groups = [],
}: CountNexusOperationExecutionsResponse): NexusOperationExecutionCount {
  return {
    count: count?.toNumber() ?? 0,
    groups: groups.map((group) => ({
      count: group.count?.toNumber() ?? 0,
      groupValues: (group.groupValues ?? []).map(decodeGroupValue),
    })),
  };
}

function decodeGroupValue(payload: Payload): TypedSearchAttributeValue<SearchAttributeType> {
  const value = typedSearchAttributePayloadConverter.fromPayload<
    TypedSearchAttributeValue<SearchAttributeType> | undefined
  >(payload);
  if (value) return value;
  const type = payload.metadata?.type;
  throw new ServiceError(
    `The server's count of Nexus operations has a value of no known type: ${type ? `'${decode(type)}'` : "none is given"}`,
  );
}
