/** Where a history and what Workflow code did part: the event that was next, and the command that came instead. */

import { EventType } from "../../proto/temporal/api/enums/v1/event_type";
import { History, type HistoryEvent } from "../../proto/temporal/api/history/v1/message";
import type { Evidence, IssuedCommand } from "../../workflow/run/issued-commands";

/** An event of a history. */
interface ReplayEvent {
  /** Its number, from 1. */
  readonly id: number;
  /** Such as "ActivityTaskScheduled". */
  readonly type: string;
  /** ID of what it starts; empty if it starts nothing that has one. */
  readonly subjectId: string;
  /** Type of what it starts, such as an Activity's, or the name of a signal or a patch; empty if there is none. */
  readonly name: string;
}

/** A command of Workflow code. */
interface ReplayCommand {
  /** Such as "scheduleActivity". */
  readonly type: string;
  /** ID of what it starts; empty if it starts nothing that has one. */
  readonly subjectId: string;
  /** Type of what it starts, such as an Activity's, or the name of a signal or a patch; empty if there is none. */
  readonly name: string;
  /** Lines of the stack by which Workflow code issued it, the innermost first; empty if it issued it by returning. */
  readonly stack: readonly string[];
}

/** Where a replay went another way than its history. */
export interface Divergence {
  /** The event that Workflow code should have brought about; absent if there should have been no command more. */
  readonly expected?: ReplayEvent;
  /** The number of the last event before that, up to which code and history agree. */
  readonly agreedUntil: number;
  /** What it did instead; absent if it did nothing. */
  readonly command?: ReplayCommand;
  /** Where it waited instead of doing anything: the lines of a stack for each. Empty if there is a command. */
  readonly waiting: readonly (readonly string[])[];
}

type Attributes = Record<string, any>;

/** How the event of a command is known: its field, and what must be the same. */
interface Counterpart {
  field: keyof HistoryEvent;
  id?(attributes: Attributes): unknown;
  name?(attributes: Attributes): unknown;
}

const cancelExternal = "requestCancelExternalWorkflowExecutionInitiatedEventAttributes";
const patchMarker = "core_patch";
const localActivityMarker = "core_local_activity";

/** By kind of command. Others have no event. */
const counterparts: Readonly<Record<string, Counterpart>> = {
  startTimer: { field: "timerStartedEventAttributes", id: ({ timerId }) => timerId },
  cancelTimer: { field: "timerCanceledEventAttributes" },
  scheduleActivity: {
    field: "activityTaskScheduledEventAttributes",
    id: ({ activityId }) => activityId,
    name: ({ activityType }) => activityType?.name,
  },
  requestCancelActivity: { field: "activityTaskCancelRequestedEventAttributes" },
  completeWorkflowExecution: { field: "workflowExecutionCompletedEventAttributes" },
  failWorkflowExecution: { field: "workflowExecutionFailedEventAttributes" },
  cancelWorkflowExecution: { field: "workflowExecutionCanceledEventAttributes" },
  continueAsNewWorkflowExecution: { field: "workflowExecutionContinuedAsNewEventAttributes" },
  setPatchMarker: {
    field: "markerRecordedEventAttributes",
    name: (marker) => dataOf(marker, "patch-data").id ?? dataOf(marker, "data").activity_type,
  },
  startChildWorkflowExecution: {
    field: "startChildWorkflowExecutionInitiatedEventAttributes",
    id: ({ workflowId }) => workflowId,
    name: ({ workflowType }) => workflowType?.name,
  },
  cancelChildWorkflowExecution: { field: cancelExternal },
  requestCancelExternalWorkflowExecution: { field: cancelExternal },
  signalExternalWorkflowExecution: {
    field: "signalExternalWorkflowExecutionInitiatedEventAttributes",
    name: ({ signalName }) => signalName,
  },
  upsertWorkflowSearchAttributes: { field: "upsertWorkflowSearchAttributesEventAttributes" },
  modifyWorkflowProperties: { field: "workflowPropertiesModifiedEventAttributes" },
  acceptUpdate: { field: "workflowExecutionUpdateAcceptedEventAttributes" },
  completeUpdate: { field: "workflowExecutionUpdateCompletedEventAttributes" },
  scheduleNexusOperation: {
    field: "nexusOperationScheduledEventAttributes",
    name: ({ operation }) => operation,
  },
  requestCancelNexusOperation: { field: "nexusOperationCancelRequestedEventAttributes" },
};
const commandFields = [...new Set(Object.values(counterparts).map(({ field }) => field))];

