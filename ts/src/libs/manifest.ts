/**
 * What a prebuilt archive is and what it is called: `release/pack` writes it by this module, the download client reads
 * it by this module.
 *
 * The archive `temporal-static-libs-<platform>-v<version>.tar.gz` is a ustar archive with plain files only, at its
 * root: `manifest.json`, `lib/libtemporal_bun_core.a`, `include/temporal_bun_core.h`, `LICENSE`, `THIRD_PARTY.md` and
 * `sbom.cdx.json`.
 */
import packageManifest from "../../package.json" with { type: "json" };

/** The platforms that archives are made for, by the names in their file names. */
export const platformNames = ["linux-arm64", "linux-x64", "macos-arm64", "macos-x64"] as const;

/** One of `linux-arm64`, `linux-x64` and `macos-arm64`. */
export type PlatformName = (typeof platformNames)[number];

/** The version of the format that this module writes and the only one that it reads. */
export const manifestSchemaVersion = 1;

/** Name of the manifest in the archive and in the cache. */
export const manifestFile = "manifest.json";

/** Where the Core archive is inside the tarball. */
export const libraryFile = "lib/libtemporal_bun_core.a";

/** Where Core's C header is inside the tarball. */
export const headerFile = "include/temporal_bun_core.h";

/** Where the licences of everything inside are in the tarball. */
export const licencesFile = "THIRD_PARTY.md";

/** Where the list of everything inside is, in CycloneDX's form: in the tarball, and in the npm packages. */
export const sbomFile = "sbom.cdx.json";

/** A file that is described by a manifest. */
export interface ManifestFile {
  /** Path inside the archive, with `/`, such as `lib/libtemporal_bun_core.a`. */
  file: string;
  /** SHA-256 of its bytes, 64 lower-case hexadecimal digits. */
  sha256: string;
  /** Length in bytes. */
  size: number;
}

/** The document `manifest.json`. */
export interface Manifest {
  /** Of the manifest's own format. */
  schemaVersion: typeof manifestSchemaVersion;
  /** Version of the project that the archive was built from, such as `0.1.0`. */
  version: string;
  platform: PlatformName;
  /** The Rust target triple, such as `x86_64-unknown-linux-gnu`. */
  target: string;
  /** `TEMPORAL_CORE_ABI_VERSION` of the header. */
  abi: number;
  /** 64-bit FNV-1a of the header's text, 16 lower-case hexadecimal digits, as `temporal_core_abi` reports it. */
  headerHash: string;
  /** Version of the crate temporalio-sdk-core inside. */
  coreVersion: string;
  /** What `rustc --version` said. */
  rustc: string;
  /** The cargo profile: `dist` for what is released, `release` for an everyday build. */
  profile: string;
  /** The oldest glibc that it links with, such as `2.17`; null on macOS. */
  minimumGlibc: string | null;
  /** The oldest macOS that it runs on, such as `11.0`; null on Linux. */
  minimumMacos: string | null;
  /** Core's C header. */
  header: ManifestFile;
  /** The static archives, at least one. */
  libraries: ManifestFile[];
  /** System libraries that have to be linked too, as they follow `-l`. */
  nativeLibraries: string[];
  /** Frameworks of macOS that have to be linked too. */
  frameworks: string[];
  /** The licences of everything inside. */
  licences: ManifestFile;
  /** The list of everything inside. */
  sbom: ManifestFile;
}

/** The version of this package, without a `v`. Archives of the same version belong to it. */
export const packageVersion: string = packageManifest.version;

/**
 * Name of the archive of a version (without `v`) for a platform. Its checksum is in a file of the same name and
 * `.sha256`.
 */
export function archiveName(version: string, platform: PlatformName): string {
  return `temporal-static-libs-${platform}-v${version}.tar.gz`;
}

/** Name of the file with the checksum of {@link archiveName}. */
export function checksumName(version: string, platform: PlatformName): string {
  return `${archiveName(version, platform)}.sha256`;
}

/** Name of the file with the attestation of {@link archiveName}: by which workflow's run it was built. */
export function attestationName(version: string, platform: PlatformName): string {
  return `${archiveName(version, platform)}.sigstore.json`;
}

const tagPrefix = "temporal-libs-v";

/** The tag of the release that holds the archives of a version (without `v`). */
export function releaseTag(version: string): string {
  return tagPrefix + version;
}

/** The version that a tag stands for; undefined when it is no tag of {@link releaseTag}. */
export function versionOfTag(tag: string): string | undefined {
  const version = tag.startsWith(tagPrefix) ? tag.slice(tagPrefix.length) : undefined;
  return version !== undefined && isVersion(version) ? version : undefined;
}

/** Whether a text is a version such as `1.2.3` or `1.2.3-rc.1`, without a `v`. */
export function isVersion(text: string): boolean {
  return /^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$/.test(text);
}

/** Whether a text is one of {@link platformNames}. */
export function isPlatformName(text: string): text is PlatformName {
  return (platformNames as readonly string[]).includes(text);
}

/** The content of the checksum file, which `sha256sum --check` reads too. */
export function formatChecksum(sha256: string, fileName: string): string {
  return `${sha256}  ${fileName}\n`;
}

/** The SHA-256 in a checksum file for `fileName`; undefined when the text is none or is for another file. */
export function parseChecksum(text: string, fileName: string): string | undefined {
  const match = /^([0-9a-f]{64}) [ *](\S+)\n?$/.exec(text);
  return match?.[2] === fileName ? match[1] : undefined;
}

