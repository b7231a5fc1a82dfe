/* temporal_bun_core: Temporal's Core for any host language.
 *
 * Generated from rust-core/src by cbindgen, with `make generate`. Do not edit; a test fails when it drifts.
 *
 * CALLS. Every function returns a TemporalCoreStatus and writes results through out-pointers, only when it returns OK.
 * No function blocks, except temporal_core_queue_wait and, for a moment, temporal_core_runtime_new. Every function may
 * be called from any thread and from several at once, unless its description says otherwise. A panic inside is caught
 * and is the status PANIC. No function of the host is ever called: there are no callbacks.
 *
 * HANDLES. Objects are numbers below 2^53, checked on every call. 0, a freed handle, a handle of another kind or an
 * invented one is INVALID_HANDLE, so freeing twice, or in any order, is harmless. A handle that was freed is not given
 * out again. Freeing an object ends the host's access; operations that were started keep what they need until they end.
 *
 * BYTES AND TEXT are passed as (const uint8_t *data, size_t length), text in UTF-8 without a terminating NUL. NULL with
 * length 0 is empty; NULL with another length is INVALID_ARGUMENT. What is passed is copied before the call returns.
 *
 * OPTIONS are one JSON document per call, in camelCase, with durations as whole milliseconds in fields that end in Ms
 * and bytes as base64. A field that is unknown or of the wrong type is INVALID_OPTIONS; the message names its path. The
 * types are described in docs/OPTIONS.md. MESSAGES are Temporal's own protobuf messages, encoded.
 *
 * ERRORS. The parameter out_error, where there is one, may be NULL. It receives 0 when the call returns OK, and
 * otherwise bytes that the host frees, a JSON document in UTF-8:
 *   {"status":"RPC_FAILED","code":9,"message":"...","grpcCode":5,
 *    "details":"<base64 google.rpc.Status>","retryable":false}
 * grpcCode and details are null when no server answered. retryable says whether the same call may succeed later.
 * A failed event has the same document as its data.
 *
 * ASYNCHRONOUS calls name a queue and a token. They return OK when the work has been started; its outcome is one event
 * with that token on that queue. When they return another status nothing was started and no event comes. The thread
 * that made the call cannot see the event before the call has returned; another thread that drains the queue may.
 *
 * OUT-POINTERS need not be aligned, except the events of temporal_core_queue_drain. They are written during the call
 * only.
 */

#ifndef TEMPORAL_BUN_CORE_H
#define TEMPORAL_BUN_CORE_H

#include <stddef.h>
#include <stdint.h>

/* The version of this surface. It changes when a host that was compiled against an older header can no longer work. */
#define TEMPORAL_CORE_ABI_VERSION 1

/**
 * What a call came to. Every function returns one; an event of a failed operation carries one.
 */
enum TemporalCoreStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The call did what it says.
   */
  TEMPORAL_CORE_STATUS_OK = 0,
  /**
   * An argument is unusable: NULL where something is needed, text that is not UTF-8, bytes that are not the protobuf
   * message asked for.
   */
  TEMPORAL_CORE_STATUS_INVALID_ARGUMENT = 1,
  /**
   * The handle is 0, was freed, is of another kind or was never given out by this library.
   */
  TEMPORAL_CORE_STATUS_INVALID_HANDLE = 2,
  /**
   * The options document is not JSON, has an unknown field or an unusable value; the message names the path.
   */
  TEMPORAL_CORE_STATUS_INVALID_OPTIONS = 3,
  /**
   * The object was shut down or its queue was freed, so the call can no longer do anything.
   */
  TEMPORAL_CORE_STATUS_CLOSED = 4,
  /**
   * The object is in use in a way that excludes this call.
   */
  TEMPORAL_CORE_STATUS_BUSY = 5,
  /**
   * The time allowed passed first.
   */
  TEMPORAL_CORE_STATUS_TIMED_OUT = 6,
  /**
   * The call was cancelled by the host.
   */
  TEMPORAL_CORE_STATUS_CANCELLED = 7,
  /**
   * The server could not be reached, or it refused the connection.
   */
  TEMPORAL_CORE_STATUS_CONNECTION_FAILED = 8,
  /**
   * The server answered with a gRPC error; the error document has its code and details.
   */
  TEMPORAL_CORE_STATUS_RPC_FAILED = 9,
  /**
   * The worker cannot go on: validation, polling or a completion failed.
   */
  TEMPORAL_CORE_STATUS_WORKER_FAILED = 10,
  /**
   * Something failed that is neither the host's nor the server's doing.
   */
  TEMPORAL_CORE_STATUS_INTERNAL = 11,
  /**
   * A defect in this library was caught at its border. The object involved should be freed.
   */
  TEMPORAL_CORE_STATUS_PANIC = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum TemporalCoreStatus TemporalCoreStatus;
