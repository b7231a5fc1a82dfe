import { checkAttestation, notAttested } from "./attestation";
import type { Api } from "./configuration";
import { LibsError } from "./error";
import { type Http, withoutQuery } from "./http";
import {
  archiveName,
  attestationName,
  checksumName,
  type PlatformName,
  parseChecksum,
  platformNames,
  releaseTag,
  versionOfTag,
} from "./manifest";
import { withRetries } from "./network";
import type { Reporter } from "./reporter";

/** A release of prebuilt libraries. */
export interface Release {
  /** Without `v`. */
  version: string;
  prerelease: boolean;
  assets: Asset[];
}

/** A file of a release. */
interface Asset {
  name: string;
  /** Length in bytes, as the API says. */
  size: number;
  /** Where the API says that the file is. To be used through {@link trustedAddress} only. */
  address: string;
  /** SHA-256 as the API knows it; undefined when it says nothing. */
  sha256: string | undefined;
}

/** An archive that can be downloaded. */
export interface Archive {
  name: string;
  /** Length in bytes. */
  size: number;
  /** Checked to belong to the repository or the mirror. */
  url: URL;
  /** What its checksum file says, in hexadecimal digits. */
  sha256: string;
}

/** By whom archives must have been attested. */
export interface Attester {
  /** `owner/name` on GitHub. */
  repository: string;
  /** Keys and certificates that are believed, instead of those of Sigstore's public instance. */
  trustedRoot?: object | undefined;
}

const pageSize = 100;
const pageLimit = 100;
const jsonLimit = 20_000_000;
const checksumLimit = 1000;
const attestationLimit = 200_000;

/** Asks the releases API of GitHub, or of a mirror that speaks the same. Every method throws a {@link LibsError}. */
export class Releases {
  constructor(
    readonly http: Http,
    readonly reporter: Reporter,
  ) {}

  /** All releases of libraries, the newest version first. The repository's other releases and drafts are left out. */
  async list(): Promise<Release[]> {
    const { baseUrl } = this.http.api;
    const releases: Release[] = [];
    let page: URL | undefined = new URL(`${baseUrl}/releases?per_page=${pageSize}&page=1`);
    for (let count = 0; page !== undefined; count++) {
      if (count === pageLimit) throw badResponse(page, `has more than ${pageLimit} pages`);
      const { status, document, headers } = await this.#json(page);
      if (status === 404) throw this.#noRepository(page);
      if (!Array.isArray(document)) throw badResponse(page, "is not a list");
      for (const item of document) {
        const release = this.#parse(page, item);
        if (release !== undefined) releases.push(release);
      }
      page = this.#nextPage(page, headers.get("link"));
    }
    return releases.sort((left, right) => Bun.semver.order(right.version, left.version));
  }

  /**
   * The release of a version, or for `latest` that of the newest version, which is a prerelease only when there are no
   * others.
   */
  async find(version: string): Promise<Release> {
    if (version === "latest") {
      const releases = await this.list();
      const newest = releases.find((release) => !release.prerelease) ?? releases[0];
      if (newest !== undefined) return newest;
      throw this.#noSuchVersion("latest", releases);
    }
    const url = new URL(`${this.http.api.baseUrl}/releases/tags/${releaseTag(version)}`);
    const { status, document } = await this.#json(url);
    // A draft has no tag yet, so what is found is published.
    const release = status === 404 ? undefined : this.#parse(url, document);
    if (release?.version === version) return release;
    throw this.#noSuchVersion(version, await this.list());
  }

