import { Cache, type CacheState, inspectFolder } from "./cache";
import { type Checkout, checkAbi } from "./checkout";
import type { Configuration } from "./configuration";
import { count, type Outcome } from "./counts";
import { LibsError } from "./error";
import { Http } from "./http";
import { withLock } from "./lock";
import type { Manifest, PlatformName } from "./manifest";
import type { Network } from "./network";
import { type Attester, Releases } from "./releases";
import { megabytes, type Reporter } from "./reporter";
import { discardDownload, downloadArchive } from "./transfer";
import { unpack } from "./unpack";

/** Prebuilt libraries that are in the cache and have been checked. */
export interface Prebuilt {
  /** The folder with `manifest.json`, `lib/` and `include/`; absolute. */
  folder: string;
  manifest: Manifest;
}

/** Provides prebuilt libraries out of the cache, and puts them there from a releases server. */
export class LibsClient {
  readonly cache: Cache;

  constructor(
    readonly configuration: Configuration,
    readonly reporter: Reporter,
    readonly network: Network,
    /** The checkout that libraries must match; undefined when there is none. */
    readonly checkout: Checkout | undefined,
    /** What attestations are believed by. Default: Sigstore's public instance. */
    readonly trustedRoot?: object,
  ) {
    this.cache = new Cache(configuration.cacheDir);
  }

  /**
   * The releases API. Throws a {@link LibsError}, for one when only the cache is to be used. `why` completes "to …".
   */
  releases(why: string): Releases {
    const { api, offline, cacheDir } = this.configuration;
    if (offline) {
      throw new LibsError(
        "not-cached",
        `Only the cache may be used, because TEMPORAL_LIBS_OFFLINE or --offline is set, and it is not enough to ${why}`,
        `the cache ${cacheDir}`,
        "unset TEMPORAL_LIBS_OFFLINE once to download, or copy a cache folder from another machine and name it in TEMPORAL_LIBS_CACHE_DIR",
      );
    }
    if (api === undefined) {
      throw new LibsError(
        "configuration",
        "It is not known where releases are",
        "TEMPORAL_LIBS_BASE_URL and the repository in ts/package.json, which are both missing",
        "set TEMPORAL_LIBS_BASE_URL to the releases API of the repository, such as https://api.github.com/repos/owner/name",
      );
    }
    return new Releases(new Http(api, this.network), this.reporter);
  }

  /**
   * The libraries of the configured version for a platform: out of the cache when they are there and whole, downloaded
   * otherwise. They match the checkout. How it ends is counted.
   *
   * Throws a {@link LibsError}.
   */
  async provide(platform: PlatformName): Promise<Prebuilt> {
    const { cacheDir, fallbackToCompilation } = this.configuration;
    const counted = (outcome: Outcome) => count(cacheDir, outcome, this.network.timing.now());
    try {
      const version = await this.version(platform);
      const cached = await this.#fromCache(version, platform);
      const prebuilt = cached ?? (await this.#download(version, platform));
      if (this.checkout !== undefined) checkAbi(prebuilt.manifest, this.checkout);
      counted(cached === undefined ? "download" : "hit");
      return prebuilt;
    } catch (error) {
      counted(fallbackToCompilation ? "fallback" : "failure");
      throw error;
    }
  }

  /** The configured version; what `latest` means is asked of the server, and when offline of the cache. */
  async version(platform: PlatformName): Promise<string> {
    const { version, offline } = this.configuration;
    if (version !== "latest") return version;
    if (!offline) return (await this.releases("find the latest version").find("latest")).version;
    const newest = (await this.cache.list()).find((entry) => entry.platform === platform);
    return (
      newest?.version ??
      this.releases(`find a version for ${platform}`)
        .find("latest")
        .then((release) => release.version)
    );
  }

  async #fromCache(version: string, platform: PlatformName): Promise<Prebuilt | undefined> {
    const found = await this.cache.inspect(version, platform, this.configuration.checksumVerification);
    if (found.state === "whole") return found;
    if (found.state === "missing") return undefined;
    if (this.configuration.offline)
      throw corrupted(found, "and nothing may be downloaded, because TEMPORAL_LIBS_OFFLINE or --offline is set");
    this.reporter.message(`the cache is damaged and is downloaded again: in ${found.folder} ${found.problem}`);
    return undefined;
  }

  async #download(version: string, platform: PlatformName): Promise<Prebuilt> {
    const releases = this.releases(`provide ${version} for ${platform}`);
    return withLock(this.configuration.cacheDir, this.network, this.reporter, async () => {
      // Another process may have put it there while this one waited.
      const present = await this.cache.inspect(version, platform);
      if (present.state === "whole") return present;
      const archive = await releases.archive(await releases.find(version), platform, this.#attester());
      this.reporter.message(`downloading ${archive.name} (${megabytes(archive.size)}) from ${archive.url.origin}`);
      const downloads = await this.cache.downloadFolder();
      const path = await this.#downloadTwice(() => downloadArchive(releases.http, archive, downloads, this.reporter));
      return this.cache.withStaging(async (staging) => {
        await unpack(path, staging, this.network.limits);
        const result = await inspectFolder(staging, version, platform, true);
        if (result.state !== "whole") throw corrupted(result, `although it was just unpacked from ${archive.name}`);
        const folder = await this.cache.adopt(staging, version, platform);
        await discardDownload(downloads, archive.name);
        this.reporter.message(`checked and put into ${folder}`);
        return { folder, manifest: result.manifest };
      });
    });
  }

  #attester(): Attester | undefined {
    const { attestedBy, api } = this.configuration;
    if (attestedBy !== undefined) return { repository: attestedBy, trustedRoot: this.trustedRoot };
    this.reporter.message(
      `it isn't known whose workflow builds what ${api?.baseUrl} has, so that isn't verified: set TEMPORAL_LIBS_REPOSITORY to owner/name`,
    );
    return undefined;
  }

  /** Once more when the checksum is wrong: a part of it may be left from another time. */
  async #downloadTwice(download: () => Promise<string>): Promise<string> {
    try {
      return await download();
    } catch (error) {
      if (!(error instanceof LibsError) || error.code !== "checksum-mismatch") throw error;
      this.reporter.message(`${error.what}; it is downloaded once more`);
      return download();
    }
  }
}

/** The failure of an entry that is not whole. `why` completes what happened. */
export function corrupted(found: Exclude<CacheState, { state: "whole" }>, why: string): LibsError {
  const problem = found.state === "missing" ? "nothing is there" : found.problem;
  return new LibsError(
    "corrupted-cache",
    `${found.folder} is not what its manifest says: ${problem}, ${why}`,
    "to compare every file with its size and SHA-256 in manifest.json",
    "run `temporal-bun libs cache clear` and download again; if a fresh download is like this, do not use that release, and report it",
  );
}