#else
typedef int32_t TemporalCoreStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event is about. A host should ignore kinds that it does not know.
 */
enum TemporalCoreEventKind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Posted by the host itself with `temporal_core_queue_post`.
   */
  TEMPORAL_CORE_EVENT_KIND_HOST = 1,
  /**
   * A connection attempt ended; `object` is the client when the status is OK.
   */
  TEMPORAL_CORE_EVENT_KIND_CLIENT_CONNECTED = 2,
  /**
   * An RPC ended; the data is the encoded response message.
   */
  TEMPORAL_CORE_EVENT_KIND_RPC_RESPONSE = 3,
  /**
   * The validation of a worker ended; the data is an encoded `coresdk.NamespaceInfo`.
   */
  TEMPORAL_CORE_EVENT_KIND_WORKER_VALIDATED = 4,
  /**
   * The data is an encoded `coresdk.workflow_activation.WorkflowActivation`.
   */
  TEMPORAL_CORE_EVENT_KIND_WORKFLOW_ACTIVATION = 5,
  /**
   * The data is an encoded `coresdk.activity_task.ActivityTask`.
   */
  TEMPORAL_CORE_EVENT_KIND_ACTIVITY_TASK = 6,
  /**
   * The data is an encoded `coresdk.nexus.NexusTask`.
   */
  TEMPORAL_CORE_EVENT_KIND_NEXUS_TASK = 7,
  /**
   * No more tasks of one kind will come. With status OK the data is one byte: 5 (workflow activations), 6 (activity
   * tasks) or 7 (Nexus tasks). Another status is a fatal poll error; its document has that number as `taskKind`.
   */
  TEMPORAL_CORE_EVENT_KIND_POLLER_STOPPED = 8,
  /**
   * A completion of a task has been dealt with.
   */
  TEMPORAL_CORE_EVENT_KIND_COMPLETION = 9,
  /**
   * The worker has been shut down completely.
   */
  TEMPORAL_CORE_EVENT_KIND_WORKER_FINALIZED = 10,
  /**
   * The data is a JSON document: `{level,target,message,timestampMs,fields}`.
   */
  TEMPORAL_CORE_EVENT_KIND_LOG = 11,
  /**
   * Core wants a slot of a host-supplied kind; to be answered with `temporal_core_worker_grant_slot` when there is
   * one. The data of this and the next three is a JSON document: `{reservation,slotKind,request?,task?}`.
   */
  TEMPORAL_CORE_EVENT_KIND_SLOT_RESERVE = 12,
  /**
   * Core no longer waits for a slot that was not granted.
   */
  TEMPORAL_CORE_EVENT_KIND_SLOT_CANCELLED = 13,
  /**
   * A task has come for a slot.
   */
  TEMPORAL_CORE_EVENT_KIND_SLOT_USED = 14,
  /**
   * A slot is the host's again: its task is done, or Core had no use for it.
   */
  TEMPORAL_CORE_EVENT_KIND_SLOT_RELEASED = 15,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum TemporalCoreEventKind TemporalCoreEventKind;
#else
typedef uint32_t TemporalCoreEventKind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The gRPC services of a Temporal server.
 */
enum TemporalCoreService
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * `temporal.api.workflowservice.v1.WorkflowService`
   */
  TEMPORAL_CORE_SERVICE_WORKFLOW = 1,
  /**
   * `temporal.api.operatorservice.v1.OperatorService`
   */
  TEMPORAL_CORE_SERVICE_OPERATOR = 2,
  /**
   * `temporal.api.cloud.cloudservice.v1.CloudService`
   */
  TEMPORAL_CORE_SERVICE_CLOUD = 3,
  /**
   * `temporal.api.testservice.v1.TestService`
   */
  TEMPORAL_CORE_SERVICE_TEST = 4,
  /**
   * `grpc.health.v1.Health`
   */
  TEMPORAL_CORE_SERVICE_HEALTH = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum TemporalCoreService TemporalCoreService;
#else
typedef uint32_t TemporalCoreService;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a library is. The strings are in static memory, NUL-terminated, and are never to be freed.
 */
typedef struct TemporalCoreAbi {
  /**
   * Set by the host before the call: sizeof(TemporalCoreAbi) of its header.
   */
  uint32_t size;
  /**
   * TEMPORAL_CORE_ABI_VERSION of the header that the library was compiled with.
   */
  uint32_t abi_version;
  /**
   * The 64-bit FNV-1a hash of the text of that header.
   */
  uint64_t header_hash;
  /**
   * The version of this library.
   */
  const char *package_version;
  /**
   * The version of the crate temporalio-sdk-core inside.
   */
  const char *core_version;
} TemporalCoreAbi;

