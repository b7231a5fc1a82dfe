//! The C functions of workers.

use prost::Message;
use std::sync::Arc;
use temporalio_common::protos::coresdk::{
    ActivityHeartbeat, activity_task::ActivityTask, nexus::NexusTask, workflow_activation::WorkflowActivation,
};
use temporalio_sdk_core::{WorkerValidationError, init_worker};

use super::{Queues, TABLE, Worker, task::Task};
use crate::{
    client,
    error::Error,
    event::EventKind,
    guard::{self, NO_ERROR},
    handle::{BytesHandle, ClientHandle, QueueHandle, WorkerHandle},
    input,
    options::worker::WorkerOptions,
    queue::{self, Queue},
    rpc,
    runtime::Reply,
    status::Status,
};

/// Makes a worker. It does nothing until `temporal_core_worker_start`.
///
/// `options` is a JSON document (WorkerOptions), read before this returns. The worker keeps what it
/// needs of the client, whose handle may be freed. The result goes to `out`.
///
/// Any thread may call this. INVALID_OPTIONS names the path; WORKER_FAILED when the client has a worker
/// for the same namespace, task queue and kinds of tasks already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_new(
    client: ClientHandle,
    options: *const u8,
    options_length: usize,
    out: *mut WorkerHandle,
    out_error: *mut BytesHandle,
) -> Status {
    let make = |options: &[u8]| {
        let client = client::TABLE.get(client)?;
        let (config, slots) = WorkerOptions::parse(options)?;
        let runtime = Arc::clone(&client.runtime);
        let core = runtime
            .within(|| init_worker(&runtime.core, config, client.connection.clone()))
            .map_err(|error| Error::new(Status::WorkerFailed, format!("the worker could not be made: {error:#}")))?;
        Ok(TABLE.insert(Worker::for_server(core, client, slots)))
    };
    // SAFETY: the header asks for writable memory and for readable bytes during the call.
    unsafe { guard::create(options, options_length, out, out_error, make) }
}

/// Asks the server whether the worker's namespace is there and learns its limits and capabilities. A worker
/// should be validated before it is started. The outcome is a WORKER_VALIDATED event with `token` on
/// `queue`; its data is an encoded coresdk.NamespaceInfo.
///
/// The event has status WORKER_FAILED, with the gRPC code, when the namespace cannot be described.
///
/// Any thread may call this. CLOSED after the worker was finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_validate(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        let reply = Reply::new(queue, token, EventKind::WorkerValidated)?;
        let lease = worker.lease()?;
        worker.runtime.spawn_reply(reply.clone(), async move {
            let info = lease.validate().await.map_err(|error| {
                let WorkerValidationError::NamespaceDescribeError { source, namespace } = error;
                let cause = rpc::failed(&source);
                Error {
                    status: Status::WorkerFailed,
                    message: format!(
                        "Namespace {namespace} was not found or otherwise could not be described: {}",
                        cause.message
                    ),
                    ..cause
                }
            })?;
            Ok(reply.ok(info.encode_to_vec()))
        });
        Ok(())
    })
}

fn queues(handles: &[QueueHandle]) -> Result<Vec<Arc<Queue>>, Error> {
    handles.iter().map(|handle| queue::TABLE.get(*handle)).collect()
}

/// The queue for a kind of task: needed when the worker has tasks of it, else ignored.
fn queue_for(enabled: bool, handle: QueueHandle) -> Result<Option<Arc<Queue>>, Error> {
    enabled.then(|| queue::TABLE.get(handle)).transpose()
}

