import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Client } from "../../client";
import { encodeHistory } from "../../worker/bundler/history";
import { type ConnectionFlags, withClient } from "../connection";
import { Failure } from "../failure";
import { fetchHistory } from "../history";

/** A history that is to be replayed. */
export interface Source {
  workflowId: string;
  /** Encoded. */
  history: Uint8Array;
  /** Number of events. */
  events: number;
  /** Type of the Workflow; empty if the history doesn't say. */
  workflowType: string;
  /** The file that it comes from, as the user named it. */
  file: string | undefined;
}

/** Where histories come from. */
export interface SourceFlags extends ConnectionFlags {
  query?: string;
  runId?: string;
}

/** Calls `action` with all histories that were asked for, with those of a server while it is connected. */
export async function withHistories<T>(
  names: readonly string[],
  flags: SourceFlags,
  action: (sources: AsyncIterable<Source>) => Promise<T>,
): Promise<T> {
  const files: string[] = [];
  const ids: string[] = [];
  for (const name of names) {
    const stat = statSync(name, { throwIfNoEntry: false });
    if (stat?.isDirectory()) files.push(...filesIn(name));
    else if (stat !== undefined) files.push(name);
    else if (/\.json$|[/\\]/.test(name)) throw new Failure(`There is no file ${name}.`);
    else ids.push(name);
  }
  if (flags.runId !== undefined && ids.length !== 1)
    throw new Failure(`--run-id says which run of one Workflow is meant, got ${ids.length} Workflow IDs.`, 2);
  const read = await Promise.all(files.map(readSource));
  if (ids.length === 0 && flags.query === undefined) return await action(all(read, undefined, [], flags));
  return await withClient(flags, (client) => action(all(read, client, ids, flags)));
}

async function* all(
  files: readonly Source[],
  client: Client | undefined,
  ids: readonly string[],
  { runId, query }: SourceFlags,
): AsyncGenerator<Source> {
  yield* files;
  for (const workflowId of ids) yield await fetched(client!, workflowId, runId);
  if (query === undefined) return;
  for await (const { workflowId, runId } of client!.workflow.list({ query }))
    yield await fetched(client!, workflowId, runId);
}

async function fetched(client: Client, workflowId: string, runId: string | undefined): Promise<Source> {
  const { events = [] } = await fetchHistory(client, workflowId, runId).catch((error: Error) => {
    if (error.name !== "WorkflowNotFoundError") throw error;
    throw new Failure(`There is neither a file '${workflowId}' nor a Workflow with that ID: ${error.message}.`);
  });
  const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? "";
  const history = await encodeHistory({ events });
  return { workflowId, history, events: events.length, workflowType: type, file: undefined };
}

/** The JSON files of a folder. */
function filesIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  if (files.length === 0) throw new Failure(`There is no .json file in ${folder}.`);
  return files.sort().map((name) => join(folder, name));
}

async function readSource(file: string): Promise<Source> {
  const text = readFileSync(file, "utf8");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is no JSON: ${(error as Error).message}.\n${exportHint}`);
  }
  // The list alone is what user interfaces have exported.
  const events: unknown = Array.isArray(content) ? content : (content as { events?: unknown } | null)?.events;
  if (!Array.isArray(events) || events.length === 0)
    throw new Failure(`${file} is no history: it has no events.\n${exportHint}`);
  const started = (events[0] as Record<string, any> | null)?.["workflowExecutionStartedEventAttributes"];
  const { workflowId, workflowType } = (started ?? {}) as { workflowId?: string; workflowType?: { name?: string } };
  return {
    // Older servers don't write it into the history.
    workflowId: workflowId || basename(file, ".json"),
    history: await encoded(events, file),
    events: events.length,
    workflowType: workflowType?.name ?? "",
    file,
  };
}

async function encoded(events: unknown[], file: string): Promise<Uint8Array> {
  try {
    return await encodeHistory({ events });
  } catch (error) {
    throw new Failure(`${file} is no history: ${(error as Error).message}.\n${exportHint}`);
  }
}

const exportHint =
  "Write histories with `temporal workflow show --workflow-id ID --output json`, or export them from the web UI.";
