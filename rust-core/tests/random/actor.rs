//! A host that does not know what it does.

use std::{
    collections::HashSet,
    fs,
    os::fd::OwnedFd,
    ptr, slice,
    sync::{Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};
use temporal_bun_core::{
    bytes::{temporal_core_bytes_free, temporal_core_bytes_read},
    cancellation::temporal_core_cancellation_free,
    client::temporal_core_client_free,
    event::{EventKind, RawEvent},
    handle::Kind,
    metric::temporal_core_metric_free,
    queue::{temporal_core_queue_drain, temporal_core_queue_free},
    resource_controller::temporal_core_resource_controller_free,
    runtime::temporal_core_runtime_free,
    status::Status,
    worker::exports::temporal_core_worker_free,
};

use super::{
    arguments::Random,
    calls::{CALLS, STATUSES},
    support::PATIENCE,
};

/// By the number of a kind, from 1.
const KINDS: [Kind; 8] = [
    Kind::Bytes,
    Kind::Queue,
    Kind::Runtime,
    Kind::Cancellation,
    Kind::Client,
    Kind::Worker,
    Kind::Metric,
    Kind::ResourceController,
];
/// How many objects of a kind a thread keeps, by the number of the kind. Runtimes cost threads, workers polls.
const KEPT: [usize; KINDS.len() + 1] = [0, 64, 16, 2, 16, 3, 6, 16, 4];
/// How many handles all threads share.
const SHARED_LIMIT: usize = 32;

/// Objects that every thread uses and frees. Bytes are never among them, since no host may read what another frees.
static SHARED: Mutex<Vec<(Kind, u64)>> = Mutex::new(Vec::new());

fn shared() -> MutexGuard<'static, Vec<(Kind, u64)>> {
    SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub fn free(kind: Kind, handle: u64) -> Status {
    match kind {
        Kind::Bytes => temporal_core_bytes_free(handle),
        Kind::Queue => temporal_core_queue_free(handle),
        Kind::Runtime => temporal_core_runtime_free(handle),
        Kind::Cancellation => temporal_core_cancellation_free(handle),
        Kind::Client => temporal_core_client_free(handle),
        Kind::Worker => temporal_core_worker_free(handle),
        Kind::Metric => temporal_core_metric_free(handle),
        Kind::ResourceController => temporal_core_resource_controller_free(handle),
    }
}

pub fn free_shared() {
    for (kind, handle) in shared().drain(..) {
        free(kind, handle);
    }
}

/// The threads that runtimes have, by their names.
fn threads_of_runtimes() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux tells the threads of a process");
    tasks
        // A thread that ends meanwhile has no name.
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .filter(|name| name.starts_with("temporal-"))
        .collect()
}

/// A runtime lives as long as anything uses it, so a worker whose shutdown never ends in the background keeps it.
pub fn wait_for_the_end_of_all_runtimes() {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = threads_of_runtimes();
        if left.is_empty() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{PATIENCE:?} after everything was freed these threads are left: {left:?}"
        );
        // Nobody is told that a thread has ended that its owner no longer knows, so looking again is all there is.
        thread::sleep(Duration::from_millis(20));
    }
}

pub struct Actor {
    pub random: Random,
    pub server: &'static str,
    live: [Vec<u64>; KINDS.len() + 1],
    stale: [Vec<u64>; KINDS.len() + 1],
    /// Queues that no other thread knows, so that the data of their batches may be read.
    private_queues: HashSet<u64>,
    /// Data of the last tasks that came.
    pub tasks: Vec<(u32, Vec<u8>)>,
    /// Slots that were asked for.
    pub reservations: Vec<u64>,
    /// Ends of bells that this host holds on to.
    pub bells: Vec<OwnedFd>,
    /// Whether the call being made has a handle that cannot be right.
    bad_handle: bool,
    made: [[u64; STATUSES]; CALLS.len()],
}

impl Actor {
    pub fn new(seed: u64, server: &'static str) -> Self {
        Self {
            random: Random::new(seed),
            server,
            live: Default::default(),
            stale: Default::default(),
            private_queues: HashSet::new(),
            tasks: Vec::new(),
            reservations: Vec::new(),
            bells: Vec::new(),
            bad_handle: false,
            made: [[0; STATUSES]; CALLS.len()],
        }
    }