/**
 * An object of this library, as hosts hold it: a number below 2^53 that is looked up on every call.
 * 0 is never valid and may be used for "none".
 */
typedef uint64_t TemporalCoreHandle;

/**
 * Bytes owned by the host; see `temporal_core_bytes_read`.
 */
typedef TemporalCoreHandle TemporalCoreBytes;

/**
 * A switch that cancels the calls it was given to; see `temporal_core_cancellation_new`.
 */
typedef TemporalCoreHandle TemporalCoreCancellation;

/**
 * A Core runtime; see `temporal_core_runtime_new`.
 */
typedef TemporalCoreHandle TemporalCoreRuntime;

/**
 * A completion queue; see `temporal_core_queue_new`.
 */
typedef TemporalCoreHandle TemporalCoreQueue;

/**
 * A connection to a server; see `temporal_core_client_connect`.
 */
typedef TemporalCoreHandle TemporalCoreClient;

/**
 * A metric of the host's own; see `temporal_core_metric_new`.
 */
typedef TemporalCoreHandle TemporalCoreMetricHandle;

/**
 * An event as `temporal_core_queue_drain` writes it.
 */
typedef struct TemporalCoreEvent {
  /**
   * The number that the host gave when it started the operation.
   */
  uint64_t token;
  /**
   * A `TemporalCoreEventKind`.
   */
  uint32_t kind;
  /**
   * A `TemporalCoreStatus`, or for a HOST event whatever the host posted. When it is not 0, `data`
   * is an error document (not so for HOST events).
   */
  int32_t status;
  /**
   * The bytes of the event. Valid until the next drain or the free of this queue, unless the event is
   * taken (`temporal_core_queue_take`): then until those bytes are freed. Not to be read when `length` is 0.
   */
  const uint8_t *data;
  /**
   * The number of bytes at `data`.
   */
  size_t length;
  /**
   * The handle of an object that the event delivers, to be freed by the host; otherwise 0.
   */
  TemporalCoreHandle object;
} TemporalCoreEvent;

/**
 * A worker or a replay worker; see `temporal_core_worker_new`.
 */
typedef TemporalCoreHandle TemporalCoreWorker;

/**
 * A controller of resource-based slots; see `temporal_core_resource_controller_new`.
 */
typedef TemporalCoreHandle TemporalCoreResourceControllerHandle;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Says which version of this surface the library has. To be called before anything else: unless `abi_version` is
 * TEMPORAL_CORE_ABI_VERSION of the host's own header, no other function may be called.
 *
 * INVALID_ARGUMENT when `out` is NULL or its `size` is too small for the fields of this version.
 */
TemporalCoreStatus temporal_core_abi(struct TemporalCoreAbi *out);

/**
 * Where the bytes of a handle are.
 *
 * `out_data` receives a pointer that stays valid and unchanged until `temporal_core_bytes_free` of
 * this handle; it is not NULL even when the length is 0, but must not be read then. Any thread may
 * call this; no thread may use the pointer once another has freed the handle.
 *
 * INVALID_ARGUMENT when an out-pointer is NULL, INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_bytes_read(TemporalCoreBytes bytes, const uint8_t **out_data, size_t *out_length);

/**
 * Frees bytes. Pointers that `temporal_core_bytes_read` gave for them are dangling from now on.
 *
 * Any thread may call this. INVALID_HANDLE when the handle is stale, so freeing twice is harmless.
 */
TemporalCoreStatus temporal_core_bytes_free(TemporalCoreBytes bytes);

/**
 * Makes a cancellation, which any number of calls may be given.
 *
 * Any thread may call this. INVALID_ARGUMENT when `out` is NULL.
 */
TemporalCoreStatus temporal_core_cancellation_new(TemporalCoreCancellation *out);

/**
 * Cancels all calls that were given this cancellation, and those that will be. Their events come
 * with status CANCELLED, unless they were answered first. Cancelling twice is harmless.
 *
 * Any thread may call this. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_cancellation_cancel(TemporalCoreCancellation cancellation);

/**
 * Gives up a cancellation without cancelling: calls that have it go on and can no longer be cancelled.
 *
 * Any thread may call this. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_cancellation_free(TemporalCoreCancellation cancellation);

/**
 * Connects to a server. The outcome is a CLIENT_CONNECTED event with `token` on `queue`, whose
 * `object` is the client (to be freed with `temporal_core_client_free`), or an error document.
 *
 * `options` is a JSON document (ClientOptions), read before this returns. The attempt is over within
 * its `connectTimeoutMs`. CONNECTION_FAILED names the address and what went wrong.
 *
 * Any thread may call this. At once: INVALID_OPTIONS (the message names the path), INVALID_HANDLE.
 */
