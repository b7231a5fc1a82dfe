//! The pollers: Core is asked for tasks without a pause, and each task becomes an event.

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

/// Where the tasks of one kind go. Without a queue, every task is answered in the host's place.
pub struct Sink {
    pub queues: Vec<Arc<Queue>>,
    pub token: u64,
}

impl Sink {
    /// Posts an event; it is dropped when there is no queue, or none any more.
    fn deliver(&self, shard: u64, event: Event) {
        let queue = match self.queues.len() {
            0 | 1 => self.queues.first(),
            count => self.queues.get((shard % count as u64) as usize),
        };
        if let Some(queue) = queue {
            drop(queue.post(event));
        }
    }

    /// Says that no more tasks of a kind come.
    fn stopped(&self, kind: EventKind, outcome: Result<(), &Error>) {
        for queue in &self.queues {
            let event = match outcome {
                Ok(()) => Event::ok(self.token, EventKind::PollerStopped, vec![kind as u8]),
                Err(error) => failed(self.token, kind, error),
            };
            // A host that has freed the queue does not want to know.
            drop(queue.post(event));
        }
    }
}

/// A POLLER_STOPPED event whose document says by itself which poller it was.
fn failed(token: u64, kind: EventKind, error: &Error) -> Event {
    let mut document: serde_json::Value = serde_json::from_slice(&error.document()).expect("it was just made");
    document["taskKind"] = (kind as u8).into();
    Event {
        data: document.to_string().into_bytes(),
        ..Event::failed(token, EventKind::PollerStopped, error)
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
        sink.stopped(T::KIND, outcome.as_ref().copied());
        // Before the count, since who waits for it takes the worker for itself next.
        drop(lease);
        drop(running);
    };
    let on_panic = move |error| after_panic.stopped(T::KIND, Err(&error));
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
        // Noted before it is delivered, since it may be completed the moment it is.
        if let Some(key) = &key {
            outstanding.add(key.clone(), task.nature());
        }
        let event = Event {
            undelivered: key.map(|key| given_back::<T>(worker, key)),
            ..Event::ok(sink.token, T::KIND, task.encode_to_vec())
        };
        if !worker.abandoned.load(Ordering::SeqCst) {
            sink.deliver(task.shard(), event);
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
