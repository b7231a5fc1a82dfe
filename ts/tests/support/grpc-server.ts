/**
 * A gRPC server over HTTP/2 that keeps what it is sent and gives the answers that a test writes. For what a Temporal
 * server does not show: what exactly arrives, and what becomes of answers that a Temporal server would not give.
 */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A call that arrived. */
export interface GrpcCall {
  /** e.g. `temporal.api.cloud.cloudservice.v1.CloudService`. */
  service: string;
  /** Name of the RPC. */
  rpc: string;
  headers: IncomingHttpHeaders;
  /** The encoded request; still compressed if {@link compressed}. */
  request: Uint8Array;
  /** Whether the request is compressed, as the header `grpc-encoding` says. */
  compressed: boolean;
}

/**
 * Returns the encoded response, an empty one by default, or throws `{ code, message }`. What never settles leaves the
 * call open.
 */
export type GrpcAnswer = (call: GrpcCall) => Uint8Array | void | Promise<Uint8Array | void>;

/** The server; stops at the end of an `await using` scope, open calls included. */
export interface GrpcServer extends AsyncDisposable {
  address: string;
  calls: GrpcCall[];
  /** gRPC codes of the next answers, GetSystemInfo (which connecting calls) excepted; 0 when it is empty. */
  codes: number[];
  /**
   * What the next answers without an error send in place of their message: frames, their 5 bytes of length included.
   */
  frames: Buffer[];
}

/** The frame of a message: five bytes that say that it isn't compressed, and its length, before it. */
export function frameOf(message: Uint8Array = new Uint8Array()): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Starts a server on a port that the operating system picks. */
export async function grpcServer(answer: GrpcAnswer = () => {}): Promise<GrpcServer> {
  const calls: GrpcCall[] = [];
  const codes: number[] = [];
  const frames: Buffer[] = [];
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
      const frame = Buffer.concat(chunks);
      const call = { service, rpc, headers, request: new Uint8Array(frame.subarray(5)), compressed: frame[0] === 1 };
      calls.push(call);
      const connecting = rpc === "GetSystemInfo";
      let response: Uint8Array | undefined;
      let failure: { code?: number; message?: string } | undefined;
      const code = connecting ? 0 : (codes.shift() ?? 0);
      if (code !== 0) failure = { code, message: "chosen by the test" };
      else {
        try {
          response = (await answer(call)) ?? undefined;
        } catch (error) {
          failure = error as { code?: number; message?: string };
        }
      }
      if (stream.destroyed) return;
      const head = { ":status": 200, "content-type": "application/grpc" };
      if (failure !== undefined) {
        // With the headers, as servers do when there is no message.
        const { code = 13, message = "" } = failure;
        stream.respond(
          { ...head, "grpc-status": String(code), "grpc-message": encodeURIComponent(message) },
          { endStream: true },
        );
        return;
      }
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end((connecting ? undefined : frames.shift()) ?? frameOf(response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    codes,
    frames,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
