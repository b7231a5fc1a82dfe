/** The client: connections to a Temporal server, and what can be done with workflows through them. */

export { type DataConverter, type LoadedDataConverter } from "../common/converter/data-converter";
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
export { LOCAL_TARGET } from "./address";
export * from "./activity-client";
export type * from "./activity-options";
export * from "./activity-types";
export * from "./async-completion-client";
export type { BaseClientOptions, LoadedWithDefaults, WithDefaults } from "./base-client";
export type {
  AddNewCompatibleVersion,
  AddNewIdInNewDefaultSet,
  BuildIdOperation,
  BuildIdVersionSet,
  MergeSets,
  PromoteBuildIdWithinSet,
  PromoteSetByBuildId,
  WorkerBuildIdVersionSets,
} from "./build-id-types";
export * from "./client";
export { Connection } from "./connection";
export type { RpcCall, RpcInterceptor } from "./connection-interceptors";
export type { ProxyConfig } from "./connection-proxy";
export type {
  ConnectionOptions,
  ConnectionOptionsWithDefaults,
  ConnectionPlugin,
  DNSLoadBalancingConfig,
  GrpcCompression,
  GrpcCompressionConfig,
  PayloadLimitsConfig,
  KeepAliveOptions,
  RpcRetryOptions,
} from "./connection-options";
export * from "./errors";
export { GrpcErrorMetadata, GrpcServiceError, GrpcStatus } from "./grpc-error";
export * from "./grpc-retry";
export * from "./interceptors";
export * from "./nexus-client";
export * from "./nexus-types";
export * from "./schedule-client";
export * from "./schedule-types";
export * from "./task-queue-client";
export type { TLSConfig } from "./tls";
export * from "./types";
export * from "./workflow-client";
export type {
  GetWorkflowHandleOptions,
  GetWorkflowUpdateHandleOptions,
  WorkflowHandle,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowHandleWithSignaledRunId,
  WorkflowHandleWithStartDetails,
  WorkflowUpdateHandle,
} from "./workflow-handle";
export * from "./workflow-options";
export type { WorkflowResultOptions } from "./workflow-result";
export { WorkflowUpdateStage } from "./workflow-update-stage";
