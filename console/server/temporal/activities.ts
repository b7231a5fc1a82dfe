import type { ActivityRouteKey } from "../../shared/routes/activities";
import type { Handlers } from "../call";
import { badRequest } from "../problem";
import { listing } from "./listing";
import { searchAttributes } from "./payloads";
import { fieldMask } from "./rpc";
import type { Temporal } from "./temporal";
import { countOf, type Visibility } from "./visibility";

/** A call for an activity of a workflow or for a standalone one. */
interface Target {
  params: { ns: string; id: string };
  body: { workflowId?: string; runId?: string };
  identity: string;
  requestId: string;
}

export function activityHandlers(temporal: Temporal, visibility: Visibility): Handlers<ActivityRouteKey> {
  const target = ({ params, body, identity }: Omit<Target, "requestId">) => ({
    namespace: params.ns,
    workflowId: body.workflowId,
    activityId: params.id,
    runId: body.runId,
    identity,
  });

  return {
    "GET /ns/:ns/activities": async (call) => {
      await visibility.turn(call.params.ns);
      return listing(call, (page) =>
        temporal.show("listActivityExecutions", { namespace: call.params.ns, query: call.query.query, ...page }, call),
      )((answer) => answer.executions);
    },

    "GET /ns/:ns/activities/count": async ({ params, query, signal }) => {
      await visibility.turn(params.ns);
      const grouped = query.groupBy === "" ? query.query : `${query.query} GROUP BY ${query.groupBy}`.trim();
      const answer = await temporal.call(
        "countActivityExecutions",
        { namespace: params.ns, query: grouped },
        { signal },
      );
      return countOf(answer);
    },

    "POST /ns/:ns/activities": async ({ params, body, identity, requestId }) => {
      const { type, taskQueue, input, summary, activityId = crypto.randomUUID(), ...options } = body;
      const [summaryPayload] = await temporal.payloads.encode([summary], params.ns);
      const { runId = "" } = await temporal.call("startActivityExecution", {
        ...options,
        namespace: params.ns,
        activityId,
        activityType: { name: type },
        taskQueue: { name: taskQueue },
        input: await temporal.payloads.encodeList(input, params.ns),
        searchAttributes: searchAttributes(options.searchAttributes),
        userMetadata: summary === undefined ? undefined : { summary: summaryPayload },
        identity,
        requestId,
      });
      return { activityId, runId };
    },

    "GET /ns/:ns/activities/:id": (call) =>
      temporal.show(
        "describeActivityExecution",
        {
          namespace: call.params.ns,
          activityId: call.params.id,
          runId: call.query.runId,
          includeInput: true,
          includeOutcome: true,
          includeHeartbeatDetails: true,
          includeLastFailure: true,
        },
        call,
      ),

    "POST /ns/:ns/activities/:id/pause": async (call) => {
      const { requestId, body } = call;
      await temporal.call("pauseActivityExecution", { ...target(call), reason: body.reason, requestId });
      return {};
    },

    "POST /ns/:ns/activities/:id/unpause": async (call) => {
      const { requestId, body } = call;
      await temporal.call("unpauseActivityExecution", { ...target(call), reason: body.reason, requestId });
      return {};
    },

    "POST /ns/:ns/activities/:id/reset": async (call) => {
      const { keepPaused, resetHeartbeat, restoreOriginalOptions } = call.body;
      await temporal.call("resetActivityExecution", {
        ...target(call),
        keepPaused,
        resetHeartbeat,
        restoreOriginalOptions,
        requestId: call.requestId,
      });
      return {};
    },

    "POST /ns/:ns/activities/:id/update-options": async (call) => {
      const { restoreOriginal, taskQueue, workflowId, runId, ...options } = call.body;
      const activityOptions = { ...options, ...(taskQueue === undefined ? {} : { taskQueue: { name: taskQueue } }) };
      const names = Object.entries(activityOptions).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      if (names.length === 0 && !restoreOriginal)
        throw badRequest("There is nothing to change", "Give an option, or restoreOriginal.");
      await temporal.call("updateActivityExecutionOptions", {
        ...target({ ...call, body: { workflowId, runId } }),
        activityOptions,
        ...(restoreOriginal ? { restoreOriginal } : { updateMask: fieldMask(names) }),
        requestId: call.requestId,
      });
      return {};
    },

    "POST /ns/:ns/activities/:id/complete": async (call) => {
      const result = await temporal.payloads.encodeList([call.body.result], call.params.ns);
      await temporal.call("respondActivityTaskCompletedById", { ...target(call), result });
      return {};
    },

    "POST /ns/:ns/activities/:id/fail": async (call) => {
      const details = await temporal.payloads.encodeList(call.body.details, call.params.ns);
      await temporal.call("respondActivityTaskFailedById", {
        ...target(call),
        failure: { message: call.body.reason, applicationFailureInfo: { nonRetryable: true, details } },
      });
      return {};
    },

    "POST /ns/:ns/activities/:id/cancel": async ({ params, body, identity, requestId }) => {
      const named = { namespace: params.ns, activityId: params.id, runId: body.runId };
      await temporal.call("requestCancelActivityExecution", { ...named, reason: body.reason, identity, requestId });
      return {};
    },

    "POST /ns/:ns/activities/:id/terminate": async ({ params, body, identity, requestId }) => {
      const named = { namespace: params.ns, activityId: params.id, runId: body.runId };
      await temporal.call("terminateActivityExecution", { ...named, reason: body.reason, identity, requestId });
      return {};
    },

    "DELETE /ns/:ns/activities/:id": async ({ params, body }) => {
      const named = { namespace: params.ns, activityId: params.id, runId: body.runId };
      await temporal.call("deleteActivityExecution", named);
      return {};
    },
  };
}
