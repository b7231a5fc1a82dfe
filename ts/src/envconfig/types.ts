/** Types of the client's configuration in files and in the environment. */

import type { NativeConnectionOptions } from "../worker/connection";

/** Where data comes from: a file, or the text or UTF-8 bytes themselves. */
export type ConfigDataSource = { path: string } | { data: string | Uint8Array };

/** What a profile says about TLS. */
export interface ClientConfigTLS {
  /** Whether TLS is off although there is a configuration of it. */
  disabled?: boolean;
  /** The name that the server's certificate must be for, instead of the address's host. */
  serverName?: string;
  /** The client's own certificate, PEM, for mutual TLS; with {@link clientKey}. */
  clientCert?: ConfigDataSource;
  /** The key of {@link clientCert}, PEM. */
  clientKey?: ConfigDataSource;
  /** Certificate of the authority that signed the server's, PEM. Default: those that the system trusts. */
  serverCACert?: ConfigDataSource;
}

/** How to reach a server: one profile of a configuration. */
export interface ClientConfigProfile {
  /** "host" or "host:port". */
  address?: string;
  namespace?: string;
  /** Sent with each call; turns TLS on unless {@link tls} says otherwise. */
  apiKey?: string;
  tls?: ClientConfigTLS;
  /** Metadata (HTTP headers) of each call; names in lower case, with hyphens. */
  grpcMeta?: Record<string, string>;
}

/** A configuration: what a file holds. */
export interface ClientConfig {
  /** The profiles by their names. */
  profiles: Record<string, ClientConfigProfile>;
}

/** What to connect with. */
export interface ClientConnectConfig {
  /** For `Connection.connect` and `NativeConnection.connect`. */
  connectionOptions: NativeConnectionOptions;
  /** For `Client` and `Worker`; undefined if nothing names one. */
  namespace?: string;
}

/** Options of `loadClientConfig`. */
export interface LoadClientConfigOptions {
  /**
   * The configuration. Default: the file that TEMPORAL_CONFIG_FILE names, or else `temporalio/temporal.toml` in the
   * user's folder for configurations. A file that does not exist is an empty one.
   */
  configSource?: ConfigDataSource;
  /** Whether keys that nobody knows are errors. Default false. */
  configFileStrict?: boolean;
  /** The environment variables. Default those of the process. */
  overrideEnvVars?: Record<string, string>;
}

/** Options of `loadClientConfigProfile` and `loadClientConnectConfig`. */
export interface LoadClientProfileOptions extends LoadClientConfigOptions {
  /** Name of the profile. Default: that of TEMPORAL_PROFILE, or else "default", which need not exist. */
  profile?: string;
  /** Whether no file is read, {@link configSource} neither. Default false. */
  disableFile?: boolean;
  /** Whether the environment changes nothing in the profile. Default false. */
  disableEnv?: boolean;
}

/** Options of `loadClientConfigFromToml`. */
export interface ClientConfigFromTomlOptions {
  /** Whether keys that nobody knows are errors. */
  strict: boolean;
}
