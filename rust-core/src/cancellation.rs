//! Cancellations: how a host gives up on calls that it started.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

use crate::{
    guard::{self, NO_ERROR, guard},
    handle::{CancellationHandle, Kind, Table},
    input,
    status::Status,
};

/// A switch that goes from off to on once.
#[derive(Default)]
pub struct Cancellation {
    cancelled: AtomicBool,
    waiting: Notify,
}

pub static TABLE: Table<Cancellation> = Table::new(Kind::Cancellation);

impl Cancellation {
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.waiting.notify_waiters();
    }

    pub async fn cancelled(&self) {
        let waiting = self.waiting.notified();
        tokio::pin!(waiting);
        // Registered before looking, so that a cancel between the two is not missed.
        waiting.as_mut().enable();
        if !self.cancelled.load(Ordering::SeqCst) {
            waiting.await;
        }
    }
}

/// Makes a cancellation, which any number of calls may be given.
///
/// Any thread may call this. INVALID_ARGUMENT when `out` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_cancellation_new(out: *mut CancellationHandle) -> Status {
    guard(NO_ERROR, || {
        // SAFETY: the header asks for writable memory behind `out`.
        let out = unsafe { input::out(out, "out")? };
        out.set(TABLE.insert(Arc::default()));
        Ok(())
    })
}

/// Cancels all calls that were given this cancellation, and those that will be. Their events come
/// with status CANCELLED, unless they were answered first. Cancelling twice is harmless.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_cancellation_cancel(cancellation: CancellationHandle) -> Status {
    guard::with(&TABLE, cancellation, NO_ERROR, |cancellation| {
        cancellation.cancel();
        Ok(())
    })
}

/// Gives up a cancellation without cancelling: calls that have it go on and can no longer be cancelled.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_cancellation_free(cancellation: CancellationHandle) -> Status {
    guard::free(&TABLE, cancellation, drop)
}
