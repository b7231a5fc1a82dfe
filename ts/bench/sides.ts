/** The ways to run the bench's workloads, each in a process of its own, and comparing them. */
import { join } from "node:path";
import { temporalCli } from "../tests/support/server";
import type { Row } from "./report";
import { percentile } from "./workloads";

/** Folder of the official SDK. */
export const official = join(import.meta.dir, "official");

/** The ways to run the workloads; each is one column of the table. */
export const sides = {
  ours: [process.execPath, join(import.meta.dir, "run.ts")],
  officialNode: ["node", join(official, "dist/run.js")],
  officialBun: [process.execPath, join(official, "dist/run.js")],
};
/** One of {@link sides}. */
export type Side = keyof typeof sides;

/** Says on standard error what is being done. */
export function progress(text: string): void {
  console.error(`  ${text}`);
}

/** Runs a command to its end and returns what it printed; throws with its error output when it fails. */
export async function output(command: string[], cwd?: string): Promise<string> {
  const child = Bun.spawn(command, { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`\`${command.join(" ")}\` ended with exit code ${code}:\n${errors}${text}`);
  return text;
}

/** Runs a workload in a process of its own; its last line is the result. */
export async function workload<Result>(side: Side, ...words: string[]): Promise<Result> {
  const text = await output([...sides[side], ...words]);
  return JSON.parse(text.trim().split("\n").at(-1)!) as Result;
}

/** Runs the Temporal CLI against a server and returns what it printed. */
export async function temporal(address: string, ...words: string[]): Promise<string> {
  return await output([temporalCli(), ...words, "--address", address]);
}

/**
 * Runs one workload on every side, `rounds` times in turn, and turns each figure of its results into a row. The figure
 * is the median of the rounds; taking turns spreads what else the machine does over all sides.
 */
export async function compare<Result>(
  title: string,
  rounds: number,
  measure: (side: Side) => Promise<Result>,
  rows: (result: Result) => Row[],
): Promise<Row[]> {
  const columns: Record<Side, Row[][]> = { ours: [], officialNode: [], officialBun: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const side of Object.keys(sides) as Side[]) {
      progress(`${title}, ${side}${rounds === 1 ? "" : `, ${round} of ${rounds}`}`);
      columns[side].push(rows(await measure(side)));
    }
  }
  const figure = (side: Side, index: number) =>
    percentile(
      columns[side].map((round) => round[index]!.ours),
      0.5,
    );
  return columns.ours[0]!.map((row, index) => ({
    ...row,
    ours: figure("ours", index),
    officialNode: figure("officialNode", index),
    officialBun: figure("officialBun", index),
  }));
}
