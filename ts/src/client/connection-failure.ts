/** Why a connection could not be made, in terms of `ConnectionOptions`. */

/** What the options that the native client's advice names are called here. */
const OPTION_NAMES: Record<string, string> = {
  "tls.serverRootCaCertificate": "tls.serverRootCACertificate",
  "tls.serverName": "tls.serverNameOverride",
  "tls.clientCertificatePair": "tls.clientCertPair",
  "set tls to null": "set tls to false",
  "set tls to {}": "set tls to true",
  httpConnectProxy: "proxy",
  connectTimeoutMs: "connectTimeout",
};

const GENERAL_ADVICE = "check that the address is right and the server is up";

/** Failures that the native client only has general advice for, and what to say instead of that. */
const ADVICE: [failure: RegExp, explanation: string][] = [
  // How a server with TLS 1.3 refuses a client's certificate when the connection ends before its alert is read.
  [
    /peer closed connection without sending TLS close_notify(: https:\S+)?/,
    "the server ended the connection; TLS: when it wants a client certificate, set tls.clientCertPair to one that it accepts",
  ],
  [/keys may not be consistent: KeyMismatch/, "TLS: set tls.clientCertPair.key to the key that tls.clientCertPair.crt was made for"],
];

/** The native client's message with the names of our options. */
export function explainConnectionFailure(message: string): string {
  for (const [failure, explanation] of ADVICE) {
    if (failure.test(message)) return message.replace(failure, explanation).replace(`; ${GENERAL_ADVICE}`, "");
  }
  return message.replaceAll(/tls\.\w+|set tls to (?:null|\{\})|httpConnectProxy|connectTimeoutMs/g, (name) => OPTION_NAMES[name] ?? name);
}
