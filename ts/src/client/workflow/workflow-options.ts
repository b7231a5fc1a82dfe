/** Options for starting workflows and sending signals and updates. */

import type { SignalDefinition, SignalTypeInfo, Workflow } from "../../common/interfaces";
import type { Duration } from "../../common/time";
import { msOptionalToTs } from "../../common/time";
import type { Replace } from "../../common/type-helpers";
import type { PayloadTypeInfo } from "../../common/type-info";
import { type VersioningOverride, versioningOverrideToProto } from "../../common/worker-deployments";
import type { CommonWorkflowOptions, WithWorkflowArgs } from "../../common/workflow-options";
import type { Duration as ProtoDuration } from "../../proto/google/protobuf/duration";
import type { VersioningOverride as ProtoVersioningOverride } from "../../proto/temporal/api/workflow/v1/message";

export * from "../../common/workflow-options";

/** Options for starting a workflow. */
export interface WorkflowOptions extends CommonWorkflowOptions {
  /** Id of the workflow, e.g. an order number: at most one workflow with it runs at a time. */
  workflowId: string;
  /** Task queue of the workers that run it. */
  taskQueue: string;
  /**
   * Whether `result` goes on to the next run when one continues as new, is retried or repeated by cron. Default true.
   */
  followRuns?: boolean;
  /** Time to wait before the first task: milliseconds, or text like "1 hour". */
  startDelay?: Duration;
  /** Replaces the versioning behaviour of the workflow. */
  versioningOverride?: VersioningOverride;
  /**
   * Asks for the first task to go straight to a worker of this process, if it has one with a free slot for the task
   * queue.
   */
  requestEagerStart?: boolean;
  /** How arguments and result are converted, for workflows given by name (experimental). */
  typeInfo?: PayloadTypeInfo;
}

/** Options for starting workflow `T`, with its arguments. */
export type WorkflowStartOptions<T extends Workflow = Workflow> = WithWorkflowArgs<T, WorkflowOptions>;

/** {@link WorkflowOptions} in part converted to protobuf. */
export type WithCompiledWorkflowOptions<T extends WorkflowOptions> = Replace<
  T,
  {
    workflowExecutionTimeout?: ProtoDuration;
    workflowRunTimeout?: ProtoDuration;
    workflowTaskTimeout?: ProtoDuration;
    startDelay?: ProtoDuration;
    versioningOverride?: ProtoVersioningOverride;
  }
>;

/** Options as interceptors see them. */
export interface CompiledWorkflowOptions extends WithCompiledWorkflowOptions<WorkflowOptions> {
  args: unknown[];
}

/**
 * Converts the part of the options that does not depend on the data converter. Throws `TypeError` if an id or a task
 * queue is missing.
 */
export function compileWorkflowOptions(
  options: WorkflowOptions & { args?: readonly unknown[] },
): CompiledWorkflowOptions {
  if (!options.taskQueue) throw new TypeError("Missing WorkflowOptions.taskQueue");
  if (!options.workflowId) throw new TypeError("Missing WorkflowOptions.workflowId");
  return {
    ...options,
    args: [...(options.args ?? [])],
    workflowExecutionTimeout: msOptionalToTs(options.workflowExecutionTimeout, "workflowExecutionTimeout"),
    workflowRunTimeout: msOptionalToTs(options.workflowRunTimeout, "workflowRunTimeout"),
    workflowTaskTimeout: msOptionalToTs(options.workflowTaskTimeout, "workflowTaskTimeout"),
    startDelay: msOptionalToTs(options.startDelay, "startDelay"),
    versioningOverride: versioningOverrideToProto(options.versioningOverride),
  };
}

/** Options of an update. */
export interface WorkflowUpdateOptions {
  /** Id of the update, unique in the run: sent twice, it is executed once. Made up by default. */
  readonly updateId?: string;
  /** How arguments and result are converted, for updates given by name (experimental). */
  typeInfo?: PayloadTypeInfo;
}

/** Signal and its arguments, which may be left out if there are none. */
export interface WorkflowSignalWithStartOptionsWithoutArgs<SignalArgs extends any[]>
  extends Omit<WorkflowOptions, "requestEagerStart"> {
  /** The signal's definition or name. */
  signal: SignalDefinition<SignalArgs> | string;
  /** Arguments of the signal. */
  signalArgs?: SignalArgs;
}

/** Signal and its arguments. */
export interface WorkflowSignalWithStartOptionsWithArgs<SignalArgs extends any[]>
  extends Omit<WorkflowOptions, "requestEagerStart"> {
  /** The signal's definition or name. */
  signal: SignalDefinition<SignalArgs> | string;
  /** Arguments of the signal. */
  signalArgs: SignalArgs;
}

/** Options of `signalWithStart`. */
export type WorkflowSignalWithStartOptions<SignalArgs extends any[] = []> = (SignalArgs extends [any, ...any[]]
  ? WorkflowSignalWithStartOptionsWithArgs<SignalArgs>
  : WorkflowSignalWithStartOptionsWithoutArgs<SignalArgs>) &
  (
    | { signalTypeInfo?: never }
    | {
        signal: string;
        /** How the signal's arguments are converted, for signals given by name (experimental). */
        signalTypeInfo?: SignalTypeInfo;
      }
  );
