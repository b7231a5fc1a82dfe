//! Completion queues: how every asynchronous result reaches a host, without a callback.

use parking_lot::Mutex;
use std::{
    os::fd::{IntoRawFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    bell,
    bytes::{self, Bytes},
    error::Error,
    event::{Event, EventKind, RawEvent},
    guard::{self, NO_ERROR, guard},
    handle::{BytesHandle, Kind, QueueHandle, Table},
    input,
    intake::{Intake, Pushed},
    status::Status,
};

/// A queue with many producers and one consumer.
pub struct Queue {
    intake: Intake<Event>,
    /// The write end of the bell. It stays open as long as anything can still post, so that a late
    /// producer can never write to a descriptor number that has been given to somebody else.
    bell: Option<OwnedFd>,
    consumer: Mutex<Consumer>,
}

/// What has been taken from the intake.
#[derive(Default)]
struct Consumer {
    /// Taken, not yet handed to the host, newest first.
    pending: Vec<Event>,
    /// The last batch that the host drained; None where the data was taken over.
    batch: Vec<Option<Vec<u8>>>,
}

pub static TABLE: Table<Queue> = Table::new(Kind::Queue);

impl Queue {
    /// A queue whose host is woken by `wait` alone.
    pub fn new() -> Self {
        Self::with_bell(None)
    }

    fn with_bell(bell: Option<OwnedFd>) -> Self {
        Self {
            intake: Intake::new(),
            bell,
            consumer: Mutex::default(),
        }
    }

    /// Adds an event and rings the bell when the queue was empty. Gives the event back when the host
    /// has freed the queue.
    pub fn post(&self, event: Event) -> Result<(), Event> {
        if self.intake.push(event)? == Pushed::First
            && let Some(bell) = &self.bell
        {
            bell::ring(bell);
        }
        Ok(())
    }

    /// Whether the host has freed the queue.
    pub fn is_closed(&self) -> bool {
        self.intake.is_closed()
    }

    /// Hands up to `capacity` events to `emit` with their positions, and keeps their data until the next call.
    fn drain(&self, capacity: usize, mut emit: impl FnMut(usize, RawEvent)) -> usize {
        let mut consumer = self.consumer.lock();
        let Consumer { pending, batch } = &mut *consumer;
        batch.clear();
        if pending.len() < capacity {
            // Newest first, so that taking the oldest is a pop.
            let mut fresh = self.intake.take_all();
            fresh.reverse();
            fresh.append(pending);
            *pending = fresh;
        }
        while batch.len() < capacity
            && let Some(event) = pending.pop()
        {
            let raw = RawEvent {
                token: event.token,
                kind: event.kind as u32,
                status: event.status,
                data: event.data.as_ptr(),
                length: event.data.len(),
                object: event.object.map_or(0, |object| object.deliver()),
            };
            if let Some(undelivered) = event.undelivered {
                undelivered.disarm();
            }
            emit(batch.len(), raw);
            batch.push(Some(event.data));
        }
        batch.len()
    }

    fn wait(&self, timeout: Duration) -> Result<(), Error> {
        if !self.consumer.lock().pending.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + timeout;
        let ready = self.intake.wait_until(|ready, guard| {
            let left = deadline.saturating_duration_since(Instant::now());
            let (guard, _) = ready
                .wait_timeout(guard, left)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            (guard, Instant::now() < deadline)
        });
        if self.is_closed() {
            Err(Error::closed("the queue was freed"))
        } else if ready {
            Ok(())
        } else {
            Err(Error::new(Status::TimedOut, "no event came in time"))
        }
    }

    fn take(&self, index: usize) -> Result<BytesHandle, Error> {
        let mut consumer = self.consumer.lock();
        let size = consumer.batch.len();
        let slot = consumer.batch.get_mut(index).ok_or_else(|| {
            Error::invalid_argument(format!("event {index} is not in the last batch, which has {size}"))
        })?;
        let data = slot
            .take()
            .ok_or_else(|| Error::invalid_argument(format!("event {index} of the last batch was taken before")))?;
        Ok(bytes::TABLE.insert(Bytes::new(data)))
    }

    /// Nothing can be posted, drained or waited for any more; the other end of the bell sees the end.
    pub fn close(&self) {
        let never_delivered = self.intake.close();
        if let Some(bell) = &self.bell {
            bell::hang_up(bell);
        }
        let consumer = std::mem::take(&mut *self.consumer.lock());
        // Without the lock, since dropping an event may do something.
        drop((never_delivered, consumer));
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes a queue. Use one for each thread of the host that wants events.
///
/// `out_descriptor` receives the readable end of a non-blocking socket pair, which the host owns and
/// closes: one byte arrives whenever the queue goes from empty to non-empty while no thread is blocked
/// in `temporal_core_queue_wait`, and end of file when the queue is freed. Read what is there, then drain
/// until a drain returns fewer events than its capacity. A byte may come when its events have been drained
/// already.
/// Pass NULL to have no descriptor and use `temporal_core_queue_wait` alone.
///
/// Any thread may call this. INTERNAL when the operating system has no more descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_queue_new(out: *mut QueueHandle, out_descriptor: *mut i32) -> Status {
    guard(NO_ERROR, || {
        // SAFETY: the header asks for writable memory.
        let out = unsafe { input::out(out, "out") }?;
        if out_descriptor.is_null() {
            out.set(TABLE.insert(Arc::new(Queue::new())));
            return Ok(());
        }
        // SAFETY: as above.
        let descriptor = unsafe { input::out(out_descriptor, "out_descriptor") }?;
        let (host_end, own_end) = bell::pair().map_err(|error| {
            Error::internal(format!(
                "the operating system gave no socket pair for a queue: {error}; raise the limit of open files"
            ))
        })?;
        out.set(TABLE.insert(Arc::new(Queue::with_bell(Some(own_end)))));
        descriptor.set(host_end.into_raw_fd());
        Ok(())
    })
}

/// Copies up to `capacity` waiting events, oldest first, to the array at `events`.
///
/// `event_size` is sizeof(TemporalCoreEvent) of the header that the host was compiled with and the stride of the array.
/// `out_count` receives the number of events, 0 when there is none; the call never blocks. The data of the
/// previous batch is freed; that of this batch is valid until the next drain or the free of this queue.
/// Objects that events deliver belong to the host from now on.
///
/// One thread at a time should drain a queue: another thread's drain frees this batch.
/// INVALID_ARGUMENT when `event_size` is too small or not a multiple of 8, or the array is NULL or not 8-aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_queue_drain(
    queue: QueueHandle,
    events: *mut RawEvent,
    event_size: usize,
    capacity: usize,
    out_count: *mut usize,
) -> Status {
    guard::with(&TABLE, queue, NO_ERROR, |queue| {
        // SAFETY: the header asks for writable memory.
        let out_count = unsafe { input::out(out_count, "out_count") }?;
        if event_size < size_of::<RawEvent>() || !event_size.is_multiple_of(align_of::<RawEvent>()) {
            return Err(Error::invalid_argument(format!(
                "event_size is {event_size}; it must be a multiple of 8 and at least {}",
                size_of::<RawEvent>()
            )));
        }
        if events.is_null() || !events.is_aligned() || capacity.checked_mul(event_size).is_none() {
            return Err(Error::invalid_argument(format!(
                "events must be an 8-aligned array of {capacity} events, not {events:?}"
            )));
        }
        let count = queue.drain(capacity, |position, event| {
            // SAFETY: position < capacity, and the host vouches for `capacity` places of `event_size` bytes.
            unsafe { events.byte_add(position * event_size).write(event) };
        });
        out_count.set(count);
        Ok(())
    })
}

/// Takes over the data of event number `index` (from 0) of the last batch.
///
/// The pointer that the drain gave for it stays valid, now until `temporal_core_bytes_free(*out)`, even
/// when the queue is freed before. For the thread that drains. INVALID_ARGUMENT when there is no such
/// event in the last batch or it was taken before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_queue_take(queue: QueueHandle, index: usize, out: *mut BytesHandle) -> Status {
    guard::with(&TABLE, queue, NO_ERROR, |queue| {
        // SAFETY: the header asks for writable memory.
        let out = unsafe { input::out(out, "out") }?;
        out.set(queue.take(index)?);
        Ok(())
    })
}

