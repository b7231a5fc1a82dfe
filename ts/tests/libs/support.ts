import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Checkout } from "../../src/libs/checkout";
import { LibsClient } from "../../src/libs/client";
import { type LibsConfig, resolveConfiguration } from "../../src/libs/configuration";
import { LibsError, type LibsErrorCode } from "../../src/libs/error";
import {
  archiveName,
  checksumName,
  describeHeader,
  formatChecksum,
  formatManifest,
  headerFile,
  libraryFile,
  licencesFile,
  type Manifest,
  type PlatformName,
  releaseTag,
  sbomFile,
} from "../../src/libs/manifest";
import { defaultNetwork, type Limits, type Network } from "../../src/libs/network";
import type { Reporter } from "../../src/libs/reporter";
import type { PublishedRelease, ReleasesServer } from "../support/releases-server";

/** The folder of the repository, and the header in it. */
export const root = resolve(import.meta.dir, "../../..");
export const headerText = readFileSync(join(root, headerFile), "utf8");
export const checkout: Checkout = { root, ...describeHeader(headerText) };

const folders: string[] = [];

/** An empty folder, which the test file removes by `afterEach(removeTemporaryFolders)`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "temporal-libs-test-"));
  folders.push(folder);
  return folder;
}

/**
 * Removes the folders of {@link temporaryFolder}. A hook in this module would be one of the first test file that loads
 * it only.
 */
export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** SHA-256 in hexadecimal digits. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that gzip cannot make smaller, the same on every run. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 32) {
    bytes.set(
      createHash("sha256")
        .update(String(offset))
        .digest()
        .subarray(0, Math.min(32, length - offset)),
      offset,
    );
  }
  return bytes;
}

/** An entry of a tar archive; `type` is the flag in its header, default a file. */
export interface TarEntry {
  name: string;
  content?: Uint8Array | string;
  type?: string;
  link?: string;
}

/** A tar archive in the ustar format, which says what it is told to, be it wrong. */
export function tar(entries: readonly TarEntry[], end = true): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, content = "", type = "0", link = "" } of entries) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\x000000000\x000000000\x00", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0        ${type}`, 124);
    header.write(link, 157, 100);
    header.write("ustar\x0000", 257);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    parts.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  if (end) parts.push(Buffer.alloc(1024));
  return Buffer.concat(parts);
}

/** What an archive is to be like; what is left out is as it should be. */
export interface ArchiveOptions {
  version?: string;
  platform?: PlatformName;
  /** Content of the Core archive; default 60 kB that do not compress. */
  library?: Uint8Array;
  manifest?: Partial<Manifest>;
  /** Changes the entries after the manifest has been made. */
  entries?: (entries: TarEntry[]) => TarEntry[];
}

/** A manifest and the archive that it is in. The library is no library: the client does not look into it. */
export function makeArchive(options: ArchiveOptions = {}): { manifest: Manifest; bytes: Uint8Array } {
  const { version = "0.1.0", platform = "linux-x64", library = noise(60_000) } = options;
  const describe = (file: string, content: Uint8Array | string) => ({
    file,
    sha256: sha256(content),
    size: Buffer.byteLength(content),
  });
  const licences = "licences";
  const sbom = "{}";
  const manifest: Manifest = {
    schemaVersion: 1,
    version,
    platform,
    target: "x86_64-unknown-linux-gnu",
    abi: checkout.abi,
    headerHash: checkout.headerHash,
    coreVersion: "0.10.1",
    rustc: "rustc 1.95.0",
    profile: "dist",
    minimumGlibc: "2.17",
    minimumMacos: null,
    header: describe(headerFile, headerText),
    libraries: [describe(libraryFile, library)],
    nativeLibraries: ["c", "m"],
    frameworks: [],
    licences: describe(licencesFile, licences),
    sbom: describe(sbomFile, sbom),
    ...options.manifest,
  };
  const entries: TarEntry[] = [
    { name: "manifest.json", content: formatManifest(manifest) },
    { name: libraryFile, content: library },
    { name: headerFile, content: headerText },
    { name: "LICENSE", content: "licence" },
    { name: licencesFile, content: licences },
    { name: sbomFile, content: sbom },
  ];
  return { manifest, bytes: gzipSync(tar(options.entries?.(entries) ?? entries)) };
}

