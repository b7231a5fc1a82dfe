/**
 * What `GET /api/v1/events?topics=` sends as server-sent events: that something has changed, and what it is now. All
 * who watch the same topic get the same, so payloads are never in it: who may read them asks the API.
 */

import type { Action } from "./actions";
import type { Problem } from "./problem";
import type { Response } from "./routes";
import type { AuditRow } from "./routes/access";
import type { Count, EventRow, WorkflowRow } from "./routes/workflows";

/** What each kind of topic sends. Its parts stand behind: `topicOf("run", namespace, workflowId, runId)`. */
export interface TopicData {
  /** namespace, query: the first page of a list, and the counts by status. */
  workflows: { rows: WorkflowRow[]; more: boolean; count: Count };
  /** namespace, workflow id, run id: the newest events, at first 50 of them. What has no gap to it is new. */
  run: { events: EventRow[]; closed: boolean };
  /** namespace, query. */
  activities: Response<"GET /ns/:ns/activities">;
  /** namespace. */
  batch: Response<"GET /ns/:ns/batch">;
  /** namespace, job. */
  job: Response<"GET /ns/:ns/batch/:job">;
  /** namespace. */
  deployments: Response<"GET /ns/:ns/deployments">;
  /** namespace. */
  hosts: Response<"GET /ns/:ns/hosts">;
  /** namespace, task queue. */
  queue: Response<"GET /ns/:ns/queues/:q">;
  /** namespace. */
  schedules: Response<"GET /ns/:ns/schedules">;
  /** The newest entries of the audit log, the newest first. */
  audit: { rows: AuditRow[] };
}
export type TopicKind = keyof TopicData;

/** What may watch a topic. All but `audit` are in the namespace that is their first part. */
export const topicActions: Readonly<Record<TopicKind, Action>> = {
  workflows: "workflow.read",
  run: "workflow.read",
  activities: "activity.read",
  batch: "batch.read",
  job: "batch.read",
  deployments: "deployment.read",
  hosts: "worker.read",
  queue: "queue.read",
  schedules: "schedule.read",
  audit: "audit.read",
};

/** The events of the stream: each has JSON of this in its `data`. */
export interface StreamEvents {
  /** Something has changed, or this is how it is now. */
  change: { [Kind in TopicKind]: { topic: string; kind: Kind; data: TopicData[Kind] } }[TopicKind];
  /** The Temporal server can't be asked at the moment; what was there before is old. `change` follows when it can. */
  stale: { topic: string; problem: Problem };
  /** What was sent while nobody listened is not known any more: ask the API for these topics. */
  resync: { topics: string[] };
  /** The caller may not watch this any more, or never might. */
  denied: { topic: string; action: Action };
}

/**
 * A topic as text. Its parts are encoded, so that they have neither colon nor comma; in an address it is encoded once
 * more, as any text: `topics.map(encodeURIComponent).join(",")`.
 */
export function topicOf(kind: TopicKind, ...parts: string[]): string {
  return [kind, ...parts.map(encodeURIComponent)].join(":");
}

/** Undoes {@link topicOf}. */
export function partsOf(topic: string): string[] {
  return topic.split(":").map(decodeURIComponent);
}
