import type { Info } from "../../activity";
import { decodePriority, decompileRetryPolicy } from "../../common";
import { optionalTsToMs } from "../../common/time";
import type { Start } from "../../proto/temporal/sdk/core/activity_task/activity_task";

/** What {@link activityInfo} can't read from the task itself. */
interface ActivityInfoContext {
  /** Task queue of the Worker. */
  taskQueue: string;
  /** Namespace of the Worker. */
  namespace: string;
  /** Details of the last heartbeat, decoded. */
  heartbeatDetails: unknown;
}

/** The `Info` of an activity, from the task that starts it. */
export function activityInfo(
  taskToken: Uint8Array,
  start: Start,
  { taskQueue, namespace, heartbeatDetails }: ActivityInfoContext,
): Info {
  const { workflowId, runId } = start.workflowExecution ?? {};
  const inWorkflow = workflowId !== undefined && workflowId !== "";
  return {
    taskToken,
    base64TaskToken: base64(taskToken),
    taskQueue,
    activityId: start.activityId ?? "",
    activityType: start.activityType ?? "",
    activityNamespace: namespace,
    namespace: start.workflowNamespace || namespace,
    attempt: start.attempt ?? 1,
    isLocal: start.isLocal ?? false,
    inWorkflow,
    scheduledTimestampMs: optionalTsToMs(start.scheduledTime) ?? 0,
    currentAttemptScheduledTimestampMs: optionalTsToMs(start.currentAttemptScheduledTime) ?? 0,
    scheduleToCloseTimeoutMs: optionalTsToMs(start.scheduleToCloseTimeout) ?? 0,
    startToCloseTimeoutMs: optionalTsToMs(start.startToCloseTimeout) ?? 0,
    heartbeatDetails,
    heartbeatTimeoutMs: optionalTsToMs(start.heartbeatTimeout),
    priority: decodePriority(start.priority),
    retryPolicy: start.retryPolicy === undefined ? undefined : decompileRetryPolicy(start.retryPolicy),
    workflowExecution: inWorkflow ? { workflowId, runId: runId ?? "" } : undefined,
    workflowType: inWorkflow ? (start.workflowType ?? "") : undefined,
    workflowNamespace: inWorkflow ? (start.workflowNamespace ?? namespace) : undefined,
    activityRunId: inWorkflow ? undefined : (start.runId ?? ""),
  };
}

/** The attributes that every log record about an activity carries. */
export function activityLogAttributes(info: Info): Record<string, unknown> {
  return {
    isLocal: info.isLocal,
    attempt: info.attempt,
    namespace: info.namespace,
    taskToken: info.base64TaskToken,
    activityId: info.activityId,
    activityType: info.activityType,
    taskQueue: info.taskQueue,
    ...(info.workflowExecution === undefined
      ? { activityRunId: info.activityRunId }
      : {
          workflowId: info.workflowExecution.workflowId,
          workflowRunId: info.workflowExecution.runId,
          workflowType: info.workflowType,
        }),
  };
}

/** Bytes as base64 text. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
