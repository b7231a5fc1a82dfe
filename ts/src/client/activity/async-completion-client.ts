/** Completion of activities from outside their worker. */

import type { LoadedDataConverter } from "../../common/converter/data-converter";
import type { ActivitySerializationContext } from "../../common/converter/serialization-context";
import { ensureTemporalFailure } from "../../common/failure";
import { filterNullAndUndefined } from "../../common/type-helpers";
import type { PayloadTypeInfo } from "../../common/type-info";
import { encodeErrorToFailure, encodeToPayloadsWithContext } from "../../payloads/codec-helpers";
import { withStorageTarget } from "../../payloads/payload-pipeline";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "../base-client";
import { GrpcStatus } from "../connection/grpc-error";
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  isGrpcServiceError,
} from "../errors";
import { rethrowKnownErrorTypes } from "../helpers";
import type { WorkflowService } from "../types";

/** Options of {@link AsyncCompletionClient}. */
export type AsyncCompletionClientOptions = BaseClientOptions;

/** {@link AsyncCompletionClientOptions} with defaults and the data converter loaded. */
export type LoadedAsyncCompletionClientOptions = LoadedWithDefaults<AsyncCompletionClientOptions>;

/** An activity by its ids. */
export interface FullActivityId {
  /** Id of the workflow that the activity belongs to; left out for a standalone activity. */
  workflowId?: string;
  /** Id of the run of the workflow, or of the standalone activity. Default: the latest run. */
  runId?: string;
  activityId: string;
}

/** Options of calls with a task token, which does not say whose payloads are converted. */
export interface AsyncCompletionOperationOptions {
  /** What the payloads belong to (experimental). */
  serializationContext?: ActivitySerializationContext;
}

/** Options of `complete`. */
export interface AsyncCompletionCompleteOptions {
  /** How the result is converted (experimental). */
  typeInfo?: Pick<PayloadTypeInfo, "outputType">;
}

type Target = Uint8Array | FullActivityId;

/**
 * Completes, fails, cancels and heartbeats activities that threw `CompleteAsyncError`, given by their task token
 * (`Context.current().info.taskToken`) or by ids. All methods reject with `ActivityNotFoundError` if the server does
 * not know the activity (any more), and with `ActivityCompletionError` if the call fails otherwise.
 */
export class AsyncCompletionClient extends BaseClient {
  readonly options: LoadedAsyncCompletionClientOptions;

  constructor(options?: AsyncCompletionClientOptions) {
    super(options);
    this.options = {
      ...defaultBaseClientOptions(),
      ...filterNullAndUndefined({ ...options }),
      loadedDataConverter: this.dataConverter,
    };
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }

