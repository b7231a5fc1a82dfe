/** The commands that start Workflows, talk to them and look at them. What they do is in `../workflows`. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Client } from "../../client";
import { collect } from "../bundle-options";
import { addConnectionOptions, type ConnectionFlags, withClient } from "../connection";
import type { Output } from "../output";
import type { InputFlags } from "../workflows/input";
import type { ListFlags } from "../workflows/list";
import type { MessageFlags } from "../workflows/messages";
import type { WorkflowFlags } from "../workflows/result";
import type { StartFlags } from "../workflows/start";

/** `start`, `signal`, `query`, `update`, `result`, `list`, `describe`, `show`, `cancel`, `terminate`. */
export function addWorkflowCommands(program: Command, output: Output): void {
  const command = (name: string, description: string, example: string) =>
    program
      .command(name)
      .description(description)
      .addHelpText("after", `\nExample:\n  temporal-bun ${name} ${example}`);
  addStart(
    command("start", "start a Workflow", `--type order --task-queue orders --workflow-id order-1 --input '"teapot"'`),
    output,
  );
  addMessages(command, output);
  addLooks(command, output);
  addEnds(command, output);
}

type MakeCommand = (name: string, description: string, example: string) => Command;

function addStart(command: Command, output: Output): void {
  command
    .requiredOption("--type, --name <name>", "type of the Workflow: the name of its function")
    .requiredOption("-t, --task-queue <name>", "task queue of the Workers that run it")
    .option("-w, --workflow-id <id>", "its id; by default a new one");
  addInputOptions(command)
    .addOption(
      new Option("--id-conflict-policy <policy>", "if one with this id is running").choices([
        "Fail",
        "UseExisting",
        "TerminateExisting",
      ]),
    )
    .addOption(
      new Option("--id-reuse-policy <policy>", "if one with this id has ended").choices([
        "AllowDuplicate",
        "AllowDuplicateFailedOnly",
        "RejectDuplicate",
      ]),
    )
    .option("--execution-timeout <duration>", 'time that it may take with all its runs, such as "1 hour"')
    .option("--run-timeout <duration>", "time that one run may take")
    .option("--start-delay <duration>", "time to wait before it begins")
    .option("--memo <name=json>", "value to keep with it; may be repeated", collect)
    .option("--search-attribute <name=json>", "value to find it by; may be repeated", collect);
  finish<StartFlags & { name: string }>(command, async ({ name, ...flags }) => {
    const { start, startOptions } = await import("../workflows/start");
    const options = await startOptions({ ...flags, type: name });
    return (client) => start(client, { ...flags, type: name }, options, output);
  });
}

function addMessages(command: MakeCommand, output: Output): void {
  const messages = {
    signal: command("signal", "send a signal to a Workflow", `--workflow-id order-1 --name ship --input '"parcel-7"'`),
    query: command("query", "ask a Workflow a query, and print the answer", "--workflow-id order-1 --name status"),
    update: command(
      "update",
      "send an update to a Workflow, and print its result",
      "--workflow-id order-1 --name address --input-file address.json",
    ).option("--update-id <id>", "id of the update; by default a new one"),
  };
  for (const [kind, message] of Object.entries(messages)) {
    addInputOptions(addWorkflowOptions(message).requiredOption("--name, --type <name>", `name of the ${kind}`));
    finish<MessageFlags & InputFlags & { type: string }>(message, async ({ type, ...flags }) => {
      const { readInput } = await import("../workflows/input");
      const send = (await import("../workflows/messages"))[kind as keyof typeof messages];
      const args = await readInput(flags);
      return (client) => send(client, { ...flags, name: type }, args, output);
    });
  }
}

function addLooks(command: MakeCommand, output: Output): void {
  const result = command("result", "wait for a Workflow to end, and print its result", "--workflow-id order-1");
  finish<WorkflowFlags>(addWorkflowOptions(result), async (flags) => {
    const { result } = await import("../workflows/result");
    return (client) => result(client, flags, output);
  });

  const list = command("list", "list Workflows, the newest first", `--query 'ExecutionStatus = "Running"' --limit 20`)
    .option("-q, --query <filter>", "which ones, in Temporal's list filter language")
    .option("--limit <number>", "how many at most", wholeNumber, 100);
  finish<ListFlags>(list, async (flags) => {
    const { list } = await import("../workflows/list");
    return (client) => list(client, flags, output);
  });

  const describe = command("describe", "print a Workflow's status, and what it waits for", "--workflow-id order-1");
  finish<WorkflowFlags>(addWorkflowOptions(describe), async (flags) => {
    const { describe } = await import("../workflows/describe");
    return (client) => describe(client, flags, output);
  });

  const show = command("show", "print a Workflow's history as a timeline", "--workflow-id order-1 --follow").option(
    "-f, --follow",
    "wait for what comes, until the Workflow ends",
  );
  finish<WorkflowFlags & { follow?: boolean }>(addWorkflowOptions(show), async (flags) => {
    const { show } = await import("../workflows/show");
    return (client) => show(client, flags, output);
  });
}

function addEnds(command: MakeCommand, output: Output): void {
  const cancel = command("cancel", "ask a Workflow to cancel: its code may clean up", "--workflow-id order-1");
  finish<WorkflowFlags>(addWorkflowOptions(cancel), async (flags) => {
    const { cancel } = await import("../workflows/closing");
    return (client) => cancel(client, flags, output);
  });

  const terminate = command(
    "terminate",
    "end a Workflow at once: its code does not notice",
    `--workflow-id order-1 --reason "wrong item"`,
  ).option("--reason <text>", "why; stands in the history");
  finish<WorkflowFlags & { reason?: string }>(addWorkflowOptions(terminate), async (flags) => {
    const { terminate } = await import("../workflows/closing");
    return (client) => terminate(client, flags, output);
  });
}

function addWorkflowOptions(command: Command): Command {
  return command
    .requiredOption("-w, --workflow-id <id>", "id of the Workflow")
    .option("-r, --run-id <id>", "one of its runs; by default the latest");
}

function addInputOptions(command: Command): Command {
  return command
    .addOption(
      new Option("-i, --input <json>", "an argument, in JSON; repeated for each further one")
        .argParser(collect)
        .conflicts("inputFile"),
    )
    .option("--input-file <path>", 'an argument, from a file with JSON; "-" is standard input', collect);
}

/**
 * Adds what all have, and what is done.
 *
 * @param prepare what needs no server; returns what is done with one
 */
function finish<Flags>(command: Command, prepare: (flags: Flags) => Promise<(client: Client) => Promise<void>>): void {
  command.option("--json", "print JSON");
  addConnectionOptions(command).action(async (flags: Flags & ConnectionFlags) => {
    const action = await prepare(flags);
    await withClient(flags, action);
  });
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
