/** Conversion of standalone activities to protobuf and back. */

import type { LoadedDataConverter } from "../../common/converter/data-converter";
import {
  decodeTypedSearchAttributes,
  encodeUnifiedSearchAttributes,
} from "../../common/converter/payload-search-attributes";
import type { ActivitySerializationContext } from "../../common/converter/serialization-context";
import { compilePriority, decodePriority } from "../../common/priority";
import { compileRetryPolicy, decompileRetryPolicy } from "../../common/retry-policy";
import { msOptionalToNumber, msOptionalToTs, optionalTsToDate, optionalTsToMs } from "../../common/time";
import { convertDeploymentVersion } from "../../common/worker-deployments";
import {
  decodeArrayFromPayloads,
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  encodeHeaders,
  encodeToPayloadsWithContext,
  encodeUserMetadata,
} from "../../payloads/codec-helpers";
import { withStorageTarget } from "../../payloads/payload-pipeline";
import type {
  ActivityOptions as ProtoOptions,
  ActivityExecutionInfo as RawInfo,
  ActivityExecutionListInfo as RawListInfo,
} from "../../proto/temporal/api/activity/v1/message";
import type {
  DescribeActivityExecutionResponse,
  StartActivityExecutionRequest,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { type InternalActivityStartOptions, InternalActivityStartOptionsSymbol } from "../internal";
import type { RequestSource } from "../workflow/workflow-requests";
import type { ActivityStartInput } from "./activity-interceptors";
import type { ActivityOptions, ActivityOptionsUpdate, ActivityOptionsUpdateResult } from "./activity-options";
import {
  type ActivityExecutionDescription,
  type ActivityExecutionInfo,
  decodeActivityExecutionStatus,
  decodePendingActivityState,
  encodeActivityIdConflictPolicy,
  encodeActivityIdReusePolicy,
} from "./activity-types";

/** Whose payloads are converted when they belong to a standalone activity. */
export function activityContext(namespace: string, activityId: string): ActivitySerializationContext {
  return { type: "activity", namespace, activityId, isLocal: false };
}

/** Throws `TypeError` if something that is needed is missing. */
export function validateActivityOptions(options: ActivityOptions): void {
  if (!options.id) throw new TypeError("id is required in ActivityOptions");
  if (!options.taskQueue) throw new TypeError("taskQueue is required in ActivityOptions");
  if (!options.scheduleToCloseTimeout && !options.startToCloseTimeout) {
    throw new TypeError("Either scheduleToCloseTimeout or startToCloseTimeout is required in ActivityOptions");
  }
  if ((msOptionalToNumber(options.startDelay, "startDelay") ?? 0) < 0)
    throw new TypeError(`startDelay must be non-negative, got ${options.startDelay}`);
}

/** The request that starts an activity. */
export async function startActivityRequest(
  source: RequestSource,
  input: ActivityStartInput,
): Promise<StartActivityExecutionRequest> {
  const { namespace, identity } = source;
  const { activityType, options, headers } = input;
  const dataConverter = withStorageTarget(source.dataConverter, () => ({
    kind: "activity",
    namespace,
    id: options.id,
    type: activityType,
  }));
  const { typedSearchAttributes } = options;
  const internal = (options as InternalActivityStartOptions)[InternalActivityStartOptionsSymbol];
  const context = activityContext(namespace, options.id);
  return {
    namespace,
    identity,
    requestId: internal?.requestId ?? crypto.randomUUID(),
    activityId: options.id,
    activityType: { name: activityType },
    taskQueue: { name: options.taskQueue },
    scheduleToCloseTimeout: msOptionalToTs(options.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
    scheduleToStartTimeout: msOptionalToTs(options.scheduleToStartTimeout, "scheduleToStartTimeout"),
    startToCloseTimeout: msOptionalToTs(options.startToCloseTimeout, "startToCloseTimeout"),
    heartbeatTimeout: msOptionalToTs(options.heartbeatTimeout, "heartbeatTimeout"),
    startDelay: msOptionalToTs(options.startDelay, "startDelay"),
    retryPolicy: options.retry && compileRetryPolicy(options.retry),
    input: {
      payloads: await encodeToPayloadsWithContext(
        dataConverter,
        context,
        [...(options.args ?? [])],
        options.typeInfo?.inputTypes,
      ),
    },
    idReusePolicy: encodeActivityIdReusePolicy(options.idReusePolicy),
    idConflictPolicy: encodeActivityIdConflictPolicy(options.idConflictPolicy),
    searchAttributes: typedSearchAttributes && {
      indexedFields: encodeUnifiedSearchAttributes(undefined, typedSearchAttributes),
    },
    header: { fields: await encodeHeaders(dataConverter, headers, context) },
    userMetadata: await encodeUserMetadata(dataConverter, options.summary, undefined, context),
    priority: options.priority && compilePriority(options.priority),
    completionCallbacks: internal?.completionCallbacks,
    links: internal?.links,
    onConflictOptions: internal?.onConflictOptions,
  };
}

/** The options to change, and the paths of those that are changed: null takes one away. */
export function encodeActivityOptionsUpdate(update: ActivityOptionsUpdate): {
  activityOptions: ProtoOptions;
  updateMask: string[];
} {
  const { taskQueue, retry, priority } = update;
  const activityOptions: ProtoOptions = {
    taskQueue: taskQueue == null ? undefined : { name: taskQueue },
    scheduleToCloseTimeout: msOptionalToTs(update.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
    scheduleToStartTimeout: msOptionalToTs(update.scheduleToStartTimeout, "scheduleToStartTimeout"),
    startToCloseTimeout: msOptionalToTs(update.startToCloseTimeout, "startToCloseTimeout"),
    heartbeatTimeout: msOptionalToTs(update.heartbeatTimeout, "heartbeatTimeout"),
    retryPolicy: retry ? compileRetryPolicy(retry) : undefined,
    priority: priority ? compilePriority(priority) : undefined,
    startDelay: msOptionalToTs(update.startDelay, "startDelay"),
  };
  const given: [path: string, isGiven: boolean][] = [
    // The task queue cannot be taken away.
    ["task_queue.name", taskQueue != null],
    ["schedule_to_close_timeout", update.scheduleToCloseTimeout !== undefined],
    ["schedule_to_start_timeout", update.scheduleToStartTimeout !== undefined],
    ["start_to_close_timeout", update.startToCloseTimeout !== undefined],
    ["heartbeat_timeout", update.heartbeatTimeout !== undefined],
    ["retry_policy", retry !== undefined],
    ["priority", priority !== undefined],
    ["start_delay", update.startDelay !== undefined],
  ];
  return { activityOptions, updateMask: given.filter(([, isGiven]) => isGiven).map(([path]) => path) };
}

/** The options in the server's message. */
export function decodeActivityOptions(options: ProtoOptions = {}): ActivityOptionsUpdateResult {
  return {
    taskQueue: options.taskQueue?.name || undefined,
    scheduleToCloseTimeout: optionalTsToMs(options.scheduleToCloseTimeout),
    scheduleToStartTimeout: optionalTsToMs(options.scheduleToStartTimeout),
    startToCloseTimeout: optionalTsToMs(options.startToCloseTimeout),
    heartbeatTimeout: optionalTsToMs(options.heartbeatTimeout),
    retry: decompileRetryPolicy(options.retryPolicy),
    priority: options.priority && decodePriority(options.priority),
    startDelay: optionalTsToMs(options.startDelay),
  };
}

function decodeCommonInfo(info: RawInfo | RawListInfo): ActivityExecutionInfo {
  return {
    activityId: info.activityId ?? "",
    activityRunId: info.runId ?? "",
    activityType: info.activityType?.name ?? "",
    scheduleTime: optionalTsToDate(info.scheduleTime),
    closeTime: optionalTsToDate(info.closeTime),
    status: decodeActivityExecutionStatus(info.status)!,
    typedSearchAttributes: decodeTypedSearchAttributes(info.searchAttributes?.indexedFields),
    taskQueue: info.taskQueue ?? "",
    executionDurationMs: optionalTsToMs(info.executionDuration),
    executionTime: optionalTsToDate(info.executionTime),
  };
}

/** What the server's list says of an activity. */
export function decodeActivityListInfo(info: RawListInfo): ActivityExecutionInfo {
  return { ...decodeCommonInfo(info), rawListInfo: info };
}

/** What the server's description says of an activity. */
export function decodeActivityDescription(
  dataConverter: LoadedDataConverter,
  context: ActivitySerializationContext,
  info: RawInfo,
  { input, outcome, callbacks = [] }: DescribeActivityExecutionResponse,
): ActivityExecutionDescription {
  const isThere = (payloads: { payloads?: unknown[] } | undefined) => (payloads?.payloads?.length ?? 0) > 0;
  const first = <T>(payloads: typeof input) =>
    decodeFromPayloadsAtIndex<T>(dataConverter, 0, payloads?.payloads, context);
  const error = (failure: typeof info.lastFailure) =>
    decodeOptionalFailureToOptionalError(dataConverter, failure, context);
  const hasInput = isThere(input);
  return {
    ...decodeCommonInfo(info),
    rawInfo: info,
    rawCallbacks: callbacks,
    runState: decodePendingActivityState(info.runState),
    scheduleToCloseTimeoutMs: optionalTsToMs(info.scheduleToCloseTimeout),
    scheduleToStartTimeoutMs: optionalTsToMs(info.scheduleToStartTimeout),
    startToCloseTimeoutMs: optionalTsToMs(info.startToCloseTimeout),
    heartbeatTimeoutMs: optionalTsToMs(info.heartbeatTimeout),
    retryPolicy: decompileRetryPolicy(info.retryPolicy) ?? {},
    lastHeartbeatTime: optionalTsToDate(info.lastHeartbeatTime),
    lastStartedTime: optionalTsToDate(info.lastStartedTime),
    attempt: info.attempt ?? 0,
    expirationTime: optionalTsToDate(info.expirationTime),
    lastWorkerIdentity: info.lastWorkerIdentity || undefined,
    currentRetryIntervalMs: optionalTsToMs(info.currentRetryInterval),
    lastAttemptCompleteTime: optionalTsToDate(info.lastAttemptCompleteTime),
    nextAttemptScheduleTime: optionalTsToDate(info.nextAttemptScheduleTime),
    lastDeploymentVersion: convertDeploymentVersion(info.lastDeploymentVersion),
    priority: decodePriority(info.priority),
    canceledReason: info.canceledReason || undefined,
    startDelayMs: optionalTsToMs(info.startDelay),
    totalHeartbeatCount: info.totalHeartbeatCount?.toNumber() || undefined,
    hasHeartbeatDetails: isThere(info.heartbeatDetails),
    hasLastFailure: info.lastFailure !== undefined,
    hasInput,
    hasResult: isThere(outcome?.result),
    hasOutcomeFailure: outcome?.failure !== undefined,
    getHeartbeatDetails: () => first(info.heartbeatDetails),
    getLastFailure: () => error(info.lastFailure),
    getInput: async <T>() =>
      hasInput ? ((await decodeArrayFromPayloads(dataConverter, input?.payloads, context)) as T) : undefined,
    getResult: () => first(outcome?.result),
    getOutcomeFailure: () => error(outcome?.failure),
  };
}
