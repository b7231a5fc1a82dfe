/** Lists and counts by visibility: what many look at, so its calls are limited per namespace. */

import type { WorkflowExecutionInfo } from "temporal-bun-sdk/proto/temporal/api/workflow/v1/message";
import type { RawJson, RawPayload } from "../../shared/json";
import type { Count, WorkflowList, WorkflowRow } from "../../shared/routes/workflows";
import { short } from "./names";
import { pageToken, readSearchAttributes, readValue } from "./payloads";
import type { Temporal } from "./temporal";

/** At most so many calls in a second and namespace: the server's own limit is 10, and others want to list as well. */
const callsPerSecond = 5;

/** Who comes when there were as many calls in the last second as there may be waits until the first is a second old. */
class Turns {
  readonly #calls = new Map<string, number[]>();

  async take(namespace: string): Promise<void> {
    const now = performance.now();
    const calls = (this.#calls.get(namespace) ?? []).filter((at) => at > now - 1000);
    this.#calls.set(namespace, calls);
    const at = Math.max(now, (calls.at(-callsPerSecond) ?? 0) + 1000);
    calls.push(at);
    if (at > now) await Bun.sleep(at - now);
  }
}

export class Visibility {
  readonly #temporal: Temporal;
  readonly #turns = new Turns();
  /** Calls that wait or are under way: who asks the same gets the same. */
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(temporal: Temporal) {
    this.#temporal = temporal;
  }

  /** Waits for the namespace's turn. */
  turn(namespace: string): Promise<void> {
    return this.#turns.take(namespace);
  }

  list(
    namespace: string,
    { query, pageSize, next }: { query: string; pageSize: number; next?: string },
  ): Promise<WorkflowList> {
    const nextPageToken = pageToken(next);
    return this.#once(namespace, ["list", query, pageSize, next], async () => {
      const request = { namespace, query, pageSize, nextPageToken };
      const answer = await this.#temporal.call("listWorkflowExecutions", request);
      const rows = (answer.executions ?? []).map(workflowRow);
      return answer.nextPageToken ? { rows, next: answer.nextPageToken } : { rows };
    });
  }

  /** Counts by what `groupBy` names; what the server can't group by is only counted. */
  count(namespace: string, query: string, groupBy: string): Promise<Count> {
    const grouped = /\bgroup\s+by\b/i.test(query) || groupBy === "" ? query : `${query} GROUP BY ${groupBy}`.trim();
    return this.#once(namespace, ["count", grouped], async () =>
      countOf(await this.#temporal.call("countWorkflowExecutions", { namespace, query: grouped })),
    );
  }

  async #once<T>(namespace: string, what: readonly unknown[], call: () => Promise<T>): Promise<T> {
    const key = JSON.stringify([namespace, ...what]);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending as Promise<T>;
    const made = this.turn(namespace).then(call);
    this.#pending.set(key, made);
    try {
      return await made;
    } finally {
      this.#pending.delete(key);
    }
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
