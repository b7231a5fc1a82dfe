/** The calls behind `WorkflowClient`: what the last interceptor's `next` does. */

import { decodeFromPayloadsAtIndex, encodeToPayloadsWithContext } from "../common/codec-helpers";
import type { WorkflowSerializationContext } from "../common/converter/serialization-context";
import { CancelledFailure, WorkflowExecutionAlreadyStartedError } from "../common/failure";
import type { WorkflowService } from "../proto/rpc/workflow";
import type { HistoryEvent } from "../proto/temporal/api/history/v1/message";
import type { Outcome } from "../proto/temporal/api/update/v1/message";
import type { PollWorkflowExecutionUpdateResponse, UpdateWorkflowExecutionResponse } from "../proto/temporal/api/workflowservice/v1/request_response";
import { isGrpcServiceError, QueryNotRegisteredError, QueryRejectedError, WorkflowUpdateRPCTimeoutOrCancelledError } from "./errors";
import { GrpcStatus } from "./grpc-error";
import { rethrowGrpcError, rethrowKnownErrorTypes } from "./helpers";
import type {
  WorkflowCancelInput,
  WorkflowDescribeInput,
  WorkflowQueryInput,
  WorkflowSignalInput,
  WorkflowSignalWithStartInput,
  WorkflowStartInput,
  WorkflowStartOutput,
  WorkflowStartUpdateInput,
  WorkflowStartUpdateOutput,
  WorkflowTerminateInput,
} from "./interceptors";
import type {
  DescribeWorkflowExecutionResponse,
  RequestCancelWorkflowExecutionResponse,
  TerminateWorkflowExecutionResponse,
  WorkflowExecution,
} from "./types";
import { type RequestSource, signalWithStartRequest, startRequest } from "./workflow-requests";
import { encodeWorkflowUpdateStage, type WorkflowUpdateStage } from "./workflow-update-stage";

const ACCEPTED = encodeWorkflowUpdateStage("ACCEPTED")!;
const COMPLETED = encodeWorkflowUpdateStage("COMPLETED")!;

/** Makes the RPCs of `WorkflowClient` and turns their errors into the client's. */
export class WorkflowCalls {
  constructor(
    private readonly service: WorkflowService,
    readonly source: RequestSource,
  ) {}

  /** Whose payloads are converted when they belong to the workflow. */
  context(workflowId: string): WorkflowSerializationContext {
    return { type: "workflow", namespace: this.source.namespace, workflowId };
  }

  private async payloads(workflow: WorkflowExecution, values: readonly unknown[], typeInfo?: WorkflowQueryInput["typeInfo"]) {
    return { payloads: await encodeToPayloadsWithContext(this.source.dataConverter, this.context(workflow.workflowId), values, typeInfo?.inputTypes) };
  }

  /** Starts a workflow. */
  start = async (input: WorkflowStartInput): Promise<WorkflowStartOutput> => {
    const request = await startRequest(this.source, input);
    try {
      const { runId = "", eagerWorkflowTask } = await this.service.startWorkflowExecution(request);
      return { runId, eagerlyStarted: eagerWorkflowTask !== undefined };
    } catch (error) {
      throw startError(error, "Failed to start Workflow", input);
    }
  };

  /** Signals a workflow and starts it if it is not running. */
  signalWithStart = async (input: WorkflowSignalWithStartInput): Promise<string> => {
    const request = await signalWithStartRequest(this.source, input);
    try {
      return (await this.service.signalWithStartWorkflowExecution(request)).runId ?? "";
    } catch (error) {
      throw startError(error, "Failed to signalWithStart Workflow", input);
    }
  };

  /** Signals a workflow. */
  signal = async (input: WorkflowSignalInput): Promise<void> => {
    const request = {
      namespace: this.source.namespace,
      identity: this.source.identity,
      requestId: crypto.randomUUID(),
      workflowExecution: input.workflowExecution,
      signalName: input.signalName,
      header: { fields: input.headers },
      input: await this.payloads(input.workflowExecution, input.args, input.typeInfo),
    };
    try {
      await this.service.signalWorkflowExecution(request);
    } catch (error) {
      rethrowGrpcError(error, "Failed to signal Workflow", input.workflowExecution);
    }
  };

  /** Queries a workflow. */
  query = async (input: WorkflowQueryInput): Promise<unknown> => {
    const { workflowExecution, queryType, queryRejectCondition, typeInfo } = input;
    const request = {
      namespace: this.source.namespace,
      execution: workflowExecution,
      queryRejectCondition,
      query: { queryType, queryArgs: await this.payloads(workflowExecution, input.args, typeInfo), header: { fields: input.headers } },
    };
    let response: Awaited<ReturnType<WorkflowService["queryWorkflow"]>>;
    try {
      response = await this.service.queryWorkflow(request);
    } catch (error) {
      if (isGrpcServiceError(error)) {
        rethrowKnownErrorTypes(error);
        if (error.code === GrpcStatus.INVALID_ARGUMENT) throw new QueryNotRegisteredError(error.details, error.code);
      }
      rethrowGrpcError(error, "Failed to query Workflow", workflowExecution);
    }
    if (response.queryRejected) throw new QueryRejectedError(response.queryRejected.status ?? 0);
    const context = this.context(workflowExecution.workflowId);
    return decodeFromPayloadsAtIndex(this.source.dataConverter, 0, response.queryResult?.payloads, context, typeInfo?.outputType);
  };

