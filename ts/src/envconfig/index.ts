/**
 * The client's configuration from a TOML file and environment variables, as Temporal's CLI and other SDKs read them:
 *
 * ```ts
 * const { connectionOptions, namespace } = loadClientConnectConfig();
 * const client = new Client({ connection: await Connection.connect(connectionOptions), namespace });
 * ```
 */

export {
  fromTomlConfig,
  fromTomlProfile,
  loadConfigData,
  toClientOptions,
  toTomlConfig,
  toTomlProfile,
} from "./convert";
export * from "./load";
export type { TomlClientConfig, TomlClientConfigCodec, TomlClientConfigProfile, TomlClientConfigTLS } from "./toml";
export * from "./types";