    /// Makes one call and checks what can be known about its status.
    pub fn step(&mut self) {
        let total: usize = CALLS.iter().map(|call| call.weight).sum();
        let mut ticket = self.random.below(total);
        let index = CALLS.iter().position(|call| {
            let chosen = ticket < call.weight;
            ticket = ticket.wrapping_sub(call.weight);
            chosen
        });
        let index = index.expect("the ticket is below the total");
        self.bad_handle = false;
        let status = (CALLS[index].run)(self);
        let name = CALLS[index].name;
        assert_ne!(status, Status::Panic, "{name}");
        assert!(
            !self.bad_handle || status != Status::Ok,
            "{name} took a handle that cannot be right"
        );
        self.made[index][status as usize] += 1;
    }

    /// Frees everything; how often each call came to each status.
    pub fn finish(mut self) -> [[u64; STATUSES]; CALLS.len()] {
        for kind in KINDS {
            for handle in std::mem::take(&mut self.live[kind as usize]) {
                free(kind, handle);
            }
        }
        self.made
    }

    /// A handle for an argument of a kind, usually one that lives.
    pub fn handle(&mut self, kind: Kind) -> u64 {
        let chance = self.random.below(100);
        let pool = &self.live[kind as usize];
        if (15..85).contains(&chance) && !pool.is_empty() {
            // Often the newest, so that something comes of what was begun.
            let index = if chance < 50 {
                pool.len() - 1
            } else {
                self.random.below(pool.len())
            };
            return self.live[kind as usize][index];
        }
        if chance < 15 {
            let shared = shared();
            let of_kind: Vec<_> = shared.iter().filter(|(other, _)| *other == kind).collect();
            if !of_kind.is_empty() {
                return self.random.pick(&of_kind).1;
            }
        }
        self.bad_handle = true;
        match self.random.below(4) {
            0 => 0,
            1 if !self.stale[kind as usize].is_empty() => *self.random.pick(&self.stale[kind as usize]),
            // A generation that no slot comes to here.
            2 if !self.live[kind as usize].is_empty() => *self.random.pick(&self.live[kind as usize]) | 1 << 47,
            3 => {
                let other = *self.random.pick(&KINDS);
                match self.live[other as usize].last() {
                    Some(handle) if other != kind => *handle,
                    _ => u64::MAX,
                }
            }
            _ => self.random.next(),
        }
    }

    /// A handle for an argument that may be 0.
    pub fn optional_handle(&mut self, kind: Kind) -> u64 {
        let handle = if self.random.percent(50) { self.handle(kind) } else { 0 };
        self.bad_handle &= handle != 0;
        handle
    }

    /// A handle for an argument that is not looked at in every case.
    pub fn unsure_handle(&mut self, kind: Kind) -> u64 {
        let bad_before = self.bad_handle;
        let handle = self.optional_handle(kind);
        self.bad_handle = bad_before;
        handle
    }

    /// Keeps an object that was made. Some become everybody's; when there are too many, the oldest is freed.
    pub fn keep(&mut self, kind: Kind, handle: u64) {
        assert_ne!(handle, 0);
        if kind != Kind::Bytes && self.random.percent(20) {
            let mut shared = shared();
            shared.push((kind, handle));
            if shared.len() > SHARED_LIMIT {
                let (kind, handle) = shared.remove(0);
                drop(shared);
                free(kind, handle);
            }
            return;
        }
        if kind == Kind::Queue {
            self.private_queues.insert(handle);
        }
        self.live[kind as usize].push(handle);
        if self.live[kind as usize].len() > KEPT[kind as usize] {
            let oldest = self.live[kind as usize][0];
            assert_eq!(self.free(kind, oldest), Status::Ok, "nobody else knew it");
        }
    }

