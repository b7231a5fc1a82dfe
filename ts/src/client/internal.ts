/**
 * Options of calls that are for the helpers of Nexus operations: request ids, links and callbacks. They travel under
 * symbols, so that they pass through interceptors without being part of the interface. After the call, `responseLink`
 * says what the server links the request to.
 */

import type { UpdateDefinition } from "../common/interfaces";
import type { Callback, Link } from "../proto/temporal/api/common/v1/message";
import type { Outcome } from "../proto/temporal/api/update/v1/message";
import type { OnConflictOptions } from "../proto/temporal/api/workflow/v1/message";
import type { ActivityOptions } from "./activity/activity-options";
import type { WorkflowQueryInput, WorkflowSignalInput } from "./interceptors";
import type { ScheduleHandle } from "./schedule/schedule-client";
import type { ScheduleDescription, ScheduleUpdateOptions } from "./schedule/schedule-types";
import type { WorkflowHandle, WorkflowUpdateHandle } from "./workflow/workflow-handle";
import type { WorkflowOptions, WorkflowUpdateOptions } from "./workflow/workflow-options";
import type { WorkflowUpdateStage } from "./workflow/workflow-update-stage";

/** What a request that starts something can carry. */
interface StartDetails {
  /** Id of the request: sent twice, it has effect once. Made up by default. */
  requestId?: string;
  /** What the server calls when the execution is closed. */
  completionCallbacks?: Callback[];
  /** What the execution is linked to. */
  links?: Link[];
  /** Set by the call. */
  responseLink?: Link;
}

/** What a start can carry: what happens to the details if the execution runs already and that is accepted. */
interface StartDetailsWithConflictOptions extends StartDetails {
  onConflictOptions?: OnConflictOptions;
}

/** Key of {@link InternalWorkflowStartOptions}. */
export const InternalWorkflowStartOptionsSymbol = Symbol.for("__temporal_internal_client_workflow_start_options");

/** Options of `WorkflowClient.start`, `signalWithStart` and update-with-start. */
export interface InternalWorkflowStartOptions extends WorkflowOptions {
  [InternalWorkflowStartOptionsSymbol]?: StartDetailsWithConflictOptions;
}

/** Key of {@link InternalWorkflowUpdateOptions}. */
export const InternalWorkflowUpdateOptionsSymbol = Symbol.for("__temporal_internal_client_workflow_update_options");

/** Options of `WorkflowHandle.startUpdate` and `executeUpdate`. */
export interface InternalWorkflowUpdateOptions {
  [InternalWorkflowUpdateOptionsSymbol]?: StartDetails & {
    /** Set by the call if the update is complete. */
    outcome?: Outcome;
  };
}

/** Key of {@link InternalWorkflowSignalOptions}. */
export const InternalWorkflowSignalOptionsSymbol = Symbol.for("__temporal_internal_client_workflow_signal_options");

/** A handle or a signal's input that carries links. */
export interface InternalWorkflowSignalOptions {
  [InternalWorkflowSignalOptionsSymbol]?: Pick<StartDetails, "links" | "responseLink"> | undefined;
}

/** A signal's input that carries links. */
export type InternalWorkflowSignalInput = WorkflowSignalInput & InternalWorkflowSignalOptions;

/** Key of {@link InternalWorkflowQueryOptions}. */
export const InternalWorkflowQueryOptionsSymbol = Symbol.for("__temporal_internal_client_workflow_query_options");

/** A handle or a query's input that wants the server's link. */
export interface InternalWorkflowQueryOptions {
  [InternalWorkflowQueryOptionsSymbol]?: Pick<StartDetails, "responseLink"> | undefined;
}

/** A query's input that wants the server's link. */
export type InternalWorkflowQueryInput = WorkflowQueryInput & InternalWorkflowQueryOptions;

/** A handle of a workflow whose signals, queries and updates carry such options. */
export type InternalWorkflowHandle = WorkflowHandle &
  InternalWorkflowSignalOptions &
  InternalWorkflowQueryOptions & {
    /** `startUpdate` without the overloads, for arguments of any number. */
    startUpdate<Ret, Args extends any[]>(
      def: UpdateDefinition<Ret, Args> | string,
      options: WorkflowUpdateOptions & {
        args?: Args;
        waitForStage: typeof WorkflowUpdateStage.ACCEPTED;
      } & InternalWorkflowUpdateOptions,
    ): Promise<WorkflowUpdateHandle<Ret>>;
  };

/** Key of {@link InternalActivityStartOptions}. */
export const InternalActivityStartOptionsSymbol = Symbol.for("__temporal_internal_client_activity_start_options");

/** Options of `ActivityClient.start`. */
export interface InternalActivityStartOptions extends ActivityOptions {
  [InternalActivityStartOptionsSymbol]?: StartDetailsWithConflictOptions;
}

/** Key of {@link InternalScheduleHandle}. */
export const updateUnlessChanged = Symbol.for("__temporal_internal_client_schedule_update_unless_changed");

/** A schedule that can be updated so that what others change meanwhile stays: then the server drops the update. */
export interface InternalScheduleHandle extends ScheduleHandle {
  [updateUnlessChanged](updateFn: (previous: ScheduleDescription) => ScheduleUpdateOptions): Promise<void>;
}
