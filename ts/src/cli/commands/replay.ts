import type { Command } from "commander";
import { addBundleOptions } from "../bundle-options";
import { addConnectionOptions } from "../connection";
import type { Output } from "../output";
import type { ReplayFlags } from "../replay/replay";

const details = `
Histories come from JSON files (\`temporal workflow show --output json\`, or the web UI's export), from folders of such
files, or from a server, by the IDs of Workflows or by a query. They are replayed against the code of this folder: the
code is bundled as the Worker does it, and no activity runs. Where code and history part, the event that was expected is
printed, what the code did instead, and the line that did it.

Where payloads are encoded by a codec, use Worker.runReplayHistories() with the Worker's data converter instead.

Examples:
  temporal-bun replay history.json                       against the workflowsPath of this folder's Worker
  temporal-bun replay tests/histories --json             all files of a folder, for CI: a line of JSON for each
  temporal-bun replay order-17 --workflows src/flows.ts  the latest run of a Workflow, from the server
  temporal-bun replay --query 'WorkflowType = "order" AND ExecutionStatus = "Running"'

Exit code: 0 if all histories replay, 1 if one doesn't, 2 if the command line is wrong.`;

/** Adds `replay`. */
export function addReplayCommand(program: Command, output: Output): void {
  const command = program
    .command("replay")
    .description("see whether Workflow code does what histories have")
    .argument("[histories...]", "files, folders of files, IDs of Workflows")
    .option("-w, --workflows <path>", "what the Worker has as workflowsPath, by default found in this folder")
    .option("-q, --query <query>", "all Workflows that a list filter finds")
    .option("-r, --run-id <id>", "the run of the Workflow, by default the latest")
    .option("--json", "print one JSON document per history, a line each");
  addConnectionOptions(addBundleOptions(command))
    .addHelpText("after", details)
    .action(async (names: string[], flags: ReplayFlags) => {
      const { replay } = await import("../replay/replay");
      await replay(names, flags, output);
    });
}
