import { styleText } from "node:util";
import { printable } from "../libs/printable";
import { type Reporter, terminalReporter } from "../libs/reporter";

/** Where a command writes. What would command a terminal is escaped here, for all commands. */
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

// Stands for the escape character in what `style` makes. Nobody else's text can have it.
const styleMark = `<${crypto.randomUUID()}>`;

const written = (text: string) => printable(text).replaceAll(styleMark, "\u001b");

/**
 * Results on standard output; failures, messages and progress on standard error. There are colours on a terminal that
 * has them, unless NO_COLOR is set.
 */
export const terminalOutput: Output = {
  result: (text) => void process.stdout.write(written(text)),
  problem: (text) => void process.stderr.write(written(text)),
  reporter: terminalReporter(process.stderr),
  style: (format, text) =>
    styleText(format, printable(text), { stream: process.stdout }).replaceAll("\u001b", styleMark),
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
};
