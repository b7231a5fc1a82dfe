import { homedir } from "node:os";
import { join, resolve } from "node:path";
import packageManifest from "../../package.json" with { type: "json" };
import { findCheckout } from "./checkout";
import { LibsError } from "./error";
import { isVersion, type PlatformName, packageVersion } from "./manifest";
import { detectPlatform, parsePlatform } from "./platform";

/**
 * What a program can say about prebuilt libraries. What it leaves out comes from the environment, else it is the
 * default.
 */
export interface LibsConfig {
  /**
   * `1.2.3`, `v1.2.3`, or `latest` for the newest release of libraries. `TEMPORAL_LIBS_VERSION`; default the version of
   * this package.
   */
  version?: string;
  /** The platforms to provide. Default: this machine's. */
  platforms?: PlatformName[];
  /**
   * The folder that keeps downloads. `TEMPORAL_LIBS_CACHE_DIR`; default `.temporal-libs-cache` in the checkout, or in
   * the user's cache folder when there is no checkout.
   */
  cacheDir?: string;
  /**
   * The repository's releases API without `/releases`, such as `https://api.github.com/repos/owner/name` or that of a
   * mirror. `TEMPORAL_LIBS_BASE_URL`; default the repository of this package on GitHub. Must be https, except on this
   * machine.
   */
  baseUrl?: string;
  /**
   * The repository on GitHub, as `owner/name`, whose release workflow must have built and attested what is downloaded.
   * `TEMPORAL_LIBS_REPOSITORY`; default that of `baseUrl`, and for a mirror that of this package if it names one.
   */
  repository?: string;
  /** Whether only the cache is to be used. `TEMPORAL_LIBS_OFFLINE`; default false. */
  offline?: boolean;
  /**
   * A token for the host of `baseUrl`, and for no other. Default: `GITHUB_TOKEN`, but only when that host is
   * api.github.com.
   */
  token?: string;
  /** Whether `provideLibraries` reports that Core has to be compiled instead of throwing. Default true. */
  fallbackToCompilation?: boolean;
  /**
   * Whether files in the cache are hashed on every use. Default true. With false only their sizes are compared then;
   * what is downloaded is always checked.
   */
  checksumVerification?: boolean;
}

/** A {@link LibsConfig} with everything decided. */
export interface Configuration {
  /** A version without `v`, or `latest`. */
  readonly version: string;
  readonly platforms: readonly PlatformName[];
  /** Absolute. */
  readonly cacheDir: string;
  /** Undefined when neither the configuration nor package.json says where releases are. */
  readonly api: Api | undefined;
  /** Whose workflow must have built what is downloaded; undefined when nobody says. */
  readonly attestedBy: string | undefined;
  readonly offline: boolean;
  readonly checksumVerification: boolean;
  /** Whether Core is compiled where there are no libraries. */
  readonly fallbackToCompilation: boolean;
}

/** Where releases are asked for. */
export interface Api {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** `owner/name` when it is GitHub itself; undefined for a mirror. */
  readonly repository: string | undefined;
  /** Sent to the host of `baseUrl` only. */
  readonly token: string | undefined;
}

const githubApi = "https://api.github.com/repos/";

/**
 * Decides everything that `config` leaves open. Throws a {@link LibsError} `configuration` or `unsupported-platform`.
 */
export function resolveConfiguration(
  config: LibsConfig = {},
  environment: Record<string, string | undefined> = process.env,
): Configuration {
  const api = resolveApi(config, environment);
  return {
    version: parseVersion(config.version ?? (environment["TEMPORAL_LIBS_VERSION"] || packageVersion)),
    platforms: config.platforms === undefined ? [detectPlatform()] : [...new Set(config.platforms.map(parsePlatform))],
    cacheDir: resolve(config.cacheDir ?? (environment["TEMPORAL_LIBS_CACHE_DIR"] || defaultCacheDir(environment))),
    api,
    attestedBy:
      parseRepository(config.repository ?? (environment["TEMPORAL_LIBS_REPOSITORY"] || undefined)) ??
      api?.repository ??
      packageRepository(packageManifest),
    offline: config.offline ?? parseFlag("TEMPORAL_LIBS_OFFLINE", environment),
    checksumVerification: config.checksumVerification ?? true,
    fallbackToCompilation: config.fallbackToCompilation ?? true,
  };
}

