import type { Client } from "../../client";
import { toJson } from "../../proto/json";
import type { HistoryEvent } from "../../proto/temporal/api/history/v1/message";
import { fetchHistory } from "../history";
import type { Output, Style } from "../output";
import type { WorkflowFlags } from "./result";
import { fit } from "./text";
import { Timeline, type TimelineEntry, timelineLine } from "./timeline";

/** Prints a Workflow's history: as a timeline, or as the JSON that replays read. */
export async function show(
  client: Client,
  { workflowId, runId, json, follow }: WorkflowFlags & { follow?: boolean },
  output: Output,
): Promise<void> {
  if (json && !follow) {
    const history = await fetchHistory(client, workflowId, runId);
    output.result(`${JSON.stringify(toJson("temporal.api.history.v1.History", history))}\n`);
    return;
  }
  const timeline = new Timeline();
  const style = (entry: TimelineEntry, text: string) => output.style(styleOf(entry), text);
  const text = (event: HistoryEvent) =>
    json
      ? JSON.stringify(toJson("temporal.api.history.v1.HistoryEvent", event))
      : fitted(timeline.next(event), output, style);
  for await (const event of follow ? followed(client, workflowId, runId) : stored(client, workflowId, runId))
    output.result(`${text(event)}\n`);
}

/** Colours take no room, so what is too long is cut off before. */
function fitted(entry: TimelineEntry, output: Output, style: (entry: TimelineEntry, text: string) => string): string {
  const { length } = timelineLine({ ...entry, details: "" }).padEnd(54);
  const room = output.columns === undefined ? undefined : Math.max(output.columns - length, 12);
  return timelineLine({ ...entry, details: fit(entry.details, room) }, style);
}

function styleOf({ name }: TimelineEntry): Style {
  if (/failed|timed out|terminated/.test(name)) return "red";
  if (/cancel/.test(name)) return "yellow";
  if (/^workflow task/.test(name)) return "dim";
  return /^workflow execution completed/.test(name) ? "green" : "cyan";
}

async function* stored(client: Client, workflowId: string, runId: string | undefined): AsyncGenerator<HistoryEvent> {
  yield* (await fetchHistory(client, workflowId, runId)).events ?? [];
}

/** The events that there are, and those that come, until the run is closed. */
async function* followed(client: Client, workflowId: string, runId?: string): AsyncGenerator<HistoryEvent> {
  // The run that is the latest now, also when the next one begins. An id that doesn't exist is said here.
  const { runId: run } = await client.workflow.getHandle(workflowId, runId).describe();
  const { namespace } = client.workflow.options;
  let nextPageToken: Uint8Array | undefined;
  do {
    const request = { namespace, execution: { workflowId, runId: run }, waitNewEvent: true, nextPageToken };
    const response = await client.workflowService.getWorkflowExecutionHistory(request);
    yield* response.history?.events ?? [];
    nextPageToken = response.nextPageToken;
  } while (nextPageToken?.length);
}
