import type { WorkflowDefinitionConfig, WorkflowDefinitionOptionsOrGetter } from "../common";

/**
 * Attaches options to a Workflow's function.
 *
 * @param options the options, or a function that gives them, called once in each run before the Workflow's function
 * @param fn the Workflow's function
 */
export function setWorkflowOptions<A extends any[], RT>(
  options: WorkflowDefinitionOptionsOrGetter,
  fn: (...args: A) => Promise<RT>,
): void {
  defineWorkflowOptions(fn, { workflowDefinitionOptions: options });
}

/**
 * Attaches options and static metadata to a Workflow's function.
 *
 * @param fn the Workflow's function
 * @param config what to attach
 * @experimental
 */
export function defineWorkflowOptions<A extends any[], RT>(
  fn: (...args: A) => Promise<RT>,
  config: WorkflowDefinitionConfig,
): void {
  Object.assign(fn, config);
}
