/** Why a connection could not be made, in terms of `ConnectionOptions`. */

/** What the options that the native client's advice names are called here. */
const OPTION_NAMES: Record<string, string> = {
  "tls.serverRootCaCertificate": "tls.serverRootCACertificate",
  "tls.serverName": "tls.serverNameOverride",
  "tls.clientCertificatePair": "tls.clientCertPair",
  "tls.clientCertificatePair.certificate": "tls.clientCertPair.crt",
  "tls.clientCertificatePair.privateKey": "tls.clientCertPair.key",
  "set tls to null": "set tls to false",
  "set tls to {}": "set tls to true",
  httpConnectProxy: "proxy",
  connectTimeoutMs: "connectTimeout",
};

/** The native client's message with the names of our options. */
export function explainConnectionFailure(message: string): string {
  return message.replaceAll(
    /tls(?:\.\w+)+|set tls to (?:null|\{\})|httpConnectProxy|connectTimeoutMs/g,
    (name) => OPTION_NAMES[name] ?? name,
  );
}
