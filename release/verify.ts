/** Checks, links and tries what `release/pack` made; see `release/verify --help`. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { output, root } from "../scripts/tools";
import { checkAttestation } from "../ts/src/libs/attestation";
import { inspectFolder } from "../ts/src/libs/cache";
import {
  archiveName,
  attestationName,
  checksumName,
  describeHeader,
  headerFile,
  type Manifest,
  type PlatformName,
  packageVersion,
  parseChecksum,
  platformNames,
} from "../ts/src/libs/manifest";
import { defaultNetwork } from "../ts/src/libs/network";
import { unpack } from "../ts/src/libs/unpack";
import { coreVersion, fail, run, thisPlatform } from "./command";
import { figuresName } from "./figures";
import { platforms, releasedPlatforms } from "./platforms";

const help = `Checks what release/pack made.

  release/verify [--bun <program>] [--link-only [--frameworks <folder>]] [--attested-by <owner/name>] <archive.tar.gz>
      Compares the archive with its checksum, its manifest and this checkout, links the bridge from it as \`zig build\` does
      for users, loads that in Bun, and has it echo.

  release/verify --release <folder> [--attested-by <owner/name>]
      Compares the archives of a folder with their checksums, their manifests and each other: they must be those of
      ${releasedPlatforms.join(", ")}, and agree on version, Core, ABI and header.

  --bun <program>   the Bun that loads the bridge of another platform, such as one under qemu
  --link-only       do not load it; for a platform that this machine cannot run
  --frameworks      the frameworks to link for macOS with on another system
  --attested-by     the repository whose release workflow must have built the archives, as the bundles beside them say;
                    without it none is asked for, and a release has none`;

interface Options {
  bun: string;
  linkOnly: boolean;
  attestedBy: string | undefined;
  frameworks: string | undefined;
}

/**
 * Unpacks an archive into `cache` as the download client does, after comparing it with its checksum and, if it must
 * have been attested, with its attestation. Returns its manifest.
 */
async function check(archive: string, cache: string, attestedBy: string | undefined): Promise<Manifest> {
  const platform = platformNames.find((name) => archiveName(packageVersion, name) === basename(archive));
  if (platform === undefined) {
    throw new Error(
      `${basename(archive)} is not the name of an archive of version ${packageVersion}, such as ${archiveName(packageVersion, "linux-x64")}`,
    );
  }
  const checksumPath = join(dirname(archive), checksumName(packageVersion, platform));
  const expected = parseChecksum(readFileSync(checksumPath, "utf8"), basename(archive));
  const actual = createHash("sha256").update(readFileSync(archive)).digest("hex");
  if (actual !== expected)
    throw new Error(
      `${archive} has SHA-256 ${actual}, but ${basename(checksumPath)} says ${expected ?? "nothing of it"}`,
    );
  if (attestedBy !== undefined) {
    const bundle = readFileSync(join(dirname(archive), attestationName(packageVersion, platform)), "utf8");
    const attested = { name: basename(archive), sha256: actual, version: packageVersion };
    await checkAttestation(bundle, attested, attestedBy);
  }

  const folder = join(cache, `v${packageVersion}`, platform);
  mkdirSync(folder, { recursive: true });
  await unpack(archive, folder, defaultNetwork.limits);
  const found = await inspectFolder(folder, packageVersion, platform, true);
  if (found.state !== "whole")
    throw new Error(
      `${basename(archive)} does not match its manifest: ${found.state === "damaged" ? found.problem : "it is empty"}`,
    );
  checkManifest(found.manifest, folder, platform);
  return found.manifest;
}

/** Throws unless a manifest says what this checkout would have been packed with. */
function checkManifest(manifest: Manifest, folder: string, platform: PlatformName): void {
  const header = readFileSync(join(root, headerFile), "utf8");
  const { rustTarget, minimumGlibc, minimumMacos, nativeLibraries, frameworks } = platforms[platform];
  const wanted = {
    ...{ target: rustTarget, minimumGlibc, minimumMacos, nativeLibraries, frameworks },
    ...describeHeader(header),
    coreVersion: coreVersion(),
  };
  for (const [field, value] of Object.entries(wanted)) {
    const actual = manifest[field as keyof Manifest];
    if (!Bun.deepEquals(actual, value)) {
      throw new Error(
        `the manifest for ${platform} has ${field} ${JSON.stringify(actual)}, but in this checkout it is ${JSON.stringify(value)}`,
      );
    }
  }
  if (readFileSync(join(folder, headerFile), "utf8") !== header)
    throw new Error(`${headerFile} for ${platform} is not the one of this checkout`);
}

