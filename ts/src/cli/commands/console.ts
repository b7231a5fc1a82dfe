import type { Command } from "commander";
import { addConnectionOptions, type ConnectionFlags, connectConfig } from "../connection";
import { Failure } from "../failure";

/** What the console's package exports, as far as it is used here. */
interface ConsolePackage {
  runConsole(connection: object, namespace: string, flags: ConsoleFlags, words: string[]): Promise<void>;
}

interface ConsoleFlags {
  host?: string;
  port?: string;
  auth?: string;
  config?: string;
  open?: boolean;
}

const packageName = "temporal-bun-console";

/** Declares `console`. */
export function addConsoleCommand(program: Command): void {
  const command = program
    .command("console")
    .description("show what is on a server in the browser, and act on it")
    .argument("[words...]", "`audit verify`: see whether the console's audit log is whole")
    .option("--host <address>", "address to listen to, by default 127.0.0.1")
    .option("--port <port>", "port to listen to, by default 8300; 0 for any")
    .option("--auth <mode>", "who may open it: none (this machine alone), token or oidc")
    .option("--config <path>", "configuration, by default console.config.ts if there is one")
    .option("--open", "open it in the browser")
    .addHelpText(
      "after",
      `\nThe console is a package of its own: \`bun add --dev ${packageName}\`.\n\nExample:\n  temporal-bun console --address localhost:7233 --open`,
    );
  addConnectionOptions(command).action(async (words: string[], flags: ConsoleFlags & ConnectionFlags) => {
    const { runConsole } = await load();
    const { connectionOptions, namespace } = await connectConfig(flags);
    try {
      await runConsole(connectionOptions, namespace ?? "default", flags, words);
    } catch (error) {
      throw new Failure(error instanceof Error ? error.message : String(error));
    }
  });
}

/** The package of the project in the current folder. */
async function load(): Promise<ConsolePackage> {
  let path: string;
  try {
    path = Bun.resolveSync(packageName, process.cwd());
  } catch {
    throw new Failure(`The console is not installed here: add it with \`bun add --dev ${packageName}\`.`);
  }
  return (await import(path)) as ConsolePackage;
}
