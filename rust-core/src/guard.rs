//! What every export begins and ends with: the panic boundary, the look-up of its handle, and the way of a result or an
//! error to the host.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    bytes::{self, Bytes},
    error::Error,
    handle::{BytesHandle, Handle, Table},
    input,
    status::Status,
};

/// In the place of `out_error`, for exports that have none.
pub(crate) const NO_ERROR: *mut BytesHandle = std::ptr::null_mut();

/// Runs the body of an export. A panic becomes `Status::Panic`; an error is written to `out_error`
/// (when it is not NULL) as a bytes handle, which is 0 after success.
pub(crate) fn guard(out_error: *mut BytesHandle, body: impl FnOnce() -> Result<(), Error>) -> Status {
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(Error::panic(payload)));
    let (status, handle) = match outcome {
        Ok(()) => (Status::Ok, 0),
        Err(error) if out_error.is_null() => (error.status, 0),
        Err(error) => (error.status, bytes::TABLE.insert(Bytes::new(error.document()))),
    };
    if !out_error.is_null() {
        // SAFETY: not NULL, and the header asks for a pointer to writable memory of a handle's size.
        unsafe { out_error.write_unaligned(handle) };
    }
    status
}

/// The same for exports that do something with an object.
pub(crate) fn with<T>(
    table: &Table<T>,
    handle: Handle,
    out_error: *mut BytesHandle,
    body: impl FnOnce(Arc<T>) -> Result<(), Error>,
) -> Status {
    guard(out_error, || body(table.get(handle)?))
}

/// The same for exports that give up an object: its handle is stale from now on, and `end` gets the object.
pub(crate) fn free<T>(table: &Table<T>, handle: Handle, end: impl FnOnce(Arc<T>)) -> Status {
    guard(NO_ERROR, || table.remove(handle).map(end))
}

/// The same for exports that make an object from an options document: its handle goes to `out`.
///
/// # Safety
/// As for `input::bytes` and `input::out`.
pub(crate) unsafe fn create(
    options: *const u8,
    options_length: usize,
    out: *mut Handle,
    out_error: *mut BytesHandle,
    make: impl FnOnce(&[u8]) -> Result<Handle, Error>,
) -> Status {
    guard(out_error, || {
        // SAFETY: the caller vouches for the memory.
        let out = unsafe { input::out(out, "out") }?;
        // SAFETY: as above.
        let options = unsafe { input::bytes(options, options_length, "options") }?;
        out.set(make(options)?);
        Ok(())
    })
}
