import {
  type CancelOperationContext,
  HandlerError,
  type HandlerStartOperationResult,
  type OperationHandler,
  type StartOperationContext,
} from "nexus-rpc";
import type { ActivityName, ActivityResult, Client } from "../client";
import type { WithWorkflowArgs, Workflow, WorkflowResultType } from "../common";
import {
  getClient,
  handlerContext,
  type TemporalCancelOperationContext,
  type TemporalStartOperationContext,
} from "./context";
import { handlerResult, TemporalOperationResult } from "./operation-result";
import {
  type ActivityOptions,
  type ActivityOptionsFor,
  signalWithStartWorkflow,
  startActivity,
  startWorkflow,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
} from "./start";
import { decodeOperationToken, encodeOperationToken } from "./token";
import { type Reserve, type UpdatableWorkflowHandle, workflowHandle } from "./workflow-handle";

/**
 * What the start handler of a {@link TemporalOperationHandler} reaches Temporal with. One thing that it starts can back
 * the operation: a Workflow, an update or an activity.
 *
 * @experimental
 */
export interface TemporalNexusClient {
  /** The Worker's client, for what is to have nothing to do with the operation. */
  readonly client: Client;
  /** Starts a Workflow that backs the operation; see {@link startWorkflow}. */
  startWorkflow<T extends Workflow>(
    workflowTypeOrFunc: string | T,
    workflowOptions: WorkflowStartOptions<T>,
  ): Promise<TemporalOperationResult<WorkflowResultType<T>>>;
  /** A handle of a Workflow: of a run if there is a run id, of the latest run otherwise. Nothing is checked. */
  getWorkflowHandle<T extends Workflow>(
    workflowId: string,
    runId?: string,
  ): UpdatableWorkflowHandle<WorkflowResultType<T>>;
  /**
   * Signals a Workflow, and starts it if it isn't running; see {@link signalWithStartWorkflow}. It doesn't back the
   * operation.
   */
  signalWithStartWorkflow<T extends Workflow, SignalArgs extends any[] = []>(
    workflowTypeOrFunc: string | T,
    workflowOptions: WithWorkflowArgs<T, WorkflowSignalWithStartOptions<SignalArgs>>,
  ): Promise<void>;
  /** Starts a standalone activity, given by its type name, that backs the operation. */
  startActivity<R = any>(activity: string, options: ActivityOptions): Promise<TemporalOperationResult<R>>;
  /** This client, which then starts only the activities of interface `T`, with their arguments and results. */
  typedActivity<T>(): NexusTypedActivityClient<T>;
}

/**
 * Starts the activities of interface `T`, with the types of their arguments and results.
 *
 * @experimental
 */
export interface NexusTypedActivityClient<T> {
  /** See {@link TemporalNexusClient.startActivity}. */
  startActivity<N extends ActivityName<T>>(
    activity: N,
    options: ActivityOptionsFor<T, N>,
  ): Promise<TemporalOperationResult<ActivityResult<T, N>>>;
}

/** Starts an operation. @experimental */
export type TemporalOperationStartHandler<I, O> = (
  ctx: TemporalStartOperationContext,
  client: TemporalNexusClient,
  input: I,
) => Promise<TemporalOperationResult<O>>;

/** The Workflow of an operation that is to be cancelled. @experimental */
export interface CancelWorkflowRunOptions {
  /** Identifier of the Workflow. */
  readonly workflowId: string;
}

/** The update of an operation that is to be cancelled. @experimental */
export interface CancelWorkflowUpdateOptions {
  /** Identifier of the Workflow. */
  readonly workflowId: string;
  /** Its run; empty if the operation was for the latest. */
  readonly runId: string;
  /** Identifier of the update. */
  readonly updateId: string;
}

/** The activity of an operation that is to be cancelled. @experimental */
export interface CancelActivityOptions {
  /** Identifier of the activity. */
  readonly activityId: string;
  /** Its run. */
  readonly runId: string;
}

/** How operations of a {@link TemporalOperationHandler} are cancelled. @experimental */
export interface TemporalOperationHandlerOptions {
  /** Cancels an operation that a Workflow backs. Default: requests cancellation of the Workflow. */
  cancelWorkflowRun?: (ctx: TemporalCancelOperationContext, options: CancelWorkflowRunOptions) => Promise<void>;
  /**
   * Cancels an operation that an update backs. Default: a `HandlerError` of type NOT_IMPLEMENTED, because updates can't
   * be cancelled.
   */
  cancelWorkflowUpdate?: (ctx: TemporalCancelOperationContext, options: CancelWorkflowUpdateOptions) => Promise<void>;
  /** Cancels an operation that an activity backs. Default: requests cancellation of the activity. */
  cancelActivity?: (ctx: TemporalCancelOperationContext, options: CancelActivityOptions) => Promise<void>;
}

/**
 * An operation that a Workflow, an update or a standalone activity backs, or that is complete at once, as its start
 * handler decides.
 *
 * @experimental
 */
