/** A Workflow's history as a timeline: of `temporal-bun show`, and of `make demo`. */

import { tsToMs } from "../../common/time";
import type { Duration } from "../../proto/google/protobuf/duration";
import type { Payload } from "../../proto/temporal/api/common/v1/message";
import { EventType } from "../../proto/temporal/api/enums/v1/event_type";
import { WorkflowTaskFailedCause } from "../../proto/temporal/api/enums/v1/failed_cause";
import type { Failure } from "../../proto/temporal/api/failure/v1/message";
import type { HistoryEvent } from "../../proto/temporal/api/history/v1/message";
import { payloadConverter } from "./payload-converter";
import { inLine, span } from "./text";

/** An event's line, in columns. */
export interface TimelineEntry {
  /** Seconds since the Workflow's start. */
  seconds: string;
  id: string;
  /** What happened: `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` as "activity task scheduled". */
  name: string;
  /** The part of the event that says most; may be empty. */
  details: string;
}

/** Reads the events of one history, first to last: what began is named again where it goes on or ends. */
export class Timeline {
  #startMs: number | undefined;
  /** Names of activities, timers, children and operations, by the event that began them. */
  readonly #names = new Map<string, string>();

  /** The entry of the next event. */
  next(event: HistoryEvent): TimelineEntry {
    const id = String(event.eventId);
    const timeMs = tsToMs(event.eventTime);
    this.#startMs ??= timeMs;
    const begun = nameOf(event);
    if (begun) this.#names.set(id, begun);
    return {
      seconds: ((timeMs - this.#startMs) / 1000).toFixed(3),
      id,
      name: eventName(event),
      details: inLine(this.#details(event)),
    };
  }

  #details(event: HistoryEvent): string {
    const [kind, fields] = attributesOf(event);
    switch (kind) {
      case "workflowExecutionStarted":
      case "startChildWorkflowExecutionInitiated":
        return call(fields.workflowType?.name, fields.input);
      case "activityTaskScheduled":
        return call(fields.activityType?.name, fields.input);
      case "workflowExecutionSignaled":
      case "signalExternalWorkflowExecutionInitiated":
        return call(fields.signalName, fields.input);
      case "workflowExecutionUpdateAccepted":
        return call(fields.acceptedRequest?.input?.name, fields.acceptedRequest?.input?.args);
      case "workflowExecutionUpdateCompleted": {
        const { success, failure } = fields.outcome ?? {};
        const end = failure === undefined ? outcome(success, undefined) : `failed: ${failures(failure)}`;
        return joined(this.#begun(fields.acceptedEventId), end);
      }
      case "timerStarted":
        return span(milliseconds(fields.startToFireTimeout));
      case "nexusOperationScheduled":
        return `${fields.service}.${fields.operation}(${fields.input === undefined ? "" : values([fields.input])})`;
      case "markerRecorded":
        return joined(fields.markerName, outcome(undefined, fields.failure));
      case "workflowTaskFailed": {
        const cause = WorkflowTaskFailedCause[fields.cause ?? 0] ?? "";
        return joined(words(cause.replace("WORKFLOW_TASK_FAILED_CAUSE_", "")), fields.failure?.message);
      }
      case "activityTaskStarted": {
        const attempt = `attempt ${fields.attempt}`;
        const after = fields.lastFailure?.message;
        return joined(this.#begun(fields.scheduledEventId), after ? `${attempt}, after: ${after}` : attempt);
      }
    }
    const begun = this.#begun(fields.scheduledEventId ?? fields.initiatedEventId ?? fields.startedEventId);
    // A result in a task of activities or operations, and in the end of Workflows.
    const end = outcome(fields.result, fields.failure);
    return joined(begun, end || fields.reason || fields.newExecutionRunId || "");
  }

  #begun(eventId: { toString(): string } | undefined): string {
    return this.#names.get(String(eventId)) ?? "";
  }
}

/** An entry as a line of text. `style` is for the part that says what happened. */
export function timelineLine(entry: TimelineEntry, style = (_entry: TimelineEntry, text: string) => text): string {
  const { seconds, id, name, details } = entry;
  return `${seconds.padStart(8)} s  ${id.padStart(3)}  ${style(entry, name.padEnd(36))} ${details}`.trimEnd();
}

/** The attributes of all events in one: each has a few of these. */
interface Attributes {
  [name: string]: unknown;
  workflowType?: { name?: string };
  activityType?: { name?: string };
  input?: Payload & Payloads;
  result?: Payload & Payloads;
  failure?: Failure;
  lastFailure?: Failure;
  outcome?: { success?: Payloads; failure?: Failure };
  acceptedRequest?: { input?: { name?: string; args?: Payloads } };
  startToFireTimeout?: Duration;
  signalName?: string;
  markerName?: string;
  service?: string;
  operation?: string;
  reason?: string;
  newExecutionRunId?: string;
  attempt?: number;
  cause?: number;
  acceptedEventId?: object;
  scheduledEventId?: object;
  initiatedEventId?: object;
  startedEventId?: object;
}

type Payloads = { payloads?: Payload[] };

const suffix = "EventAttributes";

function attributesOf(event: HistoryEvent): [kind: string, fields: Attributes] {
  for (const [name, value] of Object.entries(event)) {
    if (name.endsWith(suffix) && value !== undefined) return [name.slice(0, -suffix.length), value as Attributes];
  }
  return ["", {}];
}

/** What later events are about, if they name this one. */
function nameOf(event: HistoryEvent): string | undefined {
  const [kind, fields] = attributesOf(event);
  if (kind === "workflowExecutionUpdateAccepted") return fields.acceptedRequest?.input?.name;
  if (kind === "timerStarted") return span(milliseconds(fields.startToFireTimeout));
  if (kind === "nexusOperationScheduled") return `${fields.service}.${fields.operation}`;
  if (kind === "startChildWorkflowExecutionInitiated") return fields.workflowType?.name;
  return kind === "activityTaskScheduled" ? fields.activityType?.name : fields.signalName;
}

function eventName(event: HistoryEvent): string {
  const name = EventType[event.eventType ?? 0] ?? `event type ${event.eventType}`;
  return words(name.replace("EVENT_TYPE_", ""));
}

const words = (name: string) => name.replaceAll("_", " ").toLowerCase();

const joined = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(", ").replace(", → ", " → ");

const call = (name = "", input: Payloads | undefined) => `${name}(${values(input?.payloads)})`;

function outcome(result: (Payload & Payloads) | undefined, failure: Failure | undefined): string {
  if (failure !== undefined) return failures(failure);
  // Nexus operations have one payload.
  const shown = values(result?.payloads ?? (result?.metadata ? [result] : []));
  return shown === "" ? "" : `→ ${shown}`;
}

function failures({ message = "", cause }: Failure): string {
  return cause === undefined ? message : `${message}: ${failures(cause)}`;
}

function values(payloads: Payload[] = []): string {
  return payloads.map((payload) => JSON.stringify(payloadConverter.fromPayload(payload))).join(", ");
}

function milliseconds(duration: Duration | undefined): number {
  return Number(duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;
}