/** What a cancellation cancels: both leave no trace when they come in the same Workflow Task. */
const cancelled: Readonly<Record<string, string>> = {
  cancelTimer: "startTimer",
  requestCancelActivity: "scheduleActivity",
  cancelChildWorkflowExecution: "startChildWorkflowExecution",
  requestCancelNexusOperation: "scheduleNexusOperation",
};

/**
 * Looks for the first place where commands and events differ.
 *
 * @param encoded the history
 * @returns undefined where no difference is to be seen
 */
export function findDivergence(encoded: Uint8Array, { commands, since, waiting }: Evidence): Divergence | undefined {
  const { events = [] } = History.decode(encoded);
  for (const task of tasksOf(events)) {
    if (task.historyLength < since) continue;
    const issued = withoutTraceless(commands.filter(({ historyLength }) => historyLength === task.historyLength));
    const found = differenceOfLocals(task.locals, commands) ?? differenceIn(task.events, issued);
    if (found === undefined) continue;
    const { event, command } = found;
    return {
      ...(event === undefined ? {} : { expected: described(event) }),
      agreedUntil: event === undefined ? task.last : Number(event.eventId) - 1,
      ...(command === undefined ? {} : { command: producedBy(command) }),
      waiting: command === undefined ? waiting : [],
    };
  }
  return undefined;
}

/** The events that the commands of a Workflow Task have brought about. */
interface TaskEvents {
  /** How many events there were when the task started. */
  historyLength: number;
  /** The number of the last event that belongs to it. */
  last: number;
  events: HistoryEvent[];
  /** Of local Activities, which are recorded when they end. */
  locals: HistoryEvent[];
}

/** By the Workflow Tasks that were completed. */
function tasksOf(events: readonly HistoryEvent[]): TaskEvents[] {
  const tasks: TaskEvents[] = [];
  for (const event of events) {
    const completed = event.workflowTaskCompletedEventAttributes;
    const last = Number(event.eventId);
    const task = tasks.at(-1);
    if (completed != null)
      tasks.push({ historyLength: Number(completed.startedEventId), last, events: [], locals: [] });
    else if (task !== undefined && isOfLocal(event)) task.locals.push(event);
    else if (task !== undefined && isOfCommand(event)) {
      task.events.push(event);
      task.last = last;
    }
  }
  return tasks;
}

function isOfCommand(event: HistoryEvent): boolean {
  return commandFields.some((field) => event[field] != null) && !isOfCore(event);
}

function isOfLocal({ markerRecordedEventAttributes: marker }: HistoryEvent): boolean {
  return marker?.markerName === localActivityMarker;
}

/** Whether Core itself brings an event about: of patches there are two. */
function isOfCore({ upsertWorkflowSearchAttributesEventAttributes: upserted }: HistoryEvent): boolean {
  return upserted?.searchAttributes?.indexedFields?.["TemporalChangeVersion"] !== undefined;
}

/** Without commands that leave nothing in the history. */
function withoutTraceless(commands: readonly IssuedCommand[]): IssuedCommand[] {
  const isPair = (cancelling: IssuedCommand, started: IssuedCommand) =>
    cancelled[cancelling.kind] === started.kind && cancelling.seq === started.seq;
  return commands.filter(
    (command) =>
      command.kind in counterparts && !commands.some((other) => isPair(command, other) || isPair(other, command)),
  );
}

