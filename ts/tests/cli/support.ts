/** Projects that the command line makes and runs, with the SDK of this checkout. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Program, type ProgramOptions, run, type Written } from "../support/process";
import { temporalCli } from "../support/server";

const packageFolder = resolve(import.meta.dir, "../..");
/** The command `temporal-bun`. */
export const temporalBun = [process.execPath, join(packageFolder, "src/cli/temporal-bun.ts")];

/** This machine's environment, without what would configure the command line, and with the server of the tests. */
export const environment = (): Record<string, string | undefined> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("TEMPORAL_") || name === "TEMPORAL_BUN_LIBRARY"),
  ),
  TEMPORAL_CONFIG_FILE: "/dev/null",
  TEMPORAL_CLI_PATH: temporalCli(),
});

/** A folder that is removed at the end of a `using` scope. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "temporal cli "));

  at(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), text);
  }

  /** Replaces a text in a file, which must be there. */
  edit(name: string, before: string, after: string): void {
    const text = this.read(name);
    if (!text.includes(before)) throw new Error(`${name} has no ${before}`);
    this.write(name, text.replace(before, after));
  }

  /** Puts the checkout and the types of Bun where an installation would put the packages. */
  link(): void {
    mkdirSync(this.at("node_modules/@types"), { recursive: true });
    symlinkSync(packageFolder, this.at("node_modules/temporal-bun-sdk"));
    for (const name of ["@types/bun", "bun-types", "@types/node"])
      symlinkSync(join(packageFolder, "node_modules", name), this.at(`node_modules/${name}`));
  }

  /** Runs `temporal-bun`, which must end with an exit code. */
  cli(words: string[], options: ProgramOptions & { code?: number } = {}): Promise<Written> {
    return run([...temporalBun, ...words], { cwd: this.path, env: environment(), ...options });
  }

  /** Starts `temporal-bun`. */
  start(words: string[], options: ProgramOptions = {}): Program {
    return new Program([...temporalBun, ...words], { cwd: this.path, env: environment(), timeout: 60_000, ...options });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
