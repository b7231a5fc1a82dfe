/** What environment variables say: where the file is, and what they change in a profile. */

import { isAbsolute, join } from "node:path";
import { ValueError } from "../common/errors";
import { filterNullAndUndefined } from "../common/type-helpers";
import { normalizeMetadata, normalizeMetadataKey } from "./convert";
import type { TomlClientConfigProfile } from "./toml";

/** Environment variables by their names. */
export type Environment = Record<string, string | undefined>;

const METADATA_PREFIX = "TEMPORAL_GRPC_META_";

/** The folder for users' configurations; undefined if the environment does not say. */
function configurationFolder(environment: Environment, platform: NodeJS.Platform): string | undefined {
  const home = environment["HOME"];
  if (platform === "win32") return environment["APPDATA"] || undefined;
  if (platform === "darwin") return home ? join(home, "Library", "Application Support") : undefined;
  const folder = environment["XDG_CONFIG_HOME"];
  // Its specification calls relative paths invalid.
  if (folder) return isAbsolute(folder) ? folder : undefined;
  return home ? join(home, ".config") : undefined;
}

/**
 * The configuration file that the environment names, or the one in the user's folder; undefined if there is no such
 * folder.
 */
export function configurationFile(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const file = environment["TEMPORAL_CONFIG_FILE"];
  if (file !== undefined) return file;
  const folder = configurationFolder(environment, platform);
  return folder && join(folder, "temporalio", "temporal.toml");
}

function flag(environment: Environment, name: string): boolean | undefined {
  const value = environment[name];
  if (value === undefined) return undefined;
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false|)$/i.test(value)) return false;
  // Anything else might have been meant as yes: TLS must not be off by mistake.
  throw new ValueError(`the environment variable ${name} must be "true" or "false", got "${value}"`);
}

/**
 * The profile with what the environment says in place of its own. Throws `ValueError` for flags that are neither true
 * nor false.
 */
export function applyEnvironment(profile: TomlClientConfigProfile, environment: Environment): TomlClientConfigProfile {
  const enabled = flag(environment, "TEMPORAL_TLS");
  const tls = filterNullAndUndefined({
    disabled: enabled === undefined ? undefined : !enabled,
    client_cert_path: environment["TEMPORAL_TLS_CLIENT_CERT_PATH"],
    client_cert_data: environment["TEMPORAL_TLS_CLIENT_CERT_DATA"],
    client_key_path: environment["TEMPORAL_TLS_CLIENT_KEY_PATH"],
    client_key_data: environment["TEMPORAL_TLS_CLIENT_KEY_DATA"],
    server_ca_cert_path: environment["TEMPORAL_TLS_SERVER_CA_CERT_PATH"],
    server_ca_cert_data: environment["TEMPORAL_TLS_SERVER_CA_CERT_DATA"],
    server_name: environment["TEMPORAL_TLS_SERVER_NAME"],
    disable_host_verification: flag(environment, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"),
  });
  const codec = filterNullAndUndefined({
    endpoint: environment["TEMPORAL_CODEC_ENDPOINT"],
    auth: environment["TEMPORAL_CODEC_AUTH"],
  });
  return {
    address: environment["TEMPORAL_ADDRESS"] ?? profile.address,
    namespace: environment["TEMPORAL_NAMESPACE"] ?? profile.namespace,
    api_key: environment["TEMPORAL_API_KEY"] ?? profile.api_key,
    tls: merge(profile.tls, tls),
    codec: merge(profile.codec, codec),
    grpc_meta: applyMetadata(profile.grpc_meta, environment),
  };
}

function merge<T extends object>(own: T | undefined, changes: T): T | undefined {
  return own === undefined && Object.keys(changes).length === 0 ? undefined : ({ ...own, ...changes } as T);
}

function applyMetadata(
  own: Record<string, string> | undefined,
  environment: Environment,
): Record<string, string> | undefined {
  const variables = Object.entries(environment).filter(
    ([name]) => name.startsWith(METADATA_PREFIX) && name !== METADATA_PREFIX,
  );
  if (variables.length === 0) return own;
  const metadata = normalizeMetadata(own) ?? {};
  for (const [name, value] of variables) {
    const key = normalizeMetadataKey(name.slice(METADATA_PREFIX.length));
    // An empty value takes away what the file says.
    if (value) metadata[key] = value;
    else delete metadata[key];
  }
  return metadata;
}
