import type { Connection } from "../../src/client";
import { grpcServer } from "./grpc-server";

/** A connection to a recording server, and apart from the others the calls that connecting made. */
export async function recordedConnection<C extends Connection>(connect: (options: { address: string }) => Promise<C>) {
  const server = await grpcServer();
  const connection = await connect({ address: server.address });
  const connecting = server.calls.splice(0);
  return {
    server,
    connection,
    connecting,
    call: () => connection.workflowService.describeNamespace({ namespace: "ns" }),
    /** Of the last call. */
    headers: () => server.calls.at(-1)!.headers,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
