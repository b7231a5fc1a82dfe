//! How a host finds out that it was made for this library.

use std::ffi::{CStr, c_char};

use crate::{
    error::Error,
    guard::{NO_ERROR, guard},
    status::Status,
};

/// The same number as `TEMPORAL_CORE_ABI_VERSION` in cbindgen.toml.
const ABI_VERSION: u32 = 1;

/// The committed header. The hash is of its text and is not part of it, so there is no circle.
const HEADER: &str = include_str!("../../include/temporal_bun_core.h");
const HEADER_HASH: u64 = fnv1a(HEADER.as_bytes());

const PACKAGE_VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the package version has a NUL"),
};
const CORE_VERSION: &CStr = c"0.10.1";

/// What a library is. The strings are in static memory, NUL-terminated, and are never to be freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Abi {
    /// Set by the host before the call: sizeof(TemporalCoreAbi) of its header.
    pub size: u32,
    /// TEMPORAL_CORE_ABI_VERSION of the header that the library was compiled with.
    pub abi_version: u32,
    /// The 64-bit FNV-1a hash of the text of that header.
    pub header_hash: u64,
    /// The version of this library.
    pub package_version: *const c_char,
    /// The version of the crate temporalio-sdk-core inside.
    pub core_version: *const c_char,
}

/// Says which version of this surface the library has. To be called before anything else: unless `abi_version` is
/// TEMPORAL_CORE_ABI_VERSION of the host's own header, no other function may be called.
///
/// INVALID_ARGUMENT when `out` is NULL or its `size` is too small for the fields of this version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_abi(out: *mut Abi) -> Status {
    guard(NO_ERROR, || {
        if out.is_null() {
            return Err(Error::invalid_argument(
                "out is NULL; pass a TemporalCoreAbi with its size set",
            ));
        }
        // SAFETY: not NULL, and every version of the struct starts with its size.
        let size = unsafe { out.cast::<u32>().read_unaligned() };
        if (size as usize) < size_of::<Abi>() {
            return Err(Error::invalid_argument(format!(
                "the size of the TemporalCoreAbi is {size}; set it to sizeof(TemporalCoreAbi), {} here",
                size_of::<Abi>()
            )));
        }
        let abi = Abi {
            size,
            abi_version: ABI_VERSION,
            header_hash: HEADER_HASH,
            package_version: PACKAGE_VERSION.as_ptr(),
            core_version: CORE_VERSION.as_ptr(),
        };
        // SAFETY: the host's struct is at least as large as this one.
        unsafe { out.write_unaligned(abi) };
        Ok(())
    })
}

/// The 64-bit FNV-1a hash.
pub const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_fnv1a() {
        // Published test vectors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn versions_are_those_of_the_manifest_and_the_header() {
        let pin = format!(
            "temporalio-sdk-core = {{ version = \"={}\"",
            CORE_VERSION.to_str().unwrap()
        );
        assert!(include_str!("../Cargo.toml").contains(&pin), "{pin}");
        let define = format!("#define TEMPORAL_CORE_ABI_VERSION {ABI_VERSION}\n");
        assert!(HEADER.contains(&define), "{define}");
    }

    #[test]
    fn a_host_with_a_smaller_struct_is_refused() {
        let mut abi = [0xffu8; size_of::<Abi>() + 1];
        // An odd address, to show that none is needed to be even.
        let out: *mut Abi = abi[1..].as_mut_ptr().cast();
        // SAFETY: `out` has room for the whole struct.
        unsafe {
            out.cast::<u32>().write_unaligned(size_of::<Abi>() as u32 - 1);
            assert_eq!(temporal_core_abi(out), Status::InvalidArgument);
            out.cast::<u32>().write_unaligned(size_of::<Abi>() as u32);
            assert_eq!(temporal_core_abi(out), Status::Ok);
            assert_eq!(out.read_unaligned().header_hash, fnv1a(HEADER.as_bytes()));
            assert_eq!(CStr::from_ptr(out.read_unaligned().core_version), c"0.10.1");
            assert_eq!(temporal_core_abi(std::ptr::null_mut()), Status::InvalidArgument);
        }
    }
}
