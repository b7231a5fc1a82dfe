import type { Client, WorkflowExecutionInfo } from "../../client";
import type { Output } from "../output";
import { fit, inLine, statusText, time } from "./text";

/** What `temporal-bun list` takes. */
export interface ListFlags {
  query?: string;
  limit: number;
  json?: boolean;
}

/** What the server says of a Workflow, as JSON. */
export function infoJson(info: Omit<WorkflowExecutionInfo, "raw">): object {
  const { workflowId, runId, type, status, taskQueue, startTime, executionTime, closeTime } = info;
  const { historyLength, historySize, memo, searchAttributes, parentExecution: parent } = info;
  return {
    ...{ workflowId, runId, type, status: status.name, taskQueue, startTime, executionTime, closeTime },
    ...{ historyLength, historySize, memo, searchAttributes, parent },
  };
}

/** Prints Workflows as a table, the newest first. */
export async function list(client: Client, { query, limit, json }: ListFlags, output: Output): Promise<void> {
  const found: WorkflowExecutionInfo[] = [];
  let hasMore = false;
  // One more than is shown says whether there are more.
  for await (const info of client.workflow.list({ query, pageSize: Math.min(limit + 1, 1000) })) {
    if (found.length === limit) {
      hasMore = true;
      break;
    }
    found.push(info);
  }
  if (json) output.result(`${JSON.stringify(found.map(infoJson))}\n`);
  else if (found.length > 0) output.result(`${table(found, output).join("\n")}\n`);
  if (found.length === 0) {
    const all = query === undefined ? "There are no Workflows" : `No Workflow matches ${query}`;
    output.problem(`${all} in namespace ${client.workflow.options.namespace}.\n`);
  }
  if (hasMore) output.problem(`There are more than ${limit}: see --limit, or ask for less with --query.\n`);
}

const gap = "  ";

function table(infos: WorkflowExecutionInfo[], output: Output): string[] {
  const header = ["STATUS", "WORKFLOW ID", "TYPE", "STARTED"];
  const rows = infos.map(({ status, workflowId, type, startTime }) =>
    [status.name, workflowId, type, time(startTime)].map(inLine),
  );
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  shrink(widths, output.columns);
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => fit(cell, widths[column]).padEnd(widths[column]!))
      .join(gap)
      .trimEnd();
  return [
    output.style("bold", line(header)),
    ...rows.map((row) => line(row).replace(/^\S+/, (status) => statusText(output, row[0]!, status))),
  ];
}

/** Takes from ids and types, the longer first, what the terminal has no room for. */
function shrink(widths: number[], columns: number | undefined): void {
  if (columns === undefined) return;
  const total = () => widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
  const least = 12;
  while (total() > columns) {
    const column = widths[1]! >= widths[2]! ? 1 : 2;
    if (widths[column]! <= least) return;
    widths[column]!--;
  }
}
