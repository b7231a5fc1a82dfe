/** Resetting a run: which event it begins again from. */

import type { Handler } from "../call";
import { notFound } from "../problem";
import { type EventCache, eventRow, historyPages, type RunKey } from "./history";
import { fieldMask } from "./rpc";
import type { Temporal } from "./temporal";
import { versioningOverride } from "./versioning";

type ResetHandler = Handler<"POST /ns/:ns/workflows/:id/:run/reset">;
type Target = Parameters<ResetHandler>[0]["body"]["to"];

export function resetHandler(
  temporal: Temporal,
  cache: EventCache,
  runKey: (params: { ns: string; id: string; run: string }) => Promise<RunKey>,
): ResetHandler {
  return async ({ params, body, identity, requestId, signal }) => {
    const asked = await runKey(params);
    const { key, eventId } = await resolve(temporal, cache, asked, body.to, signal);
    const override = body.versioningOverride;
    const { runId = "" } = await temporal.call("resetWorkflowExecution", {
      namespace: key.namespace,
      workflowExecution: { workflowId: key.workflowId, runId: key.runId },
      reason: body.reason,
      workflowTaskFinishEventId: String(eventId),
      requestId,
      resetReapplyExcludeTypes: body.exclude,
      postResetOperations:
        override === undefined
          ? undefined
          : [
              {
                updateWorkflowOptions: {
                  workflowExecutionOptions: { versioningOverride: versioningOverride(override) },
                  updateMask: fieldMask(["versioningOverride"]),
                },
              },
            ],
      identity,
    });
    return { runId };
  };
}

/** The run and the event. */
async function resolve(
  temporal: Temporal,
  cache: EventCache,
  key: RunKey,
  to: Target,
  signal: AbortSignal,
): Promise<{ key: RunKey; eventId: number }> {
  if ("eventId" in to) return { key, eventId: to.eventId };
  if ("buildId" in to) return byBuild(temporal, key, to.buildId);
  if (to.at === "FirstWorkflowTask")
    return { key, eventId: await completedTask(temporal, cache, key, "oldest", signal) };
  if (to.at === "LastWorkflowTask")
    return { key, eventId: await completedTask(temporal, cache, key, "newest", signal) };
  const before = { ...key, runId: await runBefore(temporal, cache, key, signal) };
  return { key: before, eventId: await completedTask(temporal, cache, before, "newest", signal) };
}

async function completedTask(
  temporal: Temporal,
  cache: EventCache,
  key: RunKey,
  order: "newest" | "oldest",
  signal: AbortSignal,
): Promise<number> {
  for await (const events of historyPages(temporal, cache, key, { order, signal })) {
    const found = events.map(eventRow).find(({ type }) => type === "WorkflowTaskCompleted");
    if (found !== undefined) return found.id;
  }
  throw notFound(
    `No workflow task of the run ${key.runId} has completed`,
    "Nothing has happened in it yet that could be done again: terminate it and start it anew.",
  );
}

/** The run that went on as this one. */
async function runBefore(temporal: Temporal, cache: EventCache, key: RunKey, signal: AbortSignal): Promise<string> {
  for await (const [first] of historyPages(temporal, cache, key, { order: "oldest", signal })) {
    const before = first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (before) return before;
    break;
  }
  throw notFound(`The run ${key.runId} does not continue another one`, "Reset to its first or last workflow task.");
}

async function byBuild(temporal: Temporal, key: RunKey, buildId: string): Promise<{ key: RunKey; eventId: number }> {
  const { workflowExecutionInfo } = await temporal.call("describeWorkflowExecution", {
    namespace: key.namespace,
    execution: { workflowId: key.workflowId, runId: key.runId },
  });
  const point = workflowExecutionInfo?.autoResetPoints?.points?.find((candidate) => candidate.buildId === buildId);
  if (point === undefined)
    throw notFound(`The run ${key.runId} has no point of the build "${buildId}"`, "Reset to an event instead.");
  return {
    key: { ...key, runId: point.runId || key.runId },
    eventId: Number(point.firstWorkflowTaskCompletedId),
  };
}
