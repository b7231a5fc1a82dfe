/**
 * The npm packages of this checkout for this machine, and projects that install them from a registry of the test's own.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { mainPackage, platformPackage, tarballName } from "../../../release/npm-packages";
import checkout from "../../package.json" with { type: "json" };
import type { PlatformName } from "../../src/libs/manifest";
import { locateLibrary, platform as thisPlatform } from "../../src/native/locate";
import { run, type Written } from "../support/process";
import { type Registry, startRegistry } from "../support/registry";

/** The folder of the repository. */
export const root = resolve(import.meta.dir, "../../..");
/** This machine, as the packages name it. */
export const platform = thisPlatform as PlatformName;
/** The package with this machine's library. */
export const nativePackage = platformPackage(platform);

/** What the SDK's package needs that others publish, and what that needs in turn. */
function dependencies(): string[] {
  const names = Object.keys(checkout.dependencies);
  for (const name of names) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(installed(name), "package.json"), "utf8")) as {
      dependencies?: object;
    };
    names.push(...Object.keys(dependencies).filter((other) => !names.includes(other)));
  }
  return names;
}

/** Folder of a package that the checkout has installed. */
export const installed = (name: string): string => join(root, "ts/node_modules", name);

/** A folder that goes with this process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "temporal-packaging-"));
  const keeper = Bun.spawn(["sh", "-c", 'read -r _; rm -rf "$1"', "keeper", folder], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  keeper.unref();
  // Held, because a pipe that nobody refers to may be closed.
  keepers.add(keeper);
  return folder;
}

const keepers = new Set<Bun.Subprocess>();

// On globalThis, not in the module, because a test runner may load this module once per test file.
const sharedKey = Symbol.for("temporal-bun-sdk.tests.packages");
const shared = globalThis as { [sharedKey]?: Promise<string> };

/**
 * Folder with the packages for this machine: the one that `TEMPORAL_BUN_PACKAGES` names, or one with what
 * `release/npm-pack` makes of the checkout and its library.
 */
export function packages(): Promise<string> {
  return (shared[sharedKey] ??= (async () => {
    const given = process.env["TEMPORAL_BUN_PACKAGES"];
    if (given) return resolve(root, given);
    const folder = temporaryFolder();
    await pack(folder);
    return folder;
  })());
}

/** Packs the checkout and its library into a folder. */
async function pack(folder: string): Promise<void> {
  await run(
    ["release/npm-pack", "--fast", "--library", locateLibrary().path, "--output", folder, "main", "create", platform],
    {
      cwd: root,
    },
  );
}

/**
 * Packs a platform's package into a folder, with a file in the place of the library that is none. Returns the path of
 * the archive.
 */
export async function packWithoutLibrary(name: PlatformName, folder: string): Promise<string> {
  const { output } = await run(["release/npm-pack", "--fast", "--library", "LICENSE", "--output", folder, name], {
    cwd: root,
  });
  return output.trim();
}

/** Path of a package's archive. */
export async function archive(name: string): Promise<string> {
  const path = join(await packages(), tarballName(name));
  if (!existsSync(path)) throw new Error(`${path} does not exist: release/npm-pack makes it`);
  return path;
}

/**
 * A registry with the packages and what they depend on.
 *
 * @param names the packages of this project that are published there
 */
export async function registryWith(...names: string[]): Promise<Registry> {
  const registry = startRegistry();
  const folder = temporaryFolder();
  for (const name of dependencies()) {
    const { output } = await run(
      [process.execPath, "pm", "pack", "--ignore-scripts", "--quiet", "--destination", folder],
      { cwd: installed(name) },
    );
    await registry.add(output.trim());
  }
  for (const name of names) await registry.add(await archive(name));
  return registry;
}

/** A project outside the checkout that has installed {@link mainPackage} from a registry. */
export interface Project {
  folder: string;
  /** Writes a file of the project. */
  write(name: string, content: string): void;
  /** Runs Bun in the project, which must succeed. */
  bun(options: string[], environment?: Record<string, string>): Promise<Written>;
}

/** Makes a project and runs `bun add temporal-bun-sdk` in it. */
export async function install(registry: Registry): Promise<Project> {
  const folder = temporaryFolder();
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  write("package.json", JSON.stringify({ name: "project", type: "module" }));
  write("bunfig.toml", `[install]\nregistry = "${registry.url}"\n`);
  await run([process.execPath, "add", mainPackage], {
    cwd: folder,
    env: { ...process.env, BUN_INSTALL_CACHE_DIR: join(folder, ".cache") },
  });
  return {
    folder,
    write,
    bun: (options, environment = {}) =>
      run([process.execPath, ...options], {
        cwd: folder,
        env: { ...process.env, TEMPORAL_BUN_LIBRARY: undefined, ...environment },
      }),
  };
}

/** Copies the hello example, which is also the README's, into a project. */
export function copyHello({ folder }: Project): void {
  cpSync(join(root, "ts/examples/hello"), folder, { recursive: true });
}
