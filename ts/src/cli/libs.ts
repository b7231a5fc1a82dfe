import { parseArgs } from "node:util";
import { createClient } from "../libs";
import type { CacheEntry } from "../libs/cache";
import { corrupted, type LibsClient } from "../libs/client";
import { type LibsConfig, parseVersion } from "../libs/configuration";
import { type Counts, readCounts } from "../libs/counts";
import { LibsError } from "../libs/error";
import { withLock } from "../libs/lock";
import { type PlatformName, packageVersion } from "../libs/manifest";
import { defaultNetwork, type Network } from "../libs/network";
import { parsePlatform } from "../libs/platform";
import { availablePlatforms } from "../libs/releases";
import { megabytes } from "../libs/reporter";
import { libsDoctor } from "./doctor/libs";
import type { Output } from "./output";

const help = (command: string) => `usage: ${command} <command> [options]

  download [version]   provide the libraries and print their folder; downloads what is not in the cache
  list                 the releases and their platforms, and what is in the cache
  verify [version]     compare what is in the cache with its checksums
  cache path           print the cache folder
  cache list           what is in the cache
  cache stats          how often libraries came out of the cache, were downloaded, had to be compiled, or were missing
  cache prune          remove all versions but the configured one and the newest ones (--keep, default 1), and unfinished downloads
  cache clear          remove everything from the cache
  doctor               what this machine, this package and the cache are like, with a verdict each

  --platform <name>    linux-arm64, linux-x64, macos-arm64 or macos-x64; may be repeated; default this machine's
  --json               print JSON: download one object per platform, {"folder","manifest"}; list and cache list one array, cache stats an object
  --offline            use nothing but the cache, as TEMPORAL_LIBS_OFFLINE=1 does
  --fallback           of download: Core is compiled when it fails, which is counted as a fallback
  --keep <number>      of cache prune: how many of the newest versions stay

  TEMPORAL_LIBS_VERSION    version when none is named: 1.2.3 or latest; default ${packageVersion}, the version of this package
  TEMPORAL_LIBS_BASE_URL   releases API of the repository or of a mirror, such as https://api.github.com/repos/owner/name
  TEMPORAL_LIBS_REPOSITORY owner/name of the repository whose release workflow must have built what is downloaded
  TEMPORAL_LIBS_CACHE_DIR  the cache folder
  TEMPORAL_LIBS_OFFLINE    1: use nothing but the cache
  GITHUB_TOKEN             sent to api.github.com, and nowhere else
`;

/** The command line was wrong. */
class UsageError extends Error {}

interface Options {
  platforms: PlatformName[] | undefined;
  json: boolean;
  keep: number;
}

/**
 * Runs `libs` with its arguments. Returns the exit code: 0, 1 for a failure, 2 for a wrong command line. `command` is
 * how the user called it. Never throws a {@link LibsError}: its message goes to `output.problem`.
 */
export async function runLibs(
  args: string[],
  output: Output,
  command: string,
  network: Network = defaultNetwork,
): Promise<number> {
  try {
    return await run(args, output, command, network);
  } catch (error) {
    if (error instanceof UsageError) {
      output.problem(`${error.message}\n\`${command} --help\` says how it is used\n`);
      return 2;
    }
    if (!(error instanceof LibsError)) throw error;
    output.problem(`${command}: ${error.message}\n`);
    return 1;
  }
}

