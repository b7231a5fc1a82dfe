import { type Command, InvalidArgumentError } from "commander";
import type { DevFlags } from "../dev/dev";
import type { Output } from "../output";

/** Declares `dev`. */
export function addDevCommand(program: Command, output: Output): void {
  program
    .command("dev")
    .description("run a dev server and this project's Worker, which restarts when you save")
    .argument("[module]", "the Worker's module, by default worker.ts or src/worker.ts")
    .option("--port <port>", "port of the server, by default 7233; one that runs there is used", port)
    .option("--ui-port <port>", "port of the user interface, by default the server's + 1000", port)
    .option("--no-ui", "no user interface")
    .option("--seed [module]", "then run this module, by default seed.ts beside the Worker's: it starts Workflows")
    .option("--db-filename <path>", "keep what the server knows in this file; by default it is in memory")
    .addHelpText(
      "after",
      "\nThe dev server is the Temporal CLI's: TEMPORAL_CLI_PATH, or temporal in node_modules/.bin, PATH or .toolchain.\n" +
        "If there is none, it is downloaded once. The Worker gets TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.",
    )
    .action(async (module: string | undefined, flags: DevFlags) => {
      const { dev } = await import("../dev/dev");
      await dev(module, flags, output);
    });
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value > 0 && value < 65_536) return value;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
}
