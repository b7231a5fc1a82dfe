/** Times, spans and sizes as people read them. */

import { printable } from "../../libs/printable";
import type { Output } from "../output";

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** A span of time in its two largest units, such as "3 days" or "1 minute 30 seconds"; below a second in ms. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const largest = units.findIndex(([, length]) => ms >= length);
  let rest = ms;
  const parts = units.slice(largest, largest + 2).flatMap(([unit, length], index) => {
    // The last one of all may have a fraction.
    const count = unit === "second" && index === 0 ? Math.round(rest / 100) / 10 : Math.floor(rest / length);
    rest -= Math.floor(rest / length) * length;
    return count === 0 ? [] : [`${count} ${unit}${count === 1 ? "" : "s"}`];
  });
  return parts.join(" ");
}

/** A time to the second, in UTC. */
export function time(date: Date): string {
  return date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** Bytes in the unit that fits. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A text of somebody's as one line. Escaped here already, so that its length is that of what is shown. */
export function inLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, " "));
}

/** A text of somebody's at the end of a line: those that follow are indented, so that none looks like the command's. */
export function indented(text: string, columns: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(columns)}`);
}

/** A line that fits the terminal: what is beyond it becomes "…". In a pipe nothing is cut off. */
export function fit(line: string, columns: number | undefined): string {
  if (columns === undefined || line.length <= columns) return line;
  return `${line.slice(0, Math.max(0, columns - 1))}…`;
}

/** A Workflow's status, in the colour of good or bad news. */
export function statusText(output: Output, status: string, text = status): string {
  if (status === "COMPLETED") return output.style("green", text);
  if (status === "FAILED" || status === "TIMED_OUT" || status === "TERMINATED") return output.style("red", text);
  return status === "RUNNING" || status === "PAUSED" ? output.style("cyan", text) : output.style("yellow", text);
}
