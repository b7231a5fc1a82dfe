/** Services as objects with one method per RPC, made from the generated tables. */

import type { Rpc, RpcTable } from "../../proto/rpc";

/** Makes one RPC: encodes the request, sends it and decodes the response. */
type UnaryCall = <Request, Response>(
  table: RpcTable<object>,
  rpc: Rpc<Request, Response>,
  request: Request,
) => Promise<Response>;

type Methods = Record<string, ((request: unknown) => Promise<unknown>) | undefined>;

/**
 * The service of a table that the first call loads, so that what is not used costs nothing when the client is imported.
 * A call of an RPC that does not exist rejects with `TypeError`.
 */
export function serviceOf<Service extends object>(
  load: () => Promise<{ table: RpcTable<Service> }>,
  call: UnaryCall,
): Service {
  const methods: Methods = Object.create(null);
  let loaded: RpcTable<Service> | undefined;
  const send = (table: RpcTable<Service>, name: string, request: unknown) => {
    loaded = table;
    const rpc = Object.hasOwn(table.rpcs, name) ? table.rpcs[name as keyof Service] : undefined;
    if (!rpc) throw new TypeError(`${table.name} has no RPC '${name}'`);
    return call(table, rpc as Rpc<unknown, unknown>, request);
  };
  const makeMethod = (name: string) => async (request: unknown) => send(loaded ?? (await load()).table, name, request);
  return new Proxy(methods, {
    get(_target, name) {
      // `then` would make the service look like a promise to `await`.
      if (typeof name === "symbol" || name === "then") return undefined;
      return (methods[name] ??= makeMethod(name));
    },
  }) as Service;
}
