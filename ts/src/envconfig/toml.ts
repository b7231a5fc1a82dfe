/** The TOML of configuration files: its structure, and reading and writing it. */

import { parse, stringify, TomlError } from "smol-toml";
import { ValueError } from "../common/errors";

/** A configuration as it stands in TOML. */
export interface TomlClientConfig {
  profile: Record<string, TomlClientConfigProfile>;
}

/** A profile as it stands in TOML; see `ClientConfigProfile`. */
export interface TomlClientConfigProfile {
  address?: string;
  namespace?: string;
  api_key?: string;
  tls?: TomlClientConfigTLS;
  /** Other tools of Temporal use it; this SDK does not. */
  codec?: TomlClientConfigCodec;
  grpc_meta?: Record<string, string>;
}

/** TLS as it stands in TOML; see `ClientConfigTLS`. Of path and data, one at most. */
export interface TomlClientConfigTLS {
  disabled?: boolean;
  client_cert_path?: string;
  client_cert_data?: string;
  client_key_path?: string;
  client_key_data?: string;
  server_ca_cert_path?: string;
  server_ca_cert_data?: string;
  server_name?: string;
  /** Not supported, as in the official SDK: the server's certificate is always checked. */
  disable_host_verification?: boolean;
}

/** The codec server as it stands in TOML. */
export interface TomlClientConfigCodec {
  endpoint?: string;
  auth?: string;
}

type Kind = "string" | "boolean" | Shape | { each: Kind };
interface Shape {
  keys: Record<string, Kind>;
}

const PROFILE: Shape = {
  keys: {
    address: "string",
    namespace: "string",
    api_key: "string",
    tls: {
      keys: {
        disabled: "boolean",
        client_cert_path: "string",
        client_cert_data: "string",
        client_key_path: "string",
        client_key_data: "string",
        server_ca_cert_path: "string",
        server_ca_cert_data: "string",
        server_name: "string",
      },
    },
    codec: { keys: { endpoint: "string", auth: "string" } },
    grpc_meta: { each: "string" },
  },
};
const CONFIG: Shape = { keys: { profile: { each: PROFILE } } };

/**
 * Reads a configuration. `origin` says in errors where the text is from. Throws `ValueError` for text that is no TOML,
 * for values of the wrong type, and, if `strict`, for keys that nobody knows; never with the values, which may be
 * secret.
 */
export function parseConfig(text: string, strict: boolean, origin: string): TomlClientConfig {
  let parsed: Record<string, unknown>;
  try {
    parsed = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ValueError(`${error.message.split("\n")[0]} (line ${error.line}, column ${error.column} of ${origin})`);
  }
  check(parsed, CONFIG, "", strict, origin);
  return { ...parsed, profile: (parsed["profile"] ?? {}) as TomlClientConfig["profile"] };
}

function check(value: unknown, kind: Kind, path: string, strict: boolean, origin: string): void {
  if (typeof kind === "string") {
    if (typeof value !== kind)
      throw new ValueError(`Validation error: ${path} must be a ${kind}, got ${describe(value)} (in ${origin})`);
    return;
  }
  if (describe(value) !== "a table")
    throw new ValueError(`Validation error: ${path} must be a table, got ${describe(value)} (in ${origin})`);
  const prefix = path === "" ? "" : `${path}.`;
  for (const [key, item] of Object.entries(value as object)) {
    const expected = "each" in kind ? kind.each : Object.hasOwn(kind.keys, key) ? kind.keys[key] : undefined;
    if (expected !== undefined) check(item, expected, `${prefix}${key}`, strict, origin);
    else if (strict) {
      const known = "keys" in kind ? Object.keys(kind.keys).join(", ") : "";
      throw new ValueError(
        `Validation error: key(s) unrecognized${path === "" ? "" : ` in ${path}`}: ${key}; the keys are ${known} (in ${origin})`,
      );
    }
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a table" : `a ${typeof value}`;
}

/** Writes a configuration. Throws `TypeError` for values that TOML does not have. */
export function formatConfig(config: TomlClientConfig): string {
  return stringify(config);
}
