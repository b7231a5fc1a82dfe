/** What `GET /api/v1/events?topics=` sends. Events say that something changed and carry no payloads. */

import type { EventRow, WorkflowRow } from "./routes/workflows";

/**
 * What can be watched, as text in `topics`, each encoded by `encodeURIComponent` and joined with commas:
 *
 * - `workflows:<namespace>:<query>`: the first page of a list and the counts by status
 * - `run:<namespace>:<workflow id>:<run id>`: new events of a run's history
 */
export type TopicKind = "workflows" | "run";

export interface TopicEvents {
  workflows: { rows: WorkflowRow[]; count: number; groups: { value: unknown; count: number }[] };
  run: { events: EventRow[]; closed: boolean };
}

/** The parts of a topic: its kind, and what follows; each is encoded, so that it has no colon. */
export function topicOf(kind: TopicKind, ...parts: string[]): string {
  return [kind, ...parts.map(encodeURIComponent)].join(":");
}

/** Undoes {@link topicOf}. */
export function partsOf(topic: string): string[] {
  return topic.split(":").map(decodeURIComponent);
}
