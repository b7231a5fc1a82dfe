import { readFileSync } from "node:fs";
import { LibsError } from "./error";
import { isPlatformName, type PlatformName, platformNames } from "./manifest";

/** What tells machines apart. */
export interface System {
  /** As `process.platform`. */
  os: string;
  /** As `process.arch`. */
  architecture: string;
  /** On Linux the files that are mapped into this process, as in `/proc/self/maps`; otherwise empty. */
  mappedFiles: string;
}

/** The system that this process runs on. */
export function thisSystem(): System {
  return {
    os: process.platform,
    architecture: process.arch,
    mappedFiles: process.platform === "linux" ? mappedFiles() : "",
  };
}

function mappedFiles(): string {
  try {
    return readFileSync("/proc/self/maps", "latin1");
  } catch {
    // Without /proc nothing speaks for musl, and a wrong guess is noticed when the library is loaded.
    return "";
  }
}

/**
 * The platform whose archive runs on a system.
 *
 * Throws a {@link LibsError} `unsupported-platform` when there is none. Linux with musl is one of those: Rust's std for
 * musl would be needed, and a library for glibc does not load there.
 */
export function detectPlatform(system: System = thisSystem()): PlatformName {
  const os = system.os === "darwin" ? "macos" : system.os;
  const name = `${os}-${system.architecture}`;
  // The loader of the C library is mapped into every dynamically linked process.
  const musl = os === "linux" && /\bld-musl-|\blibc\.musl-/.test(system.mappedFiles);
  if (isPlatformName(name) && !musl) return name;
  throw new LibsError(
    "unsupported-platform",
    `There are no prebuilt libraries for ${name}${musl ? " with musl (Alpine Linux and its like)" : ""}`,
    `the platforms ${platformNames.join(", ")}${musl ? ", where Linux means glibc" : ""}`,
    musl
      ? "use a system with glibc 2.17 or newer, such as Debian, Ubuntu, Fedora or the image oven/bun:debian"
      : "use one of these platforms, or download for one of them with --platform, to build for another machine",
  );
}

/** Reads a platform that a user named. Throws a {@link LibsError} `unsupported-platform`. */
export function parsePlatform(text: string): PlatformName {
  if (isPlatformName(text)) return text;
  throw new LibsError(
    "unsupported-platform",
    `There is no platform ${JSON.stringify(text)}${text.includes("musl") ? ": libraries for musl are not built" : ""}`,
    `the platforms ${platformNames.join(", ")}`,
    "name one of these",
  );
}
