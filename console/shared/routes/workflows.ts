import type { HistoryEvent } from "temporal-bun-sdk/proto/temporal/api/history/v1/message";
import type {
  DescribeWorkflowExecutionResponse,
  UpdateWorkflowExecutionOptionsResponse,
} from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { PayloadView } from "../json";
import { answers, answersWith, route } from "../route";
import {
  duration,
  filter,
  input,
  type Nothing,
  name,
  page,
  priority,
  reason,
  retryPolicy,
  values,
  version,
} from "../schemas";

/** A run in a list. */
export interface WorkflowRow {
  workflowId: string;
  runId: string;
  type: string;
  /** "Running", "Completed", "Failed", "Canceled", "Terminated", "ContinuedAsNew", "TimedOut", "Paused". */
  status: string;
  taskQueue: string;
  startTime?: string;
  closeTime?: string;
  historyLength: number;
  parent?: { workflowId: string; runId: string };
  /** Names to values. */
  searchAttributes?: Record<string, unknown>;
}

export interface WorkflowList {
  rows: WorkflowRow[];
  next?: string;
}

/** How many there are, by status unless the query groups by something else. */
export interface Count {
  count: number;
  groups: { value: unknown; count: number }[];
}

/** A row of a history: without what payloads say. */
export interface EventRow {
  id: number;
  time: string;
  /** For example "ActivityTaskScheduled". */
  type: string;
  /** Who belongs together, for example "activity:5" for all events of the activity that event 5 scheduled. */
  group?: string;
  /** Name of what it is about: an activity's type, a timer's id, a signal's name … */
  name?: string;
  /** What a person reads first: a failure's message, an attempt, a timeout. */
  detail?: string;
}

export interface HistoryPage {
  events: EventRow[];
  next?: string;
}

export interface Started {
  workflowId: string;
  runId: string;
  /** False if a run with this id was there already and the policy said to use it. */
  started?: boolean;
  /** Of an update that was sent along and waited for. */
  update?: UpdateOutcome;
}

export interface UpdateOutcome {
  updateId: string;
  /** "Admitted", "Accepted", "Completed". */
  stage: string;
  result?: PayloadView[];
  failure?: unknown;
}

export interface RelatedRun {
  workflowId: string;
  runId: string;
  type?: string;
  status?: string;
}

/** The workflows around a run: each knows its parent, so a tree comes of it. */
export interface Relations {
  root?: RelatedRun;
  parent?: RelatedRun;
  children: RelatedRun[];
  /** There are more than the first 200. */
  more: boolean;
}

const message = z.object({ name, input });
export const waitStage = z.enum(["Admitted", "Accepted", "Completed"]);
const update = message.extend({ updateId: z.string().optional(), wait: waitStage.default("Completed") });

const start = z.object({
  workflowId: z.string().max(1000).optional(),
  type: name,
  taskQueue: name,
  input,
  conflictPolicy: z.enum(["Fail", "UseExisting", "TerminateExisting"]).optional(),
  reusePolicy: z.enum(["AllowDuplicate", "AllowDuplicateFailedOnly", "RejectDuplicate"]).optional(),
  executionTimeout: duration.optional(),
  runTimeout: duration.optional(),
  taskTimeout: duration.optional(),
  startDelay: duration.optional(),
  cronSchedule: z.string().optional(),
  retryPolicy: retryPolicy.optional(),
  memo: values.optional(),
  searchAttributes: values.optional(),
  priority: priority.optional(),
  summary: z.string().optional(),
  details: z.string().optional(),
  /** Signal-with-start. */
  signal: message.optional(),
  /** Update-with-start. */
  update: update.optional(),
});

export const versioningOverride = z.union([z.literal("AutoUpgrade"), version, z.null()]);

