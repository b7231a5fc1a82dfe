/** Conversion of schedules to protobuf and back. */

import Long from "long";
import type { LoadedDataConverter } from "../../common/converter/data-converter";
import {
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  encodeUnifiedSearchAttributes,
} from "../../common/converter/payload-search-attributes";
import type { WorkflowSerializationContext } from "../../common/converter/serialization-context";
import type { Headers } from "../../common/interceptors";
import { compilePriority, decodePriority } from "../../common/priority";
import { compileRetryPolicy, decompileRetryPolicy } from "../../common/retry-policy";
import type { SearchAttributePair, SearchAttributes, TypedSearchAttributes } from "../../common/search-attributes";
import {
  msOptionalToTs,
  optionalDateToTs,
  optionalTsToDate,
  optionalTsToMs,
  requiredTsToDate,
  tsToDate,
} from "../../common/time";
import { extractWorkflowType } from "../../common/workflow-options";
import {
  decodeArrayFromPayloads,
  decodeHeaders,
  decodeMapFromPayloads,
  decodeUserMetadata,
  encodeHeaders,
  encodeMapToPayloads,
  encodeToPayloadsWithContext,
  encodeUserMetadata,
} from "../../payloads/codec-helpers";
import { withStorageTarget } from "../../payloads/payload-pipeline";
import type {
  SearchAttributes as ProtoSearchAttributes,
  WorkflowExecution,
} from "../../proto/temporal/api/common/v1/message";
import type {
  BackfillRequest,
  Schedule,
  ScheduleAction,
  ScheduleActionResult,
  ScheduleInfo,
  ScheduleListEntry,
} from "../../proto/temporal/api/schedule/v1/message";
import type { DescribeScheduleResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";
import { TASK_QUEUE_KIND_NORMAL } from "../workflow/workflow-requests";
import { decodeScheduleSpec, encodeScheduleSpec } from "./schedule-spec";
import {
  type Backfill,
  type CompiledScheduleAction,
  type CompiledScheduleOptions,
  decodeScheduleOverlapPolicy,
  encodeScheduleOverlapPolicy,
  type ScheduleDescription,
  type ScheduleDescriptionAction,
  type ScheduleExecutionResult,
  type ScheduleExecutionStartWorkflowActionResult,
  type ScheduleOptionsAction,
  type ScheduleSummary,
} from "./schedule-types";

/** The server's default. */
const DEFAULT_CATCHUP_WINDOW = 60_000;

/** Fills in what is left out of an action. Throws `TypeError` for a workflow that is neither a function nor a name. */
export function compileScheduleAction(action: ScheduleOptionsAction, scheduleId: string): CompiledScheduleAction {
  return {
    ...action,
    workflowType: extractWorkflowType(action.workflowType),
    workflowId: action.workflowId ?? `${scheduleId}-workflow`,
    args: [...(action.args ?? [])],
  };
}

/** Protobuf form of search attributes; undefined if none are given. */
export function encodeScheduleSearchAttributes(options: {
  searchAttributes?: SearchAttributes;
  typedSearchAttributes?: SearchAttributePair[] | TypedSearchAttributes;
}): ProtoSearchAttributes | undefined {
  const { searchAttributes, typedSearchAttributes } = options;
  if (!searchAttributes && !typedSearchAttributes) return undefined;
  return { indexedFields: encodeUnifiedSearchAttributes(searchAttributes, typedSearchAttributes) };
}

/** The converter for what a schedule holds: if it is stored, it belongs to the workflow that is started. */
export function storingForAction(
  converter: LoadedDataConverter,
  namespace: string,
  { workflowId: id, workflowType: type }: CompiledScheduleAction,
): LoadedDataConverter {
  return withStorageTarget(converter, () => ({ kind: "workflow", namespace, id, type }));
}

async function encodeAction(
  converter: LoadedDataConverter,
  namespace: string,
  action: CompiledScheduleAction,
  headers: Headers,
): Promise<ScheduleAction> {
  const { workflowId, memo } = action;
  const dataConverter = storingForAction(converter, namespace, action);
  const context: WorkflowSerializationContext = { type: "workflow", namespace, workflowId };
  return {
    startWorkflow: {
      workflowId,
      workflowType: { name: action.workflowType },
      input: { payloads: await encodeToPayloadsWithContext(dataConverter, context, action.args) },
      taskQueue: { kind: TASK_QUEUE_KIND_NORMAL, name: action.taskQueue },
      workflowExecutionTimeout: msOptionalToTs(action.workflowExecutionTimeout, "workflowExecutionTimeout"),
      workflowRunTimeout: msOptionalToTs(action.workflowRunTimeout, "workflowRunTimeout"),
      workflowTaskTimeout: msOptionalToTs(action.workflowTaskTimeout, "workflowTaskTimeout"),
      retryPolicy: action.retry && compileRetryPolicy(action.retry),
      memo: memo && { fields: await encodeMapToPayloads(dataConverter, memo, context) },
      searchAttributes: encodeScheduleSearchAttributes(action),
      header: { fields: await encodeHeaders(dataConverter, headers, context) },
      userMetadata: await encodeUserMetadata(dataConverter, action.staticSummary, action.staticDetails, context),
      priority: action.priority && compilePriority(action.priority),
    },
  };
}

/** The schedule that options describe. `headers` go with the workflows that it starts. */
export async function encodeSchedule(
  dataConverter: LoadedDataConverter,
  namespace: string,
  { spec, action, policies, state }: Pick<CompiledScheduleOptions, "spec" | "action" | "policies" | "state">,
  headers: Headers,
): Promise<Schedule> {
  const { remainingActions } = state ?? {};
  return {
    spec: encodeScheduleSpec(spec),
    action: await encodeAction(dataConverter, namespace, action, headers),
    policies: {
      overlapPolicy: encodeScheduleOverlapPolicy(policies?.overlap),
      catchupWindow: msOptionalToTs(policies?.catchupWindow, "catchupWindow"),
      pauseOnFailure: policies?.pauseOnFailure,
    },
    state: {
      paused: state?.paused,
      notes: state?.note,
      limitedActions: remainingActions !== undefined,
      remainingActions: remainingActions === undefined ? undefined : Long.fromNumber(remainingActions),
    },
  };
}

/** Protobuf form of backfills. */
export function encodeBackfills(backfills: Backfill[]): BackfillRequest[] {
  return backfills.map(({ start, end, overlap }) => ({
    startTime: optionalDateToTs(start, "start"),
    endTime: optionalDateToTs(end, "end"),
    overlapPolicy: encodeScheduleOverlapPolicy(overlap),
  }));
}

/** The headers of the workflows that a schedule starts; no part of its description. */
export async function decodeScheduleHeaders(
  dataConverter: LoadedDataConverter,
  namespace: string,
  { action }: Schedule,
): Promise<Headers> {
  const { workflowId = "", header } = action?.startWorkflow ?? {};
  return decodeHeaders(dataConverter, header?.fields ?? {}, { type: "workflow", namespace, workflowId });
}

async function decodeAction(
  dataConverter: LoadedDataConverter,
  namespace: string,
  { startWorkflow }: ScheduleAction,
): Promise<ScheduleDescriptionAction> {
  if (!startWorkflow)
    throw new TypeError("The schedule's action is none that this version knows: it does not start a workflow");
  const workflowId = startWorkflow.workflowId ?? "";
  const context: WorkflowSerializationContext = { type: "workflow", namespace, workflowId };
  const indexedFields = startWorkflow.searchAttributes?.indexedFields;
  return {
    type: "startWorkflow",
    workflowId,
    workflowType: startWorkflow.workflowType?.name ?? "",
    taskQueue: startWorkflow.taskQueue?.name ?? "",
    args: await decodeArrayFromPayloads(dataConverter, startWorkflow.input?.payloads, context),
    memo: await decodeMapFromPayloads(dataConverter, startWorkflow.memo?.fields, context),
    retry: decompileRetryPolicy(startWorkflow.retryPolicy),
    searchAttributes: decodeSearchAttributes(indexedFields),
    typedSearchAttributes: decodeTypedSearchAttributes(indexedFields),
    workflowExecutionTimeout: optionalTsToMs(startWorkflow.workflowExecutionTimeout),
    workflowRunTimeout: optionalTsToMs(startWorkflow.workflowRunTimeout),
    workflowTaskTimeout: optionalTsToMs(startWorkflow.workflowTaskTimeout),
    ...(await decodeUserMetadata(dataConverter, startWorkflow.userMetadata, context)),
    priority: decodePriority(startWorkflow.priority),
  };
}

function decodeExecution(execution: WorkflowExecution): ScheduleExecutionStartWorkflowActionResult {
  return {
    type: "startWorkflow",
    workflow: { workflowId: execution.workflowId ?? "", firstExecutionRunId: execution.runId ?? "" },
  };
}

function decodeRecentAction({
  scheduleTime,
  actualTime,
  startWorkflowResult,
}: ScheduleActionResult): ScheduleExecutionResult {
  if (!startWorkflowResult)
    throw new TypeError("An action of the schedule is none that this version knows: it did not start a workflow");
  return {
    scheduledAt: requiredTsToDate(scheduleTime, "scheduleTime"),
    takenAt: requiredTsToDate(actualTime, "actualTime"),
    action: decodeExecution(startWorkflowResult),
  };
}

function decodeTimes({ recentActions, futureActionTimes }: Pick<ScheduleInfo, "recentActions" | "futureActionTimes">) {
  return {
    recentActions: (recentActions ?? []).map(decodeRecentAction),
    nextActionTimes: (futureActionTimes ?? []).map(tsToDate),
  };
}

/** What the server's list says of a schedule. */
export async function decodeScheduleSummary(
  dataConverter: LoadedDataConverter,
  entry: ScheduleListEntry,
): Promise<ScheduleSummary> {
  const info = entry.info ?? {};
  return {
    scheduleId: entry.scheduleId ?? "",
    spec: decodeScheduleSpec(info.spec ?? {}),
    action: info.workflowType && { type: "startWorkflow", workflowType: info.workflowType.name ?? "" },
    memo: await decodeMapFromPayloads(dataConverter, entry.memo?.fields),
    searchAttributes: decodeSearchAttributes(entry.searchAttributes?.indexedFields),
    typedSearchAttributes: decodeTypedSearchAttributes(entry.searchAttributes?.indexedFields),
    state: { paused: info.paused === true, note: info.notes },
    info: decodeTimes(info),
  };
}

/** What the server's description says of a schedule. */
export async function decodeScheduleDescription(
  dataConverter: LoadedDataConverter,
  namespace: string,
  scheduleId: string,
  raw: DescribeScheduleResponse,
): Promise<ScheduleDescription> {
  const { schedule, info = {} } = raw;
  if (!schedule?.spec || !schedule.action)
    throw new TypeError(`The server's description of schedule '${scheduleId}' has no spec or no action`);
  const { policies, state } = schedule;
  return {
    scheduleId,
    spec: decodeScheduleSpec(schedule.spec),
    action: await decodeAction(dataConverter, namespace, schedule.action),
    memo: await decodeMapFromPayloads(dataConverter, raw.memo?.fields),
    searchAttributes: decodeSearchAttributes(raw.searchAttributes?.indexedFields),
    typedSearchAttributes: decodeTypedSearchAttributes(raw.searchAttributes?.indexedFields),
    policies: {
      overlap: decodeScheduleOverlapPolicy(policies?.overlapPolicy) ?? "SKIP",
      catchupWindow: optionalTsToMs(policies?.catchupWindow) ?? DEFAULT_CATCHUP_WINDOW,
      pauseOnFailure: policies?.pauseOnFailure === true,
    },
    state: {
      paused: state?.paused === true,
      note: state?.notes,
      remainingActions: state?.limitedActions ? (state.remainingActions?.toNumber() ?? 0) : undefined,
    },
    info: {
      ...decodeTimes(info),
      numActionsTaken: info.actionCount?.toNumber() ?? 0,
      numActionsMissedCatchupWindow: info.missedCatchupWindow?.toNumber() ?? 0,
      numActionsSkippedOverlap: info.overlapSkipped?.toNumber() ?? 0,
      createdAt: requiredTsToDate(info.createTime, "createTime"),
      lastUpdatedAt: optionalTsToDate(info.updateTime),
      runningActions: (info.runningWorkflows ?? []).map(decodeExecution),
    },
    raw,
  };
}
