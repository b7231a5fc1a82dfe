/**
 * The library for Workflow code: everything that a Workflow calls, and the types around it. Outside of a Workflow
 * Execution most functions throw an `IllegalStateError`.
 */

export { AsyncLocalStorage } from "node:async_hooks";
export type {
  ActivityFunction,
  ActivityInterface,
  ActivityTypeInfoMap,
  BaseWorkflowHandle,
  Payload,
  PayloadConverter,
  QueryDefinition,
  RetryPolicy,
  SearchAttributes,
  SearchAttributeValue,
  SignalDefinition,
  UntypedActivities,
  Workflow,
  WorkflowQueryType,
  WorkflowResultType,
  WorkflowReturnType,
  WorkflowSignalType,
} from "../common";
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  defaultPayloadConverter,
  rootCause,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "../common";
export { ActivityCancellationType } from "../common/activity-options";
export * from "../common/errors";
export * from "../common/workflow-options";
export {
  type ActivityFunctionWithOptions,
  type ActivityInterfaceFor,
  type ActivityProxyOptions,
  type LocalActivityFunctionWithOptions,
  type LocalActivityInterfaceFor,
  type LocalActivityProxyOptions,
  NotAnActivityMethod,
  proxyActivities,
  proxyLocalActivities,
  scheduleActivity,
  scheduleLocalActivity,
} from "./activities";
export type { ActivityOptions, LocalActivityOptions } from "./activity-options";
export { CancellationScope, type CancellationScopeOptions } from "./cancellation-scope";
export { addDefaultWorkflowOptions, executeChild, startChild } from "./child-workflow";
export { condition } from "./condition";
export { continueAsNew, makeContinueAsNewFunc } from "./continue-as-new";
export { ChildWorkflowCancellationType, NexusOperationCancellationType, ParentClosePolicy } from "./enums";
export {
  ContinueAsNew,
  DeterminismViolationError,
  isCancellation,
  LocalActivityDoBackoff,
  WorkflowError,
} from "./errors";
export { createEventGroup, type EventGroupMarker } from "./event-groups";
export { type ChildWorkflowHandle, type ExternalWorkflowHandle, getExternalWorkflowHandle } from "./external-workflow";
export * from "./handlers";
export type * from "./interceptors";
export type * from "./interfaces";
export { type LoggerSinks, log, type WorkflowLogger, workflowLogAttributes } from "./logs";
export { metricMeter } from "./metrics";
export {
  createNexusServiceClient,
  type NexusOperationHandle,
  type NexusServiceClient,
  type NexusServiceClientOptions,
} from "./nexus";
export { deprecatePatch, patched } from "./patches";
export {
  getCurrentDetails,
  inWorkflowContext,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "./properties";
export { getRandomStream, uuid4, type WorkflowRandomStream, workflowRandom } from "./random/streams";
export { type SignalWithStartWorkflowRequest, signalWithStartWorkflow } from "./signal-with-start";
export { proxySinks, type Sink, type SinkCall, type SinkFunction, type Sinks } from "./sinks";
export { sleep } from "./timers";
export { Trigger } from "./trigger";
export { currentUpdateInfo, type UpdateInfo } from "./update-scope";
export { defineWorkflowOptions, setWorkflowOptions } from "./workflow-options";
