/** The client for workflows. */

import { composeInterceptors } from "../../common/interceptors";
import type { HistoryAndWorkflowId, UpdateDefinition, Workflow, WorkflowResultType } from "../../common/interfaces";
import { filterNullAndUndefined } from "../../common/type-helpers";
import type { PayloadTypeInfo } from "../../common/type-info";
import {
  extractWorkflowTypeAndConfig,
  type WithWorkflowArgs,
  type WorkflowTypeOptions,
} from "../../common/workflow-options";
import { BaseClient, type BaseClientOptions, defaultBaseClientOptions, type LoadedWithDefaults } from "../base-client";
import { decodeCountWorkflowExecutionsResponse, executionInfoFromRaw, rethrowGrpcError } from "../helpers";
import {
  adaptStartInterceptor,
  type WorkflowClientInterceptor,
  type WorkflowClientInterceptors,
  type WorkflowStartOutput,
} from "../interceptors";
import { mapConcurrently } from "../iterators";
import type { CountWorkflowExecution, QueryRejectCondition, WorkflowExecutionInfo, WorkflowService } from "../types";
import { useOperation, type WithStartWorkflowOperation } from "./with-start-operation";
import { WorkflowCalls } from "./workflow-calls";
import {
  ClientWorkflowHandle,
  type GetWorkflowHandleOptions,
  makeUpdateHandle,
  resolveDefinition,
  type WorkflowHandle,
  type WorkflowHandleWithSignaledRunId,
  type WorkflowHandleWithStartDetails,
  type WorkflowUpdateHandle,
} from "./workflow-handle";
import {
  compileWorkflowOptions,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
  type WorkflowUpdateOptions,
} from "./workflow-options";
import { type WorkflowResultOptions, workflowResult } from "./workflow-result";
import { WorkflowUpdateStage } from "./workflow-update-stage";

export { WithStartWorkflowOperation } from "./with-start-operation";

/** Options of {@link WorkflowClient}. */
export interface WorkflowClientOptions extends BaseClientOptions {
  /** Called instead of the client's own calls, first to last. */
  interceptors?: WorkflowClientInterceptors | WorkflowClientInterceptor[];
  /** For which workflows queries are rejected. Default NONE. */
  queryRejectCondition?: QueryRejectCondition;
}

/** {@link WorkflowClientOptions} with defaults and the data converter loaded. */
export type LoadedWorkflowClientOptions = LoadedWithDefaults<WorkflowClientOptions>;

/** Options of {@link WorkflowClient.list}. */
export interface ListOptions {
  /** Workflows per page. Default: the server's, usually 1000. */
  pageSize?: number;
  /** Which workflows and in which order, in Temporal's list filter language. Default: all. */
  query?: string;
}

/** Options of `WorkflowClient.list().intoHistories()`. */
export interface IntoHistoriesOptions {
  /** How many histories are fetched at a time, and so ahead of the consumer. Default 5. */
  concurrency?: number;
  /** How many histories may be ready ahead of the consumer, if fewer than `concurrency`. */
  bufferLimit?: number;
}

/** The workflows that a list found; pages are fetched as they are needed. */
export interface AsyncWorkflowListIterable extends AsyncIterable<WorkflowExecutionInfo> {
  /** The histories of these workflows, e.g. to replay them. */
  intoHistories: (intoHistoriesOptions?: IntoHistoriesOptions) => AsyncIterable<HistoryAndWorkflowId>;
}

/** Starts workflows and makes handles of them. Usually used as `Client.workflow`. */
export class WorkflowClient extends BaseClient {
  readonly options: LoadedWorkflowClientOptions;
  readonly #calls: WorkflowCalls;

  constructor(options?: WorkflowClientOptions) {
    super(options);
    this.options = {
      ...defaultBaseClientOptions(),
      interceptors: [],
      queryRejectCondition: "NONE",
      ...filterNullAndUndefined({ ...options }),
      loadedDataConverter: this.dataConverter,
    };
    const { namespace, identity } = this.options;
    this.#calls = new WorkflowCalls(this.workflowService, { namespace, identity, dataConverter: this.dataConverter });
  }

  /** All RPCs of WorkflowService, as they are: nothing is filled in, the namespace neither. */
  get workflowService(): WorkflowService {
    return this.connection.workflowService;
  }

