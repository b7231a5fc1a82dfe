/** A gRPC server over HTTP/2 whose answers a test writes, and which keeps what it was sent. For what a Temporal server does not show. */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A call that arrived. */
export interface GrpcCall {
  /** e.g. `temporal.api.cloud.cloudservice.v1.CloudService`. */
  service: string;
  /** Name of the RPC. */
  rpc: string;
  headers: IncomingHttpHeaders;
  /** The encoded request. */
  request: Uint8Array;
}

/** The server; stops at the end of an `await using` scope. */
export interface GrpcServer extends AsyncDisposable {
  address: string;
  calls: GrpcCall[];
}

/** Starts a server. `answer` returns the encoded response, an empty one by default, or throws `{ code, message }`. */
export async function grpcServer(answer: (call: GrpcCall) => Uint8Array | void | Promise<Uint8Array | void> = () => {}): Promise<GrpcServer> {
  const calls: GrpcCall[] = [];
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const [, service = "", rpc = ""] = String(headers[":path"]).split("/");
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", async () => {
      // Five bytes before a message: whether it is compressed, and its length.
      const call = { service, rpc, headers, request: new Uint8Array(Buffer.concat(chunks).subarray(5)) };
      calls.push(call);
      let status: Record<string, string> = { "grpc-status": "0" };
      let response: Uint8Array | void = undefined;
      try {
        response = await answer(call);
      } catch (error) {
        const { code = 13, message = "" } = error as { code?: number; message?: string };
        status = { "grpc-status": String(code), "grpc-message": encodeURIComponent(message) };
      }
      if (stream.destroyed) return;
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(status));
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(response?.length ?? 0, 1);
      stream.end(status["grpc-status"] === "0" ? Buffer.concat([prefix, response ?? new Uint8Array()]) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
