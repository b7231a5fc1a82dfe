/** Options of connections. */

import packageJson from "../../../package.json" with { type: "json" };
import type { Duration } from "../../common/time";
import { msOptionalToNumber, msToNumber } from "../../common/time";
import { filterNullAndUndefined } from "../../common/type-helpers";
import { clientDefaults, type ClientOptions as NativeClientOptions } from "../../native/options.generated";
import { LOCAL_TARGET, normalizeGrpcEndpointAddress } from "./address";
import { checkInterceptors, type RpcInterceptor } from "./connection-interceptors";
import { normalizeProxy, type ProxyConfig, proxyFromEnvironment } from "./connection-proxy";
import { nativeTls, normalizeTlsConfig, type TLSConfig } from "./tls";

/** gRPC metadata: text, or bytes for names that end in "-bin". */
export type Metadata = Record<string, string | Uint8Array>;

/** What a scope made by a `with…` method sets for the RPCs within. */
export interface CallContext {
  /** Time after which the RPC fails, as a Date or in milliseconds since 1970. */
  deadline?: number | Date;
  /** Metadata of the RPC. */
  metadata?: Metadata;
  /** Aborts the RPC. */
  abortSignal?: AbortSignal;
}

/** Changes the options of connections. */
export interface ConnectionPlugin {
  /** Name of the plugin. */
  get name(): string;
  /** Called when a connection is made; the options it returns are used. */
  configureConnection?(options: ConnectionOptions): ConnectionOptions;
}

/** HTTP/2 pings, which find dead connections and keep idle ones open. */
export interface KeepAliveOptions {
  /** Time between pings. Default 30 seconds. */
  interval?: Duration;
  /** Time after which a ping without answer ends the connection. Default 15 seconds. */
  timeout?: Duration;
}

/** How RPCs that fail for passing reasons are tried again. */
export interface RpcRetryOptions {
  /** Wait before the first retry. Default 100 ms. */
  initialInterval?: Duration;
  /** Factor by which the wait grows. Default 1.7. */
  factor?: number;
  /** How much of each wait is left to chance, from 0 to 1. Default 0.2. */
  maxJitter?: number;
  /** Bound of the wait. Default 5 seconds. */
  maxInterval?: Duration;
  /** Attempts in all. Default 10. */
  maxAttempts?: number;
}

/** How calls are spread over the addresses of a host. */
export interface DNSLoadBalancingConfig {
  /** Time between lookups of the name, at least a second. */
  resolutionInterval: Duration;
}

/**
 * Compression of requests and, as far as the server does it, of answers: by name, or as `NativeConnection` of the
 * official SDK has it.
 */
export type GrpcCompression = "gzip" | "none" | GrpcCompressionConfig;

/** Names a way of compression. */
export type GrpcCompressionConfig = { codec: "gzip" } | { codec: "none" };

/** Sizes in bytes above which Core warns about what it sends, which it does all the same; 0 for no warnings. */
export interface PayloadLimitsConfig {
  /** For arguments, results and the like. Default 512 KiB. */
  payloadsWarnSize?: number;
  /** For memos. Default 2 KiB. */
  memoWarnSize?: number;
}

