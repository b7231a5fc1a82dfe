//! What a queue carries, inside this library and as hosts see it.

use std::sync::Arc;

use crate::{
    error::Error,
    handle::{Handle, Table},
    status::Status,
};

/// What an event is about. A host should ignore kinds that it does not know.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Posted by the host itself with `temporal_core_queue_post`.
    Host = 1,
    /// A connection attempt ended; `object` is the client when the status is OK.
    ClientConnected = 2,
    /// An RPC ended; the data is the encoded response message.
    RpcResponse = 3,
    /// The validation of a worker ended; the data is an encoded `coresdk.NamespaceInfo`.
    WorkerValidated = 4,
    /// The data is an encoded `coresdk.workflow_activation.WorkflowActivation`.
    WorkflowActivation = 5,
    /// The data is an encoded `coresdk.activity_task.ActivityTask`.
    ActivityTask = 6,
    /// The data is an encoded `coresdk.nexus.NexusTask`.
    NexusTask = 7,
    /// No more tasks of one kind will come. With status OK the data is one byte: 5 (workflow activations), 6 (activity
    /// tasks) or 7 (Nexus tasks). Another status is a fatal poll error; its document has that number as `taskKind`.
    PollerStopped = 8,
    /// A completion of a task has been dealt with.
    Completion = 9,
    /// The worker has been shut down completely.
    WorkerFinalized = 10,
    /// The data is a JSON document: `{level,target,message,timestampMs,fields}`.
    Log = 11,
    /// Core wants a slot of a host-supplied kind; to be answered with `temporal_core_worker_grant_slot` when there is
    /// one. The data of this and the next three is a JSON document: `{reservation,slotKind,request?,task?}`.
    SlotReserve = 12,
    /// Core no longer waits for a slot that was not granted.
    SlotCancelled = 13,
    /// A task has come for a slot.
    SlotUsed = 14,
    /// A slot is the host's again: its task is done, or Core had no use for it.
    SlotReleased = 15,
}

/// An event as `temporal_core_queue_drain` writes it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawEvent {
    /// The number that the host gave when it started the operation.
    pub token: u64,
    /// A `TemporalCoreEventKind`.
    pub kind: u32,
    /// A `TemporalCoreStatus`, or for a HOST event whatever the host posted. When it is not 0, `data`
    /// is an error document (not so for HOST events).
    pub status: i32,
    /// The bytes of the event. Valid until the next drain or the free of this queue, unless the event is
    /// taken (`temporal_core_queue_take`): then until those bytes are freed. Not to be read when `length` is 0.
    pub data: *const u8,
    /// The number of bytes at `data`.
    pub length: usize,
    /// The handle of an object that the event delivers, to be freed by the host; otherwise 0.
    pub object: Handle,
}

/// An object on its way to the host. It gets its handle when the event is drained, so that an event
/// that nobody drains leaves nothing behind.
pub struct Delivery(Box<dyn FnOnce() -> Handle + Send>);

impl Delivery {
    pub fn new<T: Send + Sync + 'static>(table: &'static Table<T>, object: Arc<T>) -> Self {
        Self(Box::new(move || table.insert(object)))
    }

    pub fn deliver(self) -> Handle {
        (self.0)()
    }
}

/// What is done when an event is dropped before the host has drained it.
pub struct Undelivered(Option<Box<dyn FnOnce() + Send>>);

impl Undelivered {
    pub fn new(action: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(action)))
    }

    /// The host has the event.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}

/// An event inside this library.
pub struct Event {
    pub token: u64,
    pub kind: EventKind,
    pub status: i32,
    pub data: Vec<u8>,
    pub object: Option<Delivery>,
    pub undelivered: Option<Undelivered>,
}

impl Event {
    pub fn ok(token: u64, kind: EventKind, data: Vec<u8>) -> Self {
        Self {
            token,
            kind,
            status: Status::Ok as i32,
            data,
            object: None,
            undelivered: None,
        }
    }

    /// An event that brings the host an object.
    pub fn object<T: Send + Sync + 'static>(
        token: u64,
        kind: EventKind,
        table: &'static Table<T>,
        object: Arc<T>,
    ) -> Self {
        Self {
            object: Some(Delivery::new(table, object)),
            ..Self::ok(token, kind, Vec::new())
        }
    }

    pub fn failed(token: u64, kind: EventKind, error: &Error) -> Self {
        Self {
            status: error.status as i32,
            ..Self::ok(token, kind, error.document())
        }
    }
}
