/** Between configurations and their TOML, and to the options of connections. */

import { readFileSync } from "node:fs";
import type { TLSConfig } from "../client/connection/tls";
import { decode, encode } from "../common/encoding";
import { ValueError } from "../common/errors";
import { filterNullAndUndefined } from "../common/type-helpers";
import type { TomlClientConfig, TomlClientConfigProfile, TomlClientConfigTLS } from "./toml";
import type {
  ClientConfig,
  ClientConfigProfile,
  ClientConfigTLS,
  ClientConnectConfig,
  ConfigDataSource,
} from "./types";

/** A metadata name as gRPC has it: lower case, hyphens for underscores. */
export function normalizeMetadataKey(key: string): string {
  return key.toLowerCase().replaceAll("_", "-");
}

/** {@link normalizeMetadataKey} for all names. */
export function normalizeMetadata(metadata: Record<string, string> | undefined): Record<string, string> | undefined {
  return (
    metadata && Object.fromEntries(Object.entries(metadata).map(([key, value]) => [normalizeMetadataKey(key), value]))
  );
}

/**
 * The bytes that a source stands for, undefined without one. Throws the file system's error for files that can't be
 * read.
 */
export function loadConfigData(source?: ConfigDataSource): Uint8Array | undefined {
  if (!source) return undefined;
  if ("path" in source) return new Uint8Array(readFileSync(source.path));
  return typeof source.data === "string" ? encode(source.data) : source.data;
}

function toSource(name: string, path: string | undefined, data: string | undefined): ConfigDataSource | undefined {
  if (path !== undefined && data !== undefined)
    throw new ValueError(`Cannot specify both ${name}_path and ${name}_data`);
  if (path !== undefined) return { path };
  return data === undefined ? undefined : { data: encode(data) };
}

function fromSource(source: ConfigDataSource | undefined): { path?: string; data?: string } {
  if (!source) return {};
  if ("path" in source) return { path: source.path };
  return { data: typeof source.data === "string" ? source.data : decode(source.data) };
}

function fromTomlTls(tls: TomlClientConfigTLS): ClientConfigTLS {
  return filterNullAndUndefined({
    disabled: tls.disabled,
    serverName: tls.server_name,
    clientCert: toSource("client_cert", tls.client_cert_path, tls.client_cert_data),
    clientKey: toSource("client_key", tls.client_key_path, tls.client_key_data),
    serverCACert: toSource("server_ca_cert", tls.server_ca_cert_path, tls.server_ca_cert_data),
  });
}

function toTomlTls(tls: ClientConfigTLS): TomlClientConfigTLS {
  const [certificate, key, authority] = [tls.clientCert, tls.clientKey, tls.serverCACert].map(fromSource);
  return filterNullAndUndefined({
    disabled: tls.disabled,
    server_name: tls.serverName,
    client_cert_path: certificate!.path,
    client_cert_data: certificate!.data,
    client_key_path: key!.path,
    client_key_data: key!.data,
    server_ca_cert_path: authority!.path,
    server_ca_cert_data: authority!.data,
  });
}

/** The profile that TOML stands for. Throws `ValueError` if a certificate or key has both a path and data. */
export function fromTomlProfile(tomlProfile: TomlClientConfigProfile): ClientConfigProfile {
  return filterNullAndUndefined({
    address: tomlProfile.address,
    namespace: tomlProfile.namespace,
    apiKey: tomlProfile.api_key,
    tls: tomlProfile.tls && fromTomlTls(tomlProfile.tls),
    grpcMeta: normalizeMetadata(tomlProfile.grpc_meta),
  });
}

/** The TOML that stands for a profile. */
export function toTomlProfile(profile: ClientConfigProfile): TomlClientConfigProfile {
  return filterNullAndUndefined({
    address: profile.address,
    namespace: profile.namespace,
    api_key: profile.apiKey,
    tls: profile.tls && toTomlTls(profile.tls),
    grpc_meta: normalizeMetadata(profile.grpcMeta),
  });
}

/** The configuration that TOML stands for; errors as in {@link fromTomlProfile}. */
export function fromTomlConfig(tomlConfig: TomlClientConfig): ClientConfig {
  return {
    profiles: Object.fromEntries(
      Object.entries(tomlConfig.profile).map(([name, profile]) => [name, fromTomlProfile(profile)]),
    ),
  };
}

/** The TOML that stands for a configuration. */
export function toTomlConfig(config: ClientConfig): TomlClientConfig {
  return {
    profile: Object.fromEntries(
      Object.entries(config.profiles).map(([name, profile]) => [name, toTomlProfile(profile)]),
    ),
  };
}

function toTls(tls: ClientConfigTLS): TLSConfig | false {
  if (tls.disabled) return false;
  const crt = loadConfigData(tls.clientCert);
  const key = loadConfigData(tls.clientKey);
  if ((crt === undefined) !== (key === undefined)) {
    throw new ValueError(
      `the profile's tls has ${crt ? "a client certificate without its key" : "a client key without its certificate"}: mutual TLS needs both`,
    );
  }
  return {
    serverNameOverride: tls.serverName,
    serverRootCACertificate: loadConfigData(tls.serverCACert),
    clientCertPair: crt && key && { crt, key },
  };
}

/**
 * What to connect with for a profile: certificates and keys are read from their files. TLS is on if the profile has any
 * `tls` that is not disabled, or an API key. Throws `ValueError` for a client certificate without its key, or the file
 * system's error.
 */
export function toClientOptions(profile: ClientConfigProfile): ClientConnectConfig {
  const tls = profile.tls && toTls(profile.tls);
  return {
    namespace: profile.namespace,
    connectionOptions: {
      address: profile.address,
      apiKey: profile.apiKey,
      tls: tls ?? (profile.apiKey === undefined ? undefined : true),
      metadata: profile.grpcMeta,
    },
  };
}
