//! Workers: tasks go to the host as events, completions come back as bytes.
//!
//! Core's worker is shut down by value, so it sits behind a lock: whoever uses it holds a read lease, and shutting
//! it down takes the write lock, after which every use is CLOSED. That makes each order of calls safe.

pub mod exports;
mod outstanding;
mod poll;
mod refusal;
pub mod slots;
mod task;

use parking_lot::{Mutex, RwLock};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use temporalio_common::{
    protos::coresdk::{activity_task::ActivityTask, nexus::NexusTask, workflow_activation::WorkflowActivation},
    worker::WorkerTaskTypes,
};
use temporalio_sdk_core::Worker as CoreWorker;
use tokio::sync::{OwnedRwLockReadGuard, watch};

use crate::{
    client::Client,
    error::Error,
    event::{Event, EventKind},
    handle::{Kind, Table},
    queue::Queue,
    replay::Histories,
    runtime::{Reply, Runtime},
    status::Status,
};
use outstanding::{Nature, Outstanding};
use poll::{Routes, Sink};
use refusal::{Outline, Refusal};
use slots::Broker;
use task::{Reason, Task};

/// The right to use Core's worker for as long as it is held.
pub type Lease = OwnedRwLockReadGuard<Option<CoreWorker>, CoreWorker>;

/// How far a worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Started,
    Finalizing,
}

/// Where a worker's work comes from.
enum Source {
    /// The server. The client is kept, since its connection lives as long as it.
    Server(Mutex<Arc<Client>>),
    Histories(Histories),
}

/// A worker.
pub struct Worker {
    core: Arc<tokio::sync::RwLock<Option<CoreWorker>>>,
    runtime: Arc<Runtime>,
    source: Source,
    task_types: WorkerTaskTypes,
    /// There when the host supplies slots.
    slots: Option<Arc<Broker>>,
    phase: Mutex<Phase>,
    /// Of the events that come without being asked for: tasks, and completions that failed.
    token: AtomicU64,
    /// Where activations go.
    workflow_routes: Arc<RwLock<Routes>>,
    /// How many pollers run.
    pollers: watch::Sender<usize>,
    outstanding: Outstanding,
    /// Set when the host has freed the worker: nobody completes tasks any more.
    abandoned: AtomicBool,
}

pub static TABLE: Table<Worker> = Table::new(Kind::Worker);

/// The queues that a worker's tasks go to.
pub struct Queues {
    pub workflow: Vec<Arc<Queue>>,
    pub activity: Option<Arc<Queue>>,
    pub nexus: Option<Arc<Queue>>,
}

impl Worker {
    fn new(core: CoreWorker, runtime: Arc<Runtime>, source: Source, slots: Option<Arc<Broker>>) -> Arc<Self> {
        let task_types = match source {
            Source::Server(_) => core.get_config().task_types,
            // Core makes every replay worker one for workflows only.
            Source::Histories(_) => WorkerTaskTypes::workflow_only(),
        };
        Arc::new(Self {
            core: Arc::new(Some(core).into()),
            runtime,
            source,
            task_types,
            slots,
            phase: Mutex::new(Phase::New),
            token: AtomicU64::new(0),
            workflow_routes: Default::default(),
            pollers: watch::Sender::new(0),
            outstanding: Outstanding::default(),
            abandoned: AtomicBool::new(false),
        })
    }

    /// A worker that polls the server.
    pub fn for_server(core: CoreWorker, client: Arc<Client>, slots: Option<Arc<Broker>>) -> Arc<Self> {
        let runtime = Arc::clone(&client.runtime);
        Self::new(core, runtime, Source::Server(Mutex::new(client)), slots)
    }

    /// A worker that replays histories.
    pub fn for_replay(core: CoreWorker, runtime: Arc<Runtime>, histories: Histories) -> Arc<Self> {
        Self::new(core, runtime, Source::Histories(histories), None)
    }

