/**
 * Prebuilt libraries of Temporal's Core, so that the bridge can be linked without Rust: found in a cache, or downloaded
 * from the releases of the repository and checked. `temporal-bun libs` is the same as a command; docs/PREBUILT.md
 * describes both.
 */
import { findCheckout } from "./checkout";
import { LibsClient, type Prebuilt } from "./client";
import { type LibsConfig, resolveConfiguration } from "./configuration";
import { LibsError } from "./error";
import { defaultNetwork, type Network } from "./network";
import { type Reporter, terminalReporter } from "./reporter";

export type { LibsClient, Prebuilt } from "./client";
export type { LibsConfig } from "./configuration";
export { LibsError, type LibsErrorCode } from "./error";
export type { Manifest, ManifestFile, PlatformName } from "./manifest";
export type { Limits, Network, Timing } from "./network";
export type { Reporter } from "./reporter";

/** What {@link provideLibraries} found out. */
export type ProvidedLibraries =
  | { source: "prebuilt"; libraries: Prebuilt[] }
  /** Core has to be compiled; `reason` says why. */
  | { source: "compilation"; reason: LibsError };

/**
 * A {@link LibsClient} for a configuration, with messages and progress on standard error unless `reporter` takes them.
 */
export function createClient(
  config: LibsConfig = {},
  reporter: Reporter = terminalReporter(process.stderr),
  network: Network = defaultNetwork,
): LibsClient {
  return new LibsClient(resolveConfiguration(config), reporter, network, findCheckout());
}

/**
 * Provides libraries for every platform of the configuration, in its order: out of the cache when they are there,
 * downloaded otherwise, checked in either case.
 *
 * When that fails the result says why Core has to be compiled; with `fallbackToCompilation: false` the {@link
 * LibsError} is thrown instead.
 */
export async function provideLibraries(
  config: LibsConfig = {},
  reporter?: Reporter,
  network?: Network,
): Promise<ProvidedLibraries> {
  try {
    const client = createClient(config, reporter, network);
    const libraries: Prebuilt[] = [];
    for (const platform of client.configuration.platforms) libraries.push(await client.provide(platform));
    return { source: "prebuilt", libraries };
  } catch (error) {
    if (error instanceof LibsError && config.fallbackToCompilation !== false)
      return { source: "compilation", reason: error };
    throw error;
  }
}
