/** Handles of standalone Nexus operations, and clients of services (experimental). */

import type { OperationDefinition, OperationInput, OperationKey, OperationOutput, ServiceDefinition } from "nexus-rpc";
import type { NexusClient } from "./nexus-client";
import type {
  DescribeNexusOperationOptions,
  NexusOperationExecutionDescription,
  StartNexusOperationOptions,
} from "./nexus-types";

/**
 * An operation that was started. All methods reject with `NexusOperationNotFoundError` if the server does not know it.
 */
export interface NexusOperationHandle<O = unknown> {
  readonly operationId: string;
  /** Id of the run; without it the handle is about the latest run. */
  readonly runId?: string;
  /** The client that the handle belongs to. */
  readonly client: NexusClient;

  /** Waits for the result. Rejects with `NexusOperationFailureError` if the operation does not complete. */
  result(): Promise<O>;

  /** What the server says of the operation. */
  describe(options?: DescribeNexusOperationOptions): Promise<NexusOperationExecutionDescription>;

  /** Asks the operation to cancel, which its handler may ignore. */
  cancel(reason?: string): Promise<void>;

  /** Ends the operation at once; its handler does not notice. */
  terminate(reason?: string): Promise<void>;
}

/** Result of an operation, given by its definition's type or as it is. */
export type NexusOperationHandleResult<T> = T extends OperationDefinition<any, infer O> ? O : T;

/** Starts the operations of a service at an endpoint. */
export interface NexusServiceClient<T extends ServiceDefinition> {
  readonly endpoint: string;
  readonly service: T;

  /**
   * Starts an operation, given by its definition or by its key in the service. Rejects with
   * `NexusOperationAlreadyStartedError` if the id is taken, and with `ServiceError`.
   */
  startOperation<Op extends T["operations"][keyof T["operations"]]>(
    operation: Op,
    input: OperationInput<Op>,
    options: StartNexusOperationOptions,
  ): Promise<NexusOperationHandle<OperationOutput<Op>>>;
  startOperation<K extends OperationKey<T["operations"]>>(
    op: K,
    input: OperationInput<T["operations"][K]>,
    options: StartNexusOperationOptions,
  ): Promise<NexusOperationHandle<OperationOutput<T["operations"][K]>>>;

  /**
   * Starts an operation and waits for its result. Rejects like {@link startOperation} and
   * `NexusOperationHandle.result`.
   */
  executeOperation<Op extends T["operations"][keyof T["operations"]]>(
    operation: Op,
    input: OperationInput<Op>,
    options: StartNexusOperationOptions,
  ): Promise<OperationOutput<Op>>;
  executeOperation<K extends OperationKey<T["operations"]>>(
    op: K,
    input: OperationInput<T["operations"][K]>,
    options: StartNexusOperationOptions,
  ): Promise<OperationOutput<T["operations"][K]>>;
}
