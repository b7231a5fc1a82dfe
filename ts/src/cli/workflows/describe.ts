import type { Client, WorkflowExecutionDescription } from "../../client";
import { optionalTsToDate } from "../../common/time";
import { PendingActivityState } from "../../proto/temporal/api/enums/v1/workflow";
import type { Output } from "../output";
import { infoJson } from "./list";
import type { WorkflowFlags } from "./result";
import { indented, inLine, size, span, statusText, time } from "./text";

/** An activity that has not ended. */
interface PendingActivity {
  activityId: string;
  type: string;
  state: string;
  attempt: number;
  maximumAttempts?: number;
  nextAttempt?: Date;
  lastFailure?: string;
}

/** What else a description has that says why a Workflow doesn't go on. */
interface Pending {
  activities: PendingActivity[];
  children: { workflowId: string; type: string }[];
  /** How often the Workflow task at hand has been tried; more than once if Workflow code fails. */
  workflowTaskAttempt?: number;
}

/** Prints what the server says of a Workflow. */
export async function describe(
  client: Client,
  { workflowId, runId, json }: WorkflowFlags,
  output: Output,
): Promise<void> {
  const description = await client.workflow.getHandle(workflowId, runId).describe();
  const pending = pendingOf(description);
  const [summary, details] = await Promise.all([description.staticSummary(), description.staticDetails()]);
  if (json) output.result(`${JSON.stringify({ ...infoJson(description), summary, details, pending })}\n`);
  else output.result(`${text(description, { summary, details }, pending, output).join("\n")}\n`);
}

function pendingOf({ raw }: WorkflowExecutionDescription): Pending {
  const activities = (raw.pendingActivities ?? []).map((activity): PendingActivity => {
    const state = PendingActivityState[activity.state ?? 0] ?? "";
    return {
      activityId: activity.activityId ?? "",
      type: activity.activityType?.name ?? "",
      state: state.replace("PENDING_ACTIVITY_STATE_", ""),
      attempt: activity.attempt ?? 1,
      // 0 is no limit.
      maximumAttempts: activity.maximumAttempts || undefined,
      nextAttempt: optionalTsToDate(activity.nextAttemptScheduleTime),
      lastFailure: activity.lastFailure?.message,
    };
  });
  const children = (raw.pendingChildren ?? []).map(({ workflowId = "", workflowTypeName = "" }) => ({
    workflowId,
    type: workflowTypeName,
  }));
  return { activities, children, workflowTaskAttempt: raw.pendingWorkflowTask?.attempt };
}

function text(
  description: WorkflowExecutionDescription,
  { summary, details }: { summary?: string; details?: string },
  pending: Pending,
  output: Output,
): string[] {
  const { workflowId, runId, type, status, taskQueue, startTime, closeTime, parentExecution } = description;
  const { historyLength, historySize, memo, searchAttributes } = description;
  const took = closeTime && span(closeTime.getTime() - startTime.getTime());
  const attempt = pending.workflowTaskAttempt ?? 1;
  const lines: [string, string | undefined][] = [
    ["status", statusText(output, status.name)],
    ["type", type],
    ["run id", runId],
    ["task queue", taskQueue],
    ["started", time(startTime)],
    ["closed", closeTime && `${time(closeTime)}, after ${took}`],
    ["history", `${historyLength} events${historySize === undefined ? "" : `, ${size(historySize)}`}`],
    ["parent", parentExecution?.workflowId],
    ["summary", summary],
    ["details", details],
    ...named("memo", memo),
    ...named("search attribute", searchAttributes),
    ["Workflow task", attempt > 1 ? output.style("red", `attempt ${attempt}: see \`temporal-bun show\``) : undefined],
    ...pending.activities.map((activity): [string, string] => ["activity", activityText(activity, output)]),
    ...pending.children.map((child): [string, string] => ["child", `${child.workflowId} (${child.type})`]),
  ];
  const shown = lines.filter((line): line is [string, string] => line[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return [
    output.style("bold", inLine(workflowId)),
    ...shown.map(([name, value]) => `  ${output.style("dim", name.padEnd(width))}  ${indented(value, width + 4)}`),
  ];
}

function named(title: string, values: Record<string, unknown> | undefined): [string, string][] {
  return Object.entries(values ?? {}).map(([name, value]) => [title, `${name} = ${JSON.stringify(value)}`]);
}

function activityText(activity: PendingActivity, output: Output): string {
  const { type, state, attempt, maximumAttempts, nextAttempt, lastFailure } = activity;
  const parts = [
    `${type}, ${state.toLowerCase().replaceAll("_", " ")}`,
    attempt > 1 || maximumAttempts !== undefined
      ? `attempt ${attempt}${maximumAttempts === undefined ? "" : ` of ${maximumAttempts}`}`
      : undefined,
    nextAttempt && state === "SCHEDULED" && attempt > 1 ? `next at ${time(nextAttempt)}` : undefined,
    lastFailure && output.style("red", `after: ${lastFailure}`),
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
