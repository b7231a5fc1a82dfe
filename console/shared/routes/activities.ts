import type { ActivityExecutionListInfo } from "temporal-bun-sdk/proto/temporal/api/activity/v1/message";
import type { DescribeActivityExecutionResponse } from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { duration, filter, input, type Nothing, name, page, priority, reason, retryPolicy, values } from "../schemas";
import type { Count } from "./workflows";

/** Of a workflow's activity: the workflow and its run. Of a standalone one: its run, by default the latest. */
const owner = { workflowId: z.string().optional(), runId: z.string().optional() };
const timeouts = {
  scheduleToCloseTimeout: duration.optional(),
  scheduleToStartTimeout: duration.optional(),
  startToCloseTimeout: duration.optional(),
  heartbeatTimeout: duration.optional(),
};

export const activityRoutes = {
  "GET /ns/:ns/activities": route({
    action: "activity.read",
    summary: "List standalone activities",
    query: filter.extend(page),
    answer: answers<Listing<Json<ActivityExecutionListInfo>>>(),
  }),
  "GET /ns/:ns/activities/count": route({
    action: "activity.read",
    summary: "Count standalone activities by status",
    query: filter.extend({ groupBy: z.string().max(200).default("ExecutionStatus") }),
    answer: answers<Count>(),
  }),
  "POST /ns/:ns/activities": route({
    action: "activity.write",
    summary: "Start a standalone activity",
    body: z
      .object({
        activityId: z.string().max(1000).optional(),
        type: name,
        taskQueue: name,
        input,
        retryPolicy: retryPolicy.optional(),
        priority: priority.optional(),
        searchAttributes: values.optional(),
        summary: z.string().optional(),
      })
      .extend(timeouts),
    answer: answers<{ activityId: string; runId: string }>(),
  }),
  "GET /ns/:ns/activities/:id": route({
    action: "activity.read",
    summary: "Describe a standalone activity, with its outcome if it has one",
    query: z.object({ runId: z.string().optional() }),
    answer: answersWith<DescribeActivityExecutionResponse>(
      "temporal.api.workflowservice.v1.DescribeActivityExecutionResponse",
    ),
  }),
  "POST /ns/:ns/activities/:id/pause": route({
    action: "activity.write",
    summary: "Pause: no further attempt begins",
    body: z.object({ ...owner, reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/unpause": route({
    action: "activity.write",
    summary: "Go on after a pause",
    body: z.object({ ...owner, reason: reason.optional() }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/reset": route({
    action: "activity.write",
    summary: "Begin again with the first attempt",
    body: z.object({
      ...owner,
      keepPaused: z.boolean().default(false),
      resetHeartbeat: z.boolean().default(false),
      restoreOriginalOptions: z.boolean().default(false),
    }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/update-options": route({
    action: "activity.write",
    summary: "Change task queue, timeouts or retry policy",
    body: z.object({
      ...owner,
      ...timeouts,
      taskQueue: name.optional(),
      retryPolicy: retryPolicy.optional(),
      restoreOriginal: z.boolean().default(false),
    }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/complete": route({
    action: "activity.write",
    summary: "Complete it with a result, in the place of its worker",
    body: z.object({ ...owner, result: z.unknown() }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/fail": route({
    action: "activity.write",
    summary: "Fail it, in the place of its worker",
    body: z.object({ ...owner, reason, details: z.array(z.unknown()).default([]) }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/cancel": route({
    action: "activity.write",
    summary: "Ask a standalone activity to cancel",
    body: z.object({ runId: z.string().optional(), reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/activities/:id/terminate": route({
    action: "activity.write",
    summary: "End a standalone activity at once",
    body: z.object({ runId: z.string().optional(), reason }),
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/activities/:id": route({
    action: "activity.write",
    summary: "Delete a standalone activity",
    body: z.object({ runId: z.string().optional(), reason }),
    answer: answers<Nothing>(),
  }),
} as const;
export type ActivityRouteKey = keyof typeof activityRoutes;
