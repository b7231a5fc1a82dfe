import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where the bridge is: the path, and why it was looked for there. */
export interface LibraryLocation {
  path: string;
  source: "TEMPORAL_BUN_LIBRARY" | "platform package" | "build output" | "executable";
}

/** This machine as the packages name it, such as `linux-x64` or `macos-arm64`. */
export const platform = `${process.platform === "darwin" ? "macos" : process.platform}-${process.arch}`;

/** File name of the bridge on this platform. */
export const libraryFileName = `libtemporal_bun_bridge.${process.platform === "darwin" ? "dylib" : "so"}`;

/**
 * Finds the bridge: the file that `TEMPORAL_BUN_LIBRARY` names, else the one in the npm package of this platform, else
 * `zig-out/lib` in this package or in a folder above it. In an executable made by `bun build --compile` the package's
 * library is inside, and Bun writes it to the folder for temporary files when it is loaded.
 *
 * Throws an `Error` of one sentence, which says where it looked, when there is none.
 */
export function locateLibrary(): LibraryLocation {
  const override = process.env["TEMPORAL_BUN_LIBRARY"];
  if (override !== undefined && override !== "") {
    const path = resolve(override);
    if (existsSync(path)) return { path, source: "TEMPORAL_BUN_LIBRARY" };
    throw new Error(
      `TEMPORAL_BUN_LIBRARY names ${path}, which does not exist: set it to a ${libraryFileName}, or unset it to use the installed one.`,
    );
  }
  const packaged = platformLibrary();
  if (Bun.isStandaloneExecutable) {
    if (packaged !== undefined) return { path: packaged, source: "executable" };
    throw new Error(
      `${process.execPath} was compiled without ${libraryFileName}: install the package temporal-bun-sdk-${platform} in the project and compile again, or name the file in TEMPORAL_BUN_LIBRARY.`,
    );
  }
  const packageRoot = resolve(import.meta.dir, "../..");
  const candidates: LibraryLocation[] = [
    ...(packaged === undefined ? [] : [{ path: packaged, source: "platform package" as const }]),
    ...buildOutputs(packageRoot),
  ];
  const found = candidates.find((candidate) => existsSync(candidate.path));
  if (found !== undefined) return found;
  throw new Error(
    `${libraryFileName} is neither in a package temporal-bun-sdk-${platform} nor in zig-out/lib of ${packageRoot} or a folder above it: install temporal-bun-sdk with its optional dependencies (there are packages for Linux with glibc and for macOS), run \`zig build\`, or name the file in TEMPORAL_BUN_LIBRARY.`,
  );
}

/**
 * The library in this platform's package. The names are written out, and the conditions as the bundler knows them: so
 * `bun build --compile` takes into an executable the library of its target, and no other.
 */
function platformLibrary(): string | undefined {
  try {
    if (process.platform === "linux" && process.arch === "x64") return require("temporal-bun-sdk-linux-x64").library;
    if (process.platform === "linux" && process.arch === "arm64")
      return require("temporal-bun-sdk-linux-arm64").library;
    if (process.platform === "darwin" && process.arch === "arm64")
      return require("temporal-bun-sdk-macos-arm64").library;
  } catch {
    // Not installed, which is normal in a checkout: the other places are looked at.
  }
  return undefined;
}

function buildOutputs(packageRoot: string): LibraryLocation[] {
  const outputs: LibraryLocation[] = [];
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    outputs.push({ path: join(folder, "zig-out", "lib", libraryFileName), source: "build output" });
    if (folder === dirname(folder)) return outputs;
  }
}
