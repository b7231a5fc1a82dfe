/** Interceptors of clients. */

import type { Headers, Next } from "../common/interceptors";
import type { SignalTypeInfo } from "../common/interfaces";
import type { PayloadTypeInfo, TypeInfo } from "../common/type-info";
import type { Outcome } from "../proto/temporal/api/update/v1/message";
import type { ActivityClientInterceptor } from "./activity/activity-interceptors";
import type { NexusClientInterceptor } from "./nexus/nexus-interceptors";
import type { CompiledScheduleOptions } from "./schedule/schedule-types";
import type {
  DescribeWorkflowExecutionResponse,
  RequestCancelWorkflowExecutionResponse,
  TerminateWorkflowExecutionResponse,
  WorkflowExecution,
} from "./types";
import type { CompiledWorkflowOptions, WorkflowUpdateOptions } from "./workflow/workflow-options";

export type { Headers, Next } from "../common/interceptors";
export * from "./activity/activity-interceptors";
export * from "./nexus/nexus-interceptors";

/** A workflow to start. */
export interface WorkflowStartInput {
  /** Type name. */
  readonly workflowType: string;
  readonly headers: Headers;
  readonly options: CompiledWorkflowOptions;
}

/** A started workflow. */
export interface WorkflowStartOutput {
  readonly runId: string;
  /** Whether the first task went straight to a worker of this process. */
  readonly eagerlyStarted: boolean;
}

/** An update to send. */
export interface WorkflowStartUpdateInput {
  readonly updateName: string;
  readonly args: unknown[];
  readonly typeInfo?: PayloadTypeInfo;
  readonly workflowExecution: WorkflowExecution;
  readonly firstExecutionRunId?: string;
  readonly headers: Headers;
  readonly options: WorkflowUpdateOptions;
}

/** An update that was accepted or is complete. */
export interface WorkflowStartUpdateOutput {
  readonly updateId: string;
  readonly workflowRunId: string;
  /** Set if it is complete. */
  readonly outcome?: Outcome;
  readonly outputTypeInfo?: TypeInfo;
}

/** An update to send, and the workflow to start if it is not running. */
export interface WorkflowStartUpdateWithStartInput {
  /** Type name. */
  readonly workflowType: string;
  readonly workflowStartOptions: CompiledWorkflowOptions;
  readonly workflowStartHeaders: Headers;
  readonly updateName: string;
  readonly updateArgs: unknown[];
  readonly updateTypeInfo?: PayloadTypeInfo;
  readonly updateOptions: WorkflowUpdateOptions;
  readonly updateHeaders: Headers;
}

/** An update that was accepted or is complete, and its workflow. */
export interface WorkflowStartUpdateWithStartOutput {
  readonly workflowExecution: WorkflowExecution;
  readonly updateId: string;
  /** Set if the update is complete. */
  readonly updateOutcome?: Outcome;
  readonly updateOutputTypeInfo?: TypeInfo;
}

/** A signal to send. */
export interface WorkflowSignalInput {
  readonly signalName: string;
  readonly args: unknown[];
  readonly typeInfo?: SignalTypeInfo;
  readonly workflowExecution: WorkflowExecution;
  readonly headers: Headers;
}

/** A signal to send, and the workflow to start if it is not running. */
export interface WorkflowSignalWithStartInput {
  /** Type name. */
  readonly workflowType: string;
  readonly signalName: string;
  readonly signalArgs: unknown[];
  readonly signalTypeInfo?: SignalTypeInfo;
  readonly headers: Headers;
  readonly options: CompiledWorkflowOptions;
}

/** A query to send. */
export interface WorkflowQueryInput {
  /** Name of the query. */
  readonly queryType: string;
  readonly args: unknown[];
  readonly typeInfo?: PayloadTypeInfo;
  readonly workflowExecution: WorkflowExecution;
  /** A number of protobuf's QueryRejectCondition. */
  readonly queryRejectCondition?: number;
  readonly headers: Headers;
}

/** A workflow to terminate. */
export interface WorkflowTerminateInput {
  readonly workflowExecution: WorkflowExecution;
  readonly reason?: string;
  readonly details?: unknown[];
  readonly firstExecutionRunId?: string;
}

/** A workflow to cancel. */
export interface WorkflowCancelInput {
  readonly workflowExecution: WorkflowExecution;
  readonly firstExecutionRunId?: string;
}