    /// Frees by its handle, and remembers that it is stale.
    pub fn free(&mut self, kind: Kind, handle: u64) -> Status {
        let status = free(kind, handle);
        if status == Status::Ok {
            self.live[kind as usize].retain(|live| *live != handle);
            self.private_queues.remove(&handle);
            shared().retain(|(_, shared)| *shared != handle);
            let stale = &mut self.stale[kind as usize];
            stale.push(handle);
            if stale.len() > 100 {
                stale.remove(0);
            }
        }
        status
    }

    /// A place for a result, now and then NULL.
    pub fn out<T>(&mut self, place: &mut T) -> *mut T {
        if self.random.percent(3) { ptr::null_mut() } else { place }
    }

    /// Makes a call with or without a place for its error, and reads the document that comes.
    pub fn failing(&mut self, call: impl FnOnce(*mut u64) -> Status) -> Status {
        if self.random.percent(50) {
            return call(ptr::null_mut());
        }
        let mut error = u64::MAX;
        let status = call(&mut error);
        assert_eq!(status == Status::Ok, error == 0);
        if error != 0 {
            let document: serde_json::Value = serde_json::from_slice(&read(error)).expect("an error document is JSON");
            assert_eq!(document["code"], status as i32);
            assert!(!document["message"].as_str().expect("it has a message").is_empty());
            assert_eq!(temporal_core_bytes_free(error), Status::Ok);
        }
        status
    }

    /// Drains a queue, and looks at all data when no other thread drains it too.
    pub fn drain(&mut self, queue: u64) -> Status {
        let capacity = self.random.below(33);
        let mut events: Vec<RawEvent> = Vec::with_capacity(capacity);
        let mut count = 0;
        let size = if self.random.percent(3) {
            self.random.below(64)
        } else {
            size_of::<RawEvent>()
        };
        let place = if self.random.percent(3) {
            ptr::null_mut()
        } else {
            events.as_mut_ptr()
        };
        let out = self.out(&mut count);
        // A stride that is too large for the room is the one thing a host must not say.
        let capacity = if size > size_of::<RawEvent>() { 0 } else { capacity };
        // SAFETY: there is room for `capacity` events of `size` bytes.
        let status = unsafe { temporal_core_queue_drain(queue, place, size, capacity, out) };
        // SAFETY: that many were written.
        unsafe { events.set_len(count) };
        for event in events {
            // A host's own events carry any status.
            assert!(
                event.kind == EventKind::Host as u32 || event.status != Status::Panic as i32,
                "an operation of kind {} panicked",
                event.kind
            );
            if event.object != 0 {
                self.keep(Kind::Client, event.object);
            }
            if self.private_queues.contains(&queue) && event.length > 0 {
                // SAFETY: valid until the next drain of this queue, which is this thread's alone.
                self.look_at(&event, unsafe { slice::from_raw_parts(event.data, event.length) });
            }
        }
        status
    }

    fn look_at(&mut self, event: &RawEvent, data: &[u8]) {
        if event.kind == EventKind::Host as u32 {
            assert_eq!(
                data.iter().map(|byte| usize::from(*byte)).sum::<usize>(),
                data.len() * usize::from(data[0])
            );
            return;
        }
        if event.status != 0 {
            let document: serde_json::Value = serde_json::from_slice(data).expect("an error document is JSON");
            assert_eq!(document["code"], event.status);
            return;
        }
        if event.kind == EventKind::SlotReserve as u32 {
            let document: serde_json::Value = serde_json::from_slice(data).expect("a reservation is JSON");
            self.reservations
                .push(document["reservation"].as_u64().expect("it has a number"));
        }
        let is_task = (EventKind::WorkflowActivation as u32..=EventKind::NexusTask as u32).contains(&event.kind);
        if is_task {
            self.tasks.push((event.kind, data.to_vec()));
            if self.tasks.len() > 20 {
                self.tasks.remove(0);
            }
        }
    }
}

/// The bytes of a handle that this thread alone knows.
pub fn read(bytes: u64) -> Vec<u8> {
    let (mut data, mut length) = (ptr::null(), 0);
    // SAFETY: the out-pointers are of locals, and what they receive is valid until the free.
    unsafe {
        assert_eq!(temporal_core_bytes_read(bytes, &mut data, &mut length), Status::Ok);
        slice::from_raw_parts(data, length).to_vec()
    }
}