    /// Core's worker, unless it has been shut down to the end.
    fn lease(&self) -> Result<Lease, Error> {
        // Fails while the worker is taken out, which only happens at its very end.
        let guard = Arc::clone(&self.core).try_read_owned().ok();
        guard
            .and_then(|guard| OwnedRwLockReadGuard::try_map(guard, Option::as_ref).ok())
            .ok_or_else(|| Error::closed("the worker has been shut down to the end, so it takes nothing any more"))
    }

    /// What a replay worker is to replay.
    pub fn histories(&self) -> Result<&Histories, Error> {
        match &self.source {
            Source::Histories(histories) => Ok(histories),
            Source::Server(_) => Err(Error::invalid_argument(
                "this worker polls the server; histories go to a worker made with temporal_core_replay_worker_new",
            )),
        }
    }

    fn start(self: &Arc<Self>, queues: Queues, token: u64) -> Result<(), Error> {
        let mut phase = self.phase.lock();
        match *phase {
            Phase::New => {}
            Phase::Started => return Err(Error::busy("the worker was started before; it is started once")),
            Phase::Finalizing => return Err(Error::closed("the worker is being shut down")),
        }
        self.token.store(token, Ordering::Relaxed);
        if self.slots.as_ref().is_some_and(|slots| !slots.is_connected()) {
            return Err(Error::invalid_argument(
                "the worker's tuner has slots of the type host; call temporal_core_worker_supply_slots before it is started",
            ));
        }
        self.start_pollers(queues, token)?;
        *phase = Phase::Started;
        Ok(())
    }

    fn start_pollers(self: &Arc<Self>, queues: Queues, token: u64) -> Result<(), Error> {
        let types = self.task_types;
        if types.enable_workflows {
            self.workflow_routes.write().queues = queues.workflow;
            let routes = Arc::clone(&self.workflow_routes);
            poll::start::<WorkflowActivation>(self, self.lease()?, Sink { routes, token });
        }
        if types.enable_local_activities || types.enable_remote_activities {
            poll::start::<ActivityTask>(self, self.lease()?, Sink::new(queues.activity, token));
        }
        if types.enable_nexus {
            poll::start::<NexusTask>(self, self.lease()?, Sink::new(queues.nexus, token));
        }
        Ok(())
    }

    fn is_replay(&self) -> bool {
        matches!(self.source, Source::Histories(_))
    }

    /// Decodes a completion and hands it to Core: on a tokio thread, except in a replay, where both are waiting for it.
    fn complete<T: Task>(self: &Arc<Self>, mut reply: Reply, data: Vec<u8>) -> Result<(), Error> {
        let lease = self.lease()?;
        let only_failures = reply.token == 0;
        if only_failures {
            reply.token = self.token.load(Ordering::Relaxed);
        }
        let worker = Arc::clone(self);
        let after_panic = reply.clone();
        let completing = async move {
            let outcome = worker.complete_now::<T>(&lease, &data).await;
            if only_failures && outcome.is_ok() {
                return;
            }
            // Not from here, which may be the host's call still: nothing is posted before that has returned.
            Arc::clone(&worker.runtime).spawn(
                async move {
                    match outcome {
                        Ok(()) => reply.post(reply.ok(Vec::new())),
                        Err(refusal) => worker.refused::<T>(&reply, refusal, only_failures.then_some(data)),
                    }
                    // Not before, since the task may be answered now, and that needs a lease too.
                    drop(lease);
                },
                |error| tracing::error!(%error, "the outcome of a completion could not be posted"),
            );
        };
        let on_panic = move |error| after_panic.fail(&error);
        if self.is_replay() {
            self.runtime.run_inline(completing, on_panic);
        } else {
            self.runtime.spawn(completing, on_panic);
        }
        Ok(())
    }

