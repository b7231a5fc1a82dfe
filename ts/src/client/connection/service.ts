/** Services as objects with one method per RPC, made from the generated tables. */

import type { Rpc, RpcTable } from "../../proto/rpc";

/** Makes one RPC: encodes the request, sends it and decodes the response. */
type UnaryCall = <Request, Response>(
  table: RpcTable<object>,
  rpc: Rpc<Request, Response>,
  request: Request,
) => Promise<Response>;

/**
 * The service of a table that the first call loads, so that what is not used costs nothing when the client is imported.
 * It has its RPCs and nothing else: what looks at all sorts of properties (`await`, JSON, formatters, containers)
 * finds that they aren't there.
 *
 * @param names its RPCs
 */
export function serviceOf<Service extends object>(
  names: readonly (keyof Service)[],
  load: () => Promise<{ table: RpcTable<Service> }>,
  call: UnaryCall,
): Service {
  let loaded: RpcTable<Service> | undefined;
  const send = async (name: keyof Service, request: unknown) => {
    loaded ??= (await load()).table;
    return call(loaded, loaded.rpcs[name] as Rpc<unknown, unknown>, request);
  };
  return Object.fromEntries(names.map((name) => [name, (request: unknown) => send(name, request)])) as Service;
}
