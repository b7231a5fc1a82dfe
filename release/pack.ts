/** Builds Core's archive for a platform and packs it for a release; see `release/pack --help`. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { output, root } from "../scripts/tools";
import {
  archiveName,
  checksumName,
  describeHeader,
  formatChecksum,
  formatManifest,
  headerFile,
  isPlatformName,
  libraryFile,
  licencesFile,
  type ManifestFile,
  manifestFile,
  manifestSchemaVersion,
  type PlatformName,
  packageVersion,
  platformNames,
  sbomFile,
} from "../ts/src/libs/manifest";
import { coreVersion, fail, run, thisPlatform } from "./command";
import { writeFigures } from "./figures";
import { licences, linkedCrates } from "./licences";
import { platforms } from "./platforms";
import { archiveSbom } from "./sbom";
import { stripArchive } from "./strip";
import { tar } from "./tar";
import { checkVersions } from "./versions";

const help = `Builds Core's static archive and packs it as a release publishes it. Packing the same archive again gives the same bytes.

  release/pack [options]

  --platform <name>   ${platformNames.join(", ")} (default: this machine's)
  --profile <name>    dist: link-time optimised, for what is released (default)
                      release: the everyday build, for tests
  --archive <file>    pack this libtemporal_bun_core.a, built with --profile, instead of running cargo
  --version <version> fail unless the checkout has this version
  --output <folder>   where the .tar.gz, the .sha256 and figures of the build go (default: target/packed)
  --fast              compress for speed and not for size
  --no-strip          keep debug information

The path of the .tar.gz is printed on stdout.`;

interface Options {
  platform: PlatformName;
  profile: string;
  archive?: string;
  output: string;
  fast: boolean;
  strip: boolean;
}

/** Runs cargo and returns the archive. */
function compile(profile: string, rustTarget: string): string {
  const native = rustTarget === platformTarget(thisPlatform);
  run(
    [
      // With the crate's rlib beside it, cargo would leave out the link-time optimisation.
      "cargo",
      "rustc",
      "--locked",
      "--package",
      "temporal-bun-core",
      "--lib",
      "--crate-type",
      "staticlib",
      "--profile",
      profile,
      ...(native ? [] : ["--target", rustTarget]),
    ],
    { MACOSX_DEPLOYMENT_TARGET: platforms["macos-arm64"].minimumMacos ?? undefined },
  );
  const folder = resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target");
  return join(folder, native ? "" : rustTarget, profile, "libtemporal_bun_core.a");
}

function platformTarget(platform: string): string | undefined {
  return isPlatformName(platform) ? platforms[platform].rustTarget : undefined;
}

function describe(file: string, data: Uint8Array): ManifestFile {
  return { file, sha256: createHash("sha256").update(data).digest("hex"), size: data.length };
}

/** Packs an archive and returns the path of the .tar.gz. */
function pack(options: Options): string {
  checkVersions();
  const { rustTarget, minimumGlibc, minimumMacos, nativeLibraries, frameworks } = platforms[options.platform];
  const start = performance.now();
  const built = options.archive === undefined ? compile(options.profile, rustTarget) : resolve(options.archive);
  const buildSeconds = options.archive === undefined ? Math.round((performance.now() - start) / 1000) : null;
  if (!existsSync(built))
    throw new Error(
      `${built} does not exist: name a libtemporal_bun_core.a with --archive, or leave it out to build one`,
    );

  const header = readFileSync(join(root, "include/temporal_bun_core.h"));
  const linked = linkedCrates(rustTarget);
  const licenceTexts = new TextEncoder().encode(licences(rustTarget, linked));
  const sbom = new TextEncoder().encode(archiveSbom(`temporal-static-libs-${options.platform}`, linked));
  const library = options.strip ? stripped(built) : readFileSync(built);
  const manifest = formatManifest({
    schemaVersion: manifestSchemaVersion,
    version: packageVersion,
    platform: options.platform,
    target: rustTarget,
    ...describeHeader(header.toString()),
    coreVersion: coreVersion(),
    rustc: output([process.env["RUSTC"] ?? "rustc", "--version"]),
    profile: options.profile,
    minimumGlibc,
    minimumMacos,
    header: describe(headerFile, header),
    libraries: [describe(libraryFile, library)],
    nativeLibraries,
    frameworks,
    licences: describe(licencesFile, licenceTexts),
    sbom: describe(sbomFile, sbom),
  });
  const packed = tar([
    { name: manifestFile, data: new TextEncoder().encode(manifest) },
    { name: "LICENSE", data: readFileSync(join(root, "LICENSE")) },
    { name: licencesFile, data: licenceTexts },
    { name: sbomFile, data: sbom },
    { name: headerFile, data: header },
    { name: libraryFile, data: library },
  ]);
  // libdeflate writes no time and no name into the header, and its level 12 is 4 % smaller than zlib's 9.
  const compressed = Bun.gzipSync(packed as Uint8Array<ArrayBuffer>, {
    level: options.fast ? 1 : 12,
    library: "libdeflate",
  });

  const name = archiveName(packageVersion, options.platform);
  mkdirSync(options.output, { recursive: true });
  write(join(options.output, name), compressed);
  write(
    join(options.output, checksumName(packageVersion, options.platform)),
    formatChecksum(describe(name, compressed).sha256, name),
  );
  writeFigures(options.output, options.platform, {
    ...{ version: packageVersion, packed: compressed.length, library: library.length, buildSeconds },
  });
  console.error(`${name}: ${megabytes(compressed.length)} MB; ${libraryFile} has ${megabytes(library.length)} MB`);
  return join(options.output, name);
}

function stripped(archive: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "temporal-pack-"));
  try {
    stripArchive(archive, join(folder, "stripped.a"));
    return readFileSync(join(folder, "stripped.a"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// In one step, so that an interrupted run leaves no half file under a good name.
function write(path: string, data: Uint8Array | string): void {
  writeFileSync(`${path}.part`, data);
  renameSync(`${path}.part`, path);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      platform: { type: "string", default: thisPlatform },
      profile: { type: "string", default: "dist" },
      archive: { type: "string" },
      version: { type: "string" },
      output: { type: "string", default: join(root, "target/packed") },
      fast: { type: "boolean", default: false },
      "no-strip": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const { platform, profile, version } = values;
  if (!isPlatformName(platform)) throw new Error(`--platform ${platform} is none of ${platformNames.join(", ")}`);
  if (profile !== "dist" && profile !== "release") throw new Error(`--profile ${profile} is neither dist nor release`);
  if (version !== undefined && version !== packageVersion) {
    throw new Error(
      `--version is ${version}, but this checkout has version ${packageVersion}: check out the right commit, or change the version in it`,
    );
  }
  return {
    platform,
    profile,
    archive: values.archive,
    output: resolve(values.output),
    fast: values.fast,
    strip: !values["no-strip"],
  };
}

try {
  console.log(pack(readOptions()));
} catch (error) {
  fail(`release/pack: ${error instanceof Error ? error.message : error}`);
}
