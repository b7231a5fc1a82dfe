/**
 * What handlers of Nexus operations use: operations that Workflows, updates and activities back, the Worker's client,
 * log and metrics. Services and their handlers are defined with the package `nexus-rpc` and given to a Worker as
 * `nexusServices`.
 *
 * @module
 */
export {
  getClient,
  log,
  metricMeter,
  type OperationInfo,
  operationInfo,
  type TemporalCancelOperationContext,
  type TemporalStartOperationContext,
} from "./context";
export { TemporalOperationResult } from "./operation-result";
export {
  type ActivityOptions,
  type ActivityOptionsFor,
  signalWithStartWorkflow,
  startWorkflow,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
} from "./start";
export {
  type CancelActivityOptions,
  type CancelWorkflowRunOptions,
  type CancelWorkflowUpdateOptions,
  type NexusTypedActivityClient,
  type TemporalNexusClient,
  TemporalOperationHandler,
  type TemporalOperationHandlerOptions,
  type TemporalOperationStartHandler,
} from "./temporal-operation";
export type { NexusUpdateWorkflowOptions, UpdatableWorkflowHandle, WorkflowHandle } from "./workflow-handle";
export { WorkflowRunOperationHandler, type WorkflowRunOperationStartHandler } from "./workflow-run-operation";
