import { type Command, InvalidArgumentError } from "commander";
import type { DeployFlags } from "../flow/deploy";
import type { Output } from "../output";

/** Adds `flow list` and `flow graph`, which look at flows without a server, and `flow deploy`. */
export function addFlowCommand(program: Command, output: Output): void {
  const flow = program
    .command("flow")
    .description("look at the flows that a module exports, and deploy their schedules");
  flow
    .command("list")
    .description("list the flows of a module, with those that they start")
    .argument("<module>", "path of the module, such as flows.ts")
    .option("--json", "print JSON")
    .action(async (module: string, { json }: { json?: boolean }) => {
      const { listFlows } = await import("../flow/show");
      output.result(await listFlows(module, json === true));
    });
  flow
    .command("graph")
    .description("print a flow as text for Mermaid")
    .argument("<module>", "path of the module, such as flows.ts")
    .argument("[id]", "the flow's id; not needed if there is one flow")
    .option("--json", "print nodes and edges as JSON instead")
    .action(async (module: string, id: string | undefined, { json }: { json?: boolean }) => {
      const { graphFlow } = await import("../flow/show");
      output.result(await graphFlow(module, id, json === true));
    });
  flow
    .command("deploy")
    .description("make the server's schedules those of an application's flows")
    .argument("<module>", "path of the module that exports the application, such as app.ts")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--no-prune", "leave schedules that no flow has any more")
    .option(
      "--generation <number>",
      "number of this deployment; an earlier one than is deployed is refused",
      wholeNumber,
    )
    .option("--json", "print JSON")
    .action(async (module: string, { json, ...flags }: DeployFlags & { json?: boolean }) => {
      const { deployFlows } = await import("../flow/deploy");
      output.result(await deployFlows(module, flags, json === true));
    });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
