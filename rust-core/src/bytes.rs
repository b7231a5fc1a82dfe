//! Byte strings that the host owns until it frees them: error documents and events taken from a batch.

use std::sync::Arc;

use crate::{
    guard::{self, NO_ERROR},
    handle::{BytesHandle, Kind, Table},
    input,
    status::Status,
};

/// Immutable bytes with a handle.
pub struct Bytes(Vec<u8>);

impl Bytes {
    // Only ever used through a handle, and tables hold Arcs.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(data: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(data))
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

pub static TABLE: Table<Bytes> = Table::new(Kind::Bytes);

/// Where the bytes of a handle are.
///
/// `out_data` receives a pointer that stays valid and unchanged until `temporal_core_bytes_free` of
/// this handle; it is not NULL even when the length is 0, but must not be read then. Any thread may
/// call this; no thread may use the pointer once another has freed the handle.
///
/// INVALID_ARGUMENT when an out-pointer is NULL, INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_bytes_read(
    bytes: BytesHandle,
    out_data: *mut *const u8,
    out_length: *mut usize,
) -> Status {
    guard::with(&TABLE, bytes, NO_ERROR, |bytes| {
        // SAFETY: the header asks for writable memory behind both pointers.
        let (data, length) = unsafe { (input::out(out_data, "out_data")?, input::out(out_length, "out_length")?) };
        data.set(bytes.as_slice().as_ptr());
        length.set(bytes.as_slice().len());
        Ok(())
    })
}

/// Frees bytes. Pointers that `temporal_core_bytes_read` gave for them are dangling from now on.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale, so freeing twice is harmless.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_bytes_free(bytes: BytesHandle) -> Status {
    guard::free(&TABLE, bytes, drop)
}
