/**
 * The border to the native side: the only folder that imports bun:ffi. Nothing that leaves it is a
 * pointer; handles are plain numbers that the native side checks on every call.
 */

export { NativeClient, type NativeMetadata, type RpcCallOptions, Service } from "./client";
export { EchoThread, echoClock } from "./echo";
export { NativeError, type NativeErrorFields, type NativeStatus, nativeStatuses } from "./error";
export { useLibrary } from "./library";
export { type LibraryLocation, locateLibrary } from "./locate";
export { encodeMetricAttributes, NativeMetric } from "./metric";
export type * from "./options.generated";
export { currentQueue, EventKind, freeQueueOfEndedThread, type NativeEvent, NativeQueue } from "./queue";
export { NativeResourceController } from "./resource-controller";
export { type NativeLogRecord, NativeRuntime } from "./runtime";
export {
  type FailedTask,
  NativeWorker,
  NativeWorkflowThread,
  type SlotSupplierHandlers,
  type TaskKind,
  type WorkerStartOptions,
  type WorkflowThreadOptions,
} from "./worker";