/**
 * Publishes archives of one version on a server, each with its checksum file. Returns the bytes of the archives by
 * platform.
 */
export function publish(
  server: ReleasesServer,
  options: ArchiveOptions & { platforms?: PlatformName[]; checksum?: string; release?: Partial<PublishedRelease> } = {},
): { name: string; bytes: Uint8Array; manifest: Manifest } {
  const { version = "0.1.0", platforms = ["linux-x64"] } = options;
  const files: Record<string, Uint8Array> = {};
  const archives = platforms.map((platform) => {
    const name = archiveName(version, platform);
    const { bytes, manifest } = makeArchive({ ...options, version, platform });
    files[name] = bytes;
    files[checksumName(version, platform)] = new TextEncoder().encode(
      options.checksum ?? formatChecksum(sha256(bytes), name),
    );
    return { name, bytes, manifest };
  });
  server.publish(releaseTag(version), { files, ...options.release });
  return archives[0]!;
}

/** A client for a server, of which time passes only by its own waiting. */
export interface TestClient {
  client: LibsClient;
  cacheDir: string;
  messages: string[];
  /** Bytes that the progress was reported with. */
  progress: number[];
  /** Every wait, in milliseconds. */
  waits: number[];
  /** Resolves when the client has so many bytes of an archive. */
  received(bytes: number): Promise<void>;
}

/** What {@link makeClient} may be told beside the configuration. */
export interface TestClientOptions {
  limits?: Partial<Limits>;
  random?: () => number;
  checkout?: Checkout | undefined;
  environment?: Record<string, string>;
  /** Instead of one of which the waits take no time. */
  network?: Network;
  trustedRoot?: object;
}

/** Makes a {@link TestClient}, with a cache of its own unless the configuration names one. */
export function makeClient(config: LibsConfig, options: TestClientOptions = {}): TestClient {
  const messages: string[] = [];
  const progress: number[] = [];
  const waits: number[] = [];
  const waiting: { bytes: number; resolve: () => void }[] = [];
  const cacheDir = config.cacheDir ?? join(temporaryFolder(), "cache");
  const reporter: Reporter = {
    message: (text) => void messages.push(text),
    progress: (_, received) => {
      progress.push(received);
      for (const waiter of waiting) if (received >= waiter.bytes) waiter.resolve();
    },
  };
  const configuration = resolveConfiguration(
    { version: "0.1.0", platforms: ["linux-x64"], ...config, cacheDir },
    options.environment ?? {},
  );
  const network = options.network ?? testNetwork(options, waits);
  const known = "checkout" in options ? options.checkout : checkout;
  const client = new LibsClient(configuration, reporter, network, known, options.trustedRoot);
  return {
    client,
    cacheDir,
    messages,
    progress,
    waits,
    received: (bytes) => new Promise((resolve) => void waiting.push({ bytes, resolve })),
  };
}

/** A network of which the waits are recorded and take no time. */
export function testNetwork(options: TestClientOptions = {}, waits: number[] = []): Network {
  const startedAt = Date.parse("2026-01-01T00:00:00Z");
  let waited = 0;
  return {
    timing: {
      sleep: async (milliseconds) => {
        waits.push(milliseconds);
        waited += milliseconds;
      },
      random: options.random ?? (() => 0),
      now: () => startedAt + waited,
    },
    limits: { ...defaultNetwork.limits, ...options.limits },
  };
}

/** The {@link LibsError} that a promise is rejected with; its message must have all three parts. */
export async function failure(promise: Promise<unknown>, code: LibsErrorCode): Promise<LibsError> {
  const error = await promise.then(
    (value) => new Error(`it succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LibsError)) throw error;
  if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`);
  if (!/^\S.*\S\.\n {2}Tried: \S.*\.\n {2}What to do: \S.*\.$/s.test(error.message))
    throw new Error(`the message has not its three parts: ${error.message}`);
  return error;
}