export class TemporalOperationHandler<I, O> implements OperationHandler<I, O> {
  readonly #start: TemporalOperationStartHandler<I, O>;
  readonly #cancel: Required<TemporalOperationHandlerOptions>;

  /** @param options the start handler, and what is to be different about cancellation */
  constructor(options: { start: TemporalOperationStartHandler<I, O> } & TemporalOperationHandlerOptions) {
    this.#start = options.start;
    this.#cancel = {
      cancelWorkflowRun: options.cancelWorkflowRun ?? cancelWorkflowRun,
      cancelWorkflowUpdate: options.cancelWorkflowUpdate ?? cancelWorkflowUpdate,
      cancelActivity: options.cancelActivity ?? cancelActivity,
    };
  }

  /** Starts the operation. */
  async start(ctx: StartOperationContext, input: I): Promise<HandlerStartOperationResult<O>> {
    return handlerResult(await this.#start(ctx, new OperationClient(ctx), input));
  }

  /** Cancels what backs the operation. @throws HandlerError of type BAD_REQUEST if the token isn't one of Temporal's */
  async cancel(ctx: CancelOperationContext, token: string): Promise<void> {
    const target = decodeOperationToken(token);
    switch (target.kind) {
      case "workflowRun":
        return this.#cancel.cancelWorkflowRun(ctx, { workflowId: target.workflowId });
      case "activity":
        return this.#cancel.cancelActivity(ctx, { activityId: target.activityId, runId: target.runId });
      case "workflowUpdate":
        return this.#cancel.cancelWorkflowUpdate(ctx, {
          workflowId: target.workflowId,
          runId: target.runId,
          updateId: target.updateId,
        });
    }
  }
}

async function cancelWorkflowRun(
  _ctx: TemporalCancelOperationContext,
  { workflowId }: CancelWorkflowRunOptions,
): Promise<void> {
  await getClient().workflow.getHandle(workflowId).cancel();
}

async function cancelWorkflowUpdate(
  _ctx: TemporalCancelOperationContext,
  { updateId }: CancelWorkflowUpdateOptions,
): Promise<void> {
  throw new HandlerError(
    "NOT_IMPLEMENTED",
    `The operation is backed by Workflow update ${updateId}, which can't be cancelled; the handler has no cancelWorkflowUpdate`,
  );
}

async function cancelActivity(
  _ctx: TemporalCancelOperationContext,
  { activityId, runId }: CancelActivityOptions,
): Promise<void> {
  await getClient().activity.getHandle(activityId, runId).cancel("Nexus Operation cancellation requested");
}

class OperationClient implements TemporalNexusClient {
  readonly #context: TemporalStartOperationContext;
  #backed = false;

  constructor(context: TemporalStartOperationContext) {
    this.#context = context;
  }

  get client(): Client {
    return getClient();
  }

  async startWorkflow<T extends Workflow>(
    workflowTypeOrFunc: string | T,
    workflowOptions: WorkflowStartOptions<T>,
  ): Promise<TemporalOperationResult<WorkflowResultType<T>>> {
    return this.#reserve(async () => {
      const { workflowId } = await startWorkflow(this.#context, workflowTypeOrFunc, workflowOptions);
      return TemporalOperationResult.async(
        encodeOperationToken({ kind: "workflowRun", namespace: handlerContext().namespace, workflowId }),
      );
    });
  }

  getWorkflowHandle<T extends Workflow>(
    workflowId: string,
    runId?: string,
  ): UpdatableWorkflowHandle<WorkflowResultType<T>> {
    return workflowHandle(this.#context, workflowId, runId, this.#reserve);
  }

  async signalWithStartWorkflow<T extends Workflow, SignalArgs extends any[] = []>(
    workflowTypeOrFunc: string | T,
    workflowOptions: WithWorkflowArgs<T, WorkflowSignalWithStartOptions<SignalArgs>>,
  ): Promise<void> {
    await signalWithStartWorkflow(this.#context, workflowTypeOrFunc, workflowOptions);
  }

  async startActivity<R = any>(activity: string, options: ActivityOptions): Promise<TemporalOperationResult<R>> {
    return this.#reserve(async () => {
      const { activityId, runId = "" } = await startActivity(this.#context, activity, options);
      return TemporalOperationResult.async(
        encodeOperationToken({ kind: "activity", namespace: handlerContext().namespace, activityId, runId }),
      );
    });
  }

  typedActivity<T>(): NexusTypedActivityClient<T> {
    return this as NexusTypedActivityClient<T>;
  }

  readonly #reserve: Reserve = async (start) => {
    if (this.#backed) {
      throw new HandlerError(
        "BAD_REQUEST",
        "Only one async operation can be started per operation handler invocation. " +
          "Use TemporalNexusClient.client for additional workflow interactions",
      );
    }
    this.#backed = true;
    try {
      return await start();
    } catch (error) {
      // What couldn't be started backs nothing: the handler may try something else.
      this.#backed = false;
      throw error;
    }
  };
}
