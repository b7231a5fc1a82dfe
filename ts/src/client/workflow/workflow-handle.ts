/** Handles of workflows and updates. */

import { composeInterceptors } from "../../common/interceptors";
import type {
  QueryDefinition,
  SignalDefinition,
  SignalTypeInfo,
  UpdateDefinition,
  Workflow,
  WorkflowResultType,
} from "../../common/interfaces";
import type { PayloadTypeInfo, TypeInfo } from "../../common/type-info";
import type { BaseWorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions } from "../../common/workflow-handle";
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  decodeOptionalSinglePayload,
} from "../../payloads/codec-helpers";
import type { History } from "../../proto/temporal/api/history/v1/message";
import type { Outcome } from "../../proto/temporal/api/update/v1/message";
import { WorkflowUpdateFailedError } from "../errors";
import { executionInfoFromRaw } from "../helpers";
import type { WorkflowClientInterceptor } from "../interceptors";
import {
  type InternalWorkflowQueryOptions,
  InternalWorkflowQueryOptionsSymbol,
  type InternalWorkflowSignalOptions,
  InternalWorkflowSignalOptionsSymbol,
} from "../internal";
import {
  encodeQueryRejectCondition,
  type RequestCancelWorkflowExecutionResponse,
  type TerminateWorkflowExecutionResponse,
  type WorkflowExecutionDescription,
} from "../types";
import type { WorkflowCalls } from "./workflow-calls";
import type { WorkflowClient } from "./workflow-client";
import type { WorkflowUpdateOptions } from "./workflow-options";
import type { WorkflowResultOptions } from "./workflow-result";
import { WorkflowUpdateStage } from "./workflow-update-stage";

/** A workflow: waits for its result, signals, queries, updates, cancels, terminates and describes it. */
export interface WorkflowHandle<T extends Workflow = Workflow> extends BaseWorkflowHandle<T> {
  /**
   * Sends an update and waits for its result. Rejects with `WorkflowUpdateFailedError` if it is rejected or fails, and
   * with `WorkflowUpdateRPCTimeoutOrCancelledError` if waiting ends at a deadline or by an abort signal.
   */
  executeUpdate<Ret, Args extends [any, ...any[]], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & { args: Args },
  ): Promise<Ret>;
  executeUpdate<Ret, Args extends [], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options?: WorkflowUpdateOptions & { args?: Args },
  ): Promise<Ret>;

  /** Sends an update and waits until the workflow accepts it. Rejects like {@link executeUpdate}. */
  startUpdate<Ret, Args extends [any, ...any[]], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & { args: Args; waitForStage: "ACCEPTED" },
  ): Promise<WorkflowUpdateHandle<Ret>>;
  startUpdate<Ret, Args extends [], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & { args?: Args; waitForStage: typeof WorkflowUpdateStage.ACCEPTED },
  ): Promise<WorkflowUpdateHandle<Ret>>;

  /** A handle of an update that was sent before. */
  getUpdateHandle<Ret>(updateId: string, options?: GetWorkflowUpdateHandleOptions): WorkflowUpdateHandle<Ret>;

  /** Asks a running or closed workflow, by the query's definition or name. */
  query<Ret, Args extends any[] = []>(def: QueryDefinition<Ret, Args> | string, ...args: Args): Promise<Ret>;

  /** {@link query} by name, with options. */
  queryWithOptions<Ret, Args extends any[] = []>(queryName: string, options: WorkflowQueryOptions<Args>): Promise<Ret>;

  /** Ends the workflow at once; its code does not notice. */
  terminate(reason?: string): Promise<TerminateWorkflowExecutionResponse>;

  /** Asks the workflow to cancel: a `CancelledFailure` is thrown in its root scope. */
  cancel(): Promise<RequestCancelWorkflowExecutionResponse>;

  /** What the server says of the workflow. */
  describe(): Promise<WorkflowExecutionDescription>;

  /** All events of the workflow's history. */
  fetchHistory(): Promise<History>;

  /** The client that the handle belongs to. */
  readonly client: WorkflowClient;
}

/** A handle that knows the first run of its chain. */
export interface WorkflowHandleWithFirstExecutionRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  /** Id of the first run. */
  readonly firstExecutionRunId: string;
}

/** A handle made by `start`. */
export interface WorkflowHandleWithStartDetails<T extends Workflow = Workflow>
  extends WorkflowHandleWithFirstExecutionRunId<T> {
  /** Whether the first task went straight to a worker of this process. */
  readonly eagerlyStarted: boolean;
}

/** A handle made by `signalWithStart`. */
export interface WorkflowHandleWithSignaledRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  /** Id of the run that got the signal; not necessarily the first of its chain. */
  readonly signaledRunId: string;
}

