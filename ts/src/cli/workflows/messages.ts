/** `temporal-bun signal`, `query` and `update`. */

import { type Client, WorkflowUpdateFailedError } from "../../client";
import { Failure } from "../failure";
import type { Output } from "../output";
import { failureJson, failureLines } from "./failure-chain";
import { waitForWorker } from "./no-worker";

/** What all three take. */
export interface MessageFlags {
  workflowId: string;
  runId?: string;
  name: string;
  json?: boolean;
}

/** How long to wait for what a Workflow says of itself, in milliseconds: with no Worker there nobody answers. */
const metadataPatienceMs = 2_000;

/** Sends a signal. */
export async function signal(client: Client, flags: MessageFlags, args: unknown[], output: Output): Promise<void> {
  const { workflowId, runId, name, json } = flags;
  await client.workflow.getHandle(workflowId, runId).signalWithOptions(name, { args });
  if (json) output.result(`${JSON.stringify({ workflowId, signal: name })}\n`);
  else output.result(`signalled ${workflowId}: ${name}\n`);
  const handlers = await handlersOf(client, flags, "signalDefinitions");
  if (handlers === undefined || handlers.includes(name)) return;
  output.problem(
    `${workflowId} has no handler for the signal ${name}, which waits there until it has one. ${listOf(handlers)}\n`,
  );
}

/** Names of the signals or updates that the Workflow handles now; undefined if it handles all, or nobody says. */
async function handlersOf(
  client: Client,
  { workflowId, runId }: MessageFlags,
  kind: "signalDefinitions" | "updateDefinitions",
): Promise<string[] | undefined> {
  type Metadata = { definition?: Partial<Record<typeof kind, { name?: string }[]>> };
  try {
    const { definition } = await client.withDeadline(Date.now() + metadataPatienceMs, () =>
      client.workflow.getHandle(workflowId, runId).query<Metadata>("__temporal_workflow_metadata"),
    );
    const names = (definition?.[kind] ?? []).map((each) => each.name);
    // One without a name takes all.
    return names.every((each) => each !== undefined && each !== "") ? (names as string[]) : undefined;
  } catch {
    return undefined;
  }
}

const listOf = (names: string[]) => (names.length === 0 ? "It has none." : `It has: ${names.join(", ")}.`);

/** Asks a query. */
export async function query(client: Client, flags: MessageFlags, args: unknown[], output: Output): Promise<void> {
  const { workflowId, runId, name, json } = flags;
  const asking = client.workflow.getHandle(workflowId, runId).queryWithOptions(name, { args });
  writeValue(
    output,
    await waitForWorker(client, flags, asking, output),
    json ? { workflowId, query: name } : undefined,
  );
}

/** Sends an update and waits for its result. */
export async function update(
  client: Client,
  flags: MessageFlags & { updateId?: string },
  args: unknown[],
  output: Output,
): Promise<void> {
  const { workflowId, runId, name, json, updateId } = flags;
  const said = json ? { workflowId, update: name } : undefined;
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    const updating = handle.executeUpdate(name, { args: args as [unknown], updateId });
    writeValue(output, await waitForWorker(client, flags, updating, output), said);
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    if (said !== undefined) {
      output.result(`${JSON.stringify({ ...said, failure: failureJson(error.cause) })}\n`);
      throw new Failure("");
    }
    const handlers = await handlersOf(client, flags, "updateDefinitions");
    if (handlers !== undefined && !handlers.includes(name))
      throw new Failure(`${workflowId} has no handler for the update ${name}. ${listOf(handlers)}`);
    const lines = failureLines(error.cause, output).join("\n");
    throw new Failure(`The update ${name} of ${workflowId} was refused, or failed:\n${lines}`);
  }
}

/** A result: by itself for people, with what it is the result of for programs. */
export function writeValue(output: Output, result: unknown, said: object | undefined): void {
  // What returns nothing has null, as in JSON everywhere.
  const value = result ?? null;
  output.result(
    `${said === undefined ? JSON.stringify(value, null, 2) : JSON.stringify({ ...said, result: value })}\n`,
  );
}
