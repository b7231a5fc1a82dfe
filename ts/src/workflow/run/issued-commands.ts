import { append } from "../../common/intact";
import type { WorkflowCommand } from "../../proto/temporal/sdk/core/workflow_commands/workflow_commands";
import type { WorkflowRun } from "./run";
import { framesOf, trace, waitingFrames } from "./traces";

/** A command that a run has issued. */
export interface IssuedCommand {
  /** Its name among commands, such as "startTimer"; of answers to updates with what they say. */
  kind: string;
  /** Its number among those of its kind, if it has one; cancellations have that of what they cancel. */
  seq: number | undefined;
  /** ID of what it starts; empty if it starts nothing that has one. */
  id: string;
  /** Type of what it starts, or the name of a signal or a patch; empty if there is none. */
  name: string;
  /** How many events the history had at the Workflow Task in which it was issued. */
  historyLength: number;
  /** Lines of the stack by which Workflow code issued it, the innermost first; empty if the library did it. */
  stack: string[];
}

/** What a run has done, for those who compare it with a history. */
export interface Evidence {
  /** The last commands, in their order. */
  commands: IssuedCommand[];
  /** Stacks of what it waits for, lines of each. */
  waiting: string[][];
}

/** Enough for what is compared: the last Workflow Tasks that issued anything. */
const limit = 1000;

/** The commands of a run, with where they were issued. Only replays keep them. */
export class IssuedCommands {
  #kept: (Omit<IssuedCommand, "stack"> & { error: Error; failed: string[] | undefined })[] = [];

  /** Takes note of one. */
  add(command: WorkflowCommand, historyLength: number): void {
    if (this.#kept.length >= 2 * limit) this.#kept = this.#kept.slice(limit);
    // Where the Workflow failed, not where that was noticed.
    const failed = command.failWorkflowExecution?.failure?.stackTrace
      ?.split("\n")
      .filter((line) => /^\s+at /.test(line));
    append(this.#kept, { ...described(command), historyLength, error: trace(), failed });
  }

  /** All that is known. When it isn't the run's turn: its own code has no part in it. */
  evidence(run: WorkflowRun): Evidence {
    const kept = this.#kept.slice(-limit);
    // Of one Workflow Task all or none.
    const partial = kept.length < this.#kept.length ? kept[0]?.historyLength : undefined;
    const commands = kept
      .filter(({ historyLength }) => historyLength !== partial)
      .map(({ failed, error, ...command }) => ({ ...command, stack: failed ?? framesOf(run, error) }));
    return { commands, waiting: waitingFrames(run) };
  }
}

/** What of a command is compared with events, and what people know it by. */
function described(command: WorkflowCommand): Omit<IssuedCommand, "stack" | "historyLength"> {
  const { startTimer, scheduleActivity, scheduleLocalActivity, startChildWorkflowExecution: child } = command;
  const { updateResponse: response, cancelChildWorkflowExecution: cancelledChild, scheduleNexusOperation } = command;
  const { setPatchMarker: patch, signalExternalWorkflowExecution: signal } = command;
  const kind = response === undefined ? kindOf(command) : updateKind(response);
  const fields = (command as Record<string, { seq?: number } | undefined>)[kind];
  const seq = cancelledChild?.childWorkflowSeq ?? fields?.seq;
  const id =
    scheduleActivity?.activityId ??
    child?.workflowId ??
    response?.protocolInstanceId ??
    (startTimer === undefined ? "" : String(seq));
  const name =
    scheduleActivity?.activityType ??
    scheduleLocalActivity?.activityType ??
    child?.workflowType ??
    patch?.patchId ??
    signal?.signalName ??
    scheduleNexusOperation?.operation ??
    "";
  return { kind, seq, id, name };
}

function kindOf(command: WorkflowCommand): string {
  const annotations = ["userMetadata", "eventGroupMarkers"];
  const fields = command as Record<string, unknown>;
  return Object.keys(fields).find((key) => fields[key] !== undefined && !annotations.includes(key)) ?? "";
}

function updateKind({ accepted, completed }: NonNullable<WorkflowCommand["updateResponse"]>): string {
  if (accepted !== undefined) return "acceptUpdate";
  return completed === undefined ? "rejectUpdate" : "completeUpdate";
}
