/** Loading configurations. */

import { readFileSync } from "node:fs";
import { encode } from "../common/encoding";
import { ValueError } from "../common/errors";
import { isRecord } from "../common/type-helpers";
import { fromTomlConfig, fromTomlProfile, toClientOptions, toTomlConfig } from "./convert";
import { applyEnvironment, configurationFile } from "./environment";
import { formatConfig, parseConfig, type TomlClientConfig } from "./toml";
import type {
  ClientConfig,
  ClientConfigFromTomlOptions,
  ClientConfigProfile,
  ClientConnectConfig,
  ConfigDataSource,
  LoadClientConfigOptions,
  LoadClientProfileOptions,
} from "./types";

const DEFAULT_PROFILE = "default";
const DATA = "the configuration";

function decodeText(bytes: Uint8Array, origin: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ValueError(`${origin} is no UTF-8`);
  }
}

/** The text of a source and where it is from; undefined for a file that does not exist. */
function readSource(source: ConfigDataSource): { text: string; origin: string } | undefined {
  if ("data" in source) {
    return { text: typeof source.data === "string" ? source.data : decodeText(source.data, DATA), origin: DATA };
  }
  try {
    return { text: decodeText(readFileSync(source.path), source.path), origin: source.path };
  } catch (error) {
    if (isRecord(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function loadToml({
  configSource,
  configFileStrict = false,
  overrideEnvVars = process.env as Record<string, string>,
}: LoadClientConfigOptions): TomlClientConfig {
  const file = configSource ? undefined : configurationFile(overrideEnvVars);
  const read = configSource ? readSource(configSource) : file === undefined ? undefined : readSource({ path: file });
  return read ? parseConfig(read.text, configFileStrict, read.origin) : { profile: {} };
}

/**
 * All profiles of a configuration. The environment says where the file is, but changes nothing in the profiles. Throws
 * `ValueError` for a configuration that is not right, or the file system's error for a file that can't be read.
 */
export function loadClientConfig(options: LoadClientConfigOptions = {}): ClientConfig {
  return fromTomlConfig(loadToml(options));
}

/** The configuration that the bytes of a TOML file stand for; errors as in {@link loadClientConfig}. */
export function loadClientConfigFromToml(tomlData: Uint8Array, options: ClientConfigFromTomlOptions): ClientConfig {
  return fromTomlConfig(parseConfig(decodeText(tomlData, DATA), options.strict, DATA));
}

/** The bytes of the TOML file that stands for a configuration. */
export function clientConfigToToml(config: ClientConfig): Uint8Array {
  return encode(formatConfig(toTomlConfig(config)));
}

/**
 * One profile: that of the file, with what environment variables say in place of its own. These are TEMPORAL_ADDRESS,
 * TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS ("true" or "false"), TEMPORAL_TLS_SERVER_NAME,
 * TEMPORAL_TLS_CLIENT_CERT_PATH and _DATA, the same for CLIENT_KEY and SERVER_CA_CERT, and TEMPORAL_GRPC_META_NAME for
 * the metadata "name"; an empty one takes it away.
 *
 * Throws `ValueError` if there is no profile of the name that `profile` or TEMPORAL_PROFILE asks for, if both the file
 * and the environment are disabled, and as {@link loadClientConfig} does.
 */
export function loadClientConfigProfile(options: LoadClientProfileOptions = {}): ClientConfigProfile {
  const { disableFile = false, disableEnv = false, overrideEnvVars = process.env as Record<string, string> } = options;
  if (disableFile && disableEnv) throw new ValueError("Cannot disable both file and environment loading");
  const name = options.profile ?? (overrideEnvVars["TEMPORAL_PROFILE"] || undefined);
  const profiles = disableFile ? {} : loadToml(options).profile;
  const own = Object.hasOwn(profiles, name ?? DEFAULT_PROFILE) ? profiles[name ?? DEFAULT_PROFILE] : undefined;
  if (own === undefined && name !== undefined && !disableFile) {
    const known = Object.keys(profiles);
    throw new ValueError(
      `Profile '${name}' not found in config data: the profiles are ${known.length === 0 ? "none" : known.map((each) => `"${each}"`).join(", ")}`,
    );
  }
  return fromTomlProfile(disableEnv ? (own ?? {}) : applyEnvironment(own ?? {}, overrideEnvVars));
}

/** What to connect with, by {@link loadClientConfigProfile} and {@link toClientOptions}. */
export function loadClientConnectConfig(options: LoadClientProfileOptions = {}): ClientConnectConfig {
  return toClientOptions(loadClientConfigProfile(options));
}
