//! The primitives that `intake` is built from; `loom/` has a module of the same name with loom's.

pub use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicPtr, Ordering},
};
