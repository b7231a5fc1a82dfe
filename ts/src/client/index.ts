/** The client: connections to a Temporal server, and what can be done with workflows through them. */

export type { DataConverter, LoadedDataConverter } from "../common/converter/data-converter";
export { defaultPayloadConverter } from "../common/converter/payload-converter";
export * from "../common/errors";
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  type ProtoFailure,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
} from "../common/failure";
export * from "../common/interfaces";
export type { RetryPolicy } from "../common/retry-policy";
export * from "../common/workflow-handle";
export * from "./activity/activity-client";
export type * from "./activity/activity-options";
export * from "./activity/activity-types";
export * from "./activity/async-completion-client";
export type { BaseClientOptions, LoadedWithDefaults, WithDefaults } from "./base-client";
export * from "./client";
export { LOCAL_TARGET } from "./connection/address";
export { Connection } from "./connection/connection";
export type { RpcCall, RpcInterceptor } from "./connection/connection-interceptors";
export type {
  ConnectionOptions,
  ConnectionOptionsWithDefaults,
  ConnectionPlugin,
  DNSLoadBalancingConfig,
  GrpcCompression,
  GrpcCompressionConfig,
  KeepAliveOptions,
  PayloadLimitsConfig,
  RpcRetryOptions,
} from "./connection/connection-options";
export type { ProxyConfig } from "./connection/connection-proxy";
export { GrpcErrorMetadata, GrpcServiceError, GrpcStatus } from "./connection/grpc-error";
export * from "./connection/grpc-retry";
export type { TLSConfig } from "./connection/tls";
export * from "./errors";
export * from "./interceptors";
export * from "./nexus/nexus-client";
export * from "./nexus/nexus-types";
export * from "./schedule/schedule-client";
export * from "./schedule/schedule-types";
export type {
  AddNewCompatibleVersion,
  AddNewIdInNewDefaultSet,
  BuildIdOperation,
  BuildIdVersionSet,
  MergeSets,
  PromoteBuildIdWithinSet,
  PromoteSetByBuildId,
  WorkerBuildIdVersionSets,
} from "./task-queue/build-id-types";
export * from "./task-queue/task-queue-client";
export * from "./types";
export * from "./workflow/workflow-client";
export type {
  GetWorkflowHandleOptions,
  GetWorkflowUpdateHandleOptions,
  WorkflowHandle,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowHandleWithSignaledRunId,
  WorkflowHandleWithStartDetails,
  WorkflowUpdateHandle,
} from "./workflow/workflow-handle";
export * from "./workflow/workflow-options";
export type { WorkflowResultOptions } from "./workflow/workflow-result";
export { WorkflowUpdateStage } from "./workflow/workflow-update-stage";
