import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { officialPackages } from "../../src/drop-in/table";
import { run, type Written } from "../support/process";

const packageFolder = resolve(import.meta.dir, "../..");
/** What a project of its own would have installed beside this SDK. */
const dependencies = ["@types/bun", "bun-types", "long", "nexus-rpc", "protobufjs", "typescript"];

/**
 * A copy of the project beside this file, as somebody would have it who moved to this SDK: outside of the repository.
 */
export interface Project extends Disposable {
  readonly folder: string;
  /** Puts something in the place of the official packages that must never be loaded: each of its modules throws. */
  installOfficial(): void;
  /** Writes a file of the project. */
  write(path: string, text: string): void;
  /** Runs Bun in the project's folder; it must end with the exit code, 0 if none is given. */
  run(words: string[], options?: { env?: Record<string, string>; code?: number }): Promise<Written>;
}

/**
 * Makes a {@link Project}; it goes with `using`.
 *
 * @param by what makes the official names mean this SDK: the preload, the `paths` of tsconfig.json, or neither
 */
export function makeProject(by: "preload" | "paths" | "nothing"): Project {
  const folder = mkdtempSync(join(tmpdir(), "temporal-drop-in-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  cpSync(join(import.meta.dir, "project"), folder, { recursive: true });
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  symlinkSync(packageFolder, join(modules, "temporal-bun-sdk"));
  for (const name of dependencies) symlinkSync(join(packageFolder, "node_modules", name), join(modules, name));
  if (by !== "preload") write("bunfig.toml", "");
  // The compiler has no other way, but Bun reads the paths too.
  if (by !== "paths") write("tsconfig.json", "{}");
  return {
    folder,
    write,
    installOfficial() {
      for (const name of officialPackages) {
        write(
          `node_modules/${name}/package.json`,
          JSON.stringify({ name, version: "1.24.0", main: "lib/index.js", types: "lib/index.d.ts" }),
        );
        write(`node_modules/${name}/lib/index.d.ts`, "export const official: never;");
        for (const file of ["index", "assert-to-failure-interceptor", "time", "whatever"]) {
          write(`node_modules/${name}/lib/${file}.js`, `throw new Error("the official ${name} was loaded");`);
        }
      }
    },
    run: (words, { env, code } = {}) =>
      run([process.execPath, ...words], { cwd: folder, env: { ...process.env, ...env }, code }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
