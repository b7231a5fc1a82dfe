//! The panic boundary: every export runs its body through here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    bytes::{self, Bytes},
    error::Error,
    handle::BytesHandle,
    status::Status,
};

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

/// The same for exports that have no `out_error`.
pub(crate) fn guard_status(body: impl FnOnce() -> Result<(), Error>) -> Status {
    guard(std::ptr::null_mut(), body)
}
