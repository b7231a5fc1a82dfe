//! Controllers that the resource-based slots of several workers share.

use std::sync::Arc;
use temporalio_sdk_core::ResourceController;

use crate::{
    guard,
    handle::{BytesHandle, Kind, ResourceControllerHandle, Table},
    options::slots::ResourceTargets,
    status::Status,
};

pub static TABLE: Table<ResourceController> = Table::new(Kind::ResourceController);

/// Makes a controller that workers with resource-based slots share, by its handle in `tuner.resourceController` of
/// their options: there is then one measurement of the machine's load, and one target, for all of them. The result goes
/// to `out`.
///
/// `options` is a JSON document (ResourceTargets). It is copied.
///
/// Any thread may call this. INVALID_OPTIONS names the path of what is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn temporal_core_resource_controller_new(
    options: *const u8,
    options_length: usize,
    out: *mut ResourceControllerHandle,
    out_error: *mut BytesHandle,
) -> Status {
    let make = |options: &[u8]| {
        let controller = ResourceController::new(ResourceTargets::parse(options)?);
        Ok(TABLE.insert(Arc::new(controller)))
    };
    // SAFETY: the header asks for writable memory and for `options_length` readable bytes.
    unsafe { guard::create(options, options_length, out, out_error, make) }
}

/// Gives up a controller. Workers that use it keep it alive.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_resource_controller_free(controller: ResourceControllerHandle) -> Status {
    guard::free(&TABLE, controller, drop)
}