/** A workflow to describe. */
export interface WorkflowDescribeInput {
  readonly workflowExecution: WorkflowExecution;
}

/** Methods that are called instead of the client's own calls; each calls `next` to go on. */
export interface WorkflowClientInterceptor {
  /** @deprecated Use {@link startWithDetails}. */
  start?: (input: WorkflowStartInput, next: Next<this, "start">) => Promise<string>;
  /** Starting of workflows. */
  startWithDetails?: (input: WorkflowStartInput, next: Next<this, "startWithDetails">) => Promise<WorkflowStartOutput>;
  /** `startUpdate` and `executeUpdate`. */
  startUpdate?: (
    input: WorkflowStartUpdateInput,
    next: Next<this, "startUpdate">,
  ) => Promise<WorkflowStartUpdateOutput>;
  /** `startUpdateWithStart` and `executeUpdateWithStart`. */
  startUpdateWithStart?: (
    input: WorkflowStartUpdateWithStartInput,
    next: Next<this, "startUpdateWithStart">,
  ) => Promise<WorkflowStartUpdateWithStartOutput>;
  /** `signal`. */
  signal?: (input: WorkflowSignalInput, next: Next<this, "signal">) => Promise<void>;
  /** `signalWithStart`; resolves to the run id. */
  signalWithStart?: (input: WorkflowSignalWithStartInput, next: Next<this, "signalWithStart">) => Promise<string>;
  /** `query`; resolves to the result. */
  query?: (input: WorkflowQueryInput, next: Next<this, "query">) => Promise<unknown>;
  /** `terminate`. */
  terminate?: (
    input: WorkflowTerminateInput,
    next: Next<this, "terminate">,
  ) => Promise<TerminateWorkflowExecutionResponse>;
  /** `cancel`. */
  cancel?: (input: WorkflowCancelInput, next: Next<this, "cancel">) => Promise<RequestCancelWorkflowExecutionResponse>;
  /** `describe`. */
  describe?: (input: WorkflowDescribeInput, next: Next<this, "describe">) => Promise<DescribeWorkflowExecutionResponse>;
}

/** @deprecated Use {@link WorkflowClientInterceptor}. */
export type WorkflowClientCallsInterceptor = WorkflowClientInterceptor;

/** @deprecated Use {@link WorkflowClientInterceptor}. */
export interface WorkflowClientCallsInterceptorFactoryInput {
  workflowId: string;
  runId?: string;
}

/** @deprecated Use {@link WorkflowClientInterceptor}. */
export type WorkflowClientCallsInterceptorFactory = (
  input: WorkflowClientCallsInterceptorFactoryInput,
) => WorkflowClientCallsInterceptor;

/** @deprecated Use a list of {@link WorkflowClientInterceptor}. */
export interface WorkflowClientInterceptors {
  calls?: WorkflowClientCallsInterceptorFactory[];
}

/** A schedule to make. */
export interface CreateScheduleInput {
  /** Headers of the workflows that the schedule starts. */
  readonly headers: Headers;
  readonly options: CompiledScheduleOptions;
}

/** A schedule that was made. */
export type CreateScheduleOutput = {
  /** What the server calls this state of the schedule. */
  readonly conflictToken: Uint8Array;
};

/** Methods that are called instead of the schedule client's own calls; each calls `next` to go on. */
export interface ScheduleClientInterceptor {
  /** `create`. */
  create?: (input: CreateScheduleInput, next: Next<this, "create">) => Promise<CreateScheduleOutput>;
}

/** Interceptors of a `Client`. */
export interface ClientInterceptors {
  workflow?: WorkflowClientInterceptors | WorkflowClientInterceptor[];
  schedule?: ScheduleClientInterceptor[];
  nexus?: NexusClientInterceptor[];
  activity?: ActivityClientInterceptor[];
}

/** The interceptor with `startWithDetails` in place of the older `start`, if it only has that. */
export function adaptStartInterceptor(interceptor: WorkflowClientInterceptor): WorkflowClientInterceptor {
  if (interceptor.startWithDetails || !interceptor.start) return interceptor;
  return {
    async startWithDetails(input, next) {
      let eagerlyStarted = false;
      const runId = await interceptor.start!(input, async (changed) => {
        const output = await next(changed);
        ({ eagerlyStarted } = output);
        return output.runId;
      });
      return { runId, eagerlyStarted };
    },
  };
}