async function run(args: string[], output: Output, command: string, network: Network): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    output.result(help(command));
    return 0;
  }
  const [name = "", ...operands] = positionals;
  const options: Options = {
    platforms: values.platform?.map(parsePlatform),
    json: values.json,
    keep: parseKeep(values.keep),
  };
  const client = (version?: string) => {
    const config: LibsConfig = { fallbackToCompilation: values.fallback };
    if (version !== undefined) config.version = version;
    if (options.platforms !== undefined) config.platforms = options.platforms;
    if (values.offline) config.offline = true;
    return createClient(config, output.reporter, network);
  };
  const one = () => {
    if (operands.length > 1) throw new UsageError(`${name} takes one version at most, not ${operands.join(" ")}`);
    return operands[0];
  };
  const none = () => {
    if (operands.length > 0) throw new UsageError(`${name} takes no ${JSON.stringify(operands[0])}`);
  };
  switch (name) {
    case "download":
      return download(client(one()), options, output);
    case "list":
      none();
      return list(client(), options, output);
    case "verify":
      return verify(client(), one(), options, output);
    case "cache":
      if (operands.length > 1)
        throw new UsageError(`cache takes one of path, list, stats, prune and clear, not ${operands.join(" ")}`);
      return cache(client(), operands[0], options, output);
    case "doctor":
      none();
      return libsDoctor(client, output);
    default:
      throw new UsageError(name === "" ? "a command is missing" : `there is no command ${JSON.stringify(name)}`);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        platform: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        offline: { type: "boolean", default: false },
        fallback: { type: "boolean", default: false },
        keep: { type: "string", default: "1" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseKeep(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new UsageError(`--keep takes a number, not ${JSON.stringify(text)}`);
}

async function download(client: LibsClient, options: Options, output: Output): Promise<number> {
  for (const platform of client.configuration.platforms) {
    const prebuilt = await client.provide(platform);
    output.result(
      `${options.json ? JSON.stringify({ folder: prebuilt.folder, manifest: prebuilt.manifest }) : prebuilt.folder}\n`,
    );
  }
  return 0;
}

async function list(client: LibsClient, options: Options, output: Output): Promise<number> {
  const cached = await client.cache.list();
  const cachedPlatforms = (version: string) =>
    cached.filter((entry) => entry.version === version).map((entry) => entry.platform);
  const releases = client.configuration.offline ? [] : await client.releases("list releases").list();
  const rows = releases.map((release) => ({
    version: release.version,
    platforms: availablePlatforms(release),
    cached: cachedPlatforms(release.version),
  }));
  for (const { version } of cached) {
    if (!rows.some((row) => row.version === version))
      rows.push({ version, platforms: [], cached: cachedPlatforms(version) });
  }
  if (options.json) output.result(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) output.result("there are no releases of prebuilt libraries, and the cache is empty\n");
  for (const row of options.json ? [] : rows) {
    const released = row.platforms.length === 0 ? "not on the server" : row.platforms.join(", ");
    output.result(
      `${row.version}  ${released}${row.cached.length > 0 ? `; in the cache: ${row.cached.join(", ")}` : ""}\n`,
    );
  }
  return 0;
}

/** What is asked for, or everything when nothing is. */
async function verify(
  client: LibsClient,
  version: string | undefined,
  options: Options,
  output: Output,
): Promise<number> {
  const wanted = version === undefined ? undefined : parseVersion(version);
  const newest = (await client.cache.list())[0]?.version;
  const entries = (await client.cache.list()).filter(
    (entry) =>
      (wanted === undefined || entry.version === (wanted === "latest" ? newest : wanted)) &&
      (options.platforms === undefined || options.platforms.includes(entry.platform)),
  );
  if (entries.length === 0) {
    throw new LibsError(
      "not-cached",
      `There is nothing to verify in ${client.cache.folder}`,
      `to find ${wanted ?? "any version"} for ${options.platforms?.join(", ") ?? "any platform"} in the cache`,
      "download it first: `temporal-bun libs download`",
    );
  }
  const damaged: LibsError[] = [];
  for (const entry of entries) {
    const found = await client.cache.inspect(entry.version, entry.platform);
    if (found.state === "whole") output.result(`${entry.version} ${entry.platform}: whole\n`);
    else damaged.push(corrupted(found, "as `temporal-bun libs verify` found"));
  }
  for (const error of damaged) output.problem(`${error.message}\n`);
  return damaged.length === 0 ? 0 : 1;
}

async function cache(
  client: LibsClient,
  command: string | undefined,
  options: Options,
  output: Output,
): Promise<number> {
  const locked = (action: () => Promise<void>) =>
    withLock(client.cache.folder, client.network, output.reporter, action);
  switch (command) {
    case "path":
      output.result(`${client.cache.folder}\n`);
      return 0;
    case "list": {
      const rows = await Promise.all(
        (await client.cache.list()).map(async (entry) => ({ ...entry, size: await client.cache.size(entry) })),
      );
      if (options.json) output.result(`${JSON.stringify(rows)}\n`);
      else if (rows.length === 0) output.result(`${client.cache.folder} is empty\n`);
      for (const row of options.json ? [] : rows)
        output.result(`${row.version} ${row.platform}  ${megabytes(row.size)}  ${row.folder}\n`);
      return 0;
    }
    case "stats": {
      const counts = readCounts(client.cache.folder);
      if (options.json) output.result(`${JSON.stringify(counts)}\n`);
      else output.result(countsText(client.cache.folder, counts));
      return 0;
    }
    case "prune":
      await locked(async () => {
        const entries = await client.cache.list();
        const removed = outdated(entries, client.configuration.version, options.keep);
        await client.cache.remove(removed);
        await client.cache.removeUnfinished();
        for (const entry of removed) output.result(`removed ${entry.version} ${entry.platform}\n`);
        if (removed.length === 0) output.result("there is nothing to remove\n");
      });
      return 0;
    case "clear":
      await locked(() => client.cache.clear());
      output.result(`${client.cache.folder} is empty\n`);
      return 0;
    default:
      throw new UsageError(
        `cache takes one of path, list, stats, prune and clear${command === undefined ? "" : `, not ${JSON.stringify(command)}`}`,
      );
  }
}

function countsText(folder: string, { hit, download, fallback, failure, since }: Counts): string {
  if (since === undefined) return `nobody has asked for libraries with ${folder} yet\n`;
  const lines: [number, string][] = [
    [hit, "hits: they were in the cache"],
    [download, "downloads"],
    [fallback, "fallbacks: there were none, so Core was compiled"],
    [failure, "failures"],
  ];
  const width = Math.max(...lines.map(([number]) => String(number).length));
  const text = lines.map(([number, what]) => `${String(number).padStart(width)}  ${what}\n`).join("");
  return `since ${since}, with ${folder}:\n${text}`;
}

/** The entries that prune removes: `entries` has the newest version first. */
function outdated(entries: readonly CacheEntry[], version: string, keep: number): CacheEntry[] {
  const newest = [...new Set(entries.map((entry) => entry.version))].slice(0, keep);
  return entries.filter((entry) => entry.version !== version && !newest.includes(entry.version));
}
