/** A gRPC server that writes down what it is sent and answers every RPC with an empty message, or with an error that a test chose. */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A call that arrived. */
export interface RecordedCall {
  /** Name of the RPC. */
  rpc: string;
  headers: IncomingHttpHeaders;
}

/** The server; stops at the end of an `await using` scope. */
export interface RecordingServer extends AsyncDisposable {
  address: string;
  calls: RecordedCall[];
  /** gRPC codes of the next answers to calls other than GetSystemInfo; 0 when it is empty. */
  codes: number[];
  /** What the next answers without an error begin with, instead of an empty message: the frame of a message, its 5 bytes of length included. */
  bodies: Buffer[];
}

export async function recordingServer(): Promise<RecordingServer> {
  const calls: RecordedCall[] = [];
  const codes: number[] = [];
  const bodies: Buffer[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const rpc = String(headers[":path"]).split("/").at(-1)!;
    calls.push({ rpc, headers });
    const code = rpc === "GetSystemInfo" ? 0 : (codes.shift() ?? 0);
    stream.on("data", () => {});
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(code), "grpc-message": "chosen by the test" }));
      // One uncompressed message of no bytes, unless there is an error.
      stream.end(code !== 0 ? undefined : rpc === "GetSystemInfo" ? Buffer.alloc(5) : (bodies.shift() ?? Buffer.alloc(5)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    codes,
    bodies,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
