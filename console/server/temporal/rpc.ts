/** Calls of the Temporal server whose messages are proto3's JSON on both sides. */

import type { Connection } from "temporal-bun-sdk/client";
import { temporal } from "temporal-bun-sdk/proto";
import { encodeJson, toJson } from "temporal-bun-sdk/proto/json";
import type { RawJson } from "../../shared/json";
import { explained } from "./problems";

type Services = Connection["workflowService"] & Connection["operatorService"];
export type RpcName = keyof Services;
type RequestMessage<Name extends RpcName> = Services[Name] extends (request: infer Request) => unknown
  ? Request
  : never;
type ResponseMessage<Name extends RpcName> = Services[Name] extends (request: never) => Promise<infer Response>
  ? Response
  : never;
export type RpcRequest<Name extends RpcName> = RawJson<RequestMessage<Name>>;
export type RpcResponse<Name extends RpcName> = RawJson<ResponseMessage<Name>>;

interface Codec {
  decode(bytes: Uint8Array): object;
}

const deadlineMs = 10_000;

/** Fields of a message, in the form that JSON has for a mask of fields; the types know it as a list. */
export const fieldMask = (names: readonly string[]): string[] => names.join(",") as unknown as string[];

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Full name of the message that an RPC answers with. */
export function responseType(connection: Connection, name: RpcName): string {
  return `${packageOf(connection, name)}.${upperFirst(name)}Response`;
}

function packageOf({ workflowService }: Connection, name: RpcName): string {
  return name in workflowService ? "temporal.api.workflowservice.v1" : "temporal.api.operatorservice.v1";
}

/**
 * Makes one call.
 *
 * @param options `signal` cancels it; `ms` is how long it may take
 * @throws ProblemError if the server refuses
 */
export async function rpc<Name extends RpcName>(
  connection: Connection,
  name: Name,
  request: RpcRequest<Name>,
  { signal, ms = deadlineMs }: { signal?: AbortSignal; ms?: number } = {},
): Promise<RpcResponse<Name>> {
  const isWorkflow = name in connection.workflowService;
  const messages = (isWorkflow
    ? temporal.api.workflowservice.v1
    : temporal.api.operatorservice.v1) as unknown as Record<string, Codec>;
  const typeName = `${upperFirst(name)}Request`;
  const message = plain(messages[typeName]!.decode(encodeJson(`${packageOf(connection, name)}.${typeName}`, request)));
  const service = (isWorkflow ? connection.workflowService : connection.operatorService) as unknown as Record<
    string,
    (message: object) => Promise<object>
  >;
  const send = () => connection.withDeadline(Date.now() + ms, () => service[name]!(message));
  try {
    const response = await (signal === undefined ? send() : connection.withAbortSignal(signal, send));
    return toJson(responseType(connection, name), response) as RpcResponse<Name>;
  } catch (error) {
    throw explained(error);
  }
}

/**
 * A message without what it inherits: the default of a field that isn't set would be sent, in the place of the field of
 * its oneof that is.
 */
function plain<T>(value: T): T {
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  // A 64-bit integer is an object of a class of its own.
  if ("unsigned" in value && "high" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)])) as T;
}
