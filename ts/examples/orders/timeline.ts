import type { Duration } from "temporal-bun-sdk/proto/google/protobuf/duration";
import type { Timestamp } from "temporal-bun-sdk/proto/google/protobuf/timestamp";
import type { Payload } from "temporal-bun-sdk/proto/temporal/api/common/v1/message";
import { EventType } from "temporal-bun-sdk/proto/temporal/api/enums/v1/event_type";
import type { History, HistoryEvent } from "temporal-bun-sdk/proto/temporal/api/history/v1/message";

/** A workflow's history as lines of text: seconds since its start, what happened, and the part of it that says most. */
export function timeline(history: History): string[] {
  const events = history.events ?? [];
  const start = milliseconds(events[0]?.eventTime);
  const scheduled = new Map<string, string>();
  return events.map((event) => {
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (activity) scheduled.set(String(event.eventId), activity);
    const seconds = ((milliseconds(event.eventTime) - start) / 1000).toFixed(3);
    return `${seconds.padStart(8)} s  ${String(event.eventId).padStart(3)}  ${eventName(event).padEnd(36)} ${details(event, scheduled)}`.trimEnd();
  });
}

/** `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` as `activity task scheduled`. */
function eventName(event: HistoryEvent): string {
  return (EventType[event.eventType ?? 0] ?? `event type ${event.eventType}`)
    .replace("EVENT_TYPE_", "")
    .replaceAll("_", " ")
    .toLowerCase();
}

function details(event: HistoryEvent, scheduled: Map<string, string>): string {
  const started = event.workflowExecutionStartedEventAttributes;
  if (started) return `${started.workflowType?.name}(${values(started.input?.payloads)})`;
  const activity = event.activityTaskScheduledEventAttributes;
  if (activity) return `${activity.activityType?.name}(${values(activity.input?.payloads)})`;
  const activityStarted = event.activityTaskStartedEventAttributes;
  if (activityStarted) {
    const name = scheduled.get(String(activityStarted.scheduledEventId));
    const failure = activityStarted.lastFailure?.message;
    return `${name}, attempt ${activityStarted.attempt}${failure ? `, after: ${failure}` : ""}`;
  }
  const activityCompleted = event.activityTaskCompletedEventAttributes;
  if (activityCompleted) {
    const result = values(activityCompleted.result?.payloads);
    return `${scheduled.get(String(activityCompleted.scheduledEventId))}${result ? ` → ${result}` : ""}`;
  }
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) return `${child.workflowType?.name}(${values(child.input?.payloads)})`;
  const childCompleted = event.childWorkflowExecutionCompletedEventAttributes;
  if (childCompleted) return `${childCompleted.workflowType?.name} → ${values(childCompleted.result?.payloads)}`;
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal) return `${signal.signalName}(${values(signal.input?.payloads)})`;
  const timer = event.timerStartedEventAttributes;
  if (timer) return duration(timer.startToFireTimeout);
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) return `→ ${values(completed.result?.payloads)}`;
  return (
    event.activityTaskFailedEventAttributes?.failure?.message ??
    event.workflowExecutionFailedEventAttributes?.failure?.message ??
    ""
  );
}

function values(payloads: Payload[] = []): string {
  return payloads.map(({ data }) => new TextDecoder().decode(data)).join(", ");
}

function milliseconds(time: Timestamp | undefined): number {
  return Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
}

function duration(time: Duration | undefined): string {
  const seconds = milliseconds(time) / 1000;
  return seconds < 86_400 ? `${seconds} s` : `${seconds / 86_400} days`;
}
