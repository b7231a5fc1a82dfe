/** Finds or downloads the programs of servers. */

import { chmod, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Duration, msToNumber } from "../common/time";
import { reasonOf } from "../libs/error";
import { defaultNetwork, type Network, TemporaryFailure, withRetries } from "../libs/network";
import type { Reporter } from "../libs/reporter";
import { here, installedCli, installedTimeSkipper, isFile, type Places } from "./installed";

/** Where the program of a server comes from. */
export type EphemeralServerExecutable =
  | {
      type: "cached-download";
      /** Folder to download to. Default: the system's folder for temporary files. */
      downloadDir?: string;
      /**
       * A version such as `"v1.9.1"`, or `"latest"`, or `"default"`: what Temporal recommends for version 1.24.0 of the
       * official SDK. Default `"default"`.
       */
      version?: string;
      /** Age at which a downloaded file is downloaded again. Default 1 day. */
      ttl?: Duration;
    }
  | {
      type: "existing-path";
      /** Path of the program. */
      path: string;
    };

/** A program that can be downloaded. */
export interface Program {
  /** What the download service calls it. */
  artifact: string;
  /** How the names of downloaded files begin. */
  filePrefix: string;
  /** What error messages call it. */
  title: string;
  /** Name of a file beside the archives with a SHA-256 and a name per line, if there is one. */
  checksums?: string;
  /** What to do instead of downloading, as the end of an error message. */
  advice: string;
  /** Finds one that is installed; `downloaded` is where it is downloaded to. */
  installed(places: Places, downloaded: string): Promise<string | undefined>;
}

/** The Temporal CLI, which contains the dev server. */
export const temporalCli: Program = {
  artifact: "cli",
  filePrefix: "temporal",
  title: "Temporal CLI",
  checksums: "checksums.txt",
  advice:
    "install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is in PATH, or name it by the environment variable TEMPORAL_CLI_PATH or `server: { executable: { type: 'existing-path', path: '…/temporal' } }`",
  installed: installedCli,
};

/** The test server with time skipping, part of Temporal's Java SDK. */
export const timeSkippingServer: Program = {
  artifact: "temporal-test-server",
  filePrefix: "temporal-test-server",
  title: "Temporal test server",
  advice:
    "install a test server as `temporal-test-server` in PATH or, to use the dev server's own time skipping, the Temporal CLI (1.9 or newer, https://docs.temporal.io/cli) as `temporal`, or name one of them by `server: { executable: { type: 'existing-path', path } }`",
  installed: (places, downloaded) =>
    installedTimeSkipper(places, downloaded, fileOf(temporalCli, { type: "cached-download" })),
};

/** The service that knows the addresses of all versions for all platforms. */
const downloadService = "https://temporal.download";
/**
 * The SDK whose API this is: its default versions are the ones that programs written for it expect. They also share
 * their files.
 */
const sdk = { name: "sdk-typescript", version: "1.24.0" };

/** What the download service answers. */
interface DownloadInfo {
  archiveUrl: string;
  fileToExtract: string;
}

class NotFound extends Error {}

const downloadTimeoutMs = 600_000;

/** How a program is looked for and downloaded; the defaults are for everything but tests. */
interface ProvideOptions {
  /** The download service. */
  service?: string;
  network?: Network;
  places?: Places;
  /** Where the download says what it does. Default: nowhere. */
  reporter?: Reporter;
}

type Downloading = Required<Omit<ProvideOptions, "places">>;

const silent: Reporter = { message: () => {}, progress: () => {} };

/** Downloads that are under way in this process, by file. */
const downloads = new Map<string, Promise<void>>();

/**
 * The path of a server's program: the given one, or one in the download folder, which is downloaded if it is missing or
 * too old. A download never replaces a file by a part of one, and what is running goes on with the old one. One that is
 * too old is used on when it can't be downloaded again.
 *
 * @param executable where it comes from. Default: one that is installed, or else a cached download with all defaults
 * @throws TypeError for options that make no sense
 * @throws Error if there is no such file or it can't be downloaded, with what to do
 */
export async function provideExecutable(
  program: Program,
  executable?: EphemeralServerExecutable,
  options: ProvideOptions = {},
): Promise<string> {
  const { service = downloadService, network = defaultNetwork, places = here(), reporter = silent } = options;
  const downloading = { service, network, reporter };
  if (executable === undefined) {
    const download = { type: "cached-download" } as const;
    const installed = await program.installed(places, fileOf(program, download));
    return installed ?? cachedDownload(program, download, downloading);
  }
  switch (executable.type) {
    case "existing-path":
      if (!(await isFile(executable.path)))
        throw new Error(`There is no file ${executable.path}: correct the \`path\` of \`server.executable\``);
      return executable.path;
    case "cached-download":
      return cachedDownload(program, executable, downloading);
    default:
      throw new TypeError(
        `Unsupported server executable type: ${String((executable as { type?: unknown }).type)}; write 'cached-download' or 'existing-path'`,
      );
  }
}

type CachedDownload = Extract<EphemeralServerExecutable, { type: "cached-download" }>;

/** Where a download goes. @throws TypeError for a version that can't be one */
function fileOf({ filePrefix }: Program, { version = "default", downloadDir = tmpdir() }: CachedDownload): string {
  if (!/^[\w.+-]+$/.test(version))
    throw new TypeError(
      `\`version\` of a cached download must be like 'v1.2.3', 'default' or 'latest', got ${JSON.stringify(version)}`,
    );
  return join(downloadDir, `${filePrefix}-${version === "default" ? `${sdk.name}-${sdk.version}` : version}`);
}

