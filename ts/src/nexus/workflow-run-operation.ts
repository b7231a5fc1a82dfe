import {
  type CancelOperationContext,
  HandlerError,
  HandlerStartOperationResult,
  type OperationHandler,
  type StartOperationContext,
} from "nexus-rpc";
import { getClient, operationInfo } from "./context";
import { decodeOperationToken, encodeOperationToken } from "./token";
import type { WorkflowHandle } from "./workflow-handle";

/** Starts the Workflow of an operation with `startWorkflow` and returns its handle. */
export type WorkflowRunOperationStartHandler<I, O> = (
  ctx: StartOperationContext,
  input: I,
) => Promise<WorkflowHandle<O>>;

/**
 * An operation that is one Workflow: it ends with the Workflow's result or failure, and cancelling it cancels the
 * Workflow.
 */
export class WorkflowRunOperationHandler<I, O> implements OperationHandler<I, O> {
  /** @param handler starts the Workflow */
  constructor(readonly handler: WorkflowRunOperationStartHandler<I, O>) {}

  /** Starts the operation. */
  async start(ctx: StartOperationContext, input: I): Promise<HandlerStartOperationResult<O>> {
    const { namespace } = operationInfo();
    const { workflowId } = await this.handler(ctx, input);
    return HandlerStartOperationResult.async(encodeOperationToken({ kind: "workflowRun", namespace, workflowId }));
  }

  /**
   * Requests cancellation of the operation's Workflow. @throws HandlerError of type BAD_REQUEST if the token isn't that
   * of a Workflow
   */
  async cancel(_ctx: CancelOperationContext, token: string): Promise<void> {
    const target = decodeOperationToken(token);
    if (target.kind !== "workflowRun") {
      throw new HandlerError(
        "BAD_REQUEST",
        `Invalid operation token: it is that of an operation backed by another thing (${target.kind}) than a Workflow`,
      );
    }
    await getClient().workflow.getHandle(target.workflowId).cancel();
  }
}
