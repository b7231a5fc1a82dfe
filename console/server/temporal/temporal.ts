/** The Temporal server, as handlers use it. This folder alone imports the SDK. */

import { Connection, type ConnectionOptions } from "temporal-bun-sdk/client";
import type { Json } from "../../shared/json";
import type { RouteKey } from "../../shared/routes";
import type { Call } from "../call";
import { type PayloadOptions, Payloads } from "./payloads";
import { type RpcName, type RpcRequest, type RpcResponse, responseType, rpc } from "./rpc";

type Services = Connection["workflowService"] & Connection["operatorService"];
type Shown<Name extends RpcName> = Services[Name] extends (request: never) => Promise<infer Response>
  ? Json<Response>
  : never;

export class Temporal {
  readonly connection: Connection;
  readonly payloads: Payloads;
  readonly address: string;

  constructor(options: ConnectionOptions, payloads: PayloadOptions) {
    this.connection = Connection.lazy(options);
    this.address = options.address ?? "localhost:7233";
    this.payloads = new Payloads(payloads);
  }

  /** One call; its answer has payloads as the server keeps them. */
  call<Name extends RpcName>(
    name: Name,
    request: RpcRequest<Name>,
    options?: { signal?: AbortSignal; ms?: number },
  ): Promise<RpcResponse<Name>> {
    return rpc(this.connection, name, request, options);
  }

  /** One call for somebody; payloads in its answer are shown as far as they may see them. */
  async show<Name extends RpcName, Key extends RouteKey>(
    name: Name,
    request: RpcRequest<Name>,
    call: Call<Key>,
  ): Promise<Shown<Name>> {
    const json = await this.call(name, request, { signal: call.signal });
    return this.present<Shown<Name>>(responseType(this.connection, name), json, call);
  }

  /** A message's JSON with its payloads shown as far as the caller may see them. */
  present<T>(type: string, json: unknown, call: Pick<Call<RouteKey>, "params" | "can">): Promise<T> {
    const { ns = "" } = call.params as { ns?: string };
    return this.payloads.show<T>(type, json, ns, call.can("payload.read"));
  }

  /** What gRPC's health check says of the server: "Serving", or why not. */
  async health(): Promise<string> {
    const service = "temporal.api.workflowservice.v1.WorkflowService";
    try {
      const { status } = await this.connection.withDeadline(Date.now() + 2000, () =>
        this.connection.healthService.check({ service }),
      );
      return status === 1 ? "Serving" : `NotServing (${status})`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