TemporalCoreStatus temporal_core_client_connect(TemporalCoreRuntime runtime,
                                                TemporalCoreQueue queue,
                                                uint64_t token,
                                                const uint8_t *options,
                                                size_t options_length,
                                                TemporalCoreBytes *out_error);

/**
 * Changes the metadata that a client sends with every call from now on.
 *
 * `options` is a JSON document (MetadataOptions); a part of it that is absent leaves what is sent.
 * The client's workers send the new metadata too.
 *
 * Any thread may call this. INVALID_OPTIONS names the path of what cannot be sent, and nothing is
 * changed then.
 */
TemporalCoreStatus temporal_core_client_update_metadata(TemporalCoreClient client,
                                                        const uint8_t *options,
                                                        size_t options_length,
                                                        TemporalCoreBytes *out_error);

/**
 * Changes the API key that a client sends from now on; length 0 sends none. A key does not turn TLS
 * on here: that is settled when the client connects.
 *
 * Any thread may call this. INVALID_ARGUMENT when the key cannot be sent as a header.
 */
TemporalCoreStatus temporal_core_client_update_api_key(TemporalCoreClient client,
                                                       const uint8_t *key,
                                                       size_t key_length,
                                                       TemporalCoreBytes *out_error);

/**
 * Gives up a client. Calls under way are answered all the same, and workers made from it go on; the
 * connection is closed when the last of them is done.
 *
 * Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_client_free(TemporalCoreClient client);

/**
 * Makes a metric of the host's own, which the runtime exports with the others under the name that is given: the prefix
 * and `service_name` of Core's own metrics are not added, global tags are. The result goes to `out`.
 *
 * `options` is a JSON document (MetricOptions). It is copied. When the runtime exports no metrics, values go nowhere.
 *
 * Any thread may call this. INVALID_OPTIONS names the path of what is wrong.
 */
TemporalCoreStatus temporal_core_metric_new(TemporalCoreRuntime runtime,
                                            const uint8_t *options,
                                            size_t options_length,
                                            TemporalCoreMetricHandle *out,
                                            TemporalCoreBytes *out_error);

/**
 * Records a value of a metric: counters add it, histograms count it, gauges keep it.
 *
 * `attributes` is a JSON object of texts, numbers and booleans, or empty for none; it is copied. Exporters expect
 * every value of a metric to have attributes of the same names.
 *
 * Any thread may call this. INVALID_ARGUMENT when the metric does not take the value: whole numbers up to 2^53, from 0
 * unless it is an up-down counter; INVALID_OPTIONS when an attribute is of another type.
 */
TemporalCoreStatus temporal_core_metric_record(TemporalCoreMetricHandle metric,
                                               double value,
                                               const uint8_t *attributes,
                                               size_t attributes_length,
                                               TemporalCoreBytes *out_error);

/**
 * Gives up a metric. What was recorded is exported all the same.
 *
 * Any thread may call this. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_metric_free(TemporalCoreMetricHandle metric);

/**
 * Makes a queue. Use one for each thread of the host that wants events.
 *
 * `out_descriptor` receives the readable end of a non-blocking socket pair, which the host owns and
 * closes: one byte arrives whenever the queue goes from empty to non-empty while no thread is blocked
 * in `temporal_core_queue_wait`, and end of file when the queue is freed. Read what is there, then drain
 * until a drain returns fewer events than its capacity. A byte may come when its events have been drained
 * already.
 * Pass NULL to have no descriptor and use `temporal_core_queue_wait` alone.
 *
 * Any thread may call this. INTERNAL when the operating system has no more descriptors.
 */
TemporalCoreStatus temporal_core_queue_new(TemporalCoreQueue *out, int32_t *out_descriptor);

/**
 * Copies up to `capacity` waiting events, oldest first, to the array at `events`.
 *
 * `event_size` is sizeof(TemporalCoreEvent) of the header that the host was compiled with and the stride of the array.
 * `out_count` receives the number of events, 0 when there is none; the call never blocks. The data of the
 * previous batch is freed; that of this batch is valid until the next drain or the free of this queue.
 * Objects that events deliver belong to the host from now on.
 *
 * One thread at a time should drain a queue: another thread's drain frees this batch.
 * INVALID_ARGUMENT when `event_size` is too small or not a multiple of 8, or the array is NULL or not 8-aligned.
 */
