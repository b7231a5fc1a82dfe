import { type Client, WorkflowFailedError } from "../../client";
import { Failure } from "../failure";
import type { Output } from "../output";
import { failureJson, failureLines } from "./failure-chain";
import { writeValue } from "./messages";
import { waitForWorker } from "./no-worker";

/** What commands about one Workflow take. */
export interface WorkflowFlags {
  workflowId: string;
  runId?: string;
  json?: boolean;
}

/** Waits for a Workflow to end, and prints its result. One that didn't complete is a failure, with its causes. */
export async function result(client: Client, flags: WorkflowFlags, output: Output): Promise<void> {
  const { workflowId, runId, json } = flags;
  try {
    const value = await waitForWorker(client, flags, client.workflow.result(workflowId, runId), output);
    writeValue(output, value, json ? { workflowId, status: "COMPLETED" } : undefined);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const status = statusOf(error);
    if (json) {
      output.result(`${JSON.stringify({ workflowId, status, failure: failureJson(error.cause) })}\n`);
      throw new Failure("");
    }
    const lines = failureLines(error.cause, output).join("\n");
    throw new Failure(`${workflowId} did not complete: ${status}\n${lines}`);
  }
}

function statusOf({ message, cause }: WorkflowFailedError): string {
  if (message === "Workflow execution failed") return "FAILED";
  const statuses: Record<string, string> = {
    CancelledFailure: "CANCELLED",
    TerminatedFailure: "TERMINATED",
    TimeoutFailure: "TIMED_OUT",
  };
  return statuses[cause?.name ?? ""] ?? "FAILED";
}