/** A version as users write it, without its `v`. Throws a {@link LibsError} `configuration`. */
export function parseVersion(text: string): string {
  if (text === "latest") return text;
  const version = text.startsWith("v") ? text.slice(1) : text;
  if (isVersion(version)) return version;
  throw new LibsError(
    "configuration",
    `${JSON.stringify(text)} is no version`,
    "to read it as 1.2.3, v1.2.3 or latest",
    "correct the argument or TEMPORAL_LIBS_VERSION",
  );
}

function defaultCacheDir(environment: Record<string, string | undefined>): string {
  const checkout = findCheckout();
  if (checkout !== undefined) return join(checkout.root, ".temporal-libs-cache");
  return join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "temporal-bun-sdk", "libs");
}

function resolveApi(config: LibsConfig, environment: Record<string, string | undefined>): Api | undefined {
  const repository = packageRepository(packageManifest);
  const text = config.baseUrl ?? (environment["TEMPORAL_LIBS_BASE_URL"] || (repository && githubApi + repository));
  if (text === undefined) return undefined;
  const baseUrl = parseBaseUrl(text);
  const onGithub = baseUrl.startsWith(githubApi);
  const token = config.token ?? (onGithub ? environment["GITHUB_TOKEN"] || undefined : undefined);
  // A line break, say from the end of a file, could not be sent as a header.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new LibsError(
      "configuration",
      "The token contains a space, a line break or another character that no token has",
      "to send it as a header",
      "correct GITHUB_TOKEN",
    );
  }
  return { baseUrl, repository: onGithub ? baseUrl.slice(githubApi.length) : undefined, token };
}

function parseRepository(text: string | undefined): string | undefined {
  if (text === undefined || /^[\w.-]+\/[\w.-]+$/.test(text)) return text;
  throw new LibsError(
    "configuration",
    `The repository ${JSON.stringify(text)} is not owner/name`,
    "to read it as that of a repository on GitHub",
    "correct TEMPORAL_LIBS_REPOSITORY",
  );
}

/** `owner/name` of a package.json whose `repository` is on GitHub; undefined when it names none. */
export function packageRepository(manifest: object): string | undefined {
  const { repository } = manifest as { repository?: string | { url?: string } };
  const url = typeof repository === "string" ? repository : repository?.url;
  return url === undefined
    ? undefined
    : /^(?:github:|(?:git\+)?https:\/\/github\.com\/)([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url)?.[1];
}

function parseBaseUrl(text: string): string {
  const problem = (what: string) =>
    new LibsError(
      "configuration",
      `The base URL ${JSON.stringify(text)} ${what}`,
      "to read it as the address of a releases API",
      "correct TEMPORAL_LIBS_BASE_URL, for example https://api.github.com/repos/owner/name",
    );
  if (!URL.canParse(text)) throw problem("is no URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw problem("contains a password");
  if (url.search !== "" || url.hash !== "") throw problem("has a query or a fragment");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    // The checksum comes the same way as the archive, so without TLS anybody in between could exchange both.
    throw problem("is not https");
  }
  return url.href.replace(/\/+$/, "");
}

/** Whether a URL is on this machine. */
export function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

function parseFlag(name: string, environment: Record<string, string | undefined>): boolean {
  const text = environment[name] ?? "";
  if (["", "0", "false"].includes(text)) return false;
  if (["1", "true"].includes(text)) return true;
  throw new LibsError(
    "configuration",
    `${name} is ${JSON.stringify(text)}`,
    "to read it as 1, true, 0 or false",
    "set it to one of these, or unset it",
  );
}