/// Starts the worker: from now on the server is polled, and each task is an event with `token`.
///
/// WORKFLOW_ACTIVATION events (an encoded coresdk.workflow_activation.WorkflowActivation) go to one of the
/// `workflow_queue_count` queues at `workflow_queues`: to number (FNV-1a 64 of the run id's bytes) modulo
/// the count, so that all activations of a run come to one place. ACTIVITY_TASK events
/// (coresdk.activity_task.ActivityTask) go to `activity_queue`, NEXUS_TASK events (coresdk.nexus.NexusTask)
/// to `nexus_queue`. A queue whose kind of task the worker does not have may be 0. The array is copied.
///
/// Every activation, every activity start and every Nexus task is to be completed once. Slots (see the
/// worker's `tuner`) bound how many are with the host, so a slow host is never flooded. When no more tasks
/// of a kind will come, each of its queues gets POLLER_STOPPED; its status is WORKER_FAILED when polling
/// failed for good, and then the error document has the kind's number as `taskKind`. A task for a queue that was
/// freed, before or after the task came, is answered in the host's place, as failed, and the worker shuts down.
///
/// Any thread may call this, once. BUSY when the worker was started before, CLOSED when it is shut down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_start(
    worker: WorkerHandle,
    workflow_queues: *const QueueHandle,
    workflow_queue_count: usize,
    activity_queue: QueueHandle,
    nexus_queue: QueueHandle,
    token: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        let types = worker.task_types;
        let handles = if types.enable_workflows {
            // SAFETY: the header asks for `workflow_queue_count` handles behind the pointer during the call.
            unsafe { input::handles(workflow_queues, workflow_queue_count, "workflow_queues")? }
        } else {
            Vec::new()
        };
        if types.enable_workflows && handles.is_empty() {
            return Err(Error::invalid_argument(
                "workflow_queues is empty, but the worker has workflows",
            ));
        }
        let activities = types.enable_local_activities || types.enable_remote_activities;
        let queues = Queues {
            workflow: queues(&handles)?,
            activity: queue_for(activities, activity_queue)?,
            nexus: queue_for(types.enable_nexus, nexus_queue)?,
        };
        worker.start(queues, token)
    })
}

/// The body of the three completion functions.
///
/// # Safety
/// As for `input::bytes`.
unsafe fn complete<T: Task>(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    data: *const u8,
    length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        let reply = Reply::new(queue, token, EventKind::Completion)?;
        // SAFETY: the caller vouches for the bytes.
        let data = unsafe { input::bytes(data, length, "data")? };
        worker.complete::<T>(reply, data.to_vec())
    })
}

/// Completes an activation. `data` is an encoded coresdk.workflow_completion.WorkflowActivationCompletion; it is
/// copied before this returns, and decoded and acted on elsewhere.
///
/// The outcome is a COMPLETION event with `token` on `queue`. With `token` 0 there is one only when it failed, and that
/// has the token that the worker was started with. It failed with INVALID_ARGUMENT when the data is not such a message,
/// Core cannot use it, or no activation of its run is open.
///
/// A task whose completion cannot be used is still to be completed. With `token` 0, where nobody waits for the outcome,
/// it is failed instead, with what is wrong, as far as the data tells which task it is of. The error document then has
/// it as `failedTask`: its `kind` (5, 6 or 7) with the `runId` and the names of the `commands`, or with the `taskToken`
/// (base64).
///
/// Any thread may call this. CLOSED after the worker was finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_complete_workflow_activation(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    data: *const u8,
    length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    // SAFETY: the header asks for readable bytes during the call.
    unsafe { complete::<WorkflowActivation>(worker, queue, token, data, length, out_error) }
}

/// Completes an activity. `data` is an encoded coresdk.ActivityTaskCompletion. For the rest, as
/// `temporal_core_worker_complete_workflow_activation`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_complete_activity_task(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    data: *const u8,
    length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    // SAFETY: the header asks for readable bytes during the call.
    unsafe { complete::<ActivityTask>(worker, queue, token, data, length, out_error) }
}

/// Completes a Nexus task. `data` is an encoded coresdk.nexus.NexusTaskCompletion. For the rest, as
/// `temporal_core_worker_complete_workflow_activation`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_complete_nexus_task(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    data: *const u8,
    length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    // SAFETY: the header asks for readable bytes during the call.
    unsafe { complete::<NexusTask>(worker, queue, token, data, length, out_error) }
}

/// Records a heartbeat of an activity. `data` is an encoded coresdk.ActivityHeartbeat, decoded before this
/// returns. Heartbeats are sent at most once per throttle interval, the newest of them; a cancellation that
/// the server answers with comes as an ACTIVITY_TASK event. A heartbeat of an activity that is not open
/// is logged and otherwise ignored.
///
/// Any thread may call this. INVALID_ARGUMENT when the data is not such a message, CLOSED after the worker
/// was finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_record_activity_heartbeat(
    worker: WorkerHandle,
    data: *const u8,
    length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        // SAFETY: the header asks for readable bytes during the call.
        let data = unsafe { input::bytes(data, length, "data")? };
        let heartbeat = ActivityHeartbeat::decode(data)
            .map_err(|error| Error::invalid_argument(format!("not an encoded activity heartbeat: {error}")))?;
        let lease = worker.lease()?;
        worker.runtime.within(|| lease.record_activity_heartbeat(heartbeat));
        Ok(())
    })
}

