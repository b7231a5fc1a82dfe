/**
 * The border to the native side: the only folder that imports bun:ffi. Nothing that leaves it is a
 * pointer; handles are plain numbers that the native side checks on every call.
 */

export { NativeClient, Service, type NativeMetadata, type RpcCallOptions } from "./client";
export { EchoThread, echoClock } from "./echo";
export { useLibrary } from "./library";
export { type LibraryLocation, locateLibrary } from "./locate";
export { NativeError, nativeStatuses, type NativeErrorFields, type NativeStatus } from "./error";
export { encodeMetricAttributes, NativeMetric } from "./metric";
export { currentQueue, EventKind, freeQueueOfEndedThread, NativeQueue, type NativeEvent } from "./queue";
export { NativeResourceController } from "./resource-controller";
export { NativeRuntime, type NativeLogRecord } from "./runtime";
export {
  NativeWorker,
  NativeWorkflowThread,
  type SlotSupplierHandlers,
  type TaskKind,
  type WorkerStartOptions,
  type WorkflowThreadOptions,
} from "./worker";
export type * from "./options.generated";