/** Links the bridge from an unpacked archive into `prefix` and returns its path. */
function link(platform: PlatformName, cache: string, prefix: string, frameworks: string | undefined): string {
  const options = platform === thisPlatform ? [] : [`-Dtarget=${platforms[platform].zigTarget}`];
  if (frameworks !== undefined) options.push(`-Dframeworks=${resolve(frameworks)}`);
  run(["zig", "build", "-Dprebuilt=true", "-Dno-fallback", "--prefix", prefix, ...options], {
    TEMPORAL_LIBS_CACHE_DIR: cache,
    TEMPORAL_LIBS_OFFLINE: "1",
    TEMPORAL_LIBS_VERSION: packageVersion,
  });
  return join(prefix, "lib", `libtemporal_bun_bridge.${platform.startsWith("macos") ? "dylib" : "so"}`);
}

/** Loads a bridge in Bun, has it echo, and compares what it says of itself with the manifest. */
function tryOut(bridge: string, bun: string, manifest: Manifest): void {
  const printed = output([bun, join(root, "release/smoke.ts")], { TEMPORAL_BUN_LIBRARY: bridge });
  const report = JSON.parse(printed) as { version: string; core: string; coreAbi: number; archiveHeader: string };
  const said = {
    version: report.version,
    coreVersion: report.core,
    abi: report.coreAbi,
    headerHash: report.archiveHeader,
  };
  for (const [field, value] of Object.entries(said)) {
    const expected = manifest[field as keyof Manifest];
    if (value !== expected)
      throw new Error(`the linked library says that its ${field} is ${value}, but the manifest says ${expected}`);
  }
}

async function verifyArchive(
  archive: string,
  { bun, linkOnly, frameworks, attestedBy }: Options,
  folder: string,
): Promise<void> {
  const cache = join(folder, "cache");
  const manifest = await check(archive, cache, attestedBy);
  if (!linkOnly && bun === "bun" && manifest.platform !== thisPlatform) {
    throw new Error(
      `${manifest.platform} does not run on ${thisPlatform}: pass --bun with a program that runs it, or --link-only`,
    );
  }
  const bridge = link(manifest.platform, cache, join(folder, "out"), frameworks);
  const size = `${basename(bridge)} has ${(statSync(bridge).size / 1e6).toFixed(1)} MB`;
  if (!linkOnly) tryOut(bridge, bun, manifest);
  console.error(`${basename(archive)}: checked and linked${linkOnly ? "" : ", loaded and tried"}; ${size}`);
}

/** Compares the archives of a release with each other. */
async function verifyRelease(release: string, cache: string, attestedBy: string | undefined): Promise<void> {
  const names = [archiveName, checksumName, ...(attestedBy === undefined ? [] : [attestationName])];
  const expected = releasedPlatforms
    .flatMap((name) => [...names.map((nameOf) => nameOf(packageVersion, name)), figuresName(name)])
    .sort();
  const actual = readdirSync(release).sort();
  if (!Bun.deepEquals(actual, expected))
    throw new Error(`${release} has ${actual.join(", ") || "nothing"}, but a release is ${expected.join(", ")}`);
  const manifests: Manifest[] = [];
  for (const platform of releasedPlatforms)
    manifests.push(await check(join(release, archiveName(packageVersion, platform)), cache, attestedBy));
  for (const field of ["version", "coreVersion", "abi", "headerHash", "profile"] as const) {
    const values = new Set(manifests.map((manifest) => manifest[field]));
    if (values.size > 1) {
      throw new Error(
        `the archives do not agree: ${field} is ${manifests.map((manifest) => `${manifest[field]} for ${manifest.platform}`).join(", ")}`,
      );
    }
  }
  const { version, coreVersion: core, abi, headerHash } = manifests[0]!;
  console.error(
    `${releasedPlatforms.join(", ")}: all of version ${version}, Core ${core}, ABI ${abi}, header ${headerHash}`,
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bun: { type: "string", default: "bun" },
      "link-only": { type: "boolean", default: false },
      frameworks: { type: "string" },
      release: { type: "string" },
      "attested-by": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(help);
  const [archive] = positionals;
  if (values.release === undefined ? positionals.length !== 1 : positionals.length !== 0)
    throw new Error("name one archive, or a folder with --release");
  const attestedBy = values["attested-by"];
  const named = values.release ?? archive!;
  if (!existsSync(named)) throw new Error(`${named} does not exist: release/pack makes archives`);
  const folder = mkdtempSync(join(tmpdir(), "temporal-verify-"));
  try {
    if (values.release !== undefined) await verifyRelease(values.release, folder, attestedBy);
    else
      await verifyArchive(
        archive!,
        { bun: values.bun, linkOnly: values["link-only"], frameworks: values.frameworks, attestedBy },
        folder,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  fail(`release/verify: ${error instanceof Error ? error.message : error}`);
}
