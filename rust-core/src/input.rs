//! Checked access to the pointers that hosts pass.

use std::marker::PhantomData;

use crate::{error::Error, handle::Handle};

/// The bytes of a (data, length) pair. NULL with length 0 is empty.
///
/// # Safety
/// When `data` is not NULL it must point to `length` bytes that stay unchanged during the call.
pub unsafe fn bytes<'a>(data: *const u8, length: usize, name: &str) -> Result<&'a [u8], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::invalid_argument(format!(
            "{name} is NULL but its length is {length}; pass the bytes, or NULL with length 0 for empty"
        )));
    }
    if length > isize::MAX as usize {
        return Err(Error::invalid_argument(format!(
            "the length of {name} is {length}, more than memory can hold"
        )));
    }
    // SAFETY: not NULL, of a possible length, and the caller vouches for the memory behind it.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// The text of a (data, length) pair. NULL with length 0 is empty.
///
/// # Safety
/// As for [`bytes`].
pub unsafe fn text<'a>(data: *const u8, length: usize, name: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller vouches for the memory.
    let bytes = unsafe { bytes(data, length, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        Error::invalid_argument(format!(
            "{name} is not UTF-8: byte {} of {length} is wrong",
            error.valid_up_to()
        ))
    })
}

/// An array of handles. NULL with count 0 is empty.
///
/// # Safety
/// When `handles` is not NULL it must point to `count` handles, aligned or not, that stay unchanged during the call.
pub unsafe fn handles(handles: *const Handle, count: usize, name: &str) -> Result<Vec<Handle>, Error> {
    let length = count
        .checked_mul(size_of::<Handle>())
        .ok_or_else(|| Error::invalid_argument(format!("the count of {name} is {count}, more than memory can hold")))?;
    // SAFETY: the caller vouches for the memory.
    let bytes = unsafe { bytes(handles.cast(), length, name) }?;
    let (handles, _) = bytes.as_chunks();
    Ok(handles.iter().map(|handle| Handle::from_ne_bytes(*handle)).collect())
}

/// A place that the host wants a result in; known not to be NULL.
pub struct Out<'a, T> {
    place: *mut T,
    lifetime: PhantomData<&'a mut T>,
}

impl<T> Out<'_, T> {
    pub fn set(self, value: T) {
        // SAFETY: `out` was given a pointer to writable memory for a T; hosts need not align it.
        unsafe { self.place.write_unaligned(value) };
    }
}

/// Checks an out-pointer before work is done, so that a result can't be lost for want of a place.
///
/// # Safety
/// When `place` is not NULL it must point to writable memory for a `T` during the call.
pub unsafe fn out<'a, T>(place: *mut T, name: &str) -> Result<Out<'a, T>, Error> {
    if place.is_null() {
        return Err(Error::invalid_argument(format!(
            "{name} is NULL; pass a pointer to where the result goes"
        )));
    }
    Ok(Out {
        place,
        lifetime: PhantomData,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_empty_only_with_length_zero() {
        // SAFETY: NULL is never read.
        unsafe {
            assert_eq!(bytes(std::ptr::null(), 0, "data").unwrap(), b"");
            assert!(bytes(std::ptr::null(), 3, "data").is_err());
        }
    }

    #[test]
    fn text_names_the_wrong_byte() {
        let data = b"ab\xffc";
        // SAFETY: the slice outlives the call.
        let error = unsafe { text(data.as_ptr(), data.len(), "name") }.unwrap_err();
        assert_eq!(error.message, "name is not UTF-8: byte 2 of 4 is wrong");
    }

    #[test]
    fn handles_need_not_be_aligned() {
        let mut bytes = [0u8; 17];
        bytes[1..9].copy_from_slice(&7u64.to_ne_bytes());
        bytes[9..].copy_from_slice(&8u64.to_ne_bytes());
        // SAFETY: the array outlives the call; the second length is refused before the memory is looked at.
        unsafe {
            assert_eq!(
                handles(bytes.as_ptr().wrapping_add(1).cast(), 2, "queues").unwrap(),
                [7, 8]
            );
            assert!(handles(bytes.as_ptr().cast(), usize::MAX / 4, "queues").is_err());
        }
    }

    #[test]
    fn impossible_lengths_are_refused() {
        // SAFETY: the length is refused before the memory is looked at.
        assert!(unsafe { bytes([0u8].as_ptr(), usize::MAX, "data") }.is_err());
    }
}
