/** Options that are attached to a workflow function. */

import type { PayloadTypeInfo } from "./type-info";
import type { VersioningBehavior } from "./worker-deployments";

/** What `defineWorkflowOptions` attaches to a workflow function. */
export interface WorkflowDefinitionConfig {
  workflowDefinitionOptions?: WorkflowDefinitionOptionsOrGetter;
  staticOptions?: WorkflowStaticOptions;
}

/** Options of a workflow that may depend on its run. */
export interface WorkflowDefinitionOptions {
  /** How runs move to another version of the worker. */
  versioningBehavior?: VersioningBehavior;
  /** Errors that fail the workflow instead of the workflow task. */
  failureExceptionTypes?: Array<new (...args: any[]) => Error>;
}

/** Options of a workflow that are known without running it. */
export interface WorkflowStaticOptions {
  /** How arguments and result are converted. */
  typeInfo?: PayloadTypeInfo;
}

type AsyncFunction<Args extends any[], ReturnType> = (...args: Args) => Promise<ReturnType>;

/** The options, or a function that returns them at the start of each run. */
export type WorkflowDefinitionOptionsOrGetter = WorkflowDefinitionOptions | (() => WorkflowDefinitionOptions);

/** A workflow function with {@link WorkflowDefinitionOptions}. */
export interface WorkflowFunctionWithOptions<Args extends any[], ReturnType> extends AsyncFunction<Args, ReturnType> {
  workflowDefinitionOptions: WorkflowDefinitionOptionsOrGetter;
}

/** A workflow function with {@link WorkflowStaticOptions}. */
export interface WorkflowFunctionWithStaticOptions<Args extends any[], ReturnType>
  extends AsyncFunction<Args, ReturnType> {
  staticOptions: WorkflowStaticOptions;
}

/** Whether the value is a function with {@link WorkflowDefinitionOptions}. */
export function isWorkflowFunctionWithOptions(value: unknown): value is WorkflowFunctionWithOptions<any[], any> {
  return typeof value === "function" && Object.hasOwn(value, "workflowDefinitionOptions");
}

/** Whether the value is a function with {@link WorkflowStaticOptions}. */
export function isWorkflowFunctionWithStaticOptions(
  value: unknown,
): value is WorkflowFunctionWithStaticOptions<any[], any> {
  if (typeof value !== "function" || !Object.hasOwn(value, "staticOptions")) return false;
  const { staticOptions } = value as { staticOptions?: unknown };
  return typeof staticOptions === "object" && staticOptions !== null;
}