/** Where the server is and how to speak with it. */
export interface ConnectionOptions {
  /** "host" or "host:port"; the port is 7233 by default, IPv6 addresses stand in brackets. Default "localhost:7233". */
  address?: string;
  /** TLS: true, or what there is to say about it. Default: off, or on if there is an `apiKey`. */
  tls?: TLSConfig | boolean | null;
  /** Metadata (HTTP headers) of every RPC. See also `Connection.withMetadata`. */
  metadata?: Metadata;
  /** Sent as "Authorization: Bearer …"; a function is called before each RPC. See also `Connection.withApiKey`. */
  apiKey?: string | (() => string);
  /** How long connecting may take: milliseconds, or text like "10 seconds". Default 10 seconds. */
  connectTimeout?: Duration;
  /** HTTP/2 pings; null for none. */
  keepAlive?: KeepAliveOptions | null;
  /**
   * How failed RPCs are tried again; null for not at all. Default: see {@link RpcRetryOptions}, but null if there are
   * `interceptors`.
   */
  retry?: RpcRetryOptions | null;
  /**
   * Called for each RPC, the first one outermost. As in the official client they take the place of the default retries:
   * set `retry`, or add `makeGrpcRetryInterceptor(defaultGrpcRetryOptions())`, to have both. The call that connecting
   * makes does not go through them.
   */
  interceptors?: RpcInterceptor[];
  /**
   * An HTTP proxy to go through; null for none. Default: the one of the environment variables grpc_proxy, https_proxy
   * or http_proxy, unless no_grpc_proxy or no_proxy lists the host.
   */
  proxy?: ProxyConfig | null;
  /** Compression of requests. Default "none"; "gzip" saves bandwidth and costs about a fifth more CPU per call. */
  grpcCompression?: GrpcCompression;
  /**
   * Spreads calls over all addresses that the host's name stands for, which are looked up again and again; null for not
   * at all, as with a proxy. Default: on, with 30 seconds between lookups, unless the host is an address or localhost.
   * For `NativeConnection` null.
   */
  dnsLoadBalancingConfig?: DNSLoadBalancingConfig | null;
  /** Leaves the gRPC code out of the tags of the metric of failed requests. Default `false`. */
  disableErrorCodeMetricTags?: boolean;
  /** Sizes above which Core logs a warning about payloads. */
  payloadLimits?: PayloadLimitsConfig;
  /** Change the options, and those of clients made with the connection. */
  plugins?: ConnectionPlugin[];
  /**
   * Not supported, because it holds objects of grpc-js: use {@link tls} or {@link apiKey}. Refused with `TypeError`.
   */
  credentials?: never;
  /**
   * Not supported, because it holds objects of grpc-js: use {@link metadata}, {@link apiKey} or {@link interceptors}.
   * Refused with `TypeError`.
   */
  callCredentials?: never;
  /**
   * Not supported, because it is grpc-js's: use {@link keepAlive}, {@link proxy} and {@link tls}. Refused with
   * `TypeError`.
   */
  channelArgs?: never;
}

/** {@link ConnectionOptions} with defaults filled in. */
export type ConnectionOptionsWithDefaults = Required<
  Pick<ConnectionOptions, "address" | "metadata" | "plugins" | "interceptors">
> &
  Omit<ConnectionOptions, "connectTimeout"> & { connectTimeoutMs: number };

/** What official connections take that belongs to grpc-js, and what to use instead. */
const GRPC_JS_OPTIONS: Record<string, string> = {
  credentials: "use `tls`, or `apiKey`",
  callCredentials:
    "use `metadata`, `apiKey`, which may be a function, or `interceptors` that set the metadata of each call",
  channelArgs: "use `keepAlive` for pings, `proxy` for proxies and `tls.serverNameOverride` for the server's name",
};

/** Fills in defaults. Throws `TypeError` for options that do not fit together or can't be supported. */
export function loadConnectionOptions(options: ConnectionOptions): ConnectionOptionsWithDefaults {
  for (const [name, advice] of Object.entries(GRPC_JS_OPTIONS)) {
    if ((options as Record<string, unknown>)[name] !== undefined) {
      throw new TypeError(`ConnectionOptions.${name} holds objects of grpc-js, which this SDK does not use; ${advice}`);
    }
  }
  checkInterceptors(options.interceptors);
  const { connectTimeout, ...rest } = options;
  const metadata = lowerCaseKeys(options.metadata ?? {});
  if (options.apiKey && metadata.authorization !== undefined) {
    throw new TypeError(
      "Both `apiKey` option and `Authorization` header were provided, but only one makes sense to use at a time.",
    );
  }
  const connectTimeoutMs = msOptionalToNumber(connectTimeout, "connectTimeout") ?? clientDefaults.connectTimeoutMs;
  if (!(connectTimeoutMs > 0))
    throw new TypeError(`ConnectionOptions.connectTimeout must be greater than 0, got ${String(connectTimeout)}`);
  const address = normalizeGrpcEndpointAddress(options.address || LOCAL_TARGET);
  return {
    ...filterNullAndUndefined(rest),
    // null means something for these.
    ...(options.keepAlive === null ? { keepAlive: null } : undefined),
    ...(options.dnsLoadBalancingConfig === null ? { dnsLoadBalancingConfig: null } : undefined),
    ...(options.retry === null || (options.retry === undefined && options.interceptors) ? { retry: null } : undefined),
    proxy: options.proxy
      ? normalizeProxy(options.proxy)
      : options.proxy === null
        ? null
        : proxyFromEnvironment(address),
    interceptors: options.interceptors ?? [],
    address,
    metadata,
    connectTimeoutMs: Math.ceil(connectTimeoutMs),
    plugins: options.plugins ?? [],
  };
}

