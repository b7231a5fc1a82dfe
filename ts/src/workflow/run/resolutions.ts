import { IllegalStateError, WorkflowExecutionAlreadyStartedError } from "../../common";
import { then } from "../../common/intact";
import type { Failure } from "../../proto/temporal/api/failure/v1/message";
import type { ActivityResolution } from "../../proto/temporal/sdk/core/activity_result/activity_result";
import type { ChildWorkflowResult } from "../../proto/temporal/sdk/core/child_workflow/child_workflow";
import type {
  FireTimer,
  ResolveActivity,
  ResolveChildWorkflowExecution,
  ResolveChildWorkflowExecutionStart,
  ResolveNexusOperation,
  ResolveNexusOperationStart,
  ResolveRequestCancelExternalWorkflow,
  ResolveSignalExternalWorkflow,
} from "../../proto/temporal/sdk/core/workflow_activation/workflow_activation";
import { LocalActivityDoBackoff } from "../errors";
import type { Completion, WorkflowRun } from "./run";

/** Number of `START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS`. */
const workflowAlreadyExists = 1;

/** A timer fired. */
export function fireTimer(run: WorkflowRun, { seq }: FireTimer): void {
  // A timer that was cancelled in the same task may still fire.
  take(run.completions.timer, seq)?.resolve();
}

/** An Activity, local or not, came to its end or must be scheduled again. */
export function resolveActivity(run: WorkflowRun, { seq, result }: ResolveActivity): void {
  const completion = expect(run.completions.activity, seq, "activity");
  if (result?.backoff !== undefined) completion.reject(new LocalActivityDoBackoff(result.backoff));
  else settle(run, completion, result, "ResolveActivity");
}

/** A Child Workflow was started, or couldn't be. */
export function resolveChildWorkflowExecutionStart(run: WorkflowRun, job: ResolveChildWorkflowExecutionStart): void {
  const { seq, succeeded, failed, cancelled } = job;
  const { resolve, reject, context } = expect(run.completions.childWorkflowStart, seq, "start of a child workflow");
  if (succeeded !== undefined) {
    if (!succeeded.runId) throw new TypeError("Got ResolveChildWorkflowExecutionStart with no runId");
    resolve(succeeded.runId);
    return;
  }
  if (failed !== undefined) {
    if (failed.cause !== workflowAlreadyExists)
      throw new IllegalStateError(`Got unknown StartChildWorkflowExecutionFailedCause ${failed.cause}`);
    const { workflowId, workflowType } = failed;
    reject(
      new WorkflowExecutionAlreadyStartedError(
        "Workflow execution already started",
        workflowId ?? "",
        workflowType ?? "",
      ),
    );
  } else if (cancelled !== undefined) {
    reject(run.failureToError(failureOf(cancelled, "ResolveChildWorkflowExecutionStart"), context));
  } else {
    throw new TypeError("Got ResolveChildWorkflowExecutionStart with no status");
  }
  take(run.completions.childWorkflowComplete, seq);
}

/** A Child Workflow came to its end. */
export function resolveChildWorkflowExecution(run: WorkflowRun, { seq, result }: ResolveChildWorkflowExecution): void {
  settle(
    run,
    expect(run.completions.childWorkflowComplete, seq, "child workflow"),
    result,
    "ResolveChildWorkflowExecution",
  );
}

/** A signal to another Workflow was delivered, or couldn't be. */
export function resolveSignalExternalWorkflow(run: WorkflowRun, { seq, failure }: ResolveSignalExternalWorkflow): void {
  acknowledge(run, expect(run.completions.signalWorkflow, seq, "signal to a workflow"), failure);
}

/** A request to cancel another Workflow was delivered, or couldn't be. */
export function resolveRequestCancelExternalWorkflow(
  run: WorkflowRun,
  { seq, failure }: ResolveRequestCancelExternalWorkflow,
): void {
  acknowledge(run, expect(run.completions.cancelWorkflow, seq, "cancellation of a workflow"), failure);
}

/** A Nexus operation was started, or couldn't be. */
export function resolveNexusOperationStart(
  run: WorkflowRun,
  { seq, operationToken, failed }: ResolveNexusOperationStart,
): void {
  const { resolve, reject, release, outputTypeInfo, fromPayload } = expect(
    run.completions.nexusOperationStart,
    seq,
    "start of a nexus operation",
    false,
  );
  if (failed !== undefined) {
    release?.();
    reject(run.failureToError(failed));
    return;
  }
  const result = new Promise<unknown>((resolve, reject) => {
    run.completions.nexusOperationComplete.set(seq ?? 0, { resolve, reject, release, outputTypeInfo, fromPayload });
  });
  // The result of an operation that was only started may never be asked for.
  then(result, undefined, () => undefined);
  resolve({ token: operationToken, result });
}

/** A Nexus operation came to its end, perhaps without having been started separately. */
export function resolveNexusOperation(run: WorkflowRun, { seq, result }: ResolveNexusOperation): void {
  const start = take(run.completions.nexusOperationStart, seq);
  const completion = start ?? expect(run.completions.nexusOperationComplete, seq, "nexus operation");
  if (result?.completed !== undefined) {
    const { fromPayload, outputTypeInfo } = completion;
    const value =
      fromPayload === undefined
        ? run.fromPayload(result.completed, run.context(), outputTypeInfo)
        : fromPayload(result.completed);
    if (start !== undefined) start.resolve({ result: Promise.resolve(value) });
    else (completion as Completion<unknown>).resolve(value);
    return;
  }
  const failure = result?.failed ?? result?.cancelled ?? result?.timedOut;
  if (failure === undefined) throw new TypeError("Got ResolveNexusOperation with no status");
  completion.reject(run.failureToError(failure));
}

function settle(
  run: WorkflowRun,
  completion: Completion<unknown>,
  result: ActivityResolution | ChildWorkflowResult | undefined,
  job: string,
): void {
  const { resolve, reject, context = run.context(), outputTypeInfo } = completion;
  if (result?.completed !== undefined) {
    const payload = result.completed.result;
    resolve(payload === undefined ? undefined : run.fromPayload(payload, context, outputTypeInfo));
  } else if (result?.failed !== undefined) {
    reject(run.failureToError(failureOf(result.failed, job), context));
  } else if (result?.cancelled !== undefined) {
    reject(run.failureToError(failureOf(result.cancelled, job), context));
  } else {
    throw new TypeError(`Got ${job} activation with no result`);
  }
}

function acknowledge(
  run: WorkflowRun,
  { resolve, reject, context }: Completion<void>,
  failure: Failure | undefined,
): void {
  if (failure === undefined) resolve();
  else reject(run.failureToError(failure, context));
}

function failureOf({ failure }: { failure?: Failure }, job: string): Failure {
  if (failure === undefined) throw new TypeError(`Got ${job} activation with no failure`);
  return failure;
}

function take<T>(completions: Map<number, Completion<T>>, seq = 0, release = true): Completion<T> | undefined {
  const completion = completions.get(seq);
  if (completion === undefined) return undefined;
  completions.delete(seq);
  if (release) completion.release?.();
  return completion;
}

function expect<T>(
  completions: Map<number, Completion<T>>,
  seq: number | undefined,
  what: string,
  release = true,
): Completion<T> {
  const completion = take(completions, seq, release);
  if (completion === undefined)
    throw new IllegalStateError(`No completion for ${what} with sequence number ${seq ?? 0}`);
  return completion;
}
