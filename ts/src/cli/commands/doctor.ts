import type { Command } from "commander";
import { addConnectionOptions } from "../connection";
import type { DoctorFlags } from "../doctor/doctor";
import type { Output } from "../output";

const help = `
A line each: "ok", "note" or "problem", what was looked at, and what to do about it. Looks at the machine, Bun, the
native library, bunfig.toml and the drop-in of the project in this folder; and at the server: TLS and certificates,
version, namespace, clock, search attributes. Changes nothing. Exit code 1 if there is a problem; no server is a note.

Example:
  temporal-bun doctor --address temporal.example.com:7233 --namespace orders`;

/** `temporal-bun doctor`. */
export function addDoctorCommand(program: Command, output: Output): void {
  const command = program
    .command("doctor")
    .description("see whether everything is in place, and what to do if not")
    .option("--json", "print JSON");
  addConnectionOptions(command)
    .addHelpText("after", help)
    .action(async (flags: DoctorFlags) => {
      const { doctor } = await import("../doctor/doctor");
      await doctor(flags, output);
    });
}