TemporalCoreStatus temporal_core_queue_drain(TemporalCoreQueue queue,
                                             struct TemporalCoreEvent *events,
                                             size_t event_size,
                                             size_t capacity,
                                             size_t *out_count);

/**
 * Takes over the data of event number `index` (from 0) of the last batch.
 *
 * The pointer that the drain gave for it stays valid, now until `temporal_core_bytes_free(*out)`, even
 * when the queue is freed before. For the thread that drains. INVALID_ARGUMENT when there is no such
 * event in the last batch or it was taken before.
 */
TemporalCoreStatus temporal_core_queue_take(TemporalCoreQueue queue, size_t index, TemporalCoreBytes *out);

/**
 * Blocks until an event waits (OK), `timeout_ms` milliseconds have passed (TIMED_OUT) or another
 * thread frees the queue (CLOSED). With 0 it only looks.
 *
 * An event that ends the wait of a blocked thread writes no byte to the descriptor: after OK, drain.
 */
TemporalCoreStatus temporal_core_queue_wait(TemporalCoreQueue queue, uint32_t timeout_ms);

/**
 * Posts an event of the host's own, of kind HOST, to a queue: a way to wake another thread.
 *
 * Any thread may call this. `data` is copied before the call returns. CLOSED when another thread frees
 * the queue meanwhile.
 */
TemporalCoreStatus temporal_core_queue_post(TemporalCoreQueue queue,
                                            uint64_t token,
                                            int32_t status,
                                            const uint8_t *data,
                                            size_t length);

/**
 * Frees a queue. Events that were not drained are dropped, data of the last batch is freed, a thread
 * blocked in `temporal_core_queue_wait` returns CLOSED, and operations that would still post here end unheard.
 * Tasks that were not drained are answered in the host's place; see `temporal_core_worker_start`.
 *
 * Any thread may call this, except while another uses the data of a batch. The descriptor stays the
 * host's to close. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_queue_free(TemporalCoreQueue queue);

/**
 * Makes a worker that replays histories. It needs no server and no client; it is started, completed, shut down
 * and freed like any other, and has workflow tasks only.
 *
 * Histories are replayed one after the other, each to its end, and then evicted: the activation with the
 * remove_from_cache job says by its reason how it went. NONDETERMINISM means that the workflow's commands do
 * not fit the history; the failure of a completion means that the code failed.
 *
 * `options` is a JSON document (ReplayOptions; empty bytes mean all defaults), read before this returns.
 *
 * Any thread may call this. INVALID_OPTIONS names the path.
 */
TemporalCoreStatus temporal_core_replay_worker_new(TemporalCoreRuntime runtime,
                                                   const uint8_t *options,
                                                   size_t options_length,
                                                   TemporalCoreWorker *out,
                                                   TemporalCoreBytes *out_error);

/**
 * Gives a replay worker a history: an encoded temporal.api.history.v1.History, from its first event on. It is
 * copied; any number may wait their turn.
 *
 * Any thread may call this, and race with the shutdown or the free of the worker. INVALID_ARGUMENT when the
 * bytes are not a history or not a whole one, or the worker is not one for replay; CLOSED when histories were
 * finished or the worker was shut down.
 */
TemporalCoreStatus temporal_core_replay_push(TemporalCoreWorker worker,
                                             const uint8_t *workflow_id,
                                             size_t workflow_id_length,
                                             const uint8_t *history,
                                             size_t history_length,
                                             TemporalCoreBytes *out_error);

/**
 * Says that no more histories come: when the last has been replayed, the worker shuts itself down, and
 * POLLER_STOPPED comes. Finishing twice is harmless.
 *
 * Any thread may call this. INVALID_ARGUMENT when the worker is not one for replay.
 */
TemporalCoreStatus temporal_core_replay_finish(TemporalCoreWorker worker);

/**
 * Makes a controller that workers with resource-based slots share, by its handle in `tuner.resourceController` of
 * their options: there is then one measurement of the machine's load, and one target, for all of them. The result goes
 * to `out`.
 *
 * `options` is a JSON document (ResourceTargets). It is copied.
 *
 * Any thread may call this. INVALID_OPTIONS names the path of what is wrong.
 */
TemporalCoreStatus temporal_core_resource_controller_new(const uint8_t *options,
                                                         size_t options_length,
                                                         TemporalCoreResourceControllerHandle *out,
                                                         TemporalCoreBytes *out_error);

