/**
 * Puts into the npm package what is not TypeScript: the bridges that prebuilt archives can be linked to here, and the licences.
 * `npm pack` and `bun pm pack` run it.
 */
import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { platforms, releasedPlatforms } from "../release/platforms";
import { packageFolder, root, run } from "./tools";

const native = join(packageFolder, "native");
rmSync(native, { recursive: true, force: true });
for (const platform of releasedPlatforms) {
  // Linking for macOS takes the frameworks of Apple's SDK.
  if (platform.startsWith("macos") && process.platform !== "darwin") continue;
  const prefix = join(root, "target/prepack", platform);
  const target = platform === "macos-arm64" && process.arch === "arm64" ? [] : [`-Dtarget=${platforms[platform].zigTarget}`];
  await run(["zig", "build", "-Dprebuilt=true", "-Dno-fallback", "--prefix", prefix, ...target]);
  mkdirSync(join(native, platform), { recursive: true });
  cpSync(join(prefix, "lib"), join(native, platform), { recursive: true });
}
for (const name of ["LICENSE", "README.md", "THIRD_PARTY.md"]) copyFileSync(join(root, name), join(packageFolder, name));
