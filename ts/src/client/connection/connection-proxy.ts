/** HTTP proxies of connections. */

/** An HTTP proxy that is gone through by its CONNECT method. */
export interface ProxyConfig {
  /** The only kind there is. */
  type?: "http-connect";
  /** "host:port", with or without "http://" before it. */
  targetHost: string;
  /** Name and password, if the proxy wants them. */
  basicAuth?: { username: string; password: string };
}

/** Throws `TypeError` for a proxy without a port, or with another scheme than http. */
export function normalizeProxy({ type = "http-connect", targetHost, basicAuth }: ProxyConfig): ProxyConfig {
  if (type !== "http-connect")
    throw new TypeError(`ConnectionOptions.proxy.type must be "http-connect", got ${JSON.stringify(type)}`);
  const match =
    typeof targetHost === "string"
      ? /^(?:http:\/\/)?((?:\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+):(\d{1,5}))\/?$/i.exec(targetHost)
      : null;
  if (!match || Number(match[2]) > 65_535) {
    throw new TypeError(
      `ConnectionOptions.proxy.targetHost must be "host:port" or "http://host:port", got ${JSON.stringify(targetHost)}`,
    );
  }
  return { type, targetHost: match[1]!, basicAuth };
}

const PROXY_VARIABLES = ["grpc_proxy", "https_proxy", "http_proxy"];
const EXCEPTION_VARIABLES = ["no_grpc_proxy", "no_proxy"];

type Environment = Record<string, string | undefined>;

/**
 * The proxy that the environment names for an address "host:port", as the official client reads it: the first of
 * grpc_proxy, https_proxy and http_proxy, an http:// URL with a name and password if need be (port 80 by default),
 * unless no_grpc_proxy or else no_proxy lists the host: by the end of its name, or as an IPv4 range "10.0.0.0/8". A
 * value that is no such URL is no proxy, with a warning of the process.
 */
export function proxyFromEnvironment(address: string, environment: Environment = process.env): ProxyConfig | undefined {
  const variable = PROXY_VARIABLES.find((name) => environment[name]);
  if (variable === undefined) return undefined;
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  const exceptions = EXCEPTION_VARIABLES.map((name) => environment[name]).find((value) => value) ?? "";
  if (exceptions.split(",").some((exception) => isExcepted(host, exception.trim()))) return undefined;
  const url = URL.parse(environment[variable]!);
  if (url?.protocol !== "http:" || url.hostname === "") {
    // Without the value, which may hold a password.
    process.emitWarning(
      `the environment variable ${variable} is ignored for ${address}: it is no URL that begins with http://`,
    );
    return undefined;
  }
  return {
    type: "http-connect",
    targetHost: `${url.hostname}:${url.port || "80"}`,
    basicAuth:
      url.username === ""
        ? undefined
        : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
  };
}

function isExcepted(host: string, exception: string): boolean {
  if (exception === "") return false;
  const [, network, bits] = /^([\d.]+)\/(\d{1,2})$/.exec(exception) ?? [];
  if (network !== undefined && isIPv4(network) && Number(bits) <= 32) {
    // By division, for shifts count modulo 32.
    const size = 2 ** (32 - Number(bits));
    return isIPv4(host) && Math.floor(numberOf(host) / size) === Math.floor(numberOf(network) / size);
  }
  return host.endsWith(exception);
}

/** Not that of node:net, which takes as long to load as a third of the client. */
function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

function numberOf(ipv4: string): number {
  return ipv4.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}