export const workflowRoutes = {
  "GET /ns/:ns/workflows": route({
    action: "workflow.read",
    summary: "List workflows, the newest first",
    query: filter.extend(page),
    answer: answers<WorkflowList>(),
  }),
  "GET /ns/:ns/workflows/count": route({
    action: "workflow.read",
    summary: "Count workflows by status",
    query: filter.extend({ groupBy: z.string().max(200).default("ExecutionStatus") }),
    answer: answers<Count>(),
  }),
  "POST /ns/:ns/workflows": route({
    action: "workflow.start",
    summary: "Start a workflow; with a signal or an update if there is one",
    body: start,
    also: ({ signal, update }) => [
      ...(signal === undefined ? [] : (["workflow.signal"] as const)),
      ...(update === undefined ? [] : (["workflow.update"] as const)),
    ],
    answer: answers<Started>(),
  }),
  "GET /ns/:ns/workflows/:id/:run": route({
    action: "workflow.read",
    summary: "Describe a run; `latest` stands for the latest run of the id",
    answer: answersWith<DescribeWorkflowExecutionResponse>(
      "temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse",
    ),
  }),
  "GET /ns/:ns/workflows/:id/:run/history": route({
    action: "workflow.read",
    summary: "A page of the history as columns, the newest event first",
    query: z.object({
      ...page,
      pageSize: page.pageSize.default(200),
      order: z.enum(["newest", "oldest"]).default("newest"),
    }),
    answer: answers<HistoryPage>(),
  }),
  "GET /ns/:ns/workflows/:id/:run/history/:event": route({
    action: "workflow.read",
    summary: "One event with all that is in it",
    answer: answersWith<HistoryEvent>("temporal.api.history.v1.HistoryEvent"),
  }),
  "GET /ns/:ns/workflows/:id/:run/download": route({
    action: "payload.read",
    audited: true,
    summary: "The whole history as the JSON that replays read, its payloads as the server keeps them",
    answer: answers<{ events: unknown[] }>(),
  }),
  "GET /ns/:ns/workflows/:id/:run/relations": route({
    action: "workflow.read",
    summary: "Root, parent and children",
    answer: answers<Relations>(),
  }),
  "GET /ns/:ns/workflows/:id/:run/updates/:update": route({
    action: "workflow.read",
    summary: "How far an update is, and its result",
    answer: answers<UpdateOutcome>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/query": route({
    action: "workflow.query",
    summary: "Ask a query",
    body: message.extend({ rejectIf: z.enum(["NotOpen", "NotCompletedCleanly"]).optional() }),
    answer: answers<{ result: PayloadView[]; rejected?: string }>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/signal": route({
    action: "workflow.signal",
    summary: "Send a signal",
    body: message,
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/update": route({
    action: "workflow.update",
    summary: "Send an update, and wait for it",
    body: update,
    answer: answers<UpdateOutcome>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/cancel": route({
    action: "workflow.cancel",
    summary: "Ask the workflow to cancel",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/terminate": route({
    action: "workflow.terminate",
    summary: "End the workflow at once",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/reset": route({
    action: "workflow.reset",
    summary: "Begin again from an event, as a new run",
    body: z.object({
      reason,
      to: z.union([
        z.object({ eventId: z.number().int().min(1) }),
        z.object({ at: z.enum(["FirstWorkflowTask", "LastWorkflowTask", "LastContinuedAsNew"]) }),
        z.object({ buildId: name }),
      ]),
      /** What is not applied again. */
      exclude: z.array(z.enum(["Signal", "Update", "Nexus", "CancelRequest"])).default([]),
      versioningOverride: versioningOverride.optional(),
    }),
    also: ({ versioningOverride }) => (versioningOverride === undefined ? [] : ["workflow.options"]),
    answer: answers<{ runId: string }>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/pause": route({
    action: "workflow.pause",
    summary: "Pause: no new task is given out",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/unpause": route({
    action: "workflow.pause",
    summary: "Go on after a pause",
    body: z.object({ reason: reason.optional() }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/workflows/:id/:run/options": route({
    action: "workflow.options",
    summary: "Change the versioning override or the priority of a running workflow",
    body: z.object({ versioningOverride: versioningOverride.optional(), priority: priority.optional() }),
    answer: answersWith<UpdateWorkflowExecutionOptionsResponse>(
      "temporal.api.workflowservice.v1.UpdateWorkflowExecutionOptionsResponse",
    ),
  }),
  "DELETE /ns/:ns/workflows/:id/:run": route({
    action: "workflow.delete",
    summary: "Delete the run and its history",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
} as const;

export type WorkflowRouteKey = keyof typeof workflowRoutes;
