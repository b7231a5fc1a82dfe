import { type Reporter, terminalReporter } from "../libs/reporter";

/** Where a command writes. */
export interface Output {
  /** Results, with their line ends. */
  result(text: string): void;
  /** Failures, with their line ends. */
  problem(text: string): void;
  /** What goes on meanwhile. */
  reporter: Reporter;
}

/** Results on standard output; failures, messages and progress on standard error. */
export const terminalOutput: Output = {
  result: (text) => void process.stdout.write(text),
  problem: (text) => void process.stderr.write(text),
  reporter: terminalReporter(process.stderr),
};
