import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where the bridge is: the path, and why it was looked for there. */
export interface LibraryLocation {
  path: string;
  source: "TEMPORAL_BUN_LIBRARY" | "platform package" | "package" | "build output";
}

/** This machine as the packages name it, such as `linux-x64` or `macos-arm64`. */
export const platform = `${process.platform === "darwin" ? "macos" : process.platform}-${process.arch}`;

/** File name of the bridge on this platform. */
export const libraryFileName = `libtemporal_bun_bridge.${process.platform === "darwin" ? "dylib" : "so"}`;

/**
 * Finds the bridge: the file that `TEMPORAL_BUN_LIBRARY` names, else the one in the npm package of this
 * platform, else `native/<platform>/` in this package, else `zig-out/lib` in this package or in a
 * folder above it.
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
  const packageRoot = resolve(import.meta.dir, "../..");
  const inPackage = join(packageRoot, "native", platform, libraryFileName);
  const candidates: LibraryLocation[] = [
    ...platformPackage(packageRoot),
    { path: inPackage, source: "package" },
    ...buildOutputs(packageRoot),
  ];
  const found = candidates.find((candidate) => existsSync(candidate.path));
  if (found !== undefined) return found;
  throw new Error(
    `${libraryFileName} is neither in a package temporal-bun-sdk-${platform}, nor in ${dirname(inPackage)}, nor in zig-out/lib of ${packageRoot} or a folder above it: install temporal-bun-sdk with its optional dependencies, run \`zig build\`, or name the file in TEMPORAL_BUN_LIBRARY.`,
  );
}

function platformPackage(packageRoot: string): LibraryLocation[] {
  let manifest: string;
  try {
    manifest = Bun.resolveSync(`temporal-bun-sdk-${platform}/package.json`, packageRoot);
  } catch {
    // Not installed, which is normal in a checkout: the other places are looked at.
    return [];
  }
  return [{ path: join(dirname(manifest), libraryFileName), source: "platform package" }];
}

function buildOutputs(packageRoot: string): LibraryLocation[] {
  const outputs: LibraryLocation[] = [];
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    outputs.push({ path: join(folder, "zig-out", "lib", libraryFileName), source: "build output" });
    if (folder === dirname(folder)) return outputs;
  }
}
