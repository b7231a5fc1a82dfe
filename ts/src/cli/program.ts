/**
 * The command line. Each command declares what it takes, and imports what does it only when it is run: `--help` is
 * quick.
 */
import tab from "@bomb.sh/tab/commander";
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { addBundleCommand } from "./commands/bundle";
import { addConsoleCommand } from "./commands/console";
import { addDevCommand } from "./commands/dev";
import { addDockerCommand } from "./commands/docker";
import { addDoctorCommand } from "./commands/doctor";
import { addFlowCommand } from "./commands/flow";
import { addInitCommand } from "./commands/init";
import { addLintCommand } from "./commands/lint";
import { addReplayCommand } from "./commands/replay";
import { addWorkerCommand } from "./commands/worker";
import { addWorkflowCommands } from "./commands/workflows";
import { Failure } from "./failure";
import type { Output } from "./output";

const examples = `
Examples:
  temporal-bun init my-project                          make a project
  temporal-bun dev                                      run it beside a dev server, again whenever you save
  temporal-bun start --type hello -t hello -i '"Bun"'   start a Workflow
  temporal-bun show --workflow-id hello-1 --follow      see what it does
  temporal-bun lint                                     find what isn't deterministic in Workflow code
  temporal-bun replay history.json                      see whether the code still does what a history has
  temporal-bun worker worker.ts                         run the Worker that worker.ts exports
  temporal-bun doctor                                   see whether everything is in place`;

/** `temporal-bun` with all its commands. */
function createProgram(output: Output): Command {
  const program = new Command("temporal-bun")
    .description("Temporal for Bun: make, run, test and look after Workflows.")
    .version(`temporal-bun-sdk ${packageJson.version}`, "-V, --version", "print the version")
    .usage("<command> [options]")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.result(text),
      writeErr: (text) => output.problem(text),
      getOutHasColors: () => true,
      outputError: (text, write) => write(text.replace(/^error: /, "")),
    })
    .configureHelp({ styleTitle: (text) => output.style("bold", text) })
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .showHelpAfterError("`--help` says how it is used")
    .addHelpText("after", examples);
  program.commandsGroup("Your code:");
  addInitCommand(program, output);
  addDevCommand(program, output);
  addWorkerCommand(program);
  addLintCommand(program, output);
  addReplayCommand(program, output);
  addBundleCommand(program, output);
  addFlowCommand(program, output);
  addDockerCommand(program, output);
  program.commandsGroup("Workflows on a server:");
  addWorkflowCommands(program, output);
  addConsoleCommand(program);
  program.commandsGroup("Your machine:");
  addDoctorCommand(program, output);
  addLibs(program, output);
  // Writes scripts for shells, and answers what they ask.
  tab(program, { completionCommandName: "completion" });
  return program;
}

/** It parses its arguments by itself, because `zig build` runs it where no package is installed. */
function addLibs(program: Command, output: Output): void {
  program
    .command("libs")
    .description("download prebuilt libraries, and look after their cache")
    .argument("[words...]")
    .usage("<command> [options]")
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const { runLibs } = await import("./libs");
      const exitCode = await runLibs(words, output, "temporal-bun libs");
      if (exitCode !== 0) throw new Failure("", exitCode === 2 ? 2 : 1);
    });
}

/**
 * Runs the command line. Returns the exit code: 0; 1 for a failure; 2 for a command line that is wrong. Only defects
 * are thrown.
 *
 * @param args what the user wrote after the name of the program
 */
export async function runCommandLine(args: readonly string[], output: Output): Promise<number> {
  try {
    await createProgram(output).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Failure)) throw error;
    if (error.message !== "") output.problem(`${error.message}\n`);
    return error.exitCode;
  }
}