/** An update that was sent. */
export interface WorkflowUpdateHandle<Ret> {
  /** Id of the update. */
  updateId: string;
  /** Id of the workflow. */
  workflowId: string;
  /** Id of the run that has the update. */
  workflowRunId?: string;
  /** Waits for the result. Rejects with `WorkflowUpdateFailedError` if the update was rejected or failed. */
  result(): Promise<Ret>;
}

/** Options of `WorkflowHandle.getUpdateHandle`. */
export interface GetWorkflowUpdateHandleOptions {
  /** Id of the run that has the update. */
  workflowRunId?: string;
  /** How the result is converted (experimental). */
  typeInfo?: Pick<PayloadTypeInfo, "outputType">;
}

/** Options of `WorkflowClient.getHandle`. */
export interface GetWorkflowHandleOptions extends WorkflowResultOptions {
  /** Id of the first run of a chain: `cancel` and `terminate` then leave workflows of other chains alone. */
  firstExecutionRunId?: string;
}

/** What a handle is made of. */
interface HandleOptions extends GetWorkflowHandleOptions {
  workflowId: string;
  /** The run that all but `result` are about; default the latest. */
  runId?: string;
  /** The run that `result` begins with. */
  runIdForResult?: string;
  interceptors: WorkflowClientInterceptor[];
}

/** Name and type information of a definition or a name. Type information of both kinds at once is a mistake. */
export function resolveDefinition<Info>(
  kind: string,
  definition: { name: string; typeInfo?: Info } | string,
  callSiteTypeInfo?: Info,
): { name: string; typeInfo: Info | undefined } {
  if (typeof definition === "string") return { name: definition, typeInfo: callSiteTypeInfo };
  if (callSiteTypeInfo !== undefined) {
    throw new TypeError(
      `Type information of the ${kind} '${definition.name}' belongs into its definition: it cannot be given with the call as well`,
    );
  }
  return { name: definition.name, typeInfo: definition.typeInfo };
}

/**
 * The handle that `WorkflowClient` makes. Its methods are properties of its own, so that `{ ...handle }` and
 * `const { signal } = handle` have them.
 */
