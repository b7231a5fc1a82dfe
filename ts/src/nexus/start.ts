import type { StartOperationContext } from "nexus-rpc";
import type {
  ActivityHandle,
  ActivityName,
  ActivityOptions as ClientActivityOptions,
  ActivityOptionsFor as ClientActivityOptionsFor,
  WorkflowSignalWithStartOptions as ClientWorkflowSignalWithStartOptions,
  WorkflowStartOptions as ClientWorkflowStartOptions,
} from "../client";
import {
  type InternalActivityStartOptions,
  InternalActivityStartOptionsSymbol,
  type InternalWorkflowStartOptions,
  InternalWorkflowStartOptionsSymbol,
} from "../client/internal";
import type { WithWorkflowArgs, Workflow, WorkflowResultType } from "../common";
import type { Replace } from "../common/type-helpers";
import { attachOnConflict, completionCallbacks } from "./callbacks";
import { handlerContext } from "./context";
import { addOutboundLink, inboundLinks } from "./links";
import { encodeOperationToken } from "./token";
import { alreadyBacked, type WorkflowHandle, workflowHandle } from "./workflow-handle";

/** Options of {@link startWorkflow}: the client's, with `taskQueue` optional; it defaults to the Worker's. */
export type WorkflowStartOptions<T extends Workflow> = Replace<ClientWorkflowStartOptions<T>, { taskQueue?: string }>;

/** Options of {@link signalWithStartWorkflow}: the client's, with `taskQueue` optional; it defaults to the Worker's. */
export type WorkflowSignalWithStartOptions<SignalArgs extends any[] = []> = Replace<
  ClientWorkflowSignalWithStartOptions<SignalArgs>,
  { taskQueue?: string }
>;

/**
 * Options of `TemporalNexusClient.startActivity`: the client's, with `taskQueue` optional; it defaults to the Worker's.
 * @experimental
 */
export type ActivityOptions = Replace<ClientActivityOptions, { taskQueue?: string }>;

/** {@link ActivityOptions} with the arguments of activity `N` of interface `T`. @experimental */
export type ActivityOptionsFor<T, N extends ActivityName<T>> = Replace<
  ClientActivityOptionsFor<T, N>,
  { taskQueue?: string }
>;

/**
 * Starts a Workflow that backs the operation: the operation ends when the Workflow does, continued and retried runs
 * included. The request's id (so that a repeated request starts nothing anew), its links and its callback go along.
 *
 * @param context what the start handler was called with
 * @param workflowTypeOrFunc the Workflow's function or its name
 * @param workflowOptions `workflowId` should come from the input, so that the operation can be found
 * @throws WorkflowExecutionAlreadyStartedError if the id is taken by another request, unless `workflowIdConflictPolicy`
 * permits it
 * @throws ReferenceError outside of a handler
 */
export async function startWorkflow<T extends Workflow>(
  context: StartOperationContext,
  workflowTypeOrFunc: string | T,
  workflowOptions: WorkflowStartOptions<T>,
): Promise<WorkflowHandle<WorkflowResultType<T>>> {
  const { client, taskQueue, namespace } = handlerContext();
  const { workflowId } = workflowOptions;
  const links = inboundLinks(context);
  const internal: NonNullable<InternalWorkflowStartOptions[typeof InternalWorkflowStartOptionsSymbol]> = {
    links,
    requestId: context.requestId,
    onConflictOptions: attachOnConflict,
    completionCallbacks: completionCallbacks(
      context,
      encodeOperationToken({ kind: "workflowRun", namespace, workflowId }),
      links,
    ),
  };
  const options: ClientWorkflowStartOptions & InternalWorkflowStartOptions = {
    ...workflowOptions,
    taskQueue: workflowOptions.taskQueue || taskQueue,
    [InternalWorkflowStartOptionsSymbol]: internal,
  };
  const { firstExecutionRunId } = await client.workflow.start(
    workflowTypeOrFunc,
    options as ClientWorkflowStartOptions<T>,
  );
  addOutboundLink(context, internal.responseLink);
  return workflowHandle(context, workflowId, firstExecutionRunId, alreadyBacked);
}

/**
 * Signals a Workflow, and starts it if it isn't running. It does not back the operation, which doesn't wait for it; the
 * request's links go along.
 *
 * @param context what the start handler was called with
 * @param workflowTypeOrFunc the Workflow's function or its name
 * @param workflowOptions with the signal and its arguments
 * @throws ReferenceError outside of a handler
 */
export async function signalWithStartWorkflow<T extends Workflow, SignalArgs extends any[] = []>(
  context: StartOperationContext,
  workflowTypeOrFunc: string | T,
  workflowOptions: WithWorkflowArgs<T, WorkflowSignalWithStartOptions<SignalArgs>>,
): Promise<WorkflowHandle<WorkflowResultType<T>>> {
  const { client, taskQueue } = handlerContext();
  const internal: NonNullable<InternalWorkflowStartOptions[typeof InternalWorkflowStartOptionsSymbol]> = {
    links: inboundLinks(context),
  };
  const options = {
    ...workflowOptions,
    taskQueue: workflowOptions.taskQueue || taskQueue,
    [InternalWorkflowStartOptionsSymbol]: internal,
  } as unknown as WithWorkflowArgs<T, ClientWorkflowSignalWithStartOptions<SignalArgs>>;
  const { workflowId, signaledRunId } = await client.workflow.signalWithStart(workflowTypeOrFunc, options);
  addOutboundLink(context, internal.responseLink);
  return workflowHandle(context, workflowId, signaledRunId, alreadyBacked);
}

/** Starts a standalone activity that backs the operation. */
export async function startActivity(
  context: StartOperationContext,
  activity: string,
  activityOptions: ActivityOptions,
): Promise<ActivityHandle<any>> {
  const { client, taskQueue, namespace } = handlerContext();
  const links = inboundLinks(context);
  const token = encodeOperationToken({ kind: "activity", namespace, activityId: activityOptions.id, runId: "" });
  const callbacks = completionCallbacks(context, token, links);
  const internal: NonNullable<InternalActivityStartOptions[typeof InternalActivityStartOptionsSymbol]> = {
    requestId: context.requestId,
    onConflictOptions: attachOnConflict,
    // The server takes links from the callback or from the request, not from both.
    ...(callbacks === undefined ? { links } : { completionCallbacks: callbacks }),
  };
  const options: InternalActivityStartOptions = {
    ...activityOptions,
    taskQueue: activityOptions.taskQueue || taskQueue,
    [InternalActivityStartOptionsSymbol]: internal,
  };
  const handle = await client.activity.start(activity, options);
  addOutboundLink(context, internal.responseLink);
  return handle;
}
