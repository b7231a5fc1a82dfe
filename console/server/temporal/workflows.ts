/** What the routes of workflows do, but for starting one and resetting one. */

import type { WorkflowRouteKey } from "../../shared/routes/workflows";
import type { Handlers } from "../call";
import { badRequest } from "../problem";
import { EventCache, eventRow, historyPage, historyPages, oneEvent, type RunKey } from "./history";
import { short } from "./names";
import { pageToken } from "./payloads";
import { resetHandler } from "./reset";
import { fieldMask } from "./rpc";
import { startHandler } from "./start";
import type { Temporal } from "./temporal";
import { sendUpdate, updateOutcome } from "./updates";
import { versioningOverride } from "./versioning";
import type { Visibility } from "./visibility";

const queryDeadlineMs = 20_000;

export function workflowHandlers(
  temporal: Temporal,
  visibility: Visibility,
  cache = new EventCache(),
): Handlers<WorkflowRouteKey> {
  /** The run that a path names. */
  const execution = ({ id, run }: { id: string; run: string }) => ({
    workflowId: id,
    runId: run === "latest" ? "" : run,
  });
  /** The same with the id of the latest run, which parts of histories are kept by. */
  async function runKey({ ns, id, run }: { ns: string; id: string; run: string }): Promise<RunKey> {
    if (run !== "latest") return { namespace: ns, workflowId: id, runId: run };
    const { workflowExecutionInfo } = await temporal.call("describeWorkflowExecution", {
      namespace: ns,
      execution: { workflowId: id },
    });
    return { namespace: ns, workflowId: id, runId: workflowExecutionInfo?.execution?.runId ?? "" };
  }

  return {
    "GET /ns/:ns/workflows": ({ params, query }) => visibility.list(params.ns, query),

    "GET /ns/:ns/workflows/count": ({ params, query }) => visibility.count(params.ns, query.query, query.groupBy),

    "POST /ns/:ns/workflows": startHandler(temporal),

    "GET /ns/:ns/workflows/:id/:run": (call) =>
      temporal.show(
        "describeWorkflowExecution",
        { namespace: call.params.ns, execution: execution(call.params) },
        call,
      ),

    "GET /ns/:ns/workflows/:id/:run/history": async ({ params, query, signal }) => {
      const { order, pageSize } = query;
      const page = await historyPage(temporal, cache, await runKey(params), {
        order,
        pageSize,
        signal,
        next: pageToken(query.next),
      });
      return { ...page, events: page.events.map(eventRow) };
    },

    "GET /ns/:ns/workflows/:id/:run/history/:event": async (call) => {
      const id = Number(call.params.event);
      if (!Number.isSafeInteger(id) || id < 1)
        throw badRequest(`"${call.params.event}" is no id of an event`, "Events have the ids 1, 2, 3 …");
      const event = await oneEvent(temporal, cache, await runKey(call.params), id, call.signal);
      return temporal.present("temporal.api.history.v1.HistoryEvent", event, call);
    },

    "GET /ns/:ns/workflows/:id/:run/download": async ({ params, signal }) => {
      const events: unknown[] = [];
      for await (const page of historyPages(temporal, cache, await runKey(params), { order: "oldest", signal }))
        for (const event of page) {
          temporal.payloads.redactRaw("temporal.api.history.v1.HistoryEvent", event);
          events.push(event);
        }
      return { events };
    },

    "GET /ns/:ns/workflows/:id/:run/relations": async ({ params, signal }) => {
      const { workflowExecutionInfo: info } = await temporal.call(
        "describeWorkflowExecution",
        { namespace: params.ns, execution: execution(params) },
        { signal },
      );
      const self = info?.execution;
      const query = `ParentWorkflowId = ${quoted(params.id)} AND ParentRunId = ${quoted(self?.runId ?? "")}`;
      const children = await visibility.list(params.ns, { query, pageSize: 200 });
      const named = (run: { workflowId?: string; runId?: string } | undefined) =>
        run?.workflowId ? { workflowId: run.workflowId, runId: run.runId ?? "" } : undefined;
      const [root, parent] = [named(info?.rootExecution), named(info?.parentExecution)];
      return {
        ...(root === undefined || root.runId === self?.runId ? {} : { root }),
        ...(parent === undefined ? {} : { parent }),
        children: children.rows.map(({ workflowId, runId, type, status }) => ({ workflowId, runId, type, status })),
        more: children.next !== undefined,
      };
    },

    "GET /ns/:ns/workflows/:id/:run/updates/:update": async (call) => {
      const { params, identity, signal } = call;
      const answer = await temporal.call(
        "pollWorkflowExecutionUpdate",
        {
          namespace: params.ns,
          updateRef: { workflowExecution: execution(params), updateId: params.update },
          identity,
        },
        { signal },
      );
      return updateOutcome(temporal, answer, params.update, call);
    },

    "POST /ns/:ns/workflows/:id/:run/query": async (call) => {
      const { params, body, signal } = call;
      const answer = await temporal.call(
        "queryWorkflow",
        {
          namespace: params.ns,
          execution: execution(params),
          query: { queryType: body.name, queryArgs: await temporal.payloads.encodeList(body.input, params.ns) },
          queryRejectCondition: body.rejectIf,
        },
        { signal, ms: queryDeadlineMs },
      );
      const rejected = answer.queryRejected?.status;
      const shown = await temporal.present<{ payloads?: never[] }>(
        "temporal.api.common.v1.Payloads",
        answer.queryResult ?? {},
        call,
      );
      return {
        result: shown.payloads ?? [],
        ...(rejected === undefined ? {} : { rejected: short(rejected, "WORKFLOW_EXECUTION_STATUS") }),
      };
    },

    "POST /ns/:ns/workflows/:id/:run/signal": async ({ params, body, identity, requestId }) => {
      await temporal.call("signalWorkflowExecution", {
        namespace: params.ns,
        workflowExecution: execution(params),
        signalName: body.name,
        input: await temporal.payloads.encodeList(body.input, params.ns),
        identity,
        requestId,
      });
      return {};
    },

    "POST /ns/:ns/workflows/:id/:run/update": (call) => sendUpdate(temporal, call, execution(call.params)),

    "POST /ns/:ns/workflows/:id/:run/cancel": async ({ params, body, identity, requestId }) => {
      await temporal.call("requestCancelWorkflowExecution", {
        namespace: params.ns,
        workflowExecution: execution(params),
        reason: body.reason,
        identity,
        requestId,
      });
      return {};
    },

    "POST /ns/:ns/workflows/:id/:run/terminate": async ({ params, body, identity }) => {
      await temporal.call("terminateWorkflowExecution", {
        namespace: params.ns,
        workflowExecution: execution(params),
        reason: body.reason,
        identity,
      });
      return {};
    },

    "POST /ns/:ns/workflows/:id/:run/reset": resetHandler(temporal, cache, runKey),

    "POST /ns/:ns/workflows/:id/:run/pause": async ({ params, body, identity, requestId }) => {
      const { ns, id, run } = params;
      const runId = run === "latest" ? "" : run;
      await temporal.call("pauseWorkflowExecution", {
        namespace: ns,
        workflowId: id,
        runId,
        reason: body.reason,
        identity,
        requestId,
      });
      return {};
    },

    "POST /ns/:ns/workflows/:id/:run/unpause": async ({ params, body, identity, requestId }) => {
      const { ns, id, run } = params;
      const runId = run === "latest" ? "" : run;
      await temporal.call("unpauseWorkflowExecution", {
        namespace: ns,
        workflowId: id,
        runId,
        reason: body.reason,
        identity,
        requestId,
      });
      return {};
    },

    "POST /ns/:ns/workflows/:id/:run/options": (call) => {
      const { params, body, identity } = call;
      const mask = [
        ...(body.versioningOverride === undefined ? [] : ["versioningOverride"]),
        ...(body.priority === undefined ? [] : ["priority"]),
      ];
      if (mask.length === 0) throw badRequest("There is nothing to change", "Give versioningOverride or priority.");
      return temporal.show(
        "updateWorkflowExecutionOptions",
        {
          namespace: params.ns,
          workflowExecution: execution(params),
          workflowExecutionOptions: {
            versioningOverride: versioningOverride(body.versioningOverride),
            priority: body.priority,
          },
          updateMask: fieldMask(mask),
          identity,
        },
        call,
      );
    },

    "DELETE /ns/:ns/workflows/:id/:run": async ({ params }) => {
      await temporal.call("deleteWorkflowExecution", {
        namespace: params.ns,
        workflowExecution: execution(params),
      });
      return {};
    },
  };
}

/** A text in a query of visibility. */
export const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
