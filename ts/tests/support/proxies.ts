/**
 * What tests put between a client and a server. Each listens on a port of 127.0.0.1 and stops at the end of an `await
 * using` scope.
 */

import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";

/** Something that listens. */
export interface Listener extends AsyncDisposable {
  /** Host and port, e.g. "127.0.0.1:39215". */
  address: string;
  port: number;
  /** Ends all connections at once and goes on listening. */
  cut(): void;
}

async function listen(server: Server, sockets: Set<Socket>): Promise<Listener> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Passes bytes both ways until one side ends; `watch` sees those that come from the client, and `frozen` drops what
 * comes from the server.
 */
function join(
  client: Socket,
  server: Socket,
  sockets: Set<Socket>,
  watch?: (chunk: Buffer) => void,
  frozen = () => false,
): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(from);
    from.on("data", (chunk: Buffer) => {
      if (from === client) watch?.(chunk);
      else if (frozen()) return;
      to.write(chunk);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  }
}

function dial(address: string): Socket {
  const separator = address.lastIndexOf(":");
  return connect(Number(address.slice(separator + 1)), address.slice(0, separator));
}

/** A proxy that speaks TLS with clients and plain text with the server at `upstream`. */
export interface TlsProxy extends Listener {
  /** Common names of the certificates that clients showed, one per connection; undefined for none. */
  clients: (string | undefined)[];
}

/** `options.ca` and `options.requestCert` make it ask for a client's certificate. */
export async function tlsProxy(upstream: string, options: TlsOptions): Promise<TlsProxy> {
  const sockets = new Set<Socket>();
  const clients: TlsProxy["clients"] = [];
  const server = createTlsServer({ ...options, ALPNProtocols: ["h2"] }, (socket: TLSSocket) => {
    clients.push(socket.getPeerCertificate()?.subject?.CN as string | undefined);
    join(socket, dial(upstream), sockets);
  });
  server.on("tlsClientError", () => {});
  return Object.assign(await listen(server, sockets), { clients });
}

/** An HTTP proxy. */
export interface ConnectProxy extends Listener {
  /** The CONNECT requests that came. */
  requests: { target: string; headers: IncomingHttpHeaders }[];
}

/**
 * A proxy for CONNECT that goes to wherever it is told; with `credentials`, "name:password", only for who knows them.
 */
export async function connectProxy(credentials?: string): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const requests: ConnectProxy["requests"] = [];
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  const server = createHttpServer();
  server.on("connect", (request, client: Socket) => {
    requests.push({ target: request.url ?? "", headers: request.headers });
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const upstream = dial(request.url ?? "");
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      join(client, upstream, sockets);
    });
    upstream.on("error", () => client.destroy());
  });
  return Object.assign(await listen(server, sockets), { requests });
}

/** A relay that knows HTTP/2 frames. */
export interface Relay extends Listener {
  /** PING frames that clients sent, answers to the server's not counted. */
  pings: number;
  /** Whether the server's bytes are dropped, as when a network goes away without a word. */
  frozen: boolean;
}

const PREFACE_LENGTH = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length;
const PING = 6;

/** Calls back for each frame of a client's side of an HTTP/2 connection. */
function frames(onFrame: (type: number, flags: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let skip = PREFACE_LENGTH;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const skipped = Math.min(skip, rest.length);
      rest = rest.subarray(skipped);
      skip -= skipped;
      // Length (3 bytes), type, flags, stream (4 bytes).
      if (skip > 0 || rest.length < 9) return;
      onFrame(rest[3]!, rest[4]!);
      skip = 9 + rest.readUIntBE(0, 3);
    }
  };
}

/** Relays plain connections to `upstream`. */
export async function relay(upstream: string): Promise<Relay> {
  const sockets = new Set<Socket>();
  const state = { pings: 0, frozen: false };
  const server = createServer((client) => {
    const watch = frames((type, flags) => {
      if (type === PING && (flags & 1) === 0) state.pings += 1;
    });
    join(client, dial(upstream), sockets, watch, () => state.frozen);
  });
  return Object.assign(state, await listen(server, sockets));
}
