/** `console.config.ts`: what the command line is no place for. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Action, actions, builtInRoles, type Roles } from "../shared/actions";
import type { SdkCodec } from "./temporal/codec";

/** Gives a role to a group of the identity provider, or to one subject. */
export interface ConfiguredGrant {
  /** A value of the groups claim. */
  group?: string;
  /** The `sub` claim, or an e-mail address that the provider has verified. */
  subject?: string;
  role: string;
  /** Pattern of namespaces: `orders-*`; `*` for all. */
  namespaces: string;
}

export interface OidcConfig {
  /** Where `/.well-known/openid-configuration` is. */
  issuer: string;
  clientId: string;
  clientSecret?: string;
  /** Default "openid email profile". */
  scope?: string;
  /** The claim with the names of groups. Default "groups". */
  groupsClaim?: string;
}

interface CodecServerConfig {
  /** Without `/encode` and `/decode`. */
  url: string;
  headers?: Record<string, string>;
  /** Addresses of private networks that it may have, as CIDR; others of these are refused. */
  allowAddresses?: string[];
}

/** What `console.config.ts` exports as its default. */
export interface ConsoleConfig {
  /** How browsers reach the console, for example "https://console.example.com". Needed for OIDC. */
  publicUrl?: string;
  /** Further names of hosts that requests may come for. */
  hosts?: string[];
  /** File of the store; `:memory:` keeps nothing. Default: `console.db` in `~/.local/share/temporal-bun-console`. */
  store?: string;
  oidc?: OidcConfig;
  grants?: ConfiguredGrant[];
  /** Roles beside the five built-in ones: lists of actions. */
  roles?: Record<string, Action[]>;
  /** The codecs of the Workers, in their order. */
  payloadCodecs?: SdkCodec[];
  /** Instead of `payloadCodecs`. */
  codecServer?: CodecServerConfig;
  /** Origins of other pages that may use the codec endpoint, for example of the bundled UI: "http://localhost:8233". */
  codecOrigins?: string[];
  /** Paths in payloads that nobody sees, for example `**.password`. */
  redact?: string[];
}

/** Gives the compiler the type of a configuration. */
export const defineConfig = (config: ConsoleConfig): ConsoleConfig => config;

/** What was asked for can't be done as it was asked. The message says what is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Loads a module; `console.config.ts` in the current folder if there is one and none is named. */
export async function loadConfig(path: string | undefined): Promise<ConsoleConfig> {
  const file = resolve(path ?? "console.config.ts");
  if (!existsSync(file)) {
    if (path === undefined) return {};
    throw new ConfigError(`There is no ${file}: name the file of the configuration with --config.`);
  }
  const { default: config } = (await import(file)) as { default?: ConsoleConfig };
  if (typeof config !== "object" || config === null)
    throw new ConfigError(`${file} has no default export: write \`export default defineConfig({ … })\`.`);
  check(config, file);
  return config;
}

function check(config: ConsoleConfig, file: string): void {
  const known: readonly string[] = actions;
  for (const [role, list] of Object.entries(config.roles ?? {})) {
    if (role in builtInRoles) throw new ConfigError(`${file}: the role "${role}" is built in: take another name.`);
    for (const action of list)
      if (!known.includes(action))
        throw new ConfigError(`${file}: the role "${role}" has an unknown action "${action}".`);
  }
  const roles = rolesOf(config);
  for (const grant of config.grants ?? []) {
    if (roles[grant.role] === undefined)
      throw new ConfigError(`${file}: a grant names the role "${grant.role}", which there is not.`);
    if ((grant.group === undefined) === (grant.subject === undefined))
      throw new ConfigError(`${file}: a grant of "${grant.role}" must name either a group or a subject.`);
  }
  if (config.codecServer !== undefined && config.payloadCodecs !== undefined)
    throw new ConfigError(`${file}: payloadCodecs and codecServer are both there: take one.`);
}

/** All roles: the built-in ones and the configured ones. */
export const rolesOf = (config: ConsoleConfig): Roles => ({ ...config.roles, ...builtInRoles });
