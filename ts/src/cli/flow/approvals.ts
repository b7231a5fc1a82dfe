/** What `temporal-bun flow pending`, `approve` and `deny` do. */
import { Failure } from "../failure";
import type { Output } from "../output";
import { callApp } from "./module";

/** Options of `flow pending`. */
export interface PendingFlags {
  flow?: string;
  limit: number;
  json?: boolean;
}

/** Options of `flow approve` and `flow deny`. */
export interface DecideFlags {
  step?: string;
  by?: string;
  input?: string;
  json?: boolean;
}

interface Wait {
  id: string;
  flow: string;
  step: string;
  since: Date;
  until?: Date;
}

interface DecidingApp {
  pending(options: object): Promise<{ waits: Wait[]; next?: string }>;
  decide(id: string, decision: object): Promise<void>;
}

const largestPage = 1_000;

/** Prints what runs wait for, page by page. */
export async function listPending(module: string, { flow, limit, json }: PendingFlags, output: Output): Promise<void> {
  const { waits, hasMore } = await callApp(module, (app: DecidingApp) => firstOf(app, flow, limit));
  if (json) output.result(`${JSON.stringify(waits)}\n`);
  else if (waits.length > 0) output.result(table(waits));
  if (waits.length === 0) output.problem("No run waits for a person.\n");
  if (hasMore) output.problem(`There are more than ${limit}: see --limit, or ask for those of one --flow.\n`);
}

async function firstOf(
  app: DecidingApp,
  flow: string | undefined,
  limit: number,
): Promise<{ waits: Wait[]; hasMore: boolean }> {
  const waits: Wait[] = [];
  let next: string | undefined;
  do {
    const page = await app.pending({ flow, pageSize: Math.min(limit, largestPage), after: next });
    waits.push(...page.waits);
    next = page.next;
  } while (next !== undefined && waits.length < limit);
  return { waits: waits.slice(0, limit), hasMore: next !== undefined || waits.length > limit };
}

function table(waits: readonly Wait[]): string {
  const rows = [
    ["STEP", "WORKFLOW ID", "SINCE", "UNTIL"],
    ...waits.map(({ step, id, since, until }) => [step, id, since.toISOString(), until?.toISOString() ?? ""]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** Decides for a run. Returns what to print. */
export async function decideFlow(
  module: string,
  id: string,
  decision: "approved" | "denied",
  { step, by, input, json }: DecideFlags,
): Promise<string> {
  const given = { decision, by, step, ...(input === undefined ? {} : { input: parsed(input) }) };
  await callApp(module, (app: DecidingApp) => app.decide(id, given));
  return json ? `${JSON.stringify({ id, decision })}\n` : `${decision} ${id}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`--input isn't JSON: ${(error as Error).message}. A text has quotes: --input '"fine"'`, 2);
  }
}
