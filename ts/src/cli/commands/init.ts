import { type Command, Option } from "commander";
import type { InitFlags } from "../init/init";
import { ownSpecifier, templateNames, templates } from "../init/templates";
import type { Output } from "../output";

/** Declares `init`. */
export function addInitCommand(program: Command, output: Output): void {
  const about = templateNames.map((name) => `${name} (${templates[name].about})`).join(" or ");
  program
    .command("init")
    .description("make a project: a Workflow, an activity, their test, a Worker and a client")
    .argument("[dir]", "folder of the project, which is made if need be; by default this one")
    .addOption(new Option("-t, --template <name>", about).choices(templateNames))
    .option("--name <name>", "name in package.json, by default the folder's")
    .option("--sdk <specifier>", `where package.json gets temporal-bun-sdk from, by default ${ownSpecifier}`)
    .addHelpText(
      "after",
      "\nNo file is overwritten. On a terminal, it asks for the template and the name if they are not given.",
    )
    .action(async (folder: string | undefined, flags: InitFlags) => {
      const { init } = await import("../init/init");
      await init(folder, flags, output);
    });
}
