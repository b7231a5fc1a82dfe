import type { Command } from "commander";
import { addIgnoreOption } from "../bundle-options";
import type { LintFlags } from "../lint/lint";
import type { Output } from "../output";

const details = `
What is looked at: the files from which Workflow code begins, and all that they import. Of folders these are
  - files that are the workflowsPath of a Worker, or the path of its payload or failure converter
  - files that import 'temporal-bun-sdk/workflow' or '@temporalio/workflow', but no client, Worker or test runner

What is found: imports that a Worker refuses (also in packages), names that Workflow code doesn't have (fetch, process,
WeakRef …; not in packages, which ask first), import() and require() of what isn't known before it runs, and code that
doesn't compile. What the Worker makes deterministic is no finding: Date, Math.random(), setTimeout(), and variables of
modules, of which each run has its own. What goes by the time zone or the locale of the machine is not looked for.

Examples:
  temporal-bun lint                       the Workflow code of this folder
  temporal-bun lint src/workflows.ts      of one file and what it imports
  temporal-bun lint --changed             only where something differs from the last commit, for a hook of git
  temporal-bun lint --json                for other programs

Exit code: 0 without findings, 1 with some, 2 if the command line is wrong.`;

/** Adds `lint`. */
export function addLintCommand(program: Command, output: Output): void {
  const command = program
    .command("lint")
    .description("find what isn't deterministic in Workflow code, before it runs")
    .argument("[paths...]", "files and folders, by default this folder")
    .option("--changed", "only entries that import a file which isn't as in git's HEAD")
    .option("--json", "print one JSON document");
  addIgnoreOption(command)
    .addHelpText("after", details)
    .action(async (paths: string[], flags: LintFlags) => {
      const { lint } = await import("../lint/lint");
      await lint(paths, flags, output);
    });
}
