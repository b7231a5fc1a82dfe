/** Addresses of servers. */

import { defaultPort } from "../../native/options.generated";

/** Where a dev server listens. */
export const LOCAL_TARGET = `localhost:${defaultPort}`;

/**
 * The address with a port: "host" becomes "host:7233". IPv6 addresses stand in brackets. Throws `TypeError` for
 * anything that is not a host with an optional port, e.g. a URL.
 */
export function normalizeGrpcEndpointAddress(address: string, portIfNone: number = defaultPort): string {
  const match =
    typeof address === "string" ? /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#\s[\]]+))(?::(\d{1,5}))?$/.exec(address) : null;
  const port = match?.[3] === undefined ? portIfNone : Number(match[3]);
  if (!match || port > 65_535) {
    throw new TypeError(
      `Invalid address for Temporal gRPC endpoint: expected URI of the form 'hostname' or 'hostname:port'; got '${String(address)}'`,
    );
  }
  const host = match[1] === undefined ? match[2] : `[${match[1]}]`;
  return `${host}:${port}`;
}