  /**
   * The archive of a release for a platform, and its checksum, which `attester` must have attested.
   *
   * @param attester undefined when it isn't known who that would be
   */
  async archive(release: Release, platform: PlatformName, attester: Attester | undefined): Promise<Archive> {
    const name = archiveName(release.version, platform);
    const asset = release.assets.find((candidate) => candidate.name === name);
    const checksum = release.assets.find((candidate) => candidate.name === checksumName(release.version, platform));
    if (asset === undefined || checksum === undefined) {
      const available = availablePlatforms(release);
      throw new LibsError(
        "no-such-version",
        `Release ${releaseTag(release.version)} has no ${asset === undefined ? name : checksumName(release.version, platform)}`,
        `to find it among the ${release.assets.length} files of the release`,
        `choose ${available.length > 0 ? `one of its platforms (${available.join(", ")}) or ` : ""}another version with TEMPORAL_LIBS_VERSION, or compile Core with \`zig build\``,
      );
    }
    const { api } = this.http;
    const url = trustedAddress(api, release.version, name, asset.address);
    const checksumUrl = trustedAddress(api, release.version, checksum.name, checksum.address);
    const { text } = await this.#retrying(checksumUrl, () =>
      this.http.text(checksumUrl, "application/octet-stream", [200], checksumLimit),
    );
    const sha256 = parseChecksum(text, name);
    if (sha256 === undefined) throw badResponse(checksumUrl, `is not the SHA-256 of ${name}`);
    if (asset.sha256 !== undefined && asset.sha256 !== sha256) {
      throw new LibsError(
        "checksum-mismatch",
        `${withoutQuery(checksumUrl)} says that the SHA-256 of ${name} is ${sha256}, but the releases API says ${asset.sha256}`,
        "to compare the two before the download",
        "do not use this release, and report it; another version can be chosen with TEMPORAL_LIBS_VERSION",
      );
    }
    if (attester !== undefined) await this.#checkAttestation(release, platform, sha256, attester);
    return { name, size: asset.size, url, sha256 };
  }

  async #checkAttestation(
    { version, assets }: Release,
    platform: PlatformName,
    sha256: string,
    { repository, trustedRoot }: Attester,
  ): Promise<void> {
    const name = attestationName(version, platform);
    const asset = assets.find((candidate) => candidate.name === name);
    if (asset === undefined) throw notAttested(`Release ${releaseTag(version)} has no ${name}`);
    const url = trustedAddress(this.http.api, version, name, asset.address);
    const { text } = await this.#retrying(url, () =>
      this.http.text(url, "application/octet-stream", [200], attestationLimit),
    );
    await checkAttestation(text, { name: archiveName(version, platform), sha256, version }, repository, trustedRoot);
  }

  #retrying<T>(url: URL, attempt: () => Promise<T>): Promise<T> {
    return withRetries(this.http.network, `GET ${withoutQuery(url)}`, (text) => this.reporter.message(text), attempt);
  }

  async #json(url: URL): Promise<{ status: number; document: unknown; headers: Headers }> {
    const { status, headers, text } = await this.#retrying(url, () =>
      this.http.text(url, "application/vnd.github+json", [200, 404], jsonLimit),
    );
    if (status === 404) return { status, headers, document: undefined };
    try {
      return { status, headers, document: JSON.parse(text) as unknown };
    } catch {
      throw badResponse(url, "is not JSON");
    }
  }

  #nextPage(page: URL, link: string | null): URL | undefined {
    const next = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
    if (next === undefined) return undefined;
    const url = URL.canParse(next, page.href) ? new URL(next, page) : undefined;
    if (url?.origin === page.origin) return url;
    throw untrusted(next, `next page of ${withoutQuery(page)}`, `an address on ${page.origin}`);
  }

  /** Undefined for a release of something else and for a draft. */
  #parse(page: URL, value: unknown): Release | undefined {
    const item = value as { tag_name?: unknown; draft?: unknown; prerelease?: unknown; assets?: unknown } | null;
    if (typeof item?.tag_name !== "string") throw badResponse(page, "has a release without tag_name");
    const version = versionOfTag(item.tag_name);
    if (version === undefined || item.draft === true) return undefined;
    if (!Array.isArray(item.assets)) throw badResponse(page, `has no assets for ${item.tag_name}`);
    const assets = item.assets.map((asset) => this.#parseAsset(page, version, asset));
    return { version, prerelease: item.prerelease === true || version.includes("-"), assets };
  }

  #parseAsset(page: URL, version: string, value: unknown): Asset {
    const asset = value as {
      name?: unknown;
      size?: unknown;
      url?: unknown;
      browser_download_url?: unknown;
      digest?: unknown;
    } | null;
    // Files of a private repository can only be had through the API, with the token; others without asking the API
    // again.
    const address = this.http.api.token === undefined ? asset?.browser_download_url : asset?.url;
    if (
      typeof asset?.name !== "string" ||
      typeof address !== "string" ||
      !Number.isSafeInteger(asset.size) ||
      (asset.size as number) < 0
    ) {
      throw badResponse(page, `has a file without name, address or size in ${releaseTag(version)}`);
    }
    const digest = typeof asset.digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(asset.digest)?.[1] : undefined;
    return { name: asset.name, size: asset.size as number, address, sha256: digest };
  }

  #noRepository(page: URL): LibsError {
    return new LibsError(
      "no-such-version",
      `There are no releases at ${withoutQuery(page)}: the repository does not exist, or is private`,
      `GET ${withoutQuery(page)} ${this.http.api.token === undefined ? "without" : "with"} a token`,
      "check TEMPORAL_LIBS_BASE_URL, and set GITHUB_TOKEN to a token that may read the repository if it is private",
    );
  }

  #noSuchVersion(version: string, releases: Release[]): LibsError {
    const what =
      version === "latest" ? "There is no release of prebuilt libraries" : `There is no release ${releaseTag(version)}`;
    const known = releases
      .slice(0, 5)
      .map((release) => release.version)
      .join(", ");
    const advice =
      known === ""
        ? "compile Core with `zig build`"
        : `choose one of the versions ${known} with TEMPORAL_LIBS_VERSION, or compile Core with \`zig build\``;
    return new LibsError(
      "no-such-version",
      what,
      `the releases at ${this.http.api.baseUrl}, of which ${releases.length} are of prebuilt libraries`,
      advice,
    );
  }
}