/** What differs first between the local Activities that ended in a task and those that were scheduled until then. */
function differenceOfLocals(
  events: readonly HistoryEvent[],
  commands: readonly IssuedCommand[],
): { event: HistoryEvent; command?: IssuedCommand } | undefined {
  for (const event of events) {
    const { seq, activity_type: type } = dataOf(event.markerRecordedEventAttributes!, "data");
    if (seq === undefined) continue;
    const command = commands.find((command) => command.kind === "scheduleLocalActivity" && command.seq === seq);
    if (command?.name !== type) return command === undefined ? { event } : { event, command };
  }
  return undefined;
}

/** What differs first between the events of a task and the commands in it. */
function differenceIn(
  events: readonly HistoryEvent[],
  commands: readonly IssuedCommand[],
): { event?: HistoryEvent; command?: IssuedCommand } | undefined {
  let at = 0;
  for (const event of events) {
    const marker = event.markerRecordedEventAttributes;
    // What a Workflow says of patches may be more than the history has, and less where they are deprecated.
    if (marker?.markerName !== patchMarker) while (commands[at]?.kind === "setPatchMarker") at++;
    else if (commands[at]?.kind !== "setPatchMarker" && dataOf(marker, "patch-data").deprecated === true) continue;
    const command = commands[at++];
    if (command === undefined) return { event };
    const { field, id, name } = counterparts[command.kind]!;
    const attributes = event[field] as Attributes | null | undefined;
    const isSame =
      attributes != null &&
      (id === undefined || id(attributes) === command.id) &&
      (name === undefined || name(attributes) === command.name);
    if (!isSame) return { event, command };
  }
  // Of cancellations nothing is left where what they cancel has ended meanwhile.
  const command = commands.slice(at).find(({ kind }) => kind !== "setPatchMarker" && !(kind in cancelled));
  return command === undefined ? undefined : { command };
}

/** What Core writes into a marker. */
interface MarkerData {
  /** Of a patch. */
  id?: string;
  deprecated?: boolean;
  /** Of a local Activity. */
  seq?: number;
  activity_type?: string;
}

function dataOf({ details }: Attributes, name: string): MarkerData {
  const data = details?.[name]?.payloads?.[0]?.data as Uint8Array | undefined;
  try {
    return data === undefined ? {} : (JSON.parse(Buffer.from(data).toString()) as MarkerData);
  } catch {
    // Somebody has encoded it: nothing is known of it then.
    return {};
  }
}

function producedBy({ kind, id, name, stack }: IssuedCommand): ReplayCommand {
  return { type: kind, subjectId: id, name, stack };
}

function described(event: HistoryEvent): ReplayEvent {
  const type = (EventType[event.eventType ?? 0] ?? "").replace("EVENT_TYPE_", "");
  const counterpart = Object.values(counterparts).find(({ field }) => event[field] != null)!;
  const attributes = event[counterpart.field] as Attributes;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return {
    id: Number(event.eventId),
    type: type.replace(/_?([A-Z])([A-Z]*)/g, (_, first: string, rest: string) => first + rest.toLowerCase()),
    subjectId: text(counterpart.id?.(attributes)),
    name: text(counterpart.name?.(attributes)),
  };
}

/** A divergence for people, in lines. */
export function describeDivergence({ expected, agreedUntil, command, waiting }: Divergence): string {
  const what =
    expected === undefined
      ? `no further command after event ${agreedUntil}`
      : `event ${expected.id}, ${titleOf(expected)}`;
  const lines = [`Expected: ${what}`, `Produced: ${command === undefined ? "no command" : titleOf(command)}`];
  if (command?.stack.length === 0) lines.push("  when a function of the Workflow had ended");
  lines.push(...(command?.stack ?? []));
  for (const stack of waiting) lines.push("  while the Workflow waits", ...stack);
  return lines.join("\n");
}

/** An event or a command for people, such as `scheduleActivity 'greet' with ID '1'`. */
function titleOf({ type, name, subjectId }: ReplayEvent | ReplayCommand): string {
  return `${type}${name === "" ? "" : ` '${name}'`}${subjectId === "" ? "" : ` with ID '${subjectId}'`}`;
}
