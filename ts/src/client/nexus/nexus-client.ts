/** The client for standalone Nexus operations (experimental). */

import type { OperationDefinition, ServiceDefinition } from "nexus-rpc";
import { encodeUnifiedSearchAttributes } from "../../common/converter/payload-search-attributes";
import { composeInterceptors, type Next } from "../../common/interceptors";
import { msOptionalToTs } from "../../common/time";
import { brandError, filterNullAndUndefined } from "../../common/type-helpers";
import type { TypeInfo } from "../../common/type-info";
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  encodeToPayload,
  encodeUserMetadata,
} from "../../payloads/codec-helpers";
import { NexusOperationExecutionAlreadyStartedFailure } from "../../proto/temporal/api/errordetails/v1/message";
import type {
  ListNexusOperationExecutionsResponse,
  PollNexusOperationExecutionResponse,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "../base-client";
import { type GrpcServiceError, GrpcStatus } from "../connection/grpc-error";
import { isGrpcServiceError, ServiceError } from "../errors";
import { getGrpcStatusDetails, rethrowGrpcError, rethrowKnownErrorTypes } from "../helpers";
import {
  decodeNexusOperationCount,
  decodeNexusOperationDescription,
  decodeNexusOperationListInfo,
} from "./nexus-encoding";
import type { NexusOperationHandle, NexusOperationHandleResult, NexusServiceClient } from "./nexus-handle";
import type {
  DescribeNexusOperationInput,
  GetNexusOperationResultInput,
  ListNexusOperationsInput,
  NexusClientInterceptor,
  StartNexusOperationInput,
} from "./nexus-interceptors";
import {
  encodeNexusOperationIdConflictPolicy,
  encodeNexusOperationIdReusePolicy,
  type GetNexusOperationHandleOptions,
  type ListNexusOperationsOptions,
  type NexusOperationExecution,
  type NexusOperationExecutionCount,
  type NexusOperationExecutionDescription,
  type StartNexusOperationOptions,
} from "./nexus-types";

export type * from "./nexus-handle";

/** Options of {@link NexusClient}. */
export interface NexusClientOptions extends BaseClientOptions {
  /** Called instead of the client's own calls, first to last. */
  interceptors?: NexusClientInterceptor[];
}

/** {@link NexusClientOptions} with defaults and the data converter loaded. */
export type LoadedNexusClientOptions = LoadedWithDefaults<NexusClientOptions>;

/** The operation did not complete; `cause` says why. */
export class NexusOperationFailureError extends Error {
  constructor(
    message: string,
    override readonly cause: Error,
  ) {
    super(message, { cause });
  }
  static {
    brandError(this, "NexusOperationFailureError");
  }
}

/** The operation's id is taken, and the policies for ids do not permit to use it again. */
export class NexusOperationAlreadyStartedError extends Error {
  constructor(
    readonly operationId: string,
    /** Id of the run that has the id. */
    readonly runId?: string,
  ) {
    super(`Nexus operation already started: ${ids(operationId, runId)}`);
  }
  static {
    brandError(this, "NexusOperationAlreadyStartedError");
  }
}

/** The server has no such operation; from `startOperation`, no such endpoint. `cause` has the server's words. */
export class NexusOperationNotFoundError extends Error {
  constructor(
    readonly operationId: string,
    readonly runId?: string,
    options?: ErrorOptions,
  ) {
    super(`Nexus operation not found: ${ids(operationId, runId)}`, options);
  }
  static {
    brandError(this, "NexusOperationNotFoundError");
  }
}

function ids(operationId: string, runId: string | undefined): string {
  return `operationId=${operationId}${runId ? ` runId=${runId}` : ""}`;
}

const WAIT_STAGE_CLOSED = 2;

type Calls = { [K in keyof Required<NexusClientInterceptor>]: Next<NexusClientInterceptor, K> };
type Target = Pick<DescribeNexusOperationInput, "operationId" | "runId">;

/**
 * Starts operations of Nexus services from outside of workflows, and makes handles of them. Usually used as
 * `Client.nexus`.
 */
export class NexusClient extends BaseClient {
  readonly options: LoadedNexusClientOptions;
  readonly #calls: Calls;

  constructor(options?: NexusClientOptions) {
    super(options);
    this.options = {
      ...defaultBaseClientOptions(),
      interceptors: [],
      ...filterNullAndUndefined({ ...options }),
      loadedDataConverter: this.dataConverter,
    };
    const { interceptors } = this.options;
    const compose = <K extends keyof NexusClientInterceptor>(name: K, call: Next<NexusClientInterceptor, K>) =>
      composeInterceptors(interceptors, name, call);
    this.#calls = {
      startOperation: compose("startOperation", (input) => this.#start(input)),
      getResult: compose("getResult", (input) => this.#result(input)),
      describe: compose("describe", (input) => this.#describe(input)),
      list: compose("list", (input) => this.#list(input)),
      cancel: compose("cancel", async (input) => {
        const request = { ...this.#change(input), reason: input.reason };
        await call(
          "Failed to cancel Nexus operation",
          () => this.connection.workflowService.requestCancelNexusOperationExecution(request),
          input,
        );
      }),
      terminate: compose("terminate", async (input) => {
        const request = { ...this.#change(input), reason: input.reason };
        await call(
          "Failed to terminate Nexus operation",
          () => this.connection.workflowService.terminateNexusOperationExecution(request),
          input,
        );
      }),
      count: compose("count", async ({ query }) => {
        const request = { namespace: this.options.namespace, query };
        return decodeNexusOperationCount(
          await call("Failed to count Nexus operations", () =>
            this.connection.workflowService.countNexusOperationExecutions(request),
          ),
        );
      }),
    };
  }

  /** A client that starts the operations of a service, as `nexus-rpc` defines it, at an endpoint. */
  createServiceClient<T extends ServiceDefinition>({
    endpoint,
    service,
  }: {
    endpoint: string;
    service: T;
  }): NexusServiceClient<T> {
    const startOperation = async (
      operation: string | OperationDefinition<any, any>,
      arg: unknown,
      options: StartNexusOperationOptions,
    ) => {
      const definition =
        typeof operation === "string"
          ? Object.hasOwn(service.operations, operation)
            ? service.operations[operation]
            : undefined
          : operation;
      if (!definition)
        throw new TypeError(
          `Unable to resolve Nexus operation name from key ${String(operation)} for service ${service.name}`,
        );
      const { name, inputType, outputType } = definition;
      return this.#calls.startOperation({
        ...options,
        endpoint,
        service: service.name,
        operation: name,
        arg,
        inputType,
        outputType,
      });
    };
    const client = {
      endpoint,
      service,
      startOperation,
      executeOperation: async (...args: Parameters<typeof startOperation>) => (await startOperation(...args)).result(),
    };
    return client as NexusServiceClient<T>;
  }

  /**
   * A handle of an operation: of a run if there is a run id, of the latest run otherwise. Nothing is checked: the
   * methods of a handle of an unknown operation reject with {@link NexusOperationNotFoundError}. `T` is the result or
   * the operation's definition.
   */
  getHandle<T>(
    operationId: string,
    options?: GetNexusOperationHandleOptions,
  ): NexusOperationHandle<NexusOperationHandleResult<T>> {
    return this.#handle(operationId, options?.runId, options?.typeInfo?.outputType) as NexusOperationHandle<
      NexusOperationHandleResult<T>
    >;
  }

  /** Lists operations. The server's index lags behind by a moment. */
  list(options?: ListNexusOperationsOptions): AsyncIterable<NexusOperationExecution> {
    return this.#calls.list({ query: options?.query, pageSize: options?.pageSize });
  }

  /** Counts operations, all or those that the query finds. The server's index lags behind by a moment. */
  async count(query?: string): Promise<NexusOperationExecutionCount> {
    return this.#calls.count({ query });
  }

  #handle(operationId: string, runId?: string, outputType?: TypeInfo): NexusOperationHandle {
    const target = { operationId, runId };
    const calls = this.#calls;
    // An outcome does not change, so it is kept. A wait that is not over is not shared: each caller has its own
    // deadline and signal.
    let outcome: Promise<unknown> | undefined;
    const result = async () => {
      if (outcome) return outcome;
      const waiting = calls.getResult({ ...target, outputType });
      try {
        await waiting;
        outcome = waiting;
      } catch (error) {
        if (error instanceof NexusOperationFailureError) outcome = waiting;
      }
      return waiting;
    };
    return {
      operationId,
      runId,
      client: this,
      result,
      describe: async () => calls.describe(target),
      cancel: async (reason) => calls.cancel({ ...target, reason }),
      terminate: async (reason) => calls.terminate({ ...target, reason }),
    };
  }

  /** What all requests that are about an operation have. */
  #target({ operationId, runId }: Target) {
    return { namespace: this.options.namespace, operationId, runId };
  }

  /** What all requests that change an operation have. */
  #change(target: Target) {
    return { ...this.#target(target), identity: this.options.identity, requestId: crypto.randomUUID() };
  }

  async #start(input: StartNexusOperationInput): Promise<NexusOperationHandle> {
    const { id, endpoint, service, operation, searchAttributes } = input;
    const request = {
      namespace: this.options.namespace,
      identity: this.options.identity,
      requestId: crypto.randomUUID(),
      operationId: id,
      endpoint,
      service,
      operation,
      scheduleToCloseTimeout: msOptionalToTs(input.scheduleToCloseTimeout, "scheduleToCloseTimeout"),
      scheduleToStartTimeout: msOptionalToTs(input.scheduleToStartTimeout, "scheduleToStartTimeout"),
      startToCloseTimeout: msOptionalToTs(input.startToCloseTimeout, "startToCloseTimeout"),
      input: await encodeToPayload(this.dataConverter, input.arg, undefined, input.inputType),
      idReusePolicy: encodeNexusOperationIdReusePolicy(input.idReusePolicy),
      idConflictPolicy: encodeNexusOperationIdConflictPolicy(input.idConflictPolicy),
      searchAttributes: searchAttributes && {
        indexedFields: encodeUnifiedSearchAttributes(undefined, searchAttributes),
      },
      nexusHeader: input.headers,
      userMetadata: await encodeUserMetadata(this.dataConverter, input.summary, undefined),
    };
    const { runId } = await call(
      "Failed to start Nexus operation",
      () => this.connection.workflowService.startNexusOperationExecution(request),
      {
        operationId: id,
      },
    );
    return this.#handle(id, runId, input.outputType);
  }

  async #result(input: GetNexusOperationResultInput): Promise<unknown> {
    const request = { ...this.#target(input), waitStage: WAIT_STAGE_CLOSED };
    let response: PollNexusOperationExecutionResponse;
    do
      response = await call(
        "Failed to poll Nexus operation result",
        () => this.connection.workflowService.pollNexusOperationExecution(request),
        input,
      );
    while (!response.result && !response.failure);
    const { result, failure } = response;
    if (result) return decodeFromPayloadsAtIndex(this.dataConverter, 0, [result], undefined, input.outputType);
    const message = failure?.message || "unknown failure";
    const cause = await decodeOptionalFailureToOptionalError(this.dataConverter, failure);
    throw new NexusOperationFailureError(`Nexus operation failed: ${message}`, cause ?? new Error(message));
  }

  async #describe(input: DescribeNexusOperationInput): Promise<NexusOperationExecutionDescription> {
    const request = this.#target(input);
    const { info } = await call(
      "Failed to describe Nexus operation",
      () => this.connection.workflowService.describeNexusOperationExecution(request),
      input,
    );
    if (!info) throw new ServiceError(`The server's description of Nexus operation '${input.operationId}' is empty`);
    return decodeNexusOperationDescription(this.dataConverter, info);
  }

  async *#list({ query, pageSize }: ListNexusOperationsInput): AsyncGenerator<NexusOperationExecution> {
    const { namespace } = this.options;
    let nextPageToken: Uint8Array | undefined;
    do {
      const request = { namespace, query, pageSize, nextPageToken };
      const response: ListNexusOperationExecutionsResponse = await call("Failed to list Nexus operations", () =>
        this.connection.workflowService.listNexusOperationExecutions(request),
      );
      yield* (response.operations ?? []).map(decodeNexusOperationListInfo);
      nextPageToken = response.nextPageToken;
    } while (nextPageToken?.length);
  }
}

/** Makes a call; throws what its error means, for the operation if it is about one. */
async function call<T>(fallbackMessage: string, send: () => Promise<T>, target?: Target): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (isGrpcServiceError(error)) {
      rethrowKnownErrorTypes(error);
      if (target && error.code === GrpcStatus.ALREADY_EXISTS)
        throw new NexusOperationAlreadyStartedError(target.operationId, runIdOfExisting(error));
      if (target && error.code === GrpcStatus.NOT_FOUND)
        throw new NexusOperationNotFoundError(target.operationId, target.runId, { cause: error });
    }
    rethrowGrpcError(error, fallbackMessage);
  }
}

function runIdOfExisting(error: GrpcServiceError): string | undefined {
  const details = getGrpcStatusDetails(error).find(
    ({ type }) => type === "temporal.api.errordetails.v1.NexusOperationExecutionAlreadyStartedFailure",
  );
  return details && NexusOperationExecutionAlreadyStartedFailure.decode(details.value).runId;
}