    async fn complete_now<T: Task>(self: &Arc<Self>, lease: &Lease, data: &[u8]) -> Result<(), Refusal> {
        let completion = <T::Completion as prost::Message>::decode(data)
            .map_err(|error| task::refused(format!("not an encoded {}: {error}", T::COMPLETION)));
        let key = match &completion {
            Ok(completion) => T::completed(completion).to_vec(),
            Err(_) => Outline::of(data).key,
        };
        // Core panics or hangs on a completion of what it did not ask for.
        let Some(nature) = T::outstanding(&self.outstanding).remove(&key) else {
            completion?;
            return Err(Refusal::from(Error::invalid_argument(format!(
                "no task is open that this {} is of ({}); it was completed before, or never given out by this worker",
                T::COMPLETION,
                String::from_utf8_lossy(&key).escape_debug()
            ))));
        };
        let outcome = match completion.and_then(|completion| T::check(&completion, &nature).map(|()| completion)) {
            Ok(completion) => T::complete(lease, completion).await,
            Err(error) => Err(error),
        };
        if let (Ok(()), Nature::Eviction, Source::Histories(histories)) = (&outcome, &nature, &self.source) {
            histories.allow_next();
        }
        outcome.map_err(|error| Refusal {
            error,
            task: Some((key, nature)),
        })
    }

    /// Tells the host that a completion can't be used. Its task is the host's again, unless nobody waits for the
    /// outcome: then `unattended` is the completion, and the task is failed with what is wrong with that.
    fn refused<T: Task>(self: &Arc<Self>, reply: &Reply, refusal: Refusal, unattended: Option<Vec<u8>>) {
        let Refusal { error, task } = refusal;
        match (task, unattended) {
            (Some((key, nature)), Some(data)) => {
                // First, since the host may forget the run when the task has failed.
                reply.post(Event {
                    data: error.document_with("failedTask", Outline::of(&data).failed_task(T::KIND)),
                    ..Event::failed(reply.token, reply.kind, &error)
                });
                self.answer::<T>(key, nature, Reason::Refused(error));
            }
            (Some((key, nature)), None) => {
                // Core still waits, so the task is the host's again.
                T::outstanding(&self.outstanding).add(key.clone(), nature);
                // A host that freed the worker meanwhile will not complete it, and its open tasks were answered before.
                if self.abandoned.load(Ordering::SeqCst) {
                    self.give_back::<T>(&key);
                }
                reply.fail(&error);
            }
            (None, _) => reply.fail(&error),
        }
    }

    /// A task that the host has, or was to have, and will not complete: it is answered, and the worker shuts down.
    fn give_back<T: Task>(self: &Arc<Self>, key: &[u8]) {
        if let Some(nature) = T::outstanding(&self.outstanding).remove(key) {
            // While a task is open the worker is not at its end, which alone makes this fail.
            let _ = self.initiate_shutdown();
            self.answer::<T>(key.to_vec(), nature, Reason::GivenUp);
        }
    }

    /// Completes a task in the host's place.
    fn answer<T: Task>(self: &Arc<Self>, key: Vec<u8>, nature: Nature, reason: Reason) {
        let Ok(lease) = self.lease() else { return };
        self.runtime.spawn(
            async move {
                if let Err(error) = T::fail(&lease, key, nature, reason).await {
                    tracing::warn!(%error, "a task could not be answered in the host's place");
                }
            },
            |error| tracing::error!(%error, "answering a task in the host's place failed"),
        );
    }

    /// Puts a queue in the place of one whose thread of the host has ended, with the runs that it had in memory: their
    /// open tasks fail for that reason, the others are evicted.
    fn replace_workflow_queue(self: &Arc<Self>, index: usize, queue: Arc<Queue>, reason: &str) -> Result<(), Error> {
        let lease = self.lease()?;
        let mut routes = self.workflow_routes.write();
        let Routes { queues, stopped } = &mut *routes;
        let count = queues.len();
        let place = queues.get_mut(index).ok_or_else(|| {
            Error::invalid_argument(format!(
                "workflow queue {index} can't be replaced: the worker was started with {count}, counted from 0"
            ))
        })?;
        let is_lost = |run_id: &[u8]| poll::route(task::fnv1a64(run_id), count) == index;
        let tasks = self.outstanding.activations.take_if(is_lost);
        for run_id in self.outstanding.runs.take_if(is_lost) {
            // With a task that fails, the run is evicted.
            if tasks.iter().all(|(key, _)| *key != run_id) {
                let run_id = String::from_utf8_lossy(&run_id).into_owned();
                self.runtime.within(|| lease.request_workflow_eviction(&run_id));
            }
        }
        for (key, nature) in tasks {
            self.answer::<WorkflowActivation>(key, nature, Reason::ThreadEnded(reason.to_owned()));
        }
        if let Some(outcome) = stopped {
            // The thread may have ended before it heard that.
            let event = poll::stopped(
                self.token.load(Ordering::Relaxed),
                EventKind::WorkflowActivation,
                outcome,
            );
            drop(queue.post(event));
        }
        // The tasks in it have just been answered, so nothing is given back now.
        std::mem::replace(place, queue).close();
        Ok(())
    }