export class ClientWorkflowHandle<T extends Workflow>
  implements WorkflowHandle<T>, InternalWorkflowSignalOptions, InternalWorkflowQueryOptions
{
  declare [InternalWorkflowSignalOptionsSymbol]?: InternalWorkflowSignalOptions[typeof InternalWorkflowSignalOptionsSymbol];
  declare [InternalWorkflowQueryOptionsSymbol]?: InternalWorkflowQueryOptions[typeof InternalWorkflowQueryOptionsSymbol];
  readonly workflowId: string;
  readonly #options: HandleOptions;
  readonly #calls: WorkflowCalls;

  constructor(
    readonly client: WorkflowClient,
    calls: WorkflowCalls,
    options: HandleOptions,
  ) {
    this.workflowId = options.workflowId;
    this.#options = options;
    this.#calls = calls;
  }

  get #execution() {
    return { workflowId: this.workflowId, runId: this.#options.runId };
  }

  result = async (): Promise<WorkflowResultType<T>> => {
    return this.client.result<T>(this.workflowId, this.#options.runIdForResult, this.#options);
  };

  terminate = async (reason?: string): Promise<TerminateWorkflowExecutionResponse> => {
    const { interceptors, firstExecutionRunId } = this.#options;
    return composeInterceptors(
      interceptors,
      "terminate",
      this.#calls.terminate,
    )({ workflowExecution: this.#execution, reason, firstExecutionRunId });
  };

  cancel = async (): Promise<RequestCancelWorkflowExecutionResponse> => {
    const { interceptors, firstExecutionRunId } = this.#options;
    return composeInterceptors(
      interceptors,
      "cancel",
      this.#calls.cancel,
    )({ workflowExecution: this.#execution, firstExecutionRunId });
  };

  describe = async (): Promise<WorkflowExecutionDescription> => {
    const raw = await composeInterceptors(
      this.#options.interceptors,
      "describe",
      this.#calls.describe,
    )({ workflowExecution: this.#execution });
    const { dataConverter, namespace } = this.#calls.source;
    const context = this.#calls.context(this.workflowId);
    const { summary, details } = raw.executionConfig?.userMetadata ?? {};
    return {
      ...(await executionInfoFromRaw(raw.workflowExecutionInfo ?? {}, dataConverter, raw, namespace)),
      staticDetails: async () =>
        (await decodeOptionalSinglePayload<string>(dataConverter, details, context)) ?? undefined,
      staticSummary: async () =>
        (await decodeOptionalSinglePayload<string>(dataConverter, summary, context)) ?? undefined,
    };
  };

  fetchHistory = async (): Promise<History> => {
    return { events: await this.#calls.history(this.#execution) };
  };

  signal = async <Args extends any[]>(def: SignalDefinition<Args> | string, ...args: Args): Promise<void> => {
    const { name, typeInfo } = resolveDefinition<SignalTypeInfo>("signal", def);
    return this.#signal(name, args, typeInfo);
  };

  signalWithOptions = async <Args extends any[]>(
    signalName: string,
    options: WorkflowSignalOptions<Args>,
  ): Promise<void> => {
    return this.#signal(signalName, options.args ?? [], options.typeInfo);
  };

  async #signal(signalName: string, args: unknown[], typeInfo: SignalTypeInfo | undefined): Promise<void> {
    const send = composeInterceptors(this.#options.interceptors, "signal", this.#calls.signal);
    const internal = { [InternalWorkflowSignalOptionsSymbol]: this[InternalWorkflowSignalOptionsSymbol] };
    return send({ workflowExecution: this.#execution, signalName, args, typeInfo, headers: {}, ...internal });
  }

  query = async <Ret, Args extends any[]>(def: QueryDefinition<Ret, Args> | string, ...args: Args): Promise<Ret> => {
    const { name, typeInfo } = resolveDefinition<PayloadTypeInfo>("query", def);
    return this.#query(name, args, typeInfo);
  };

  queryWithOptions = async <Ret, Args extends any[]>(
    queryName: string,
    options: WorkflowQueryOptions<Args>,
  ): Promise<Ret> => {
    return this.#query(queryName, options.args ?? [], options.typeInfo);
  };

  async #query<Ret>(queryType: string, args: unknown[], typeInfo: PayloadTypeInfo | undefined): Promise<Ret> {
    const ask = composeInterceptors(this.#options.interceptors, "query", this.#calls.query);
    const queryRejectCondition = encodeQueryRejectCondition(this.client.options.queryRejectCondition);
    const internal = { [InternalWorkflowQueryOptionsSymbol]: this[InternalWorkflowQueryOptionsSymbol] };
    return (await ask({
      workflowExecution: this.#execution,
      queryRejectCondition,
      queryType,
      args,
      typeInfo,
      headers: {},
      ...internal,
    })) as Ret;
  }

  startUpdate = async <Ret, Args extends any[]>(
    def: UpdateDefinition<Ret, Args> | string,
    options: WorkflowUpdateOptions & { args?: Args; waitForStage: WorkflowUpdateStage },
  ): Promise<WorkflowUpdateHandle<Ret>> => {
    const { waitForStage, args, typeInfo: callSiteTypeInfo, ...updateOptions } = options;
    const { name, typeInfo } = resolveDefinition<PayloadTypeInfo>("update", def, callSiteTypeInfo);
    const { interceptors, firstExecutionRunId } = this.#options;
    const send = composeInterceptors(interceptors, "startUpdate", (input) =>
      this.#calls.startUpdate(waitForStage, input),
    );
    const { updateId, workflowRunId, outcome, outputTypeInfo } = await send({
      workflowExecution: this.#execution,
      firstExecutionRunId,
      updateName: name,
      args: args ?? [],
      typeInfo,
      headers: {},
      options: updateOptions,
    });
    return makeUpdateHandle(this.#calls, updateId, this.workflowId, workflowRunId, outcome, outputTypeInfo);
  };

  executeUpdate = async <Ret, Args extends any[]>(
    def: UpdateDefinition<Ret, Args> | string,
    options?: WorkflowUpdateOptions & { args?: Args },
  ): Promise<Ret> => {
    const handle = await this.startUpdate<Ret, Args>(def, { ...options, waitForStage: WorkflowUpdateStage.COMPLETED });
    return handle.result();
  };

  getUpdateHandle = <Ret>(updateId: string, options?: GetWorkflowUpdateHandleOptions): WorkflowUpdateHandle<Ret> => {
    const runId = options?.workflowRunId ?? this.#options.runId;
    return makeUpdateHandle(this.#calls, updateId, this.workflowId, runId, undefined, options?.typeInfo?.outputType);
  };
}

/** A handle of an update; `outcome` is set if it is known to be complete. */
export function makeUpdateHandle<Ret>(
  calls: WorkflowCalls,
  updateId: string,
  workflowId: string,
  workflowRunId: string | undefined,
  outcome: Outcome | undefined,
  outputTypeInfo: TypeInfo | undefined,
): WorkflowUpdateHandle<Ret> {
  return {
    updateId,
    workflowId,
    workflowRunId,
    async result(): Promise<Ret> {
      const { failure, success } = (outcome ??= await calls.updateOutcome(updateId, {
        workflowId,
        runId: workflowRunId,
      }));
      const { dataConverter } = calls.source;
      const context = calls.context(workflowId);
      if (failure) {
        throw new WorkflowUpdateFailedError(
          "Workflow Update failed",
          await decodeOptionalFailureToOptionalError(dataConverter, failure, context),
        );
      }
      return decodeFromPayloadsAtIndex<Ret, unknown>(
        dataConverter,
        0,
        success?.payloads,
        context,
        outputTypeInfo as TypeInfo<Ret, unknown>,
      );
    },
  };
}