/**
 * Gives up a controller. Workers that use it keep it alive.
 *
 * Any thread may call this. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_resource_controller_free(TemporalCoreResourceControllerHandle controller);

/**
 * Calls an RPC of the server. Its outcome is an RPC_RESPONSE event with `token` on `queue`: the data is
 * the encoded response message, or an error document.
 *
 * `service` is a TemporalCoreService. `rpc` is the name in the `.proto` file, such as
 * `StartWorkflowExecution`; streaming RPCs are not offered. `request` is the encoded request message; it
 * is decoded before this returns. `options` is a JSON document (RpcOptions), or empty for defaults.
 * `cancellation` is a cancellation handle or 0. Everything is copied.
 *
 * A gRPC error makes status RPC_FAILED with the code in `grpcCode` and the encoded google.rpc.Status in
 * `details`; so does a deadline that passed (code 4). Cancelling makes CANCELLED (code 1); the server
 * may or may not have acted then. A workflow started with `request_eager_execution` gets its first task
 * straight to a worker of this client, when one has a free slot.
 *
 * Any thread may call this. At once: INVALID_ARGUMENT when the service or the RPC is unknown (the
 * message has the nearest name) or the request cannot be decoded, INVALID_OPTIONS, INVALID_HANDLE.
 */
TemporalCoreStatus temporal_core_client_rpc(TemporalCoreClient client,
                                            TemporalCoreQueue queue,
                                            uint64_t token,
                                            uint32_t service,
                                            const uint8_t *rpc,
                                            size_t rpc_length,
                                            const uint8_t *request,
                                            size_t request_length,
                                            const uint8_t *options,
                                            size_t options_length,
                                            TemporalCoreCancellation cancellation,
                                            TemporalCoreBytes *out_error);

/**
 * Makes a runtime from a JSON options document (RuntimeOptions; empty bytes mean all defaults).
 *
 * A runtime owns threads of its own, on which everything asynchronous happens. One per process is
 * usual; more are independent of each other. `options` is copied. The result goes to `out`.
 *
 * Any thread may call this. INVALID_OPTIONS when the document is wrong (the message names the path),
 * INTERNAL when the metrics endpoint cannot be opened or threads cannot be made.
 */
TemporalCoreStatus temporal_core_runtime_new(const uint8_t *options,
                                             size_t options_length,
                                             TemporalCoreRuntime *out,
                                             TemporalCoreBytes *out_error);

/**
 * Sends the log records of a runtime whose logging option is `forward` to a queue, as LOG events with
 * this token: first those kept since the start (at most 2,048, the newest), then each as it happens.
 *
 * Calling it again moves the records to another queue; when that queue is freed they are kept again.
 * Any thread may call this. INVALID_ARGUMENT when the runtime's logging option is not `forward`.
 */
TemporalCoreStatus temporal_core_runtime_forward_logs(TemporalCoreRuntime runtime,
                                                      TemporalCoreQueue queue,
                                                      uint64_t token,
                                                      TemporalCoreBytes *out_error);

/**
 * Fetches the values of metrics that came since the last call, when the runtime's metrics exporter is `buffer`. The
 * result goes to `out`: bytes that the host frees, a JSON document (BufferedMetrics).
 *
 * Any thread may call this. INVALID_ARGUMENT when metrics go elsewhere or nowhere.
 */
TemporalCoreStatus temporal_core_runtime_take_metrics(TemporalCoreRuntime runtime,
                                                      TemporalCoreBytes *out,
                                                      TemporalCoreBytes *out_error);

/**
 * Gives up a runtime. Clients, workers and operations that use it keep it alive until they are done;
 * then its threads end.
 *
 * Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_runtime_free(TemporalCoreRuntime runtime);

/**
 * Makes a worker. It does nothing until `temporal_core_worker_start`.
 *
 * `options` is a JSON document (WorkerOptions), read before this returns. The worker keeps what it
 * needs of the client, whose handle may be freed. The result goes to `out`.
 *
 * Any thread may call this. INVALID_OPTIONS names the path; WORKER_FAILED when the client has a worker
 * for the same namespace, task queue and kinds of tasks already.
 */
TemporalCoreStatus temporal_core_worker_new(TemporalCoreClient client,
                                            const uint8_t *options,
                                            size_t options_length,
                                            TemporalCoreWorker *out,
                                            TemporalCoreBytes *out_error);

/**
 * Asks the server whether the worker's namespace is there and learns its limits and capabilities. A worker
 * should be validated before it is started. The outcome is a WORKER_VALIDATED event with `token` on
 * `queue`; its data is an encoded coresdk.NamespaceInfo.
 *
 * The event has status WORKER_FAILED, with the gRPC code, when the namespace cannot be described.
 *
 * Any thread may call this. CLOSED after the worker was finalised.
 */
