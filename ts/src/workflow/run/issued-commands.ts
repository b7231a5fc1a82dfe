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
  /** They are all that were issued in Workflow Tasks at which the history had this many events or more. */
  since: number;
  /** Stacks of what it waits for, lines of each. */
  waiting: string[][];
}

/** How many are kept at least: enough for the last Workflow Tasks that issued anything. */
const limit = 1000;

/** A command, and where it was issued. */
interface Kept extends Omit<IssuedCommand, "stack"> {
  error: Error;
  /** Stack of what failed the Workflow. */
  failed: string | undefined;
}

/** The commands of a run, with where they were issued. Only replays that look for a divergence keep them. */
export class IssuedCommands {
  /** The last ones, and of those before as many at most. */
  #before: Kept[] = [];
  #kept: Kept[] = [];
  #isCut = false;

  /** Takes note of one. When it is the run's turn, which may have changed what arrays do. */
  add(command: WorkflowCommand, historyLength: number): void {
    if (this.#kept.length === limit) {
      this.#isCut ||= this.#before.length > 0;
      this.#before = this.#kept;
      this.#kept = [];
    }
    // Where the Workflow failed, not where that was noticed.
    const failed = command.failWorkflowExecution?.failure?.stackTrace;
    append(this.#kept, { ...described(command), historyLength, error: trace(), failed });
  }

  /** All that is known. When it isn't the run's turn: its own code has no part in it. */
  evidence(run: WorkflowRun): Evidence {
    const kept = [...this.#before, ...this.#kept];
    const since = this.#isCut ? kept[0]!.historyLength + 1 : 0;
    const commands = kept
      .filter(({ historyLength }) => historyLength >= since)
      .map(({ failed, error, ...command }) => ({
        ...command,
        stack: failed === undefined ? framesOf(run, error) : failed.split("\n").filter((line) => /^\s+at /.test(line)),
      }));
    return { commands, since, waiting: waitingFrames(run) };
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
  const fields = command as Record<string, unknown>;
  const keys = Object.keys(fields);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (fields[key] !== undefined && key !== "userMetadata" && key !== "eventGroupMarkers") return key;
  }
  return "";
}

function updateKind({ accepted, completed }: NonNullable<WorkflowCommand["updateResponse"]>): string {
  if (accepted !== undefined) return "acceptUpdate";
  return completed === undefined ? "rejectUpdate" : "completeUpdate";
}
