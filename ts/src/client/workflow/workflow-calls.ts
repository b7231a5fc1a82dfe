/** The calls behind `WorkflowClient`: what the last interceptor's `next` does. */

import type { WorkflowSerializationContext } from "../../common/converter/serialization-context";
import { CancelledFailure, WorkflowExecutionAlreadyStartedError } from "../../common/failure";
import type { Headers } from "../../common/interceptors";
import { decodeFromPayloadsAtIndex, encodeHeaders, encodeToPayloadsWithContext } from "../../payloads/codec-helpers";
import type { WorkflowService } from "../../proto/rpc/workflow";
import type { HistoryEvent } from "../../proto/temporal/api/history/v1/message";
import type { Outcome } from "../../proto/temporal/api/update/v1/message";
import type {
  ExecuteMultiOperationResponse,
  PollWorkflowExecutionUpdateResponse,
  StartWorkflowExecutionResponse,
  UpdateWorkflowExecutionRequest,
  UpdateWorkflowExecutionResponse,
} from "../../proto/temporal/api/workflowservice/v1/request_response";
import { GrpcStatus } from "../connection/grpc-error";
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "../errors";
import { rethrowGrpcError, rethrowKnownErrorTypes, unwrapMultiOperationError } from "../helpers";
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
  WorkflowStartUpdateWithStartInput,
  WorkflowStartUpdateWithStartOutput,
  WorkflowTerminateInput,
} from "../interceptors";
import {
  type InternalWorkflowQueryInput,
  InternalWorkflowQueryOptionsSymbol,
  type InternalWorkflowSignalInput,
  InternalWorkflowSignalOptionsSymbol,
  type InternalWorkflowUpdateOptions,
  InternalWorkflowUpdateOptionsSymbol,
} from "../internal";
import type {
  DescribeWorkflowExecutionResponse,
  RequestCancelWorkflowExecutionResponse,
  TerminateWorkflowExecutionResponse,
  WorkflowExecution,
} from "../types";
import { internalStartOptions, type RequestSource, signalWithStartRequest, startRequest } from "./workflow-requests";
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

  private async payloads(
    workflow: WorkflowExecution,
    values: readonly unknown[],
    typeInfo?: WorkflowQueryInput["typeInfo"],
  ) {
    return {
      payloads: await encodeToPayloadsWithContext(
        this.source.dataConverter,
        this.context(workflow.workflowId),
        values,
        typeInfo?.inputTypes,
      ),
    };
  }

  private async header(workflow: WorkflowExecution, headers: Headers) {
    return { fields: await encodeHeaders(this.source.dataConverter, headers, this.context(workflow.workflowId)) };
  }

  /** Starts a workflow. */
  start = async (input: WorkflowStartInput): Promise<WorkflowStartOutput> => {
    const request = await startRequest(this.source, input);
    try {
      const { runId = "", eagerWorkflowTask, link } = await this.service.startWorkflowExecution(request);
      const internal = internalStartOptions(input.options);
      if (internal) internal.responseLink = link;
      return { runId, eagerlyStarted: eagerWorkflowTask !== undefined };
    } catch (error) {
      throw startError(error, "Failed to start Workflow", input);
    }
  };

  /** Signals a workflow and starts it if it is not running. */
  signalWithStart = async (input: WorkflowSignalWithStartInput): Promise<string> => {
    const request = await signalWithStartRequest(this.source, input);
    try {
      const { runId = "", signalLink } = await this.service.signalWithStartWorkflowExecution(request);
      const internal = internalStartOptions(input.options);
      if (internal) internal.responseLink = signalLink;
      return runId;
    } catch (error) {
      throw startError(error, "Failed to signalWithStart Workflow", input);
    }
  };

  /** Signals a workflow. */
  signal = async (input: WorkflowSignalInput): Promise<void> => {
    const internal = (input as InternalWorkflowSignalInput)[InternalWorkflowSignalOptionsSymbol];
    const request = {
      namespace: this.source.namespace,
      identity: this.source.identity,
      requestId: crypto.randomUUID(),
      workflowExecution: input.workflowExecution,
      signalName: input.signalName,
      header: await this.header(input.workflowExecution, input.headers),
      input: await this.payloads(input.workflowExecution, input.args, input.typeInfo),
      links: internal?.links,
    };
    try {
      const { link } = await this.service.signalWorkflowExecution(request);
      if (internal) internal.responseLink = link;
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
      query: {
        queryType,
        queryArgs: await this.payloads(workflowExecution, input.args, typeInfo),
        header: await this.header(workflowExecution, input.headers),
      },
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
    const internal = (input as InternalWorkflowQueryInput)[InternalWorkflowQueryOptionsSymbol];
    if (internal) internal.responseLink = response.link;
    if (response.queryRejected) throw new QueryRejectedError(response.queryRejected.status ?? 0);
    const context = this.context(workflowExecution.workflowId);
    return decodeFromPayloadsAtIndex(
      this.source.dataConverter,
      0,
      response.queryResult?.payloads,
      context,
      typeInfo?.outputType,
    );
  };

  /** Terminates a workflow. */
  terminate = async (input: WorkflowTerminateInput): Promise<TerminateWorkflowExecutionResponse> => {
    const { workflowExecution, reason, details, firstExecutionRunId } = input;
    const { namespace, identity } = this.source;
    const payloads = details && (await this.payloads(workflowExecution, details));
    try {
      return await this.service.terminateWorkflowExecution({
        namespace,
        identity,
        workflowExecution,
        reason,
        firstExecutionRunId,
        details: payloads,
      });
    } catch (error) {
      rethrowGrpcError(error, "Failed to terminate Workflow", workflowExecution);
    }
  };

  /** Asks a workflow to cancel. */
  cancel = async ({
    workflowExecution,
    firstExecutionRunId,
  }: WorkflowCancelInput): Promise<RequestCancelWorkflowExecutionResponse> => {
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
      return await this.service.describeWorkflowExecution({
        namespace: this.source.namespace,
        execution: workflowExecution,
      });
    } catch (error) {
      rethrowGrpcError(error, "Failed to describe workflow", workflowExecution);
    }
  };

  /** Fetches all events of a run. Rejects with the gRPC error itself, as in the official SDK. */
  async history(workflowExecution: WorkflowExecution): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      const request = { namespace: this.source.namespace, execution: workflowExecution, nextPageToken };
      const response = await this.service.getWorkflowExecutionHistory(request);
      for (const event of response.history?.events ?? []) events.push(event);
      nextPageToken = response.nextPageToken;
    } while (nextPageToken?.length);
    return events;
  }

  /** The request of an update that waits until it has come to the stage, ACCEPTED at least. */
  private async updateRequest(
    waitForStage: WorkflowUpdateStage,
    updateId: string,
    input: WorkflowStartUpdateInput,
  ): Promise<UpdateWorkflowExecutionRequest> {
    const { workflowExecution, firstExecutionRunId, updateName, headers, typeInfo } = input;
    const internal = internalUpdateOptions(input);
    return {
      namespace: this.source.namespace,
      workflowExecution,
      firstExecutionRunId,
      waitPolicy: { lifecycleStage: Math.max(encodeWorkflowUpdateStage(waitForStage) ?? ACCEPTED, ACCEPTED) },
      request: {
        meta: { updateId, identity: this.source.identity },
        input: {
          header: await this.header(workflowExecution, headers),
          name: updateName,
          args: await this.payloads(workflowExecution, input.args, typeInfo),
        },
        requestId: internal?.requestId,
        completionCallbacks: internal?.completionCallbacks,
        links: internal?.links,
      },
    };
  }

  /** Sends an update and waits until it has come to the stage, ACCEPTED at least. */
  async startUpdate(
    waitForStage: WorkflowUpdateStage,
    input: WorkflowStartUpdateInput,
  ): Promise<WorkflowStartUpdateOutput> {
    const { workflowExecution, typeInfo } = input;
    const updateId = input.options.updateId ?? crypto.randomUUID();
    const request = await this.updateRequest(waitForStage, updateId, input);
    // The server answers before the stage is reached when no worker takes the update for some time. Sending it again is
    // safe: its id makes it the same update.
    let response: UpdateWorkflowExecutionResponse;
    try {
      do response = await this.service.updateWorkflowExecution(request);
      while ((response.stage ?? 0) < ACCEPTED);
    } catch (error) {
      rethrowUpdateError(error, "Workflow Update failed", workflowExecution);
    }
    const internal = internalUpdateOptions(input);
    if (internal) Object.assign(internal, { responseLink: response.link, outcome: response.outcome });
    const workflowRunId = response.updateRef?.workflowExecution?.runId ?? "";
    return { updateId, workflowRunId, outcome: response.outcome, outputTypeInfo: typeInfo?.outputType };
  }

  /**
   * Sends an update, starts the workflow if it is not running, and waits until the update has come to the stage,
   * ACCEPTED at least. `onStart` is called as soon as the server says that the workflow runs, `onFailure` with what the
   * RPC rejects with.
   */
  async startUpdateWithStart(
    waitForStage: WorkflowUpdateStage,
    onStart: (response: StartWorkflowExecutionResponse) => void,
    onFailure: (error: unknown) => void,
    input: WorkflowStartUpdateWithStartInput,
  ): Promise<WorkflowStartUpdateWithStartOutput> {
    const { workflowType, workflowStartOptions: options, updateOptions, updateTypeInfo } = input;
    const { workflowId } = options;
    const updateId = updateOptions.updateId ?? crypto.randomUUID();
    const startWorkflow = await startRequest(this.source, {
      workflowType,
      options,
      headers: input.workflowStartHeaders,
    });
    const updateWorkflow = await this.updateRequest(waitForStage, updateId, {
      updateName: input.updateName,
      args: input.updateArgs,
      typeInfo: updateTypeInfo,
      workflowExecution: { workflowId },
      headers: input.updateHeaders,
      options: updateOptions,
    });
    const request = { namespace: this.source.namespace, operations: [{ startWorkflow }, { updateWorkflow }] };
    let update: UpdateWorkflowExecutionResponse | undefined;
    try {
      do {
        const response: ExecuteMultiOperationResponse = await this.service.executeMultiOperation(request);
        const start = response.responses?.[0]?.startWorkflow;
        update = response.responses?.[1]?.updateWorkflow;
        if (!start || !update) throw new TypeError("The server's answer to update-with-start has not the form of one");
        onStart(start);
      } while ((update.stage ?? 0) < ACCEPTED);
    } catch (error) {
      const isOfOperation = unwrapMultiOperationError(error);
      if (isGrpcServiceError(error) && error.code === GrpcStatus.ALREADY_EXISTS) {
        throw new WorkflowExecutionAlreadyStartedError("Workflow execution already started", workflowId, workflowType);
      }
      onFailure(error);
      // As it is, which the official client does here alone.
      if (isOfOperation) throw error;
      rethrowUpdateError(error, "Update-With-Start failed", { workflowId });
    }
    const { runId = "" } = update.updateRef?.workflowExecution ?? {};
    return {
      workflowExecution: { workflowId, runId },
      updateId,
      updateOutcome: update.outcome,
      updateOutputTypeInfo: updateTypeInfo?.outputType,
    };
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
function startError(
  error: unknown,
  fallbackMessage: string,
  { workflowType, options: { workflowId } }: WorkflowStartInput,
): Error {
  if (isGrpcServiceError(error) && error.code === GrpcStatus.ALREADY_EXISTS) {
    return new WorkflowExecutionAlreadyStartedError("Workflow execution already started", workflowId, workflowType);
  }
  rethrowGrpcError(error, fallbackMessage, { workflowId });
}

/** What the helpers of Nexus operations want of an update. */
function internalUpdateOptions(input: WorkflowStartUpdateInput) {
  return (input.options as InternalWorkflowUpdateOptions)[InternalWorkflowUpdateOptionsSymbol];
}

function rethrowUpdateError(error: unknown, fallbackMessage: string, workflow: WorkflowExecution): never {
  const stopped: readonly number[] = [GrpcStatus.DEADLINE_EXCEEDED, GrpcStatus.CANCELLED];
  if ((isGrpcServiceError(error) && stopped.includes(error.code)) || error instanceof CancelledFailure) {
    throw new WorkflowUpdateRPCTimeoutOrCancelledError(error.message || "Workflow update call timeout or cancelled", {
      cause: error,
    });
  }
  rethrowGrpcError(error, fallbackMessage, workflow);
}
