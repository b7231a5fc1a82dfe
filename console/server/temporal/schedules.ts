import type { Schedule } from "temporal-bun-sdk/proto/temporal/api/schedule/v1/message";
import type { RawJson } from "../../shared/json";
import type { ScheduleBody, ScheduleRouteKey } from "../../shared/routes/schedules";
import type { Handlers } from "../call";
import { listing } from "./listing";
import { searchAttributes } from "./payloads";
import type { Temporal } from "./temporal";
import { countOf } from "./visibility";

export function scheduleHandlers(temporal: Temporal): Handlers<ScheduleRouteKey> {
  const patch = async (
    { params, identity, requestId }: { params: { ns: string; id: string }; identity: string; requestId: string },
    what: object,
  ) => {
    await temporal.call("patchSchedule", {
      namespace: params.ns,
      scheduleId: params.id,
      patch: what,
      identity,
      requestId,
    });
    return {};
  };

  return {
    "GET /ns/:ns/schedules": (call) =>
      listing(call, (page) =>
        temporal.show(
          "listSchedules",
          {
            namespace: call.params.ns,
            query: call.query.query,
            maximumPageSize: page.pageSize,
            nextPageToken: page.nextPageToken,
          },
          call,
        ),
      )((answer) => answer.schedules),

    "GET /ns/:ns/schedules/count": async ({ params, query, signal }) =>
      countOf(await temporal.call("countSchedules", { namespace: params.ns, query: query.query }, { signal })),

    "POST /ns/:ns/schedules": async ({ params, body, identity, requestId }) => {
      const memo = await temporal.payloads.encodeMap(body.memo, params.ns);
      await temporal.call("createSchedule", {
        namespace: params.ns,
        scheduleId: body.id,
        schedule: await scheduleOf(temporal, params.ns, body, undefined),
        memo: memo === undefined ? undefined : { fields: memo },
        searchAttributes: searchAttributes(body.searchAttributes),
        identity,
        requestId,
      });
      return {};
    },

    "GET /ns/:ns/schedules/:id": (call) =>
      temporal.show("describeSchedule", { namespace: call.params.ns, scheduleId: call.params.id }, call),

    "GET /ns/:ns/schedules/:id/times": async ({ params, query, signal }) => {
      const { startTime } = await temporal.call(
        "listScheduleMatchingTimes",
        { namespace: params.ns, scheduleId: params.id, startTime: query.from, endTime: query.to },
        { signal },
      );
      return { times: startTime ?? [] };
    },

    "PUT /ns/:ns/schedules/:id": async ({ params, body, identity, requestId }) => {
      const before = await temporal.call("describeSchedule", { namespace: params.ns, scheduleId: params.id });
      await temporal.call("updateSchedule", {
        namespace: params.ns,
        scheduleId: params.id,
        schedule: await scheduleOf(temporal, params.ns, body, before.schedule),
        // Whoever changed it in between is not overwritten.
        conflictToken: before.conflictToken,
        identity,
        requestId,
      });
      return {};
    },

    "POST /ns/:ns/schedules/:id/trigger": (call) =>
      patch(call, { triggerImmediately: { overlapPolicy: call.body.overlap } }),
    "POST /ns/:ns/schedules/:id/pause": (call) => patch(call, { pause: call.body.reason }),
    "POST /ns/:ns/schedules/:id/unpause": (call) => patch(call, { unpause: call.body.reason }),
    "POST /ns/:ns/schedules/:id/backfill": (call) => {
      const { from, to, overlap } = call.body;
      return patch(call, { backfillRequest: [{ startTime: from, endTime: to, overlapPolicy: overlap }] });
    },

    "DELETE /ns/:ns/schedules/:id": async ({ params, identity }) => {
      await temporal.call("deleteSchedule", { namespace: params.ns, scheduleId: params.id, identity });
      return {};
    },
  };
}

/** What was asked for; of the action it keeps from `before` what a request does not have. */
async function scheduleOf(
  temporal: Temporal,
  namespace: string,
  { spec, action, policies, note, paused, remainingActions }: ScheduleBody,
  before: RawJson<Schedule> | undefined,
): Promise<RawJson<Schedule>> {
  const input =
    action.input === undefined
      ? before?.action?.startWorkflow?.input
      : await temporal.payloads.encodeList(action.input, namespace);
  return {
    spec: {
      calendar: spec.calendars,
      interval: spec.intervals.map(({ every, offset }) => ({ interval: every, phase: offset })),
      cronString: spec.cron,
      excludeCalendar: spec.exclude,
      startTime: spec.startAt,
      endTime: spec.endAt,
      jitter: spec.jitter,
      timezoneName: spec.timeZone,
    },
    action: {
      startWorkflow: {
        ...before?.action?.startWorkflow,
        workflowId: action.workflowId,
        workflowType: { name: action.type },
        taskQueue: { name: action.taskQueue },
        input,
        workflowExecutionTimeout: action.executionTimeout,
        workflowRunTimeout: action.runTimeout,
        workflowTaskTimeout: action.taskTimeout,
        retryPolicy: action.retryPolicy,
      },
    },
    policies: {
      overlapPolicy: policies.overlap,
      catchupWindow: policies.catchupWindow,
      pauseOnFailure: policies.pauseOnFailure,
    },
    state: {
      notes: note,
      paused,
      limitedActions: remainingActions !== undefined,
      remainingActions: remainingActions === undefined ? undefined : String(remainingActions),
    },
  };
}