  /**
   * Starts a workflow, given by its function or its type name. Rejects with `WorkflowExecutionAlreadyStartedError` if
   * the id is taken, `NamespaceNotFoundError`, or `ServiceError`.
   */
  async start<T extends Workflow>(
    workflowTypeOrFunc: string | T,
    options: WorkflowStartOptions<T>,
  ): Promise<WorkflowHandleWithStartDetails<T>> {
    const { workflowId, followRuns } = options;
    const type = extractWorkflowTypeAndConfig(workflowTypeOrFunc, options.typeInfo);
    const interceptors = this.getOrMakeInterceptors(workflowId);
    const { runId, eagerlyStarted } = await this.#start(type, options, interceptors);
    // No run id: the handle goes with the workflow when it continues as new.
    const handle = new ClientWorkflowHandle<T>(this, this.#calls, {
      workflowId,
      firstExecutionRunId: runId,
      runIdForResult: runId,
      interceptors,
      followRuns,
      typeInfo: type.typeInfo,
    });
    return Object.assign(handle, { firstExecutionRunId: runId, eagerlyStarted });
  }

  async #start(
    type: WorkflowTypeOptions,
    options: WorkflowStartOptions,
    interceptors: WorkflowClientInterceptor[],
  ): Promise<WorkflowStartOutput> {
    const compiled = compileWorkflowOptions({ ...options, typeInfo: type.typeInfo });
    const start = composeInterceptors(interceptors.map(adaptStartInterceptor), "startWithDetails", this.#calls.start);
    return start({ workflowType: type.type, options: compiled, headers: {} });
  }

  /**
   * Sends a signal to a workflow, and starts the workflow first if it is not running (unless `workflowIdConflictPolicy`
   * says otherwise). Rejects like {@link start}.
   */
  async signalWithStart<WorkflowFn extends Workflow, SignalArgs extends any[] = []>(
    workflowTypeOrFunc: string | WorkflowFn,
    options: WithWorkflowArgs<WorkflowFn, WorkflowSignalWithStartOptions<SignalArgs>>,
  ): Promise<WorkflowHandleWithSignaledRunId<WorkflowFn>> {
    const { signal, signalArgs, signalTypeInfo, ...workflowOptions } = options;
    const { workflowId, followRuns } = workflowOptions;
    const { type, typeInfo } = extractWorkflowTypeAndConfig(workflowTypeOrFunc, workflowOptions.typeInfo);
    const resolved = resolveDefinition("signal", signal, signalTypeInfo);
    const interceptors = this.getOrMakeInterceptors(workflowId);
    const runId = await composeInterceptors(
      interceptors,
      "signalWithStart",
      this.#calls.signalWithStart,
    )({
      workflowType: type,
      options: compileWorkflowOptions({ ...workflowOptions, typeInfo }),
      signalName: resolved.name,
      signalArgs: signalArgs ?? [],
      signalTypeInfo: resolved.typeInfo,
      headers: {},
    });
    // Whether the run is the first of its chain is not known, so no firstExecutionRunId.
    const handle = new ClientWorkflowHandle<WorkflowFn>(this, this.#calls, {
      workflowId,
      runIdForResult: runId,
      interceptors,
      followRuns,
      typeInfo,
    });
    return Object.assign(handle, { signaledRunId: runId });
  }

  /**
   * Sends an update to a workflow, starts the workflow first if it is not running, and waits for the result of the
   * update. Rejects with `WorkflowUpdateFailedError` if the update is rejected or fails, with
   * `WorkflowUpdateRPCTimeoutOrCancelledError` if waiting ends at a deadline or by an abort signal, and like {@link
   * start}.
   */
  async executeUpdateWithStart<T extends Workflow, Ret, Args extends any[]>(
    updateDef: UpdateDefinition<Ret, Args> | string,
    updateOptions: WorkflowUpdateOptions & { args?: Args; startWorkflowOperation: WithStartWorkflowOperation<T> },
  ): Promise<Ret> {
    const handle = await this.#startUpdateWithStart(updateDef, {
      ...updateOptions,
      waitForStage: WorkflowUpdateStage.COMPLETED,
    });
    return handle.result();
  }

  /** {@link executeUpdateWithStart} that waits only until the update is accepted. */
  async startUpdateWithStart<T extends Workflow, Ret, Args extends any[]>(
    updateDef: UpdateDefinition<Ret, Args> | string,
    updateOptions: WorkflowUpdateOptions & {
      args?: Args;
      waitForStage: "ACCEPTED";
      startWorkflowOperation: WithStartWorkflowOperation<T>;
    },
  ): Promise<WorkflowUpdateHandle<Ret>> {
    return this.#startUpdateWithStart(updateDef, updateOptions);
  }

  async #startUpdateWithStart<T extends Workflow, Ret, Args extends any[]>(
    updateDef: UpdateDefinition<Ret, Args> | string,
    options: WorkflowUpdateOptions & {
      args?: Args;
      waitForStage: WorkflowUpdateStage;
      startWorkflowOperation: WithStartWorkflowOperation<T>;
    },
  ): Promise<WorkflowUpdateHandle<Ret>> {
    const { waitForStage, args, startWorkflowOperation, typeInfo: callSiteTypeInfo, ...updateOptions } = options;
    const update = resolveDefinition<PayloadTypeInfo>("update", updateDef, callSiteTypeInfo);
    const { resolve, reject } = useOperation(startWorkflowOperation);
    try {
      const { workflowTypeOrFunc, options: startOptions } = startWorkflowOperation;
      const { workflowId, followRuns } = startOptions;
      const { type, typeInfo } = extractWorkflowTypeAndConfig(workflowTypeOrFunc, startOptions.typeInfo);
      const workflowStartOptions = compileWorkflowOptions({ ...startOptions, typeInfo });
      const interceptors = this.getOrMakeInterceptors(workflowId);
      const send = composeInterceptors(interceptors, "startUpdateWithStart", (input) =>
        this.#calls.startUpdateWithStart(
          waitForStage,
          ({ runId }) =>
            resolve(
              new ClientWorkflowHandle<T>(this, this.#calls, {
                workflowId,
                firstExecutionRunId: runId,
                interceptors,
                followRuns,
                typeInfo,
              }),
            ),
          reject,
          input,
        ),
      );
      const { updateId, workflowExecution, updateOutcome, updateOutputTypeInfo } = await send({
        workflowType: type,
        workflowStartOptions,
        workflowStartHeaders: {},
        updateName: update.name,
        updateArgs: args ?? [],
        updateTypeInfo: update.typeInfo,
        updateOptions,
        updateHeaders: {},
      });
      return makeUpdateHandle(
        this.#calls,
        updateId,
        workflowId,
        workflowExecution.runId,
        updateOutcome,
        updateOutputTypeInfo,
      );
    } catch (error) {
      // Does nothing if the handle is known, or why there is none.
      reject(error);
      throw error;
    }
  }

  /** Starts a workflow and waits for its result. Rejects like {@link start} and {@link result}. */
  async execute<T extends Workflow>(
    workflowTypeOrFunc: string | T,
    options: WorkflowStartOptions<T>,
  ): Promise<WorkflowResultType<T>> {
    const handle = await this.start(workflowTypeOrFunc, options);
    return handle.result();
  }

  /**
   * Waits for the result of a workflow. Rejects with `WorkflowFailedError` if it does not complete, with
   * `WorkflowNotFoundError`, or with `WorkflowContinuedAsNewError` if it continues as new and `followRuns` is false.
   */
  async result<T extends Workflow>(
    workflowId: string,
    runId?: string,
    options?: WorkflowResultOptions,
  ): Promise<WorkflowResultType<T>> {
    return (await workflowResult(
      this.workflowService,
      this.#calls,
      { workflowId, runId },
      options,
    )) as WorkflowResultType<T>;
  }

  /**
   * A handle of a workflow: of a run if there is a run id, of the latest run otherwise. Nothing is checked: the methods
   * of a handle of an unknown workflow reject with `WorkflowNotFoundError`, `fetchHistory` with the gRPC error.
   */
  getHandle<T extends Workflow>(
    workflowId: string,
    runId?: string,
    options: GetWorkflowHandleOptions = {},
  ): WorkflowHandle<T> {
    return new ClientWorkflowHandle<T>(this, this.#calls, {
      ...options,
      workflowId,
      runId,
      runIdForResult: runId ?? options.firstExecutionRunId,
      interceptors: this.getOrMakeInterceptors(workflowId, runId),
    });
  }

  /** Lists workflows. The server's index lags behind by a moment. */
  list(options?: ListOptions): AsyncWorkflowListIterable {
    return {
      [Symbol.asyncIterator]: () => this.#list(options),
      intoHistories: ({ concurrency = 5, bufferLimit = concurrency } = {}) => {
        const fetch = async ({ workflowId, runId }: WorkflowExecutionInfo) => ({
          workflowId,
          history: await this.getHandle(workflowId, runId).fetchHistory(),
        });
        return mapConcurrently(this.#list(options), fetch, Math.max(1, Math.min(concurrency, bufferLimit)));
      },
    };
  }

  async *#list({ query, pageSize }: ListOptions = {}): AsyncGenerator<WorkflowExecutionInfo> {
    const { namespace } = this.options;
    let nextPageToken: Uint8Array | undefined;
    do {
      let response: Awaited<ReturnType<WorkflowService["listWorkflowExecutions"]>>;
      try {
        response = await this.workflowService.listWorkflowExecutions({ namespace, query, pageSize, nextPageToken });
      } catch (error) {
        rethrowGrpcError(error, "Failed to list workflows");
      }
      for (const info of response.executions ?? [])
        yield executionInfoFromRaw(info, this.dataConverter, info, namespace);
      nextPageToken = response.nextPageToken;
    } while (nextPageToken?.length);
  }

  /** Counts workflows, all or those that the query finds. The server's index lags behind by a moment. */
  async count(query?: string): Promise<CountWorkflowExecution> {
    try {
      return decodeCountWorkflowExecutionsResponse(
        await this.workflowService.countWorkflowExecutions({ namespace: this.options.namespace, query }),
      );
    } catch (error) {
      rethrowGrpcError(error, "Failed to count workflows");
    }
  }

  /** The interceptors of calls to a workflow. */
  protected getOrMakeInterceptors(workflowId: string, runId?: string): WorkflowClientInterceptor[] {
    const { interceptors } = this.options;
    return Array.isArray(interceptors)
      ? interceptors
      : (interceptors.calls ?? []).map((make) => make({ workflowId, runId }));
  }
}
