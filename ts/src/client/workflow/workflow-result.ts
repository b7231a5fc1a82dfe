/** Waiting for the results of workflows. */

import {
  CancelledFailure,
  decodeRetryState,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
} from "../../common/failure";
import type { PayloadTypeInfo } from "../../common/type-info";
import {
  decodeArrayFromPayloads,
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from "../../payloads/codec-helpers";
import type { WorkflowService } from "../../proto/rpc/workflow";
import type { HistoryEvent } from "../../proto/temporal/api/history/v1/message";
import type { GetWorkflowExecutionHistoryResponse } from "../../proto/temporal/api/workflowservice/v1/request_response";
import { WorkflowContinuedAsNewError, WorkflowFailedError } from "../errors";
import { rethrowGrpcError } from "../helpers";
import type { WorkflowExecution } from "../types";
import type { WorkflowCalls } from "./workflow-calls";

const HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT = 2;

/** Options for getting the result of a workflow. */
export interface WorkflowResultOptions {
  /** Whether to go on to the next run when one continues as new, is retried or repeated by cron. Default true. */
  followRuns?: boolean;
  /** How the result is converted, if the handle was made without the workflow function (experimental). */
  typeInfo?: PayloadTypeInfo;
}

/** Waits by long polls for the event that closes a run. */
async function closeEvent(
  service: WorkflowService,
  namespace: string,
  execution: WorkflowExecution,
): Promise<HistoryEvent> {
  let nextPageToken: Uint8Array | undefined;
  for (;;) {
    let response: GetWorkflowExecutionHistoryResponse;
    try {
      response = await service.getWorkflowExecutionHistory({
        namespace,
        execution,
        skipArchival: true,
        waitNewEvent: true,
        historyEventFilterType: HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        nextPageToken,
      });
    } catch (error) {
      rethrowGrpcError(error, "Failed to get Workflow execution history", execution);
    }
    const event = response.history?.events?.at(-1);
    if (event) return event;
    nextPageToken = response.nextPageToken;
  }
}

/**
 * Waits for the workflow to close and returns its result. Rejects with `WorkflowFailedError` if it did not complete,
 * with `WorkflowContinuedAsNewError` if it continued as new and runs are not followed.
 */
export async function workflowResult(
  service: WorkflowService,
  calls: WorkflowCalls,
  workflow: WorkflowExecution,
  options: WorkflowResultOptions = {},
): Promise<unknown> {
  const { dataConverter, namespace } = calls.source;
  const context = calls.context(workflow.workflowId);
  const { followRuns = true, typeInfo } = options;
  let { runId } = workflow;
  for (;;) {
    const event = await closeEvent(service, namespace, { workflowId: workflow.workflowId, runId });
    const {
      workflowExecutionCompletedEventAttributes: completed,
      workflowExecutionFailedEventAttributes: failed,
      workflowExecutionTimedOutEventAttributes: timedOut,
      workflowExecutionContinuedAsNewEventAttributes: continued,
      workflowExecutionCanceledEventAttributes: canceled,
      workflowExecutionTerminatedEventAttributes: terminated,
    } = event;
    const next = (completed ?? failed ?? timedOut ?? continued)?.newExecutionRunId;
    if (followRuns && next) {
      runId = next;
      continue;
    }
    if (completed)
      return decodeFromPayloadsAtIndex(dataConverter, 0, completed.result?.payloads, context, typeInfo?.outputType);
    if (continued) throw new WorkflowContinuedAsNewError("Workflow execution continued as new", next ?? "");
    if (failed) {
      const cause = await decodeOptionalFailureToOptionalError(dataConverter, failed.failure, context);
      throw new WorkflowFailedError("Workflow execution failed", cause, decodeRetryState(failed.retryState));
    }
    if (canceled) {
      const details = await decodeArrayFromPayloads(dataConverter, canceled.details?.payloads, context);
      throw closed("Workflow execution cancelled", new CancelledFailure("Workflow canceled", details));
    }
    if (terminated) {
      const reason = terminated.reason || "Workflow execution terminated";
      throw closed(reason, new TerminatedFailure(reason));
    }
    if (timedOut) {
      const failure = new TimeoutFailure("Workflow execution timed out", undefined, TimeoutType.START_TO_CLOSE);
      throw closed("Workflow execution timed out", failure, decodeRetryState(timedOut.retryState));
    }
    throw new TypeError(
      `Expected an event that closes workflow '${workflow.workflowId}', got one of type ${event.eventType}`,
    );
  }
}

function closed(
  message: string,
  cause: Error,
  retryState: RetryState = RetryState.NON_RETRYABLE_FAILURE,
): WorkflowFailedError {
  // The failure happened elsewhere: a stack of this place would mislead.
  cause.stack = "";
  return new WorkflowFailedError(message, cause, retryState);
}