TemporalCoreStatus temporal_core_worker_validate(TemporalCoreWorker worker,
                                                 TemporalCoreQueue queue,
                                                 uint64_t token,
                                                 TemporalCoreBytes *out_error);

/**
 * Starts the worker: from now on the server is polled, and each task is an event with `token`.
 *
 * WORKFLOW_ACTIVATION events (an encoded coresdk.workflow_activation.WorkflowActivation) go to one of the
 * `workflow_queue_count` queues at `workflow_queues`: to number (FNV-1a 64 of the run id's bytes) modulo
 * the count, so that all activations of a run come to one place. ACTIVITY_TASK events
 * (coresdk.activity_task.ActivityTask) go to `activity_queue`, NEXUS_TASK events (coresdk.nexus.NexusTask)
 * to `nexus_queue`. A queue whose kind of task the worker does not have may be 0. The array is copied.
 *
 * Every activation, every activity start and every Nexus task is to be completed once. Slots (see the
 * worker's `tuner`) bound how many are with the host, so a slow host is never flooded. When no more tasks
 * of a kind will come, each of its queues gets POLLER_STOPPED; its status is WORKER_FAILED when polling
 * failed for good, and then the error document has the kind's number as `taskKind`. A task for a queue that was
 * freed, before or after the task came, is answered in the host's place, as failed, and the worker shuts down.
 *
 * Any thread may call this, once. BUSY when the worker was started before, CLOSED when it is shut down.
 */
TemporalCoreStatus temporal_core_worker_start(TemporalCoreWorker worker,
                                              const TemporalCoreQueue *workflow_queues,
                                              size_t workflow_queue_count,
                                              TemporalCoreQueue activity_queue,
                                              TemporalCoreQueue nexus_queue,
                                              uint64_t token,
                                              TemporalCoreBytes *out_error);

/**
 * Completes an activation. `data` is an encoded coresdk.workflow_completion.WorkflowActivationCompletion; it is
 * copied before this returns, and decoded and acted on elsewhere.
 *
 * The outcome is a COMPLETION event with `token` on `queue`. With `token` 0 there is one only when it failed, and that
 * has the token that the worker was started with. It failed with INVALID_ARGUMENT when the data is not such a message,
 * Core cannot use it, or no activation of its run is open.
 *
 * A task whose completion cannot be used is still to be completed. With `token` 0, where nobody waits for the outcome,
 * it is failed instead, with what is wrong, as far as the data tells which task it is of. The error document then has
 * it as `failedTask`: its `kind` (5, 6 or 7) with the `runId` and the names of the `commands`, or with the `taskToken`
 * (base64).
 *
 * Any thread may call this. CLOSED after the worker was finalised.
 */
TemporalCoreStatus temporal_core_worker_complete_workflow_activation(TemporalCoreWorker worker,
                                                                     TemporalCoreQueue queue,
                                                                     uint64_t token,
                                                                     const uint8_t *data,
                                                                     size_t length,
                                                                     TemporalCoreBytes *out_error);

/**
 * Completes an activity. `data` is an encoded coresdk.ActivityTaskCompletion. For the rest, as
 * `temporal_core_worker_complete_workflow_activation`.
 */
TemporalCoreStatus temporal_core_worker_complete_activity_task(TemporalCoreWorker worker,
                                                               TemporalCoreQueue queue,
                                                               uint64_t token,
                                                               const uint8_t *data,
                                                               size_t length,
                                                               TemporalCoreBytes *out_error);

/**
 * Completes a Nexus task. `data` is an encoded coresdk.nexus.NexusTaskCompletion. For the rest, as
 * `temporal_core_worker_complete_workflow_activation`.
 */
TemporalCoreStatus temporal_core_worker_complete_nexus_task(TemporalCoreWorker worker,
                                                            TemporalCoreQueue queue,
                                                            uint64_t token,
                                                            const uint8_t *data,
                                                            size_t length,
                                                            TemporalCoreBytes *out_error);

/**
 * Records a heartbeat of an activity. `data` is an encoded coresdk.ActivityHeartbeat, decoded before this
 * returns. Heartbeats are sent at most once per throttle interval, the newest of them; a cancellation that
 * the server answers with comes as an ACTIVITY_TASK event. A heartbeat of an activity that is not open
 * is logged and otherwise ignored.
 *
 * Any thread may call this. INVALID_ARGUMENT when the data is not such a message, CLOSED after the worker
 * was finalised.
 */
TemporalCoreStatus temporal_core_worker_record_activity_heartbeat(TemporalCoreWorker worker,
                                                                  const uint8_t *data,
                                                                  size_t length,
                                                                  TemporalCoreBytes *out_error);

