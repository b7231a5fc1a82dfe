/** What handles of workflows have in common, in clients and in workflows. */

import type { SignalDefinition, SignalTypeInfo, Workflow, WorkflowResultType } from "./interfaces";
import type { PayloadTypeInfo } from "./type-info";

/** Options of a signal given by name. */
export interface WorkflowSignalOptions<Args extends any[] = []> {
  args?: Args;
  /** How arguments are converted. */
  typeInfo?: SignalTypeInfo;
}

/** Options of a query given by name. */
export interface WorkflowQueryOptions<Args extends any[] = []> {
  args?: Args;
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
}

/** A workflow that can be waited for and signalled. */
export interface BaseWorkflowHandle<T extends Workflow> {
  /** Resolves to the workflow's result; rejects when it fails. */
  result(): Promise<WorkflowResultType<T>>;
  /** Sends a signal, given by its definition or its name. */
  signal<Args extends any[] = [], Name extends string = string>(
    def: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
  /** Sends a signal given by name, with options. */
  signalWithOptions<Args extends any[] = []>(signalName: string, options: WorkflowSignalOptions<Args>): Promise<void>;
  /** The workflow's id. */
  readonly workflowId: string;
}
