import type { ScheduleListEntry } from "temporal-bun-sdk/proto/temporal/api/schedule/v1/message";
import type { DescribeScheduleResponse } from "temporal-bun-sdk/proto/temporal/api/workflowservice/v1/request_response";
import { z } from "zod";
import type { Json, Listing } from "../json";
import { answers, answersWith, route } from "../route";
import { duration, filter, type Nothing, name, page, reason, retryPolicy, time, values } from "../schemas";
import type { Count } from "./workflows";

const overlap = z.enum(["Skip", "BufferOne", "BufferAll", "CancelOther", "TerminateOther", "AllowAll"]);
/** Numbers, ranges and names as Temporal's calendars have them: "1-5", "Mon,Wed", "*". */
const calendar = z.object({
  second: z.string().optional(),
  minute: z.string().optional(),
  hour: z.string().optional(),
  dayOfMonth: z.string().optional(),
  month: z.string().optional(),
  year: z.string().optional(),
  dayOfWeek: z.string().optional(),
  comment: z.string().optional(),
});

const schedule = z.object({
  spec: z.object({
    calendars: z.array(calendar).default([]),
    intervals: z.array(z.object({ every: duration, offset: duration.optional() })).default([]),
    cron: z.array(z.string()).default([]),
    exclude: z.array(calendar).default([]),
    startAt: time.optional(),
    endAt: time.optional(),
    jitter: duration.optional(),
    timeZone: z.string().optional(),
  }),
  action: z.object({
    workflowId: name,
    type: name,
    taskQueue: name,
    /** Left out when a schedule is changed, it stays as it is. */
    input: z.array(z.unknown()).max(100).optional(),
    executionTimeout: duration.optional(),
    runTimeout: duration.optional(),
    taskTimeout: duration.optional(),
    retryPolicy: retryPolicy.optional(),
  }),
  policies: z
    .object({
      overlap: overlap.optional(),
      catchupWindow: duration.optional(),
      pauseOnFailure: z.boolean().optional(),
    })
    .default({}),
  note: z.string().default(""),
  paused: z.boolean().default(false),
  /** How many actions are left; none: no limit. */
  remainingActions: z.number().int().min(1).optional(),
});

export const scheduleRoutes = {
  "GET /ns/:ns/schedules": route({
    action: "schedule.read",
    summary: "List schedules",
    query: filter.extend(page),
    answer: answers<Listing<Json<ScheduleListEntry>>>(),
  }),
  "GET /ns/:ns/schedules/count": route({
    action: "schedule.read",
    summary: "Count schedules",
    query: filter,
    answer: answers<Count>(),
  }),
  "POST /ns/:ns/schedules": route({
    action: "schedule.write",
    summary: "Create a schedule",
    body: schedule.extend({ id: name, memo: values.optional(), searchAttributes: values.optional() }),
    answer: answers<Nothing>(),
  }),
  "GET /ns/:ns/schedules/:id": route({
    action: "schedule.read",
    summary: "Describe a schedule",
    answer: answersWith<DescribeScheduleResponse>("temporal.api.workflowservice.v1.DescribeScheduleResponse"),
  }),
  "GET /ns/:ns/schedules/:id/times": route({
    action: "schedule.read",
    summary: "When it acts between two times",
    query: z.object({ from: time, to: time }),
    answer: answers<{ times: string[] }>(),
  }),
  "PUT /ns/:ns/schedules/:id": route({
    action: "schedule.write",
    summary: "Change a schedule: what is sent takes the place of what was there",
    body: schedule,
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/schedules/:id/trigger": route({
    action: "schedule.write",
    summary: "Act now",
    body: z.object({ overlap: overlap.optional() }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/schedules/:id/pause": route({
    action: "schedule.write",
    summary: "Pause",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/schedules/:id/unpause": route({
    action: "schedule.write",
    summary: "Go on after a pause",
    body: z.object({ reason: reason.default("unpaused") }),
    answer: answers<Nothing>(),
  }),
  "POST /ns/:ns/schedules/:id/backfill": route({
    action: "schedule.write",
    summary: "Act for a time that has passed",
    body: z.object({ from: time, to: time, overlap: overlap.optional() }),
    answer: answers<Nothing>(),
  }),
  "DELETE /ns/:ns/schedules/:id": route({
    action: "schedule.write",
    summary: "Delete a schedule; what it has started goes on",
    body: z.object({ reason }),
    answer: answers<Nothing>(),
  }),
} as const;
export type ScheduleRouteKey = keyof typeof scheduleRoutes;
export type ScheduleBody = z.output<typeof schedule>;
