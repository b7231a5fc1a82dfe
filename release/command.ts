/** What the commands of this folder share. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/tools";

/** This machine by the name of its archive, such as `linux-x64`. */
export const thisPlatform = `${process.platform === "darwin" ? "macos" : process.platform}-${process.arch}`;

/** The version of the crate temporalio-sdk-core that Cargo.lock pins. */
export function coreVersion(): string {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = /^name = "temporalio-sdk-core"\nversion = "(.*)"$/m.exec(lock)?.[1];
  if (version === undefined) throw new Error("Cargo.lock has no temporalio-sdk-core: restore it from git");
  return version;
}

/** Ends the process with one sentence on stderr. */
export function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/**
 * Runs a program whose output, on stdout too, belongs on stderr: stdout is for the result of the command itself. Throws
 * when it fails.
 */
export function run(command: string[], environment: Record<string, string | undefined> = {}): void {
  const { exitCode, signalCode } = Bun.spawnSync(command, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdin: "ignore",
    stdout: 2,
    stderr: "inherit",
  });
  if (exitCode !== 0) throw new Error(`\`${command.join(" ")}\` ended with ${signalCode ?? `exit code ${exitCode}`}`);
}
