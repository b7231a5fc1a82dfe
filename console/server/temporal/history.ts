/** Histories: their events as rows of columns, and single events. */

import type { HistoryEvent } from "temporal-bun-sdk/proto/temporal/api/history/v1/message";
import type { RawJson } from "../../shared/json";
import type { EventRow } from "../../shared/routes/workflows";
import { notFound } from "../problem";
import { short } from "./names";
import type { Temporal } from "./temporal";

type RawEvent = RawJson<HistoryEvent>;
type Attributes = Record<string, any>;

/** Which of an event's fields says to what it belongs: the event that began it. */
const origins: readonly [type: RegExp, kind: string, field: string][] = [
  [/^ActivityTask/, "activity", "scheduledEventId"],
  [/^Timer/, "timer", "startedEventId"],
  [/^WorkflowTask/, "task", "scheduledEventId"],
  [/^(Start)?ChildWorkflowExecution/, "child", "initiatedEventId"],
  [/ExternalWorkflowExecution/, "external", "initiatedEventId"],
  [/^NexusOperation/, "nexus", "scheduledEventId"],
  [/^WorkflowExecutionUpdate(Accepted|Completed|Rejected|Admitted)/, "update", "acceptedEventId"],
];

/** An event without what payloads say. */
export function eventRow(event: RawEvent): EventRow {
  const id = Number(event.eventId);
  const type = short(event.eventType, "EVENT_TYPE");
  const attributes = attributesOf(event);
  const row: EventRow = { id, time: event.eventTime ?? "", type };
  const origin = origins.find(([pattern]) => pattern.test(type));
  if (origin !== undefined) row.group = `${origin[1]}:${attributes[origin[2]] ?? id}`;
  const name = nameOf(attributes);
  if (name !== undefined) row.name = name;
  const detail = detailOf(type, attributes);
  if (detail !== undefined) row.detail = detail;
  return row;
}

function attributesOf(event: RawEvent): Attributes {
  const key = Object.keys(event).find((name) => name.endsWith("EventAttributes"));
  return key === undefined ? {} : ((event as Attributes)[key] as Attributes);
}

function nameOf(attributes: Attributes): string | undefined {
  return (
    attributes["activityType"]?.name ??
    attributes["workflowType"]?.name ??
    attributes["signalName"] ??
    attributes["timerId"] ??
    attributes["markerName"] ??
    attributes["acceptedRequest"]?.input?.name ??
    attributes["request"]?.input?.name ??
    (attributes["operation"] === undefined ? undefined : `${attributes["service"]}.${attributes["operation"]}`)
  );
}

function detailOf(type: string, attributes: Attributes): string | undefined {
  const failure = attributes["failure"] ?? attributes["lastFailure"] ?? attributes["outcome"]?.failure;
  if (failure !== undefined) return (failure.message as string | undefined) || failure.cause?.message;
  if (attributes["reason"] !== undefined) return attributes["reason"] as string;
  if (attributes["cause"] !== undefined) return short(attributes["cause"] as string, "WORKFLOW_TASK_FAILED_CAUSE");
  if (type === "TimerStarted") return attributes["startToFireTimeout"] as string | undefined;
  return attributes["attempt"] > 1 ? `attempt ${attributes["attempt"]}` : undefined;
}

export interface RunKey {
  namespace: string;
  workflowId: string;
  runId: string;
}

/** Events that were read lately, as text; the oldest runs go first when there are more than `limit` bytes. */
export class EventCache {
  readonly #runs = new Map<string, Map<number, string>>();
  #bytes = 0;
  readonly #limit: number;

  constructor(limit = 64 * 1024 * 1024) {
    this.#limit = limit;
  }

  add(key: RunKey, events: readonly RawEvent[]): void {
    const name = nameOfRun(key);
    const run = this.#runs.get(name) ?? new Map<number, string>();
    this.#runs.delete(name);
    this.#runs.set(name, run);
    for (const event of events) {
      const id = Number(event.eventId);
      if (run.has(id)) continue;
      const text = JSON.stringify(event);
      run.set(id, text);
      this.#bytes += text.length;
    }
    for (const [oldest, kept] of this.#runs) {
      if (this.#bytes <= this.#limit) break;
      this.#runs.delete(oldest);
      for (const text of kept.values()) this.#bytes -= text.length;
    }
  }

  get(key: RunKey, id: number): RawEvent | undefined {
    const text = this.#runs.get(nameOfRun(key))?.get(id);
    return text === undefined ? undefined : (JSON.parse(text) as RawEvent);
  }
}

const nameOfRun = ({ namespace, workflowId, runId }: RunKey) => JSON.stringify([namespace, workflowId, runId]);

interface HistoryOptions {
  order: "newest" | "oldest";
  pageSize: number;
  next?: string;
  signal?: AbortSignal;
}

/** A page of a history. */
export async function historyPage(
  temporal: Temporal,
  cache: EventCache,
  key: RunKey,
  { order, pageSize, next, signal }: HistoryOptions,
): Promise<{ events: RawEvent[]; next?: string }> {
  const { history, nextPageToken } = await temporal.call(
    order === "newest" ? "getWorkflowExecutionHistoryReverse" : "getWorkflowExecutionHistory",
    {
      namespace: key.namespace,
      execution: { workflowId: key.workflowId, runId: key.runId },
      maximumPageSize: pageSize,
      ...(next === undefined ? {} : { nextPageToken: next }),
    },
    { signal },
  );
  const events = history?.events ?? [];
  cache.add(key, events);
  return nextPageToken ? { events, next: nextPageToken } : { events };
}

/** Every page of a history, one after the other. */
export async function* historyPages(
  temporal: Temporal,
  cache: EventCache,
  key: RunKey,
  options: Omit<HistoryOptions, "next" | "pageSize">,
): AsyncGenerator<RawEvent[]> {
  let next: string | undefined;
  do {
    const page = await historyPage(temporal, cache, key, { ...options, pageSize: 1000, next });
    yield page.events;
    next = page.next;
  } while (next !== undefined);
}

/** One event. The server has no call for it, so pages are read, the newest first, until it is there. */
export async function oneEvent(
  temporal: Temporal,
  cache: EventCache,
  key: RunKey,
  id: number,
  signal: AbortSignal,
): Promise<RawEvent> {
  const kept = cache.get(key, id);
  if (kept !== undefined) return kept;
  for await (const events of historyPages(temporal, cache, key, { order: "newest", signal })) {
    const found = events.find(({ eventId }) => Number(eventId) === id);
    if (found !== undefined) return found;
  }
  throw notFound(`The run ${key.runId} has no event ${id}`, "Take the id of an event from the history.");
}
