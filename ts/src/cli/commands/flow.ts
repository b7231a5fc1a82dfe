import { type Command, InvalidArgumentError } from "commander";
import type { DecideFlags, PendingFlags } from "../flow/approvals";
import type { DeployFlags } from "../flow/deploy";
import type { Output } from "../output";

const application = "path of the module that exports the application, such as app.ts";

/** Adds `flow list` and `flow graph`, which look at flows without a server, and what an application of them does. */
export function addFlowCommand(program: Command, output: Output): void {
  const flow = program
    .command("flow")
    .description("look at the flows that a module exports, deploy their schedules, and decide for runs that wait");
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
    .argument("<module>", application)
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
  flow
    .command("pending")
    .description("list what runs wait for, of people and in their pauses")
    .argument("<module>", application)
    .option("--flow <id>", "those of this flow alone")
    .option("--limit <number>", "how many at most", atLeastOne, 100)
    .option("--json", "print JSON")
    .action(async (module: string, flags: PendingFlags) => {
      const { listPending } = await import("../flow/approvals");
      await listPending(module, flags, output);
    });
  for (const [name, decision, description] of [
    ["approve", "approved", "approve what a run waits for, or let it go on from a pause"],
    ["deny", "denied", "deny what a run waits for"],
  ] as const) {
    flow
      .command(name)
      .description(description)
      .argument("<module>", application)
      .argument("<workflow-id>", "id of the run's Workflow, as flow pending prints it")
      .option("--step <path>", "which one, if the run waits for several")
      .option("--by <name>", "who decides")
      .option("--input <json>", "what comes along, in JSON")
      .option("--json", "print JSON")
      .action(async (module: string, id: string, flags: DecideFlags) => {
        const { decideFlow } = await import("../flow/approvals");
        output.result(await decideFlow(module, id, decision, flags));
      });
  }
}

function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
