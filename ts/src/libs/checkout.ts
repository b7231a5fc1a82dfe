import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { LibsError } from "./error";
import { describeHeader, headerFile, type Manifest, packageVersion } from "./manifest";

/** A checkout of the repository, which a prebuilt library must match. */
export interface Checkout {
  /** Its folder. */
  root: string;
  /** `TEMPORAL_CORE_ABI_VERSION` of its header. */
  abi: number;
  /** Hash of its header, as in {@link Manifest.headerHash}. */
  headerHash: string;
}

/** The checkout that a package folder is part of; undefined when the package is installed from a registry. */
export function findCheckout(packageFolder = resolve(import.meta.dir, "../..")): Checkout | undefined {
  const root = resolve(packageFolder, "..");
  const header = join(root, headerFile);
  if (!existsSync(join(root, "build.zig")) || !existsSync(header)) return undefined;
  return { root, ...describeHeader(readFileSync(header, "utf8")) };
}

/** Throws a {@link LibsError} `abi-mismatch` when a library was built from another header than the checkout's. */
export function checkAbi(manifest: Manifest, checkout: Checkout): void {
  if (manifest.abi === checkout.abi && manifest.headerHash === checkout.headerHash) return;
  throw new LibsError(
    "abi-mismatch",
    `The prebuilt library ${manifest.version} for ${manifest.platform} has ABI ${manifest.abi} and header ${manifest.headerHash}, but this checkout has ABI ${checkout.abi} and header ${checkout.headerHash}`,
    `to match the manifest with ${join(checkout.root, headerFile)}`,
    `check out the source of temporal-libs-v${manifest.version}, choose a version that was built from this header (this package is ${packageVersion}; TEMPORAL_LIBS_VERSION chooses another), or compile Core: \`zig build\` without a prebuilt library`,
  );
}
