/** What the generated tables of RPCs (rpc/*.ts) are made of. */

import type { BinaryReader, BinaryWriter } from "./wire";

/** Encodes and decodes one message type; every generated message has one of its own name. */
export interface MessageCodec<T> {
  /** Appends the message to the writer (a new one by default) and returns the writer. */
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  /** Reads a message; throws `WireFormatError` for bytes that are not one. */
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** One RPC: its name in the .proto file, and the codecs of both messages. */
export interface Rpc<Request, Response> {
  readonly name: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
}

/** All unary RPCs of a service, by their names in lower camel case. */
export interface RpcTable<Service> {
  /** The number that the native bridge knows the service by. */
  readonly service: number;
  /** The full name of the service. */
  readonly name: string;
  readonly rpcs: {
    readonly [Name in keyof Service]: Service[Name] extends (request: infer Request) => Promise<infer Response>
      ? Rpc<Request, Response>
      : never;
  };
}
