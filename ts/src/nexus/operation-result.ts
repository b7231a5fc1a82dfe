import { HandlerStartOperationResult } from "nexus-rpc";

const operationResult: unique symbol = Symbol("TemporalOperationResult");

/**
 * What the start handler of a `TemporalOperationHandler` returns: made by `TemporalOperationResult.sync` and `.async`,
 * and by the methods of `TemporalNexusClient`.
 *
 * @experimental
 */
export interface TemporalOperationResult<T> {
  readonly [operationResult]: HandlerStartOperationResult<T>;
}

export const TemporalOperationResult = {
  /** The operation is complete, with this result. */
  sync<T>(value: T): TemporalOperationResult<T> {
    return { [operationResult]: HandlerStartOperationResult.sync(value) };
  },
  /** The operation goes on; `token` is what the handler's `cancel` gets. */
  async<T = unknown>(token: string): TemporalOperationResult<T> {
    return { [operationResult]: HandlerStartOperationResult.async(token) };
  },
};

/** The result in the form of `nexus-rpc`. @throws TypeError if it is none */
export function handlerResult<T>(result: TemporalOperationResult<T>): HandlerStartOperationResult<T> {
  const made = (result as TemporalOperationResult<T> | undefined)?.[operationResult];
  if (made === undefined) {
    throw new TypeError(
      "The start handler of a TemporalOperationHandler must return what TemporalNexusClient's methods return, or TemporalOperationResult.sync(...) or .async(...)",
    );
  }
  return made;
}
