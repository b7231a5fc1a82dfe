//! Replay: a worker that is fed histories instead of tasks of a server.

use futures_util::{Stream, stream};
use parking_lot::Mutex;
use prost::Message;
use std::sync::Arc;
use temporalio_common::protos::temporal::api::history::v1::{History, history_event::Attributes};
use temporalio_sdk_core::{
    init_replay_worker,
    replay::{HistoryForReplay, HistoryInfo, ReplayWorkerInput},
};
use tokio::sync::{
    Semaphore,
    mpsc::{self, UnboundedSender},
};

use crate::{
    error::Error,
    guard::{self, NO_ERROR},
    handle::{BytesHandle, RuntimeHandle, WorkerHandle},
    input,
    options::replay::ReplayOptions,
    runtime,
    status::Status,
    worker::{self, Worker},
};

/// The histories of a replay worker. Core takes the next one when the one before has been evicted: it would take it
/// earlier, but drops what it gets for a run that has a task waiting already, and histories may be of the same run.
pub struct Histories {
    /// Until no more come.
    sender: Mutex<Option<UnboundedSender<HistoryForReplay>>>,
    /// How many Core may take.
    allowed: Arc<Semaphore>,
}

impl Histories {
    /// The histories, and the end that Core takes them from.
    fn new() -> (Self, impl Stream<Item = HistoryForReplay> + Send + 'static) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let allowed = Arc::new(Semaphore::new(1));
        let taken = stream::unfold((receiver, Arc::clone(&allowed)), |(mut receiver, allowed)| async move {
            allowed.acquire().await.ok()?.forget();
            Some((receiver.recv().await?, (receiver, allowed)))
        });
        let sender = Mutex::new(Some(sender));
        (Self { sender, allowed }, taken)
    }

    fn push(&self, history: HistoryForReplay) -> Result<(), Error> {
        let closed =
            || Error::closed("the replay worker takes no more histories: they were finished, or it was shut down");
        let sender = self.sender.lock();
        let sender = sender.as_ref().ok_or_else(closed)?;
        sender.send(history).map_err(|_| closed())
    }

    /// The one that was replayed has been evicted.
    pub fn allow_next(&self) {
        self.allowed.add_permits(1);
    }

    /// No more come.
    pub fn finish(&self) {
        self.sender.lock().take();
    }
}

/// Makes a worker that replays histories. It needs no server and no client; it is started, completed, shut down
/// and freed like any other, and has workflow tasks only.
///
/// Histories are replayed one after the other, each to its end, and then evicted: the activation with the
/// remove_from_cache job says by its reason how it went. NONDETERMINISM means that the workflow's commands do
/// not fit the history; the failure of a completion means that the code failed.
///
/// `options` is a JSON document (ReplayOptions; empty bytes mean all defaults), read before this returns.
///
/// Any thread may call this. INVALID_OPTIONS names the path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_replay_worker_new(
    runtime: RuntimeHandle,
    options: *const u8,
    options_length: usize,
    out: *mut WorkerHandle,
    out_error: *mut BytesHandle,
) -> Status {
    let make = |options: &[u8]| {
        let runtime = runtime::TABLE.get(runtime)?;
        let config = ReplayOptions::parse(options)?;
        let (histories, taken) = Histories::new();
        let core = runtime
            .within(|| init_replay_worker(ReplayWorkerInput::new(config, taken)))
            .map_err(|error| {
                Error::new(
                    Status::WorkerFailed,
                    format!("the replay worker could not be made: {error:#}"),
                )
            })?;
        Ok(worker::TABLE.insert(Worker::for_replay(core, runtime, histories)))
    };
    // SAFETY: the header asks for writable memory and for readable bytes during the call.
    unsafe { guard::create(options, options_length, out, out_error, make) }
}

/// Core takes histories on trust and panics on one that is not whole, so it is looked at here.
fn check(history: History, workflow_id: &str) -> Result<HistoryForReplay, Error> {
    let broken = |reason: &dyn std::fmt::Display| {
        Error::invalid_argument(format!("the history of {workflow_id:?} cannot be replayed: {reason}"))
    };
    let run_id = history.extract_run_id_from_start().map_err(|error| broken(&error))?;
    if run_id.is_empty() {
        return Err(broken(&"its first event has no original execution run id"));
    }
    // For what is missing Core would ask a server, which a replay worker has not.
    if let Some((event, id)) = history.events.iter().zip(1..).find(|(event, id)| event.event_id != *id) {
        return Err(broken(&format!("event {id} has the id {}", event.event_id)));
    }
    HistoryInfo::new_from_history(&history, None).map_err(|error| broken(&error))?;
    let first = history.events.first().and_then(|event| event.attributes.as_ref());
    let has_task_queue = matches!(
        first,
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) if started.task_queue.is_some()
    );
    if !has_task_queue {
        return Err(broken(&"its first event has no task queue"));
    }
    Ok(HistoryForReplay::new(history, workflow_id))
}

/// Gives a replay worker a history: an encoded temporal.api.history.v1.History, from its first event on. It is
/// copied; any number may wait their turn.
///
/// Any thread may call this, and race with the shutdown or the free of the worker. INVALID_ARGUMENT when the
/// bytes are not a history or not a whole one, or the worker is not one for replay; CLOSED when histories were
/// finished or the worker was shut down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_replay_push(
    worker: WorkerHandle,
    workflow_id: *const u8,
    workflow_id_length: usize,
    history: *const u8,
    history_length: usize,
    out_error: *mut BytesHandle,
) -> Status {
    guard::with(&worker::TABLE, worker, out_error, |worker| {
        // SAFETY: the header asks for readable bytes behind both pairs during the call.
        let (workflow_id, history) = unsafe {
            (
                input::text(workflow_id, workflow_id_length, "workflow_id")?,
                input::bytes(history, history_length, "history")?,
            )
        };
        let history = History::decode(history)
            .map_err(|error| Error::invalid_argument(format!("not an encoded history: {error}")))?;
        worker.histories()?.push(check(history, workflow_id)?)
    })
}

/// Says that no more histories come: when the last has been replayed, the worker shuts itself down, and
/// POLLER_STOPPED comes. Finishing twice is harmless.
///
/// Any thread may call this. INVALID_ARGUMENT when the worker is not one for replay.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_replay_finish(worker: WorkerHandle) -> Status {
    guard::with(&worker::TABLE, worker, NO_ERROR, |worker| {
        worker.histories()?.finish();
        Ok(())
    })
}