    fn answer_all<T: Task>(self: &Arc<Self>) {
        for (key, nature) in T::outstanding(&self.outstanding).take() {
            self.answer::<T>(key, nature, Reason::GivenUp);
        }
    }

    fn initiate_shutdown(&self) -> Result<(), Error> {
        let lease = self.lease()?;
        self.runtime.within(|| lease.initiate_shutdown());
        if let Source::Histories(histories) = &self.source {
            histories.finish();
        }
        Ok(())
    }

    /// Marks the worker as being shut down to the end, once. The future does it: it waits until the pollers have
    /// stopped and completions have been dealt with, then takes Core's worker and ends it.
    fn finalize(self: &Arc<Self>) -> Result<impl Future<Output = ()> + Send + use<>, Error> {
        {
            let mut phase = self.phase.lock();
            if *phase == Phase::Finalizing {
                return Err(Error::closed(
                    "the worker is being shut down, or has been, by an earlier call",
                ));
            }
            self.initiate_shutdown()?;
            if *phase == Phase::New {
                // Core waits for its pollers to be told of the shutdown, so there must be some.
                let nobody = Queues {
                    workflow: Vec::new(),
                    activity: None,
                    nexus: None,
                };
                self.start_pollers(nobody, 0)?;
            }
            *phase = Phase::Finalizing;
        }
        let worker = Arc::clone(self);
        Ok(async move {
            let mut pollers = worker.pollers.subscribe();
            // The sender lives in the worker, so waiting cannot fail.
            let _ = pollers.wait_for(|count| *count == 0).await;
            let core = worker.core.write().await.take();
            if let Some(core) = core {
                core.finalize_shutdown().await;
            }
        })
    }

    /// The host has freed the worker: whatever it did not complete is answered in its place, and the worker is shut
    /// down in the background.
    fn abandon(self: &Arc<Self>) {
        self.abandoned.store(true, Ordering::SeqCst);
        // Already finalised, or being so: then only what is still open is left to do.
        if let Ok(finalize) = self.finalize() {
            self.runtime.spawn(
                finalize,
                |error| tracing::error!(%error, "shutting an abandoned worker down failed"),
            );
        }
        self.answer_all::<WorkflowActivation>();
        self.answer_all::<ActivityTask>();
        self.answer_all::<NexusTask>();
    }

    /// The broker of a worker whose slots the host supplies.
    fn slots(&self) -> Result<&Broker, Error> {
        self.slots
            .as_deref()
            .ok_or_else(|| Error::invalid_argument("no slots of this worker's tuner are of the type host"))
    }

    fn needs_workflows(&self) -> Result<(), Error> {
        if self.task_types.enable_workflows {
            return Ok(());
        }
        Err(Error::invalid_argument(
            "this worker has no workflows; set taskTypes.workflows to have them",
        ))
    }

    fn replace_client(&self, new: Arc<Client>) -> Result<(), Error> {
        let Source::Server(client) = &self.source else {
            return Err(Error::invalid_argument("a replay worker has no client"));
        };
        let lease = self.lease()?;
        let mut client = client.lock();
        let mut connection = new.connection.clone();
        // As Core does for a worker's first client: long polls want its own retries, not those of the host's calls.
        *connection.retry_options_mut() = Default::default();
        self.runtime
            .within(|| lease.replace_client(connection))
            .map_err(|error| {
                Error::new(
                    Status::WorkerFailed,
                    format!("the client could not be replaced: {error:#}"),
                )
            })?;
        *client = new;
        Ok(())
    }
}
