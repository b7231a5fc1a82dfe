/** What the program of the mix gets and gives: rows of all tables, as Workflows that a Worker can bundle. */
import { hostileName, workflowsOf } from "./code";
import type { Ending } from "./rows";
import { leftovers, sights, stoppers } from "./tables";
import { unhandled } from "./unhandled";

/** What the program is told of a row. */
export interface MixedRow {
  name: string;
  ending: Ending | { repeats: true };
}

/** What the program says. */
export interface Mixture {
  /** How many Workflows of each kind came to their end. */
  hostile: number;
  innocent: number;
  /** How many tasks timed out on the server. */
  lostTasks: number;
  /** Workflows that ended otherwise than they should. */
  wrong: { name: string; ending: object; ended: object }[];
  /** State of the Worker at the end. */
  state: string;
}

/** Whether a Worker can bundle code, and runs it as the tables say: its stacks have the paths of the sources. */
function isForWorkers({ staged }: { staged?: true }, code: string): boolean {
  return staged === undefined && !/require|exports|stack\.includes\('\/'\)/.test(code);
}

/** Rows without those that loop, for which a Worker has seconds, or that get messages. */
export function mixedRows(): MixedRow[] {
  const rows: MixedRow[] = [];
  for (const [index, row] of leftovers.entries()) {
    const { act, look, is, own = is, refused = "done", gives = [refused, own, own], fails } = row;
    if (!isForWorkers(row, act + look)) continue;
    rows.push({ name: hostileName("leftover", index), ending: fails === undefined ? { gives } : { fails } });
  }
  for (const [index, { code, staged, realmOnly, ...ending }] of sights.entries())
    if (isForWorkers({ staged }, code)) rows.push({ name: hostileName("sight", index), ending });
  for (const [index, { code, loops, then, staged, realmOnly, ...ending }] of stoppers.entries())
    if (isForWorkers({ staged }, code) && loops === undefined && then === undefined)
      rows.push({ name: hostileName("stopper", index), ending });
  for (const [index, { code, ...ending }] of unhandled.entries())
    rows.push({ name: hostileName("unhandled", index), ending });
  return rows;
}

/** The Workflows of all rows, as a module that a Worker can bundle. */
export function mixedWorkflows(): string {
  const usable = <R extends { code: string; staged?: true }>(rows: readonly R[]) =>
    rows.map((row) => (isForWorkers(row, row.code) ? row : { code: "" }));
  const left = leftovers.map((row) => (isForWorkers(row, row.act + row.look) ? row : { ...row, act: "", look: "1" }));
  const modules = `const workflow = require("temporal-bun-sdk/workflow"), common = require("temporal-bun-sdk/common");`;
  return modules + workflowsOf(left, { sight: usable(sights), stopper: usable(stoppers), unhandled });
}
