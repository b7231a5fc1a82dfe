import type { Command } from "commander";
import type { Output } from "../output";

/** Adds `flow list` and `flow graph`, which look at flows without a server. */
export function addFlowCommand(program: Command, output: Output): void {
  const flow = program.command("flow").description("look at the flows that a module exports");
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
}