async function cachedDownload(program: Program, options: CachedDownload, downloading: Downloading): Promise<string> {
  const { version = "default" } = options;
  const file = fileOf(program, options);
  const ttlMs = msToNumber(options.ttl ?? "1 day", "ttl");
  const age = await ageOf(file, downloading.network.timing.now());
  if (age !== undefined && age <= ttlMs) return file;
  let download = downloads.get(file);
  if (download === undefined) {
    download = downloadTo(file, program, version, downloading).finally(() => downloads.delete(file));
    downloads.set(file, download);
  }
  await download.catch((error) => {
    if (age === undefined) throw error;
  });
  return file;
}

async function downloadTo(file: string, program: Program, version: string, downloading: Downloading): Promise<void> {
  const { service, reporter } = downloading;
  const query = new URLSearchParams({ arch: architecture(program), platform: process.platform, format: "tar.gz" });
  if (version === "default") {
    query.set("sdk-name", sdk.name);
    query.set("sdk-version", sdk.version);
  }
  const infoUrl = `${service}/${program.artifact}/${version}?${query}`;
  const partial = `${file}.${crypto.randomUUID()}.downloading`;
  try {
    const { archiveUrl, fileToExtract } = parseInfo(await fetchRetrying(infoUrl, downloading), infoUrl);
    reporter.message(`downloading the ${program.title} from ${archiveUrl} to ${file}`);
    const archive = await fetchRetrying(archiveUrl, downloading, (received, total) =>
      reporter.progress(program.title, received, total),
    );
    if (program.checksums !== undefined)
      await check(archive, archiveUrl, new URL(program.checksums, archiveUrl).href, downloading);
    const extracted = (await new Bun.Archive(archive).files(fileToExtract)).get(fileToExtract);
    if (extracted === undefined) throw new Error(`the archive ${archiveUrl} has no file ${fileToExtract}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(partial, await extracted.bytes());
    await chmod(partial, 0o755);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw new Error(
      `The ${program.title} can't be downloaded to ${file}: ${reasonOf(error)}. If there is no way to download it, ${program.advice}`,
      {
        cause: error,
      },
    );
  }
}

function parseInfo(body: Uint8Array, url: string): DownloadInfo {
  let info: Partial<DownloadInfo> | null = null;
  try {
    info = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // Told below, with what came instead.
  }
  const { archiveUrl, fileToExtract } = info ?? {};
  if (typeof archiveUrl === "string" && typeof fileToExtract === "string") return { archiveUrl, fileToExtract };
  throw new Error(
    `${url} answered without archiveUrl and fileToExtract: ${new TextDecoder().decode(body.subarray(0, 200))}`,
  );
}

/** What the download service calls this machine's processor. */
function architecture(program: Program): string {
  const names: Record<string, string> = { x64: "amd64", arm64: "arm64" };
  const name = names[process.arch];
  if (name === undefined)
    throw new Error(`There is no ${program.title} to download for ${process.arch}: ${program.advice}`);
  return name;
}

/** Compares an archive with its SHA-256 in a list, if there is one. @throws Error if it isn't the same */
async function check(archive: Uint8Array, url: string, listUrl: string, downloading: Downloading) {
  const name = new URL(url).pathname.split("/").at(-1)!;
  let list: string;
  try {
    list = new TextDecoder().decode(await fetchRetrying(listUrl, downloading));
  } catch (error) {
    // A mirror may have the archives alone.
    if (!(error instanceof NotFound)) throw error;
    return downloading.reporter.message(`not compared with a checksum: ${error.message}`);
  }
  const [wanted] = list.split("\n").flatMap((line) => {
    const [sum = "", file = ""] = line.trim().split(/\s+\*?/);
    return file === name ? [sum.toLowerCase()] : [];
  });
  if (wanted === undefined) throw new Error(`${listUrl} has no checksum of ${name}`);
  const actual = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
  if (actual !== wanted) throw new Error(`${url} has SHA-256 ${actual} instead of ${wanted}`);
}

/** The bytes at an address; asked for again if that fails in a way that may pass. */
async function fetchRetrying(
  url: string,
  { network, reporter }: Downloading,
  progress: (received: number, total: number) => void = () => {},
): Promise<Uint8Array> {
  return withRetries(network, `GET ${url}`, reporter.message, async () => {
    const failed = (reason: string, cause?: unknown) =>
      new TemporaryFailure(reason, (tried) => new Error(`${reason}; tried ${tried}`, { cause }));
    let response: Response;
    let body: Uint8Array;
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) });
      body = await bytesOf(response, progress);
    } catch (error) {
      throw failed(`${url} gave no answer: ${reasonOf(error)}`, error);
    }
    if (response.ok) return body;
    const reason = `${url} answered with status ${response.status}`;
    if (response.status === 404) throw new NotFound(reason);
    throw response.status >= 500 || response.status === 429 ? failed(reason) : new Error(reason);
  });
}

async function bytesOf(response: Response, progress: (received: number, total: number) => void): Promise<Uint8Array> {
  const total = Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    received += chunk.length;
    if (total > 0) progress(received, total);
  }
  return Buffer.concat(chunks);
}

/** Milliseconds since the file was written; undefined if there is none. */
async function ageOf(file: string, now: number): Promise<number | undefined> {
  return stat(file).then(
    (status) => now - status.mtimeMs,
    () => undefined,
  );
}
