/** What the scripts share: where things are, and running commands with the pinned tools first on the PATH. */
import { delimiter, join, resolve } from "node:path";

/** The folder of the repository. */
export const root = resolve(import.meta.dir, "..");

/** The TypeScript package. */
export const packageFolder = join(root, "ts");

/** The console's package. */
export const consoleFolder = join(root, "console");

/** Where the suites of `make test` leave their reports, for the parity ledger. */
export const reportsFolder = join(root, "target/reports");

/** This process's environment with the tools of `.toolchain` before everything else. */
export const environment: Record<string, string | undefined> = {
  ...process.env,
  PATH: [
    join(root, ".toolchain/node/node_modules/.bin"),
    join(root, ".toolchain/python/ziglang"),
    join(root, ".toolchain/python/bin"),
    join(root, ".toolchain/lint/bin"),
    join(root, ".toolchain/lint/node_modules/.bin"),
    process.env["PATH"],
  ].join(delimiter),
};

/** Runs a command with the terminal as its own; ends this process with the command's exit code when that is not 0. */
export async function run(command: string[], cwd = root): Promise<void> {
  const code = await Bun.spawn(command, {
    cwd,
    env: environment,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  }).exited;
  if (code !== 0) {
    console.error(`\n\`${command.join(" ")}\` in ${cwd} ended with exit code ${code}`);
    process.exit(code);
  }
}

/**
 * What a command prints on stdout, without the space around it. Throws with all that it wrote when it fails.
 *
 * @param more variables beside {@link environment}
 */
export function output(command: string[], more: Record<string, string> = {}): string {
  const { exitCode, signalCode, stdout, stderr } = Bun.spawnSync(command, {
    cwd: root,
    env: { ...environment, ...more },
    stdin: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0)
    throw new Error(
      `\`${command.join(" ")}\` ended with ${signalCode ?? `exit code ${exitCode}`}: ${`${stderr}${stdout}`.trim()}`,
    );
  return stdout.toString().trim();
}

/** Whether the bridge is to be linked from a prebuilt archive, as `zig build` reads it too. */
export const usePrebuiltLibraries = ["1", "true"].includes(process.env["USE_PREBUILT_LIBS"] ?? "");
