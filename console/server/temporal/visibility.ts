/** Lists and counts by visibility: what many look at, so its calls are limited per namespace. */

import type { WorkflowExecutionInfo } from "temporal-bun-sdk/proto/temporal/api/workflow/v1/message";
import type { RawJson, RawPayload } from "../../shared/json";
import type { Count, WorkflowList, WorkflowRow } from "../../shared/routes/workflows";
import { short } from "./names";
import { pageToken, readSearchAttributes, readValue } from "./payloads";
import type { Temporal } from "./temporal";

/** At most so many calls per second and namespace: the server's own limit is 10, and others want to list as well. */
const callsPerSecond = 5;

/** Gives each namespace a turn every 200 ms; who comes earlier waits. */
class Turns {
  readonly #next = new Map<string, number>();

  async take(namespace: string): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#next.get(namespace) ?? 0);
    this.#next.set(namespace, at + 1000 / callsPerSecond);
    if (at > now) await Bun.sleep(at - now);
  }
}

export class Visibility {
  readonly #temporal: Temporal;
  readonly #turns = new Turns();

  constructor(temporal: Temporal) {
    this.#temporal = temporal;
  }

  /** Waits for the namespace's turn. */
  turn(namespace: string): Promise<void> {
    return this.#turns.take(namespace);
  }

  async list(
    namespace: string,
    { query, pageSize, next }: { query: string; pageSize: number; next?: string },
    signal?: AbortSignal,
  ): Promise<WorkflowList> {
    await this.turn(namespace);
    const { executions, nextPageToken } = await this.#temporal.call(
      "listWorkflowExecutions",
      { namespace, query, pageSize, ...(next === undefined ? {} : { nextPageToken: pageToken(next) }) },
      { signal },
    );
    const rows = (executions ?? []).map(workflowRow);
    return nextPageToken ? { rows, next: nextPageToken } : { rows };
  }

  /** Counts by what `groupBy` names; what the server can't group by is only counted. */
  async count(namespace: string, query: string, groupBy: string, signal?: AbortSignal): Promise<Count> {
    await this.turn(namespace);
    const grouped = /\bgroup\s+by\b/i.test(query) || groupBy === "" ? query : `${query} GROUP BY ${groupBy}`.trim();
    const answer = await this.#temporal.call("countWorkflowExecutions", { namespace, query: grouped }, { signal });
    return countOf(answer);
  }
}

/** A count with its groups. */
export function countOf({
  count,
  groups,
}: {
  count?: string;
  groups?: { count?: string; groupValues?: RawPayload[] }[];
}): Count {
  return {
    count: Number(count ?? 0),
    groups: (groups ?? []).map((group) => ({
      value: group.groupValues?.[0] === undefined ? null : readValue(group.groupValues[0]),
      count: Number(group.count ?? 0),
    })),
  };
}

function workflowRow(info: RawJson<WorkflowExecutionInfo>): WorkflowRow {
  const row: WorkflowRow = {
    workflowId: info.execution?.workflowId ?? "",
    runId: info.execution?.runId ?? "",
    type: info.type?.name ?? "",
    status: short(info.status, "WORKFLOW_EXECUTION_STATUS"),
    taskQueue: info.taskQueue ?? "",
    historyLength: Number(info.historyLength ?? 0),
  };
  if (info.startTime !== undefined) row.startTime = info.startTime;
  if (info.closeTime !== undefined) row.closeTime = info.closeTime;
  const parent = info.parentExecution;
  if (parent?.workflowId) row.parent = { workflowId: parent.workflowId, runId: parent.runId ?? "" };
  const attributes = readSearchAttributes(info.searchAttributes?.indexedFields);
  if (Object.keys(attributes).length > 0) row.searchAttributes = attributes;
  return row;
}
