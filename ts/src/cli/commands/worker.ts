import { type Command, InvalidArgumentError, Option } from "commander";
import { addConnectionOptions } from "../connection";
import type { WorkerFlags } from "../worker/run-worker";

const help = `
The module's default export is the options of the Worker, or a function that returns them or a Worker, or a promise:

  // worker.ts
  import type { WorkerOptions } from "temporal-bun-sdk/worker";
  import * as activities from "./activities";

  export default {
    taskQueue: "orders",
    workflowsPath: \`\${import.meta.dir}/workflows.ts\`,
    activities,
    shutdownGraceTime: "20 seconds",
  } satisfies WorkerOptions;

Without a connection in them, it connects as the flags, the environment and temporal.toml say.

SIGTERM and SIGINT end it in order: it takes no new tasks, and running activities go on for shutdownGraceTime
(10 seconds unless the options say otherwise) before they are cancelled. A second signal ends it at once. When the
Worker has ended, so does the process, whatever the module has left open.
With --health-port, GET /live answers 503 when a thread has been blocked for 10 seconds or the Worker has failed, and
GET /ready unless the Worker takes tasks.
Exit codes: 0 after a shutdown in order, 1 for a failure, 2 for a wrong command line.

Example:
  temporal-bun worker worker.ts --health-port 8080 --log-format json`;

/** `temporal-bun worker`. */
export function addWorkerCommand(program: Command): void {
  const command = program
    .command("worker")
    .description("run the Worker that a module exports")
    .argument("<module>", "file with the module")
    .option("--health-port <port>", "serve GET /live and GET /ready there; 0 for a free port", port)
    .addOption(
      new Option("--log-format <format>", "of the log on standard error").choices(["text", "json"]).default("text"),
    )
    .addOption(
      new Option("--log-level <level>", "lowest level of the log")
        .choices(["trace", "debug", "info", "warn", "error"])
        .default("info"),
    );
  addConnectionOptions(command)
    .addHelpText("after", help)
    .action(async (module: string, flags: WorkerFlags) => {
      const { runWorker } = await import("../worker/run-worker");
      await runWorker(module, flags);
    });
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number < 65_536) return number;
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}