/** The platforms that a release has an archive for. */
export function availablePlatforms(release: Release): PlatformName[] {
  return platformNames.filter((platform) =>
    release.assets.some((asset) => asset.name === archiveName(release.version, platform)),
  );
}

/**
 * The address of a release's file. Throws a {@link LibsError} `untrusted-url` unless it belongs to the repository on
 * GitHub, or for a mirror to the mirror's own host.
 */
export function trustedAddress(api: Api, version: string, name: string, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (api.repository === undefined) {
    const { origin } = new URL(api.baseUrl);
    if (url?.origin === origin) return url;
    throw untrusted(address, name, `an address on ${origin}`);
  }
  const download = `https://github.com/${api.repository}/releases/download/${releaseTag(version)}/${name}`;
  const asset = `${api.baseUrl}/releases/assets/`;
  // GitHub writes owner and name in its own case, whatever was asked for.
  const normal = url?.href.toLowerCase();
  if (normal === download.toLowerCase()) return url!;
  if (normal?.startsWith(asset.toLowerCase()) && /^\d+$/.test(normal.slice(asset.length))) return url!;
  throw untrusted(address, name, `${download} or ${asset}<number>`);
}

function untrusted(address: string, what: string, expected: string): LibsError {
  return new LibsError(
    "untrusted-url",
    `The address of ${what} is ${JSON.stringify(address.replace(/\?.*/s, "").slice(0, 300))}, which does not belong to the repository or mirror that was asked`,
    `to match it with ${expected}`,
    "do not use this server, or set TEMPORAL_LIBS_BASE_URL to the one that the files are on",
  );
}

function badResponse(url: URL, what: string): LibsError {
  return new LibsError(
    "bad-response",
    `The answer of ${withoutQuery(url)} ${what}`,
    "to read it as GitHub's releases API answers",
    "check TEMPORAL_LIBS_BASE_URL: it has to be a releases API as GitHub's, such as https://api.github.com/repos/owner/name",
  );
}