/// Asks for a run to be evicted from the cache: an activation with a remove_from_cache job will come for it,
/// to be completed like any other. Nothing happens when the run is not cached.
///
/// Any thread may call this. INVALID_ARGUMENT when the worker has no workflows, CLOSED after it was finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_request_workflow_eviction(
    worker: WorkerHandle,
    run_id: *const u8,
    run_id_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        // SAFETY: the header asks for readable bytes during the call.
        let run_id = unsafe { input::text(run_id, run_id_length, "run_id")? };
        worker.needs_workflows()?;
        let lease = worker.lease()?;
        worker.runtime.within(|| lease.request_workflow_eviction(run_id));
        Ok(())
    })
}

/// Makes the worker use another client from now on; polls under way end on the old one. The new client should
/// be of the same runtime.
///
/// Any thread may call this. WORKER_FAILED when the new client has such a worker already or the worker is
/// shutting down, INVALID_ARGUMENT for a replay worker, CLOSED after the worker was finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_replace_client(
    worker: WorkerHandle,
    client: ClientHandle,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        worker.replace_client(client::TABLE.get(client)?)
    })
}

/// Puts `queue` in the place of the workflow queue number `index` of the array that the worker was started with,
/// because the thread of the host that drained that one has ended, with the runs that it had in memory. Their open
/// tasks are failed with `reason`, the other runs are evicted, and all come to `queue` when the server gives them out
/// again. The queue that was there is closed; its handle is still to be freed, and not before this.
///
/// Any thread may call this. INVALID_ARGUMENT when the worker was not started with such a queue, CLOSED after it was
/// finalised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_replace_workflow_queue(
    worker: WorkerHandle,
    index: u32,
    queue: QueueHandle,
    reason: *const u8,
    reason_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        // SAFETY: the header asks for readable bytes during the call.
        let reason = unsafe { input::text(reason, reason_length, "reason")? };
        worker.replace_workflow_queue(index as usize, queue::TABLE.get(queue)?, reason)
    })
}

/// Begins the shutdown: no new tasks are polled for, cached runs are evicted, and after the worker's
/// `gracefulShutdownPeriodMs` open activities are cancelled. Tasks still come, and are to be completed, until
/// POLLER_STOPPED of each kind. Beginning twice is harmless.
///
/// Any thread may call this; it does not wait. CLOSED after the worker was finalised.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_worker_initiate_shutdown(worker: WorkerHandle) -> Status {
    guard::with(&TABLE, worker, NO_ERROR, |worker| worker.initiate_shutdown())
}

/// Shuts the worker down to the end; begins the shutdown when that was not done. Once all pollers have stopped
/// and all completions have been dealt with, a WORKER_FINALIZED event with `token` comes on `queue`. Until
/// then, tasks come and are to be completed as ever; after it, every use of the worker is CLOSED.
///
/// Any thread may call this, once. CLOSED when it was called before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_finalize_shutdown(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        let reply = Reply::new(queue, token, EventKind::WorkerFinalized)?;
        let finalize = worker.finalize()?;
        worker.runtime.spawn_reply(reply.clone(), async move {
            finalize.await;
            Ok(reply.ok(Vec::new()))
        });
        Ok(())
    })
}

/// Sets where the slots of the type `host` come from, before the worker is started: their events go to `queue`
/// with `token`, each with a JSON document (SlotDocument).
///
/// SLOT_RESERVE asks for a slot, which is granted with `temporal_core_worker_grant_slot` now or later; until then
/// that poll is not made. SLOT_CANCELLED takes the question back. SLOT_USED tells the task that came for a granted
/// slot, and SLOT_RELEASED that the slot is the host's again, whether it was used or not. A worker that caches
/// workflows needs two slots for workflow tasks at least.
///
/// Any thread may call this, once. BUSY when it was called before, INVALID_ARGUMENT when the worker has no such
/// slots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_supply_slots(
    worker: WorkerHandle,
    queue: QueueHandle,
    token: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| {
        worker.slots()?.connect(queue::TABLE.get(queue)?, token)
    })
}

/// Grants a slot that SLOT_RESERVE asked for, by its `reservation`.
///
/// Any thread may call this. INVALID_ARGUMENT when no such reservation waits, as when it was cancelled meanwhile;
/// the slot is then the host's still.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_worker_grant_slot(
    worker: WorkerHandle,
    reservation: u64,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&TABLE, worker, out_error, |worker| worker.slots()?.grant(reservation))
}

/// Gives up a worker, in any state. One that was not finalised is shut down in the background: open tasks are
/// answered in the host's place, as failed, so that the server gives them to another worker; events may still
/// come to its queues for a while.
///
/// Any thread may call this; it does not wait. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_worker_free(worker: WorkerHandle) -> Status {
    guard::free(&TABLE, worker, |worker| worker.abandon())
}
