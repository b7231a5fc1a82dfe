/** What a release needs to know of each platform that it has an archive for. */
import type { PlatformName } from "../ts/src/libs/manifest";

/** A platform that archives are packed for. */
interface ReleasePlatform {
  /** The Rust target triple. */
  rustTarget: string;
  /** The target as `zig build -Dtarget=` takes it, with the oldest system that a bridge for it runs on. */
  zigTarget: string;
  minimumGlibc: string | null;
  minimumMacos: string | null;
  /**
   * What Rust's standard library and Core need to be linked with (`rustc --print native-static-libs`), for hosts other
   * than the Zig bridge.
   */
  nativeLibraries: string[];
  frameworks: string[];
}

const glibc = "2.17";
const macos = "11.0";

const linux = {
  minimumGlibc: glibc,
  minimumMacos: null,
  nativeLibraries: ["gcc_s", "util", "rt", "pthread", "m", "dl", "c"],
  frameworks: [],
};
const mac = {
  minimumGlibc: null,
  minimumMacos: macos,
  nativeLibraries: ["System", "c", "m"],
  frameworks: ["Security", "CoreFoundation", "IOKit"],
};

/** Every platform that `release/pack` can pack. */
export const platforms: Record<PlatformName, ReleasePlatform> = {
  "linux-arm64": { rustTarget: "aarch64-unknown-linux-gnu", zigTarget: `aarch64-linux-gnu.${glibc}`, ...linux },
  "linux-x64": { rustTarget: "x86_64-unknown-linux-gnu", zigTarget: `x86_64-linux-gnu.${glibc}`, ...linux },
  "macos-arm64": { rustTarget: "aarch64-apple-darwin", zigTarget: `aarch64-macos.${macos}`, ...mac },
  "macos-x64": { rustTarget: "x86_64-apple-darwin", zigTarget: `x86_64-macos.${macos}`, ...mac },
};

/** The platforms that a release must have, no more and no fewer. The matrix of the workflow names the same. */
export const releasedPlatforms: PlatformName[] = ["linux-arm64", "linux-x64", "macos-arm64"];