  /** Completes the activity with a result. */
  async complete(
    taskToken: Uint8Array,
    result: unknown,
    options?: AsyncCompletionCompleteOptions & AsyncCompletionOperationOptions,
  ): Promise<void>;
  async complete(
    fullActivityId: FullActivityId,
    result: unknown,
    options?: AsyncCompletionCompleteOptions,
  ): Promise<void>;
  async complete(
    target: Target,
    result: unknown,
    options: AsyncCompletionCompleteOptions & AsyncCompletionOperationOptions = {},
  ): Promise<void> {
    const { outputType } = options.typeInfo ?? {};
    const payloads = await encodeToPayloadsWithContext(
      this.#converter(target),
      this.#context(target, options),
      [result],
      outputType && [outputType],
    );
    await this.#call(
      target,
      { result: { payloads } },
      "respondActivityTaskCompleted",
      "respondActivityTaskCompletedById",
    );
  }

  /** Fails the attempt; it is retried as if its function had thrown the error. */
  async fail(taskToken: Uint8Array, err: unknown, options?: AsyncCompletionOperationOptions): Promise<void>;
  async fail(fullActivityId: FullActivityId, err: unknown): Promise<void>;
  async fail(target: Target, err: unknown, options?: AsyncCompletionOperationOptions): Promise<void> {
    const failure = await encodeErrorToFailure(
      this.#converter(target),
      ensureTemporalFailure(err),
      this.#context(target, options),
    );
    await this.#call(target, { failure }, "respondActivityTaskFailed", "respondActivityTaskFailedById");
  }

  /** Ends the activity as cancelled; only after cancellation was requested. */
  async reportCancellation(
    taskToken: Uint8Array,
    details?: unknown,
    options?: AsyncCompletionOperationOptions,
  ): Promise<void>;
  async reportCancellation(fullActivityId: FullActivityId, details?: unknown): Promise<void>;
  async reportCancellation(
    target: Target,
    details?: unknown,
    options?: AsyncCompletionOperationOptions,
  ): Promise<void> {
    const payloads = await encodeToPayloadsWithContext(this.#converter(target), this.#context(target, options), [
      details,
    ]);
    await this.#call(
      target,
      { details: { payloads } },
      "respondActivityTaskCanceled",
      "respondActivityTaskCanceledById",
    );
  }

  /**
   * Says that the activity is alive. Rejects with `ActivityCancelledError`, `ActivityResetError` or
   * `ActivityPausedError` if the server answers that it has been cancelled, reset or paused.
   */
  async heartbeat(taskToken: Uint8Array, details?: unknown, options?: AsyncCompletionOperationOptions): Promise<void>;
  async heartbeat(fullActivityId: FullActivityId, details?: unknown): Promise<void>;
  async heartbeat(target: Target, details?: unknown, options?: AsyncCompletionOperationOptions): Promise<void> {
    const payloads = await encodeToPayloadsWithContext(this.#converter(target), this.#context(target, options), [
      details,
    ]);
    const response = await this.#call(
      target,
      { details: { payloads } },
      "recordActivityTaskHeartbeat",
      "recordActivityTaskHeartbeatById",
    );
    if (response.cancelRequested) throw new ActivityCancelledError("cancelled");
    if (response.activityReset) throw new ActivityResetError("reset");
    if (response.activityPaused) throw new ActivityPausedError("paused");
  }

  /** The data converter, which tells storage drivers for whom it converts. A token doesn't say. */
  #converter(target: Target): LoadedDataConverter {
    const { namespace } = this.options;
    return withStorageTarget(this.dataConverter, () => {
      if (target instanceof Uint8Array) return { kind: "workflow", namespace };
      const { workflowId, runId, activityId } = target;
      return workflowId === undefined
        ? { kind: "activity", namespace, id: activityId, runId }
        : { kind: "workflow", namespace, id: workflowId, runId };
    });
  }

  #context(
    target: Target,
    options: AsyncCompletionOperationOptions | undefined,
  ): ActivitySerializationContext | undefined {
    if (target instanceof Uint8Array) return options?.serializationContext;
    const { workflowId, activityId } = target;
    return { type: "activity", namespace: this.options.namespace, workflowId, activityId, isLocal: false };
  }

  /** Sends the request by the RPC for task tokens or the one for ids. */
  async #call<ByToken extends keyof WorkflowService, ById extends keyof WorkflowService>(
    target: Target,
    content: Parameters<WorkflowService[ByToken]>[0] & Parameters<WorkflowService[ById]>[0],
    byToken: ByToken,
    byId: ById,
  ): Promise<Awaited<ReturnType<WorkflowService[ByToken]>> & Awaited<ReturnType<WorkflowService[ById]>>> {
    const { namespace, identity } = this.options;
    const isToken = target instanceof Uint8Array;
    const request = { namespace, identity, ...(isToken ? { taskToken: target } : target), ...content };
    try {
      const send = this.workflowService[isToken ? byToken : byId] as (request: object) => Promise<any>;
      return await send(request);
    } catch (error) {
      if (!isGrpcServiceError(error))
        throw new ActivityCompletionError(
          `Unexpected failure: ${error instanceof Error ? error.message : String(error)}`,
        );
      rethrowKnownErrorTypes(error);
      if (error.code === GrpcStatus.NOT_FOUND) throw new ActivityNotFoundError(`Not found: ${error.details}`);
      throw new ActivityCompletionError(error.details || error.message);
    }
  }
}
