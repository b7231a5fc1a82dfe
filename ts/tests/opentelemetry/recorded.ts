/** What was recorded with the official SDK; see `recorded/record.mjs` and `recorded/record-version.mjs`. */
import { gunzipSync } from "bun";
import { History } from "../../src/proto/temporal/api/history/v1/message";

/** A history, ready for `Worker.runReplayHistories`. */
export interface RecordedHistory {
  workflowId: string;
  history: History;
}

/** Recording of the scenario: trees of spans, as `describeSpans` gives them, and histories. */
export async function readRecording(name: string): Promise<{ spans: string[]; histories: RecordedHistory[] }> {
  const { spans, histories } = await read<{ spans: string[]; histories: Record<string, string> }>(name);
  return { spans, histories: Object.entries(histories).map(([ids, text]) => decoded(ids.split(" ")[0]!, text)) };
}

/**
 * A history of `fixtures/yields.ts`, and how its replay ends with version 1.24 of the official SDK: what Core says, or
 * null if all is well.
 */
export interface VersionedHistory extends RecordedHistory {
  error: string | null;
}

/** Histories of `fixtures/yields.ts` by the version of the official SDK that wrote them. */
export async function readVersions(): Promise<[version: string, histories: VersionedHistory[]][]> {
  const versions =
    await read<Record<string, { workflowId: string; history: string; error: string | null }[]>>("versions");
  return Object.entries(versions).map(([version, histories]) => [
    version,
    histories.map(({ workflowId, history, error }) => ({ ...decoded(workflowId, history), error })),
  ]);
}

async function read<T>(name: string): Promise<T> {
  const file = await Bun.file(`${import.meta.dir}/recorded/${name}.json.gz`).arrayBuffer();
  return JSON.parse(new TextDecoder().decode(gunzipSync(new Uint8Array(file)))) as T;
}

function decoded(workflowId: string, history: string): RecordedHistory {
  return { workflowId, history: History.decode(Buffer.from(history, "base64")) };
}

/** The SDK's flags that a history has recorded, in order. */
export function flagsOf({ events }: History): number[] {
  const used = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: completed }) => completed?.sdkMetadata?.langUsedFlags ?? [],
  );
  return [...new Set(used)].sort();
}
