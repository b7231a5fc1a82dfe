/** TLS of connections. */

import type { ClientOptions as NativeClientOptions } from "../../native/options.generated";

/** How to speak TLS; all of it optional. Certificates and keys are PEM. */
export interface TLSConfig {
  /** The name that the server's certificate must be for, instead of the address's host. */
  serverNameOverride?: string;
  /** Certificate of the authority that signed the server's. Default: those that the system trusts. */
  serverRootCACertificate?: Uint8Array;
  /** The client's own certificate and its key, for mutual TLS. */
  clientCertPair?: {
    crt: Uint8Array;
    key: Uint8Array;
  };
}

/** TLS as an option: a configuration, true for TLS without further ado, or false or null for none. */
type TLSConfigOption = TLSConfig | boolean | undefined | null;

/** The configuration that the option stands for, undefined for no TLS. With an API key, TLS is the default. */
export function normalizeTlsConfig(tls: TLSConfigOption, apiKey?: string | (() => string)): TLSConfig | undefined {
  // As in the official SDK, null is "not set": an API key is never sent in plain text by default.
  const chosen = tls ?? apiKey !== undefined;
  if (typeof chosen === "object") return chosen;
  return chosen ? {} : undefined;
}

/** The same for the native client. Throws `TypeError` for certificates that are not bytes, or not PEM. */
export function nativeTls(tls: TLSConfig | undefined): NativeClientOptions["tls"] {
  if (tls === undefined) return null;
  const pair = tls.clientCertPair;
  return {
    serverName: tls.serverNameOverride,
    serverRootCaCertificate:
      tls.serverRootCACertificate == null
        ? undefined
        : base64("serverRootCACertificate", "CERTIFICATE", tls.serverRootCACertificate),
    clientCertificatePair: pair && {
      certificate: base64("clientCertPair.crt", "CERTIFICATE", pair.crt),
      privateKey: base64("clientCertPair.key", "PRIVATE KEY", pair.key),
    },
  };
}

function base64(name: string, kind: string, bytes: Uint8Array): string {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `tls.${name} must be the bytes of a PEM file, e.g. await Bun.file(path).bytes(); got ${bytes === null ? "null" : typeof bytes}`,
    );
  }
  // Core's TLS library skips what is no PEM, and then trusts nobody.
  if (!new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(new TextDecoder("latin1").decode(bytes))) {
    throw new TypeError(
      `tls.${name} must be the bytes of a PEM file: there is no "-----BEGIN ${kind}-----" in its ${bytes.length} bytes`,
    );
  }
  return bytes.toBase64();
}
