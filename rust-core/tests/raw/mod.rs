//! The C functions of queues, bytes and runtimes in short, for tests of the calls themselves.

// Each test program uses some of it.
#![allow(dead_code)]

use std::{
    ptr,
    time::{Duration, Instant},
};
use temporal_bun_core::{
    bytes::{temporal_core_bytes_free, temporal_core_bytes_read},
    event::RawEvent,
    queue::{temporal_core_queue_drain, temporal_core_queue_free, temporal_core_queue_new, temporal_core_queue_wait},
    runtime::temporal_core_runtime_new,
    status::Status,
};

/// Long enough for anything that works, and short enough to fail a test that hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A drained event with a copy of its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub token: u64,
    pub kind: u32,
    pub status: i32,
    pub data: Vec<u8>,
    pub object: u64,
}

impl Received {
    pub fn document(&self) -> serde_json::Value {
        serde_json::from_slice(&self.data).unwrap()
    }
}

pub fn new_queue() -> u64 {
    let mut queue = 0;
    // SAFETY: the out-pointer is of a local.
    let status = unsafe { temporal_core_queue_new(&mut queue, ptr::null_mut()) };
    assert_eq!(status, Status::Ok);
    queue
}

/// A queue and the descriptor of its bell.
pub fn new_queue_with_bell() -> (u64, i32) {
    let (mut queue, mut descriptor) = (0, -1);
    // SAFETY: the out-pointers are of locals.
    let status = unsafe { temporal_core_queue_new(&mut queue, &mut descriptor) };
    assert_eq!(status, Status::Ok);
    (queue, descriptor)
}

pub fn drain_raw(queue: u64, capacity: usize) -> Result<Vec<RawEvent>, Status> {
    let mut events = Vec::with_capacity(capacity);
    let mut count = 0;
    // SAFETY: there is room for `capacity` events, and `count` of them are written.
    unsafe {
        match temporal_core_queue_drain(queue, events.as_mut_ptr(), size_of::<RawEvent>(), capacity, &mut count) {
            Status::Ok => events.set_len(count),
            status => return Err(status),
        }
    }
    Ok(events)
}

pub fn drain(queue: u64, capacity: usize) -> Vec<Received> {
    let raw = drain_raw(queue, capacity).expect("the queue lives");
    raw.iter()
        .map(|event| Received {
            token: event.token,
            kind: event.kind,
            status: event.status,
            // SAFETY: valid until the next drain.
            data: unsafe { std::slice::from_raw_parts(event.data, event.length) }.to_vec(),
            object: event.object,
        })
        .collect()
}

/// Drains until `count` events have come; fails when that takes too long.
pub fn collect(queue: u64, count: usize) -> Vec<Received> {
    let deadline = Instant::now() + PATIENCE;
    let mut events = Vec::new();
    while events.len() < count {
        let left = deadline.saturating_duration_since(Instant::now());
        let status = temporal_core_queue_wait(queue, left.as_millis() as u32);
        assert_eq!(status, Status::Ok, "waiting for more than {events:?}");
        events.extend(drain(queue, 64));
    }
    events
}

pub fn is_empty(queue: u64) -> bool {
    temporal_core_queue_wait(queue, 0) == Status::TimedOut
}

pub fn free_queue(queue: u64) {
    assert_eq!(temporal_core_queue_free(queue), Status::Ok);
}

/// Copies bytes and frees them.
pub fn take_bytes(bytes: u64) -> Vec<u8> {
    let (mut data, mut length) = (ptr::null(), 0);
    // SAFETY: the out-pointers are of locals, and what they receive is valid until the free.
    unsafe {
        assert_eq!(temporal_core_bytes_read(bytes, &mut data, &mut length), Status::Ok);
        let copy = std::slice::from_raw_parts(data, length).to_vec();
        assert_eq!(temporal_core_bytes_free(bytes), Status::Ok);
        copy
    }
}

/// A call with an `out_error`: its status, and the message of its error document when it failed.
pub fn attempt(call: impl FnOnce(*mut u64) -> Status) -> Result<(), (Status, String)> {
    let mut error = u64::MAX;
    let status = call(&mut error);
    if status == Status::Ok {
        assert_eq!(error, 0, "out_error is 0 after success");
        return Ok(());
    }
    let document: serde_json::Value = serde_json::from_slice(&take_bytes(error)).unwrap();
    assert_eq!(document["code"], status as i32);
    Err((status, document["message"].as_str().unwrap().to_owned()))
}

pub fn try_runtime(options: &str) -> Result<u64, (Status, String)> {
    let mut runtime = 0;
    // SAFETY: the options outlive the call and the out-pointers are of locals.
    attempt(|error| unsafe { temporal_core_runtime_new(options.as_ptr(), options.len(), &mut runtime, error) })?;
    Ok(runtime)
}

pub fn new_runtime(options: &str) -> u64 {
    try_runtime(options).unwrap()
}