  /** Terminates a workflow. */
  terminate = async (input: WorkflowTerminateInput): Promise<TerminateWorkflowExecutionResponse> => {
    const { workflowExecution, reason, details, firstExecutionRunId } = input;
    const { namespace, identity } = this.source;
    const payloads = details && (await this.payloads(workflowExecution, details));
    try {
      return await this.service.terminateWorkflowExecution({ namespace, identity, workflowExecution, reason, firstExecutionRunId, details: payloads });
    } catch (error) {
      rethrowGrpcError(error, "Failed to terminate Workflow", workflowExecution);
    }
  };

  /** Asks a workflow to cancel. */
  cancel = async ({ workflowExecution, firstExecutionRunId }: WorkflowCancelInput): Promise<RequestCancelWorkflowExecutionResponse> => {
    const { namespace, identity } = this.source;
    const request = { namespace, identity, requestId: crypto.randomUUID(), workflowExecution, firstExecutionRunId };
    try {
      return await this.service.requestCancelWorkflowExecution(request);
    } catch (error) {
      rethrowGrpcError(error, "Failed to cancel workflow", workflowExecution);
    }
  };

  /** Describes a workflow. */
  describe = async ({ workflowExecution }: WorkflowDescribeInput): Promise<DescribeWorkflowExecutionResponse> => {
    try {
      return await this.service.describeWorkflowExecution({ namespace: this.source.namespace, execution: workflowExecution });
    } catch (error) {
      rethrowGrpcError(error, "Failed to describe workflow", workflowExecution);
    }
  };

  /** Fetches all events of a run. */
  async history(workflowExecution: WorkflowExecution): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      try {
        const request = { namespace: this.source.namespace, execution: workflowExecution, nextPageToken };
        const response = await this.service.getWorkflowExecutionHistory(request);
        for (const event of response.history?.events ?? []) events.push(event);
        nextPageToken = response.nextPageToken;
      } catch (error) {
        rethrowGrpcError(error, "Failed to get Workflow execution history", workflowExecution);
      }
    } while (nextPageToken?.length);
    return events;
  }

  /** Sends an update and waits until it has come to the stage, ACCEPTED at least. */
  async startUpdate(waitForStage: WorkflowUpdateStage, input: WorkflowStartUpdateInput): Promise<WorkflowStartUpdateOutput> {
    const { workflowExecution, firstExecutionRunId, updateName, headers, typeInfo } = input;
    const updateId = input.options.updateId ?? crypto.randomUUID();
    const request = {
      namespace: this.source.namespace,
      workflowExecution,
      firstExecutionRunId,
      waitPolicy: { lifecycleStage: Math.max(encodeWorkflowUpdateStage(waitForStage) ?? ACCEPTED, ACCEPTED) },
      request: {
        meta: { updateId, identity: this.source.identity },
        input: { header: { fields: headers }, name: updateName, args: await this.payloads(workflowExecution, input.args, typeInfo) },
      },
    };
    // The server answers before the stage is reached when no worker takes the update for some time. Sending it again is
    // safe: its id makes it the same update.
    let response: UpdateWorkflowExecutionResponse;
    try {
      do response = await this.service.updateWorkflowExecution(request);
      while ((response.stage ?? 0) < ACCEPTED);
    } catch (error) {
      rethrowUpdateError(error, "Workflow Update failed", workflowExecution);
    }
    const workflowRunId = response.updateRef?.workflowExecution?.runId ?? "";
    return { updateId, workflowRunId, outcome: response.outcome, outputTypeInfo: typeInfo?.outputType };
  }

  /** Waits for the outcome of an update. */
  async updateOutcome(updateId: string, workflowExecution: WorkflowExecution): Promise<Outcome> {
    const request = {
      namespace: this.source.namespace,
      identity: this.source.identity,
      updateRef: { workflowExecution, updateId },
      waitPolicy: { lifecycleStage: COMPLETED },
    };
    for (;;) {
      let response: PollWorkflowExecutionUpdateResponse;
      try {
        response = await this.service.pollWorkflowExecutionUpdate(request);
      } catch (error) {
        rethrowUpdateError(error, "Workflow Update Poll failed", workflowExecution);
      }
      if (response.outcome) return response.outcome;
    }
  }
}

/** The error for a start that failed. */
function startError(error: unknown, fallbackMessage: string, { workflowType, options: { workflowId } }: WorkflowStartInput): Error {
  if (isGrpcServiceError(error) && error.code === GrpcStatus.ALREADY_EXISTS) {
    return new WorkflowExecutionAlreadyStartedError("Workflow execution already started", workflowId, workflowType);
  }
  rethrowGrpcError(error, fallbackMessage, { workflowId });
}

function rethrowUpdateError(error: unknown, fallbackMessage: string, workflow: WorkflowExecution): never {
  const stopped: readonly number[] = [GrpcStatus.DEADLINE_EXCEEDED, GrpcStatus.CANCELLED];
  if ((isGrpcServiceError(error) && stopped.includes(error.code)) || error instanceof CancelledFailure) {
    throw new WorkflowUpdateRPCTimeoutOrCancelledError(error.message || "Workflow update call timeout or cancelled", { cause: error });
  }
  rethrowGrpcError(error, fallbackMessage, workflow);
}
