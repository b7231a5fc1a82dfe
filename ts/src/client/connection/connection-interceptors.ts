/** Interceptors of RPCs. */

import type { CallContext } from "./connection-options";

/** One RPC on its way to the server. */
export interface RpcCall extends CallContext {
  /** Full name of the gRPC service, e.g. "temporal.api.workflowservice.v1.WorkflowService". */
  readonly service: string;
  /** Name of the RPC, e.g. "StartWorkflowExecution". */
  readonly method: string;
  /** The request's message, as the generated types of `temporal-bun-sdk/proto` have it. */
  readonly request: unknown;
}

/**
 * Called for each RPC of a connection. `next` sends the call, or a changed copy of it, to the next interceptor and at
 * last to the server, and resolves with the response's message; it may be called more than once, or not at all. It
 * rejects with `GrpcServiceError`. Takes the place of the interceptors of grpc-js, which have another form:
 *
 * ```ts
 * const log: RpcInterceptor = async (call, next) => {
 *   console.log(call.method);
 *   return await next({ ...call, metadata: { ...call.metadata, "x-request": crypto.randomUUID() } });
 * };
 * ```
 */
export type RpcInterceptor = (call: RpcCall, next: (call: RpcCall) => Promise<unknown>) => Promise<unknown>;

/** Throws `TypeError` for what can't be interceptors. */
export function checkInterceptors(interceptors: unknown): void {
  if (interceptors === undefined) return;
  if (!Array.isArray(interceptors))
    throw new TypeError(`ConnectionOptions.interceptors must be an array of functions, got ${typeof interceptors}`);
  for (const [index, interceptor] of interceptors.entries()) {
    if (typeof interceptor !== "function") {
      throw new TypeError(
        `ConnectionOptions.interceptors[${index}] must be a function (call, next) => next(call), got ${interceptor === null ? "null" : typeof interceptor}`,
      );
    }
  }
}

/** Runs a call through the interceptors, the first one outermost, and then `send`. */
export async function intercept(
  interceptors: readonly RpcInterceptor[],
  call: RpcCall,
  send: (call: RpcCall) => Promise<unknown>,
): Promise<unknown> {
  const run = async (index: number, current: RpcCall): Promise<unknown> => {
    const interceptor = interceptors[index];
    if (interceptor === undefined) return send(current);
    const answer: unknown = interceptor(current, (next) => run(index + 1, next));
    // Those of grpc-js are functions of two parameters too, but return an object that is no promise.
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== "function") {
      throw new TypeError(
        `ConnectionOptions.interceptors[${index}] returned ${answer === null ? "null" : typeof answer} instead of a promise for ${call.method}; interceptors of grpc-js can't be used, write (call, next) => next(call)`,
      );
    }
    return answer;
  };
  return run(0, call);
}
