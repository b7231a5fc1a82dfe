/** What the commands of this folder share: where things are, and running programs. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder of the repository. */
export const root = resolve(import.meta.dir, "..");

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

/**
 * What a program prints on stdout, without the space around it. Throws with what it said on stderr when it fails or is
 * not there.
 */
export function output(command: string[], environment: Record<string, string | undefined> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdin: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0)
    throw new Error(`\`${command.join(" ")}\` ended with exit code ${exitCode}: ${stderr.toString().trim()}`);
  return stdout.toString().trim();
}
