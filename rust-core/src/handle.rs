//! Handles are numbers that are looked up in generation-checked tables, so that a stale, foreign or
//! invented handle is a status and never a crash.
//!
//! Layout: kind in bits 48..53, generation in bits 24..48 (from 1), index in bits 0..24. A handle is
//! therefore below 2^53 and exact in a double, and 0 is never valid.

use parking_lot::RwLock;
use std::sync::Arc;

use crate::error::Error;

const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 24;
const INDEX_LIMIT: usize = 1 << INDEX_BITS;
const GENERATION_LIMIT: u32 = 1 << GENERATION_BITS;

/// An object of this library, as hosts hold it: a number below 2^53 that is looked up on every call.
/// 0 is never valid and may be used for "none".
pub type Handle = u64;
/// Bytes owned by the host; see `temporal_core_bytes_read`.
pub type BytesHandle = Handle;
/// A completion queue; see `temporal_core_queue_new`.
pub type QueueHandle = Handle;
/// A Core runtime; see `temporal_core_runtime_new`.
pub type RuntimeHandle = Handle;
/// A switch that cancels the calls it was given to; see `temporal_core_cancellation_new`.
pub type CancellationHandle = Handle;
/// A connection to a server; see `temporal_core_client_connect`.
pub type ClientHandle = Handle;
/// A worker or a replay worker; see `temporal_core_worker_new`.
pub type WorkerHandle = Handle;
/// A metric of the host's own; see `temporal_core_metric_new`.
pub type MetricHandle = Handle;
/// A controller of resource-based slots; see `temporal_core_resource_controller_new`.
pub type ResourceControllerHandle = Handle;

/// What a handle stands for. Part of the handle, so that one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bytes = 1,
    Queue = 2,
    Runtime = 3,
    Cancellation = 4,
    Client = 5,
    Worker = 6,
    Metric = 7,
    ResourceController = 8,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bytes => "bytes",
            Kind::Queue => "queue",
            Kind::Runtime => "runtime",
            Kind::Cancellation => "cancellation",
            Kind::Client => "client",
            Kind::Worker => "worker",
            Kind::Metric => "metric",
            Kind::ResourceController => "resource controller",
        }
    }
}

struct Slot<T> {
    /// The generation of the handle that is live in this slot, or of the next one.
    generation: u32,
    value: Option<Arc<T>>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

/// All live objects of one kind. Lookups share a lock; only creation and freeing exclude each other.
pub struct Table<T> {
    kind: Kind,
    slots: RwLock<Slots<T>>,
}

impl<T> Table<T> {
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            slots: RwLock::new(Slots {
                slots: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// Registers an object and returns its handle.
    ///
    /// # Panics
    /// When 16,777,216 objects of the kind are alive; the border turns that into a status.
    pub fn insert(&self, value: Arc<T>) -> u64 {
        let mut table = self.slots.write();
        let index = match table.free.pop() {
            Some(index) => index,
            None => {
                let index = table.slots.len();
                assert!(
                    index < INDEX_LIMIT,
                    "{INDEX_LIMIT} {} handles are alive; free those that are done with",
                    self.kind.name()
                );
                table.slots.push(Slot {
                    generation: 1,
                    value: None,
                });
                index as u32
            }
        };
        let slot = &mut table.slots[index as usize];
        slot.value = Some(value);
        encode(self.kind, slot.generation, index)
    }

    /// The live object of a handle; the caller's reference keeps it alive whatever others free.
    pub fn get(&self, handle: u64) -> Result<Arc<T>, Error> {
        let (generation, index) = self.decode(handle)?;
        let table = self.slots.read();
        table
            .slots
            .get(index as usize)
            .filter(|slot| slot.generation == generation)
            .and_then(|slot| slot.value.clone())
            .ok_or_else(|| Error::invalid_handle(self.kind, handle))
    }

    /// Takes the object out of the table; its handle is stale from now on.
    pub fn remove(&self, handle: u64) -> Result<Arc<T>, Error> {
        let (generation, index) = self.decode(handle)?;
        let mut table = self.slots.write();
        let value = table
            .slots
            .get_mut(index as usize)
            .filter(|slot| slot.generation == generation)
            .and_then(|slot| {
                let value = slot.value.take();
                if value.is_some() {
                    slot.generation += 1;
                }
                value
            })
            .ok_or_else(|| Error::invalid_handle(self.kind, handle))?;
        // A slot whose generations are used up is never used again, so that no handle comes twice.
        if generation + 1 < GENERATION_LIMIT {
            table.free.push(index);
        }
        Ok(value)
    }

    fn decode(&self, handle: u64) -> Result<(u32, u32), Error> {
        if handle >> (INDEX_BITS + GENERATION_BITS) != self.kind as u64 {
            return Err(Error::invalid_handle(self.kind, handle));
        }
        let generation = (handle >> INDEX_BITS) as u32 & (GENERATION_LIMIT - 1);
        let index = handle as u32 & (INDEX_LIMIT as u32 - 1);
        Ok((generation, index))
    }
}

fn encode(kind: Kind, generation: u32, index: u32) -> u64 {
    (kind as u64) << (INDEX_BITS + GENERATION_BITS) | (generation as u64) << INDEX_BITS | index as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    #[test]
    fn a_freed_handle_is_stale_even_when_its_slot_is_used_again() {
        let table = Table::new(Kind::Queue);
        let first = table.insert(Arc::new(1));
        assert_eq!(*table.remove(first).unwrap(), 1);
        let second = table.insert(Arc::new(2));
        assert_ne!(first, second);
        assert_eq!(table.get(first).unwrap_err().status, Status::InvalidHandle);
        assert_eq!(table.remove(first).unwrap_err().status, Status::InvalidHandle);
        assert_eq!(*table.get(second).unwrap(), 2);
    }

    #[test]
    fn a_handle_of_another_kind_is_refused() {
        let queues = Table::new(Kind::Queue);
        let runtimes: Table<i32> = Table::new(Kind::Runtime);
        let queue = queues.insert(Arc::new(1));
        let message = runtimes.get(queue).unwrap_err().message;
        assert!(message.contains("not a live runtime"), "{message}");
        for handle in [0, 1, u64::MAX, queue | 1 << 60, queue + 1] {
            assert!(queues.get(handle).is_err(), "{handle:#x}");
        }
    }

    #[test]
    fn handles_are_exact_in_a_double() {
        let handle = encode(Kind::Worker, GENERATION_LIMIT - 1, INDEX_LIMIT as u32 - 1);
        assert!(handle < 1 << 53);
        assert_eq!(handle as f64 as u64, handle);
    }

    #[test]
    fn a_slot_without_generations_left_is_retired() {
        let table = Table::new(Kind::Bytes);
        let first = table.insert(Arc::new(()));
        table.remove(first).unwrap();
        table.slots.write().slots[0].generation = GENERATION_LIMIT - 1;
        let last = table.insert(Arc::new(()));
        table.remove(last).unwrap();
        let next = table.insert(Arc::new(()));
        assert_eq!(next & (INDEX_LIMIT as u64 - 1), 1);
        assert!(table.get(last).is_err());
    }
}