/// Blocks until an event waits (OK), `timeout_ms` milliseconds have passed (TIMED_OUT) or another
/// thread frees the queue (CLOSED). With 0 it only looks.
///
/// An event that ends the wait of a blocked thread writes no byte to the descriptor: after OK, drain.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_queue_wait(queue: QueueHandle, timeout_ms: u32) -> Status {
    guard::with(&TABLE, queue, NO_ERROR, |queue| {
        queue.wait(Duration::from_millis(timeout_ms.into()))
    })
}

/// Posts an event of the host's own, of kind HOST, to a queue: a way to wake another thread.
///
/// Any thread may call this. `data` is copied before the call returns. CLOSED when another thread frees
/// the queue meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_queue_post(
    queue: QueueHandle,
    token: u64,
    status: i32,
    data: *const u8,
    length: usize,
) -> Status {
    guard::with(&TABLE, queue, NO_ERROR, |queue| {
        // SAFETY: the header asks for `length` readable bytes.
        let data = unsafe { input::bytes(data, length, "data") }?;
        let event = Event {
            status,
            ..Event::ok(token, EventKind::Host, data.to_vec())
        };
        queue
            .post(event)
            .map_err(|_| Error::closed("the queue was freed; post to one that lives"))
    })
}

/// Frees a queue. Events that were not drained are dropped, data of the last batch is freed, a thread
/// blocked in `temporal_core_queue_wait` returns CLOSED, and operations that would still post here end unheard.
/// Tasks that were not drained are answered in the host's place; see `temporal_core_worker_start`.
///
/// Any thread may call this, except while another uses the data of a batch. The descriptor stays the
/// host's to close. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_queue_free(queue: QueueHandle) -> Status {
    guard::free(&TABLE, queue, |queue| queue.close())
}
