import type { Command } from "commander";
import type { BundleCommandFlags } from "../bundle/bundle";
import { addBundleOptions } from "../bundle-options";
import type { Output } from "../output";

const details = `
The file has all that the Workflows import, but for the SDK, and its source map at the end. Workers that load it start
without the sources, and executables made by \`bun build --compile\` can't do without it. Give it the same options as the
Worker would have.

Examples:
  temporal-bun bundle                                 the workflowsPath of this folder's Worker, to workflow-bundle.js
  temporal-bun bundle src/workflows.ts --out dist/workflow-bundle.js

In the Worker:
  Worker.create({ workflowBundle: { codePath: "dist/workflow-bundle.js" }, … })`;

/** Adds `bundle`. */
export function addBundleCommand(program: Command, output: Output): void {
  const command = program
    .command("bundle")
    .description("bundle Workflow code into one file, as Workers load it")
    .argument("[workflows]", "file that exports the Workflows, by default found in this folder")
    .option("-o, --out <file>", "where to write it", "workflow-bundle.js")
    .option("--json", "print one JSON document");
  addBundleOptions(command)
    .addHelpText("after", details)
    .action(async (workflows: string | undefined, flags: BundleCommandFlags) => {
      const { bundle } = await import("../bundle/bundle");
      await bundle(workflows, flags, output);
    });
}