/**
 * Asks for a run to be evicted from the cache: an activation with a remove_from_cache job will come for it,
 * to be completed like any other. Nothing happens when the run is not cached.
 *
 * Any thread may call this. INVALID_ARGUMENT when the worker has no workflows, CLOSED after it was finalised.
 */
TemporalCoreStatus temporal_core_worker_request_workflow_eviction(TemporalCoreWorker worker,
                                                                  const uint8_t *run_id,
                                                                  size_t run_id_length,
                                                                  TemporalCoreBytes *out_error);

/**
 * Makes the worker use another client from now on; polls under way end on the old one. The new client should
 * be of the same runtime.
 *
 * Any thread may call this. WORKER_FAILED when the new client has such a worker already or the worker is
 * shutting down, INVALID_ARGUMENT for a replay worker, CLOSED after the worker was finalised.
 */
TemporalCoreStatus temporal_core_worker_replace_client(TemporalCoreWorker worker,
                                                       TemporalCoreClient client,
                                                       TemporalCoreBytes *out_error);

/**
 * Puts `queue` in the place of the workflow queue number `index` of the array that the worker was started with,
 * because the thread of the host that drained that one has ended, with the runs that it had in memory. Their open
 * tasks are failed with `reason`, the other runs are evicted, and all come to `queue` when the server gives them out
 * again. The queue that was there is closed; its handle is still to be freed, and not before this.
 *
 * Any thread may call this. INVALID_ARGUMENT when the worker was not started with such a queue, CLOSED after it was
 * finalised.
 */
TemporalCoreStatus temporal_core_worker_replace_workflow_queue(TemporalCoreWorker worker,
                                                               uint32_t index,
                                                               TemporalCoreQueue queue,
                                                               const uint8_t *reason,
                                                               size_t reason_length,
                                                               TemporalCoreBytes *out_error);

/**
 * Begins the shutdown: no new tasks are polled for, cached runs are evicted, and after the worker's
 * `gracefulShutdownPeriodMs` open activities are cancelled. Tasks still come, and are to be completed, until
 * POLLER_STOPPED of each kind. Beginning twice is harmless.
 *
 * Any thread may call this; it does not wait. CLOSED after the worker was finalised.
 */
TemporalCoreStatus temporal_core_worker_initiate_shutdown(TemporalCoreWorker worker);

/**
 * Shuts the worker down to the end; begins the shutdown when that was not done. Once all pollers have stopped
 * and all completions have been dealt with, a WORKER_FINALIZED event with `token` comes on `queue`. Until
 * then, tasks come and are to be completed as ever; after it, every use of the worker is CLOSED.
 *
 * Any thread may call this, once. CLOSED when it was called before.
 */
TemporalCoreStatus temporal_core_worker_finalize_shutdown(TemporalCoreWorker worker,
                                                          TemporalCoreQueue queue,
                                                          uint64_t token,
                                                          TemporalCoreBytes *out_error);

/**
 * Sets where the slots of the type `host` come from, before the worker is started: their events go to `queue`
 * with `token`, each with a JSON document (SlotDocument).
 *
 * SLOT_RESERVE asks for a slot, which is granted with `temporal_core_worker_grant_slot` now or later; until then
 * that poll is not made. SLOT_CANCELLED takes the question back. SLOT_USED tells the task that came for a granted
 * slot, and SLOT_RELEASED that the slot is the host's again, whether it was used or not. A worker that caches
 * workflows needs two slots for workflow tasks at least.
 *
 * Any thread may call this, once. BUSY when it was called before, INVALID_ARGUMENT when the worker has no such
 * slots.
 */
TemporalCoreStatus temporal_core_worker_supply_slots(TemporalCoreWorker worker,
                                                     TemporalCoreQueue queue,
                                                     uint64_t token,
                                                     TemporalCoreBytes *out_error);

/**
 * Grants a slot that SLOT_RESERVE asked for, by its `reservation`.
 *
 * Any thread may call this. INVALID_ARGUMENT when no such reservation waits, as when it was cancelled meanwhile;
 * the slot is then the host's still.
 */
TemporalCoreStatus temporal_core_worker_grant_slot(TemporalCoreWorker worker,
                                                   uint64_t reservation,
                                                   TemporalCoreBytes *out_error);

/**
 * Gives up a worker, in any state. One that was not finalised is shut down in the background: open tasks are
 * answered in the host's place, as failed, so that the server gives them to another worker; events may still
 * come to its queues for a while.
 *
 * Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
 */
TemporalCoreStatus temporal_core_worker_free(TemporalCoreWorker worker);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TEMPORAL_BUN_CORE_H */
