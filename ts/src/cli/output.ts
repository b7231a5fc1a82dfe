import { styleText } from "node:util";
import { type Reporter, terminalReporter } from "../libs/reporter";

/** Where a command writes. */
export interface Output {
  /** Results, with their line ends. */
  result(text: string): void;
  /** Failures, with their line ends. */
  problem(text: string): void;
  /** What goes on meanwhile. */
  reporter: Reporter;
  /** A part of a result in a colour or a weight, where results can have them. */
  style(format: Style, text: string): string;
  /** How wide results may be; undefined where that doesn't matter. */
  readonly columns?: number;
}

/** The few that results use. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/**
 * Results on standard output; failures, messages and progress on standard error. There are colours on a terminal that
 * has them, unless NO_COLOR is set.
 */
export const terminalOutput: Output = {
  result: (text) => void process.stdout.write(text),
  problem: (text) => void process.stderr.write(text),
  reporter: terminalReporter(process.stderr),
  style: (format, text) => styleText(format, text, { stream: process.stdout }),
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
};
