/** Services as objects with one method per RPC, made from the generated tables. */

import type { Rpc, RpcTable } from "../proto/rpc";

/** Makes one RPC: encodes the request, sends it and decodes the response. */
export type UnaryCall = <Request, Response>(service: number, rpc: Rpc<Request, Response>, request: Request) => Promise<Response>;

type Methods = Record<string, ((request: unknown) => Promise<unknown>) | undefined>;

/** The service of a table that is loaded. */
export function serviceOf<Service extends object>(table: RpcTable<Service>, call: UnaryCall): Service {
  const rpcs = table.rpcs as Record<string, Rpc<unknown, unknown>>;
  return makeProxy((name) => {
    const rpc = Object.hasOwn(rpcs, name) ? rpcs[name]! : undefined;
    return rpc && ((request) => call(table.service, rpc, request));
  });
}

/** The service of a table that the first call loads. A call of an RPC that does not exist rejects with `TypeError`. */
export function lazyServiceOf<Service extends object>(load: () => Promise<{ table: RpcTable<Service> }>, call: UnaryCall): Service {
  return makeProxy((name) => async (request) => {
    const { table } = await load();
    const rpc = Object.hasOwn(table.rpcs, name) ? table.rpcs[name as keyof Service] : undefined;
    if (!rpc) throw new TypeError(`${table.name} has no RPC '${name}'`);
    return call(table.service, rpc as Rpc<unknown, unknown>, request);
  });
}

function makeProxy<Service extends object>(makeMethod: (name: string) => Methods[string]): Service {
  const methods: Methods = Object.create(null);
  return new Proxy(methods, {
    get(_target, name) {
      // `then` would make the service look like a promise to `await`.
      if (typeof name === "symbol" || name === "then") return undefined;
      return (methods[name] ??= makeMethod(name));
    },
  }) as Service;
}