/** gRPC has names in lower case. */
export function lowerCaseKeys(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value]));
}

/** Text and bytes apart, as the native client takes them. */
export function splitMetadata(metadata: Metadata): {
  metadata: Record<string, string>;
  binaryMetadata: Record<string, Uint8Array> | undefined;
} {
  const text: Record<string, string> = {};
  let binary: Record<string, Uint8Array> | undefined;
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === "string") text[key] = value;
    else if (value instanceof Uint8Array) (binary ??= {})[key] = value;
    else
      throw new TypeError(
        `gRPC metadata '${key}' must be a string or a Uint8Array, got ${value === null ? "null" : typeof value}`,
      );
  }
  return { metadata: text, binaryMetadata: binary };
}

/** The options of the native client; `apiKey` is the current one if it is a function. */
export function compileConnectionOptions(
  options: ConnectionOptionsWithDefaults,
  apiKey: string | undefined,
): NativeClientOptions {
  const { metadata, binaryMetadata } = splitMetadata(options.metadata);
  const clientName = metadata["client-name"] ?? packageJson.name;
  const clientVersion = metadata["client-version"] ?? packageJson.version;
  delete metadata["client-name"];
  delete metadata["client-version"];
  const { keepAlive, retry, proxy, dnsLoadBalancingConfig: dns } = options;
  return {
    address: options.address,
    tls: nativeTls(normalizeTlsConfig(options.tls, options.apiKey)),
    apiKey,
    metadata,
    binaryMetadata:
      binaryMetadata &&
      Object.fromEntries(Object.entries(binaryMetadata).map(([key, value]) => [key, value.toBase64()])),
    clientName,
    clientVersion,
    connectTimeoutMs: options.connectTimeoutMs,
    grpcCompression: compression(options.grpcCompression),
    // Core refuses both at once; the official SDK lets the proxy win.
    ...(dns === undefined
      ? undefined
      : {
          dnsLoadBalancing:
            dns === null || proxy
              ? null
              : {
                  resolutionIntervalMs: msToNumber(dns.resolutionInterval, "dnsLoadBalancingConfig.resolutionInterval"),
                },
        }),
    disableErrorCodeMetricTags: options.disableErrorCodeMetricTags,
    payloadLimits: options.payloadLimits,
    keepAlive:
      keepAlive === null
        ? null
        : {
            intervalMs: msOptionalToNumber(keepAlive?.interval, "keepAlive.interval"),
            timeoutMs: msOptionalToNumber(keepAlive?.timeout, "keepAlive.timeout"),
          },
    httpConnectProxy: proxy ? { address: proxy.targetHost, basicAuth: proxy.basicAuth } : undefined,
    retry: {
      initialIntervalMs: msOptionalToNumber(retry?.initialInterval, "retry.initialInterval"),
      multiplier: retry?.factor,
      randomizationFactor: retry?.maxJitter,
      maxIntervalMs: msOptionalToNumber(retry?.maxInterval, "retry.maxInterval"),
      // The number of attempts is the bound, so that calls outlive the restart of a server.
      maxElapsedTimeMs: null,
      maxRetries: retry?.maxAttempts,
    },
  };
}

function compression(asked: GrpcCompression | undefined): "gzip" | "none" {
  const codec = typeof asked === "object" ? asked.codec : (asked ?? "none");
  if (codec === "gzip" || codec === "none") return codec;
  throw new TypeError(`Unsupported gRPC compression codec: ${String(codec)}; use "gzip" or "none"`);
}
