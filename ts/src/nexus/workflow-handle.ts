import { HandlerError, OperationError, type StartOperationContext } from "nexus-rpc";
import { type WorkflowUpdateOptions, WorkflowUpdateStage } from "../client";
import {
  type InternalWorkflowHandle,
  InternalWorkflowQueryOptionsSymbol,
  InternalWorkflowSignalOptionsSymbol,
  type InternalWorkflowUpdateOptions,
  InternalWorkflowUpdateOptionsSymbol,
} from "../client/internal";
import type { QueryDefinition, SignalDefinition, UpdateDefinition } from "../common";
import type { Link } from "../proto/temporal/api/common/v1/message";
import { completionCallbacks } from "./callbacks";
import { handlerContext } from "./context";
import { addOutboundLink, inboundLinks } from "./links";
import { TemporalOperationResult } from "./operation-result";
import { encodeOperationToken } from "./token";

declare const isNexusWorkflowHandle: unique symbol;
declare const workflowResultType: unique symbol;

/**
 * A Workflow that a handler works with. Not the client's handle: what is done through this one is linked to the Nexus
 * operation. `T` is the Workflow's result.
 */
export interface WorkflowHandle<T> {
  /** Identifier of the Workflow. */
  readonly workflowId: string;
  /** The run; `undefined` for the latest. */
  readonly runId?: string;
  /**
   * Signals the Workflow.
   *
   * @param def the signal, as `defineSignal` gives it, or its name
   * @throws WorkflowNotFoundError if there is no such Workflow, or it is closed
   */
  signal<Args extends any[] = [], Name extends string = string>(
    def: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
  /**
   * Queries the Workflow.
   *
   * @param def the query, as `defineQuery` gives it, or its name
   * @throws WorkflowNotFoundError if there is no such Workflow
   * @throws QueryNotRegisteredError if it has no such query
   */
  query<Ret, Args extends any[] = []>(def: QueryDefinition<Ret, Args> | string, ...args: Args): Promise<Ret>;
  /** Only for the compiler: tells it from the client's handle. */
  readonly [isNexusWorkflowHandle]: typeof isNexusWorkflowHandle;
  /** Only for the compiler: the type of the Workflow's result. */
  readonly [workflowResultType]: T;
}

/** Options of {@link UpdatableWorkflowHandle.update}. */
export interface NexusUpdateWorkflowOptions {
  /**
   * Identifier of the update, unique in the run. Default: that of the Nexus request, so that a repeated request makes
   * no second update.
   */
  readonly updateId?: string;
}

/**
 * A {@link WorkflowHandle} whose updates can back the operation.
 *
 * @experimental
 */
export interface UpdatableWorkflowHandle<T> extends WorkflowHandle<T> {
  /**
   * Sends an update that backs the operation: the operation ends when the update does, with its result or failure.
   *
   * @param def the update, as `defineUpdate` gives it, or its name
   * @param options its arguments, if it has any
   * @returns an asynchronous result as soon as the update is accepted; a synchronous one if it is complete by then
   * @throws OperationError if the update has failed by then, or was rejected
   * @throws HandlerError of type BAD_REQUEST if the caller can't be told of the result, or something else backs the
   * operation
   */
  update<Ret, Args extends [any, ...any[]], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options: NexusUpdateWorkflowOptions & { readonly args: Args },
  ): Promise<TemporalOperationResult<Ret>>;
  update<Ret, Args extends [] = [], Name extends string = string>(
    def: UpdateDefinition<Ret, Args, Name> | string,
    options?: NexusUpdateWorkflowOptions & { readonly args?: Args },
  ): Promise<TemporalOperationResult<Ret>>;
}

/** Runs a function that makes what backs the operation, unless there is something already. */
export type Reserve = <R>(start: () => Promise<R>) => Promise<R>;

/** The {@link Reserve} of a Workflow that backs the operation itself. */
export const alreadyBacked: Reserve = async () => {
  throw new HandlerError(
    "BAD_REQUEST",
    "Only one async operation can be started per operation handler invocation, " +
      "and the Workflow run this handle refers to already backs it. Send further updates through the client, getClient()",
  );
};

/** Makes a handle for a handler that was called with `context`. */
export function workflowHandle(
  context: StartOperationContext,
  workflowId: string,
  runId: string | undefined,
  reserve: Reserve,
): UpdatableWorkflowHandle<any> {
  const target = () => handlerContext().client.workflow.getHandle(workflowId, runId) as InternalWorkflowHandle;
  const handle = {
    workflowId,
    runId,
    signal: async (def: SignalDefinition<any[]> | string, ...args: unknown[]) => {
      const options: { links: Link[]; responseLink?: Link } = { links: inboundLinks(context) };
      await Object.assign(target(), { [InternalWorkflowSignalOptionsSymbol]: options }).signal(def, ...args);
      addOutboundLink(context, options.responseLink);
    },
    query: async (def: QueryDefinition<unknown, any[]> | string, ...args: unknown[]) => {
      const options: { responseLink?: Link } = {};
      try {
        return await Object.assign(target(), { [InternalWorkflowQueryOptionsSymbol]: options }).query(def, ...args);
      } finally {
        addOutboundLink(context, options.responseLink);
      }
    },
    update: (def: UpdateDefinition<unknown, any[]> | string, options?: NexusUpdateWorkflowOptions & { args?: any[] }) =>
      reserve(() => update(context, target(), workflowId, runId, def, options)),
  };
  return handle as unknown as UpdatableWorkflowHandle<any>;
}

async function update(
  context: StartOperationContext,
  target: InternalWorkflowHandle,
  workflowId: string,
  runId: string | undefined,
  def: UpdateDefinition<unknown, any[]> | string,
  { updateId = context.requestId, args }: NexusUpdateWorkflowOptions & { args?: any[] } = {},
): Promise<TemporalOperationResult<any>> {
  if (!context.callbackUrl) {
    throw new HandlerError(
      "BAD_REQUEST",
      "A callback URL is required for async UpdateWorkflow operation invocations, and the request has none",
    );
  }
  const { namespace } = handlerContext();
  const links = inboundLinks(context);
  const token = (run: string) =>
    encodeOperationToken({ kind: "workflowUpdate", namespace, workflowId, runId: run, updateId });
  const internal: NonNullable<InternalWorkflowUpdateOptions[typeof InternalWorkflowUpdateOptionsSymbol]> = {
    requestId: context.requestId,
    links,
    completionCallbacks: completionCallbacks(context, token(runId ?? ""), links),
  };
  const options: WorkflowUpdateOptions & InternalWorkflowUpdateOptions = {
    updateId,
    [InternalWorkflowUpdateOptionsSymbol]: internal,
  };
  const started = await target.startUpdate(def, { ...options, args, waitForStage: WorkflowUpdateStage.ACCEPTED });
  addOutboundLink(context, internal.responseLink);
  if (internal.outcome === undefined) return TemporalOperationResult.async(token(started.workflowRunId || runId || ""));
  let result: unknown;
  try {
    result = await started.result();
  } catch (error) {
    throw new OperationError("failed", error instanceof Error ? error.message : String(error), {
      cause: error as Error,
    });
  }
  return TemporalOperationResult.sync(result);
}
