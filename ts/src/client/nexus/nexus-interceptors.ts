/** Interceptors of the Nexus client (experimental). */

import type { Next } from "../../common/interceptors";
import type { TypeInfo } from "../../common/type-info";
import type { NexusOperationHandle } from "./nexus-handle";
import type {
  NexusOperationExecution,
  NexusOperationExecutionCount,
  NexusOperationExecutionDescription,
  StartNexusOperationOptions,
} from "./nexus-types";

/** An operation to start. */
export interface StartNexusOperationInput extends Readonly<StartNexusOperationOptions> {
  readonly endpoint: string;
  readonly service: string;
  /** Name of the operation. */
  readonly operation: string;
  /** Input of the operation. */
  readonly arg: unknown;
  readonly inputType?: TypeInfo;
  readonly outputType?: TypeInfo;
}

/** Which operation a call is about. */
interface NexusOperationTarget {
  readonly operationId: string;
  /** Without it, the latest run. */
  readonly runId?: string;
}

/** An operation whose result is waited for. */
export interface GetNexusOperationResultInput extends NexusOperationTarget {
  readonly outputType?: TypeInfo;
}

/** An operation to describe. */
export interface DescribeNexusOperationInput extends NexusOperationTarget {}

/** An operation to cancel. */
export interface CancelNexusOperationInput extends NexusOperationTarget {
  readonly reason?: string;
}

/** An operation to terminate. */
export interface TerminateNexusOperationInput extends NexusOperationTarget {
  readonly reason?: string;
}

/** Operations to list. */
export interface ListNexusOperationsInput {
  readonly query?: string;
  readonly pageSize?: number;
}

/** Operations to count. */
export interface CountNexusOperationsInput {
  readonly query?: string;
}

/** Methods that are called instead of the Nexus client's own calls; each calls `next` to go on. */
export interface NexusClientInterceptor {
  /** `NexusServiceClient.startOperation` and `executeOperation`. */
  startOperation?: (
    input: StartNexusOperationInput,
    next: Next<this, "startOperation">,
  ) => Promise<NexusOperationHandle>;
  /** `NexusOperationHandle.result` and `executeOperation`. */
  getResult?: (input: GetNexusOperationResultInput, next: Next<this, "getResult">) => Promise<unknown>;
  /** `NexusOperationHandle.describe`. */
  describe?: (
    input: DescribeNexusOperationInput,
    next: Next<this, "describe">,
  ) => Promise<NexusOperationExecutionDescription>;
  /** `NexusOperationHandle.cancel`. */
  cancel?: (input: CancelNexusOperationInput, next: Next<this, "cancel">) => Promise<void>;
  /** `NexusOperationHandle.terminate`. */
  terminate?: (input: TerminateNexusOperationInput, next: Next<this, "terminate">) => Promise<void>;
  /** `NexusClient.list`. */
  list?: (input: ListNexusOperationsInput, next: Next<this, "list">) => AsyncIterable<NexusOperationExecution>;
  /** `NexusClient.count`. */
  count?: (input: CountNexusOperationsInput, next: Next<this, "count">) => Promise<NexusOperationExecutionCount>;
}
