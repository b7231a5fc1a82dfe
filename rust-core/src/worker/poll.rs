//! The pollers: Core is asked for tasks without a pause, and each task becomes an event.

use parking_lot::RwLock;
use std::sync::{Arc, atomic::Ordering};
use temporalio_sdk_core::PollError;

use super::{Lease, Worker, task::Task};
use crate::{
    error::Error,
    event::{Event, EventKind, Undelivered},
    queue::Queue,
    rpc,
    status::Status,
};

/// Queues of which each task goes to one.
#[derive(Default)]
pub struct Routes {
    pub queues: Vec<Arc<Queue>>,
    /// Set when no more tasks come.
    pub stopped: Option<Result<(), Error>>,
}

/// Which of `count` queues a task goes to.
pub fn route(shard: u64, count: usize) -> usize {
    (shard % count.max(1) as u64) as usize
}

/// Where the tasks of one kind go. Without a queue, every task is answered in the host's place.
pub struct Sink {
    pub routes: Arc<RwLock<Routes>>,
    pub token: u64,
}

impl Sink {
    /// A sink with a queue, or without one.
    pub fn new(queue: Option<Arc<Queue>>, token: u64) -> Self {
        let routes = Routes {
            queues: queue.into_iter().collect(),
            stopped: None,
        };
        Self {
            routes: Arc::new(routes.into()),
            token,
        }
    }

    /// Says that no more tasks of a kind come.
    fn stopped(&self, kind: EventKind, outcome: Result<(), Error>) {
        let mut routes = self.routes.write();
        for queue in &routes.queues {
            // A host that has freed the queue does not want to know.
            drop(queue.post(stopped(self.token, kind, &outcome)));
        }
        routes.stopped = Some(outcome);
    }
}

/// A POLLER_STOPPED event. The document of a failed one says by itself which poller it was.
pub fn stopped(token: u64, kind: EventKind, outcome: &Result<(), Error>) -> Event {
    match outcome {
        Ok(()) => Event::ok(token, EventKind::PollerStopped, vec![kind as u8]),
        Err(error) => Event {
            data: error.document_with("taskKind", (kind as u8).into()),
            ..Event::failed(token, EventKind::PollerStopped, error)
        },
    }
}

/// Counts a running poller, for as long as it lives, panics included.
struct Running(Arc<Worker>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.pollers.send_modify(|count| *count -= 1);
    }
}

/// Starts a poller. It ends, with a POLLER_STOPPED event, when Core has no more tasks of the kind.
pub fn start<T: Task>(worker: &Arc<Worker>, lease: Lease, sink: Sink) {
    worker.pollers.send_modify(|count| *count += 1);
    let running = Running(Arc::clone(worker));
    let sink = Arc::new(sink);
    let after_panic = Arc::clone(&sink);
    let polling = async move {
        let outcome = poll::<T>(&running.0, &lease, &sink).await;
        sink.stopped(T::KIND, outcome);
        // Before the count, since who waits for it takes the worker for itself next.
        drop(lease);
        drop(running);
    };
    let on_panic = move |error| after_panic.stopped(T::KIND, Err(error));
    let runtime = Arc::clone(&worker.runtime);
    if worker.is_replay() {
        // Not from here: a poller may end at once, and nothing is posted before the host's call has returned.
        worker
            .runtime
            .tokio
            .spawn(async move { runtime.run_inline(polling, on_panic) });
    } else {
        runtime.spawn(polling, on_panic);
    }
}

async fn poll<T: Task>(worker: &Arc<Worker>, lease: &Lease, sink: &Sink) -> Result<(), Error> {
    let mut outcome = Ok(());
    let outstanding = T::outstanding(&worker.outstanding);
    loop {
        let task = match T::poll(lease).await {
            Ok(task) => task,
            Err(PollError::ShutDown) => return outcome,
            Err(PollError::TonicError(status)) => {
                // Fatal: Core has retried what can be retried. What the host has already goes on to its end.
                if outcome.is_ok() {
                    outcome = Err(poll_failed(&status));
                }
                // The lease keeps it from failing.
                let _ = worker.initiate_shutdown();
                continue;
            }
        };
        let key = task.key();
        // Who replaces a queue takes its tasks, so none is on its way there meanwhile.
        let routes = sink.routes.read();
        // Noted before it is delivered, since it may be completed the moment it is.
        task.given_out(&worker.outstanding);
        if let Some(key) = &key {
            outstanding.add(key.clone(), task.nature());
        }
        let event = Event {
            undelivered: key.map(|key| given_back::<T>(worker, key)),
            ..Event::ok(sink.token, T::KIND, task.encode_to_vec())
        };
        if !worker.abandoned.load(Ordering::SeqCst)
            && let Some(queue) = routes.queues.get(route(task.shard(), routes.queues.len()))
        {
            // Dropped when there is none any more.
            drop(queue.post(event));
        }
    }
}

/// What happens to a task whose event the host never drains, be its queue freed before or after it was posted.
fn given_back<T: Task>(worker: &Arc<Worker>, key: Vec<u8>) -> Undelivered {
    // Weak, since a queue that nobody drains is not to keep alive a worker that the host has freed.
    let worker = Arc::downgrade(worker);
    Undelivered::new(move || {
        if let Some(worker) = worker.upgrade() {
            worker.give_back::<T>(&key);
        }
    })
}

fn poll_failed(status: &tonic::Status) -> Error {
    let cause = rpc::failed(status);
    Error {
        status: Status::WorkerFailed,
        message: format!("polling failed for good, so the worker shut down: {}", cause.message),
        ..cause
    }
}