/**
 * `TEMPORAL_CORE_ABI_VERSION` and the hash of a header's text, as they are in a manifest. Throws an `Error` when the
 * text is not that header.
 */
export function describeHeader(text: string): { abi: number; headerHash: string } {
  const define = /^#define TEMPORAL_CORE_ABI_VERSION (\d+)$/m.exec(text);
  if (define === null) {
    throw new Error("the header does not define TEMPORAL_CORE_ABI_VERSION: it has to be include/temporal_bun_core.h");
  }
  return { abi: Number(define[1]), headerHash: fnv1a(new TextEncoder().encode(text)).toString(16).padStart(16, "0") };
}

/** The 64-bit FNV-1a hash, the one of rust-core/src/abi.rs and zig-bridge/src/core.zig. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/**
 * The text of `manifest.json`: the fields in the order of {@link Manifest}, so that the same manifest is the same
 * bytes.
 */
export function formatManifest(manifest: Manifest): string {
  const file = ({ file, sha256, size }: ManifestFile) => ({ file, sha256, size });
  const ordered: Manifest = {
    schemaVersion: manifest.schemaVersion,
    version: manifest.version,
    platform: manifest.platform,
    target: manifest.target,
    abi: manifest.abi,
    headerHash: manifest.headerHash,
    coreVersion: manifest.coreVersion,
    rustc: manifest.rustc,
    profile: manifest.profile,
    minimumGlibc: manifest.minimumGlibc,
    minimumMacos: manifest.minimumMacos,
    header: file(manifest.header),
    libraries: manifest.libraries.map(file),
    nativeLibraries: manifest.nativeLibraries,
    frameworks: manifest.frameworks,
    licences: file(manifest.licences),
    sbom: file(manifest.sbom),
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/**
 * Reads the text of `manifest.json`. Fields that are not known are ignored, so that a later release may add some.
 *
 * Throws an `Error` of one sentence, which names the field, when it is not a manifest of {@link manifestSchemaVersion}.
 */
export function parseManifest(text: string): Manifest {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(`${manifestFile} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const fields = new Fields(document, "");
  const schemaVersion = fields.number("schemaVersion");
  if (schemaVersion !== manifestSchemaVersion) {
    throw new Error(
      `${manifestFile} has schemaVersion ${schemaVersion}, but this client reads ${manifestSchemaVersion}`,
    );
  }
  const version = fields.text("version");
  if (!isVersion(version)) throw fields.wrong("version", "a version such as 1.2.3");
  const platform = fields.text("platform");
  if (!isPlatformName(platform)) throw fields.wrong("platform", `one of ${platformNames.join(", ")}`);
  const headerHash = fields.text("headerHash");
  if (!/^[0-9a-f]{16}$/.test(headerHash)) throw fields.wrong("headerHash", "16 hexadecimal digits");
  const libraries = fields.list("libraries").map((_, index) => fields.file("libraries", index));
  if (libraries.length === 0) throw fields.wrong("libraries", "a list of at least one file");
  return {
    schemaVersion,
    version,
    platform,
    target: fields.text("target"),
    abi: fields.number("abi"),
    headerHash,
    coreVersion: fields.text("coreVersion"),
    rustc: fields.text("rustc"),
    profile: fields.text("profile"),
    minimumGlibc: fields.textOrNull("minimumGlibc"),
    minimumMacos: fields.textOrNull("minimumMacos"),
    header: fields.file("header"),
    libraries,
    nativeLibraries: fields.texts("nativeLibraries"),
    frameworks: fields.texts("frameworks"),
    licences: fields.file("licences"),
    sbom: fields.file("sbom"),
  };
}

/** Reads fields of an object and names their path when they are wrong. */
class Fields {
  readonly #values: Record<string, unknown>;

  constructor(
    value: unknown,
    readonly path: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Error(`${manifestFile}${path === "" ? "" : `: ${path}`} is not an object`);
    }
    this.#values = value as Record<string, unknown>;
  }

  wrong(name: string, expected: string): Error {
    const value = JSON.stringify(this.#values[name])?.slice(0, 100) ?? "missing";
    return new Error(`${manifestFile}: ${this.path}${name} is ${value} instead of ${expected}`);
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== "string" || value === "") throw this.wrong(name, "a text");
    return value;
  }

  textOrNull(name: string): string | null {
    return this.#values[name] === null ? null : this.text(name);
  }

  number(name: string): number {
    const value = this.#values[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.wrong(name, "a whole number");
    return value as number;
  }

  list(name: string): unknown[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) throw this.wrong(name, "a list");
    return value;
  }

  texts(name: string): string[] {
    const list = this.list(name);
    // They end up on a linker's command line.
    if (!list.every((item) => typeof item === "string" && /^[A-Za-z0-9_+.][A-Za-z0-9_+.-]*$/.test(item))) {
      throw this.wrong(name, "a list of library names");
    }
    return list as string[];
  }

  file(name: string, index?: number): ManifestFile {
    const path = index === undefined ? name : `${name}[${index}]`;
    const fields = new Fields(index === undefined ? this.#values[name] : this.list(name)[index], `${path}.`);
    const file = fields.text("file");
    if (!isInnerPath(file)) throw fields.wrong("file", "a path inside the archive");
    const sha256 = fields.text("sha256");
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw fields.wrong("sha256", "64 hexadecimal digits");
    return { file, sha256, size: fields.number("size") };
  }
}

/** Whether a path is relative, in its simplest form, and stays inside the folder that it is relative to. */
export function isInnerPath(path: string): boolean {
  return /^[A-Za-z0-9_+-][A-Za-z0-9._+-]*(\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*$/.test(path);
}
