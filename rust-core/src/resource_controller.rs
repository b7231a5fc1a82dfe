//! Controllers that the resource-based slots of several workers share.

use std::sync::Arc;
use temporalio_sdk_core::ResourceController;

use crate::{
    guard::{guard, guard_status},
    handle::{BytesHandle, Kind, ResourceControllerHandle, Table},
    input,
    options::slots::ResourceTargets,
    status::Status,
};

pub static TABLE: Table<ResourceController> = Table::new(Kind::ResourceController);

/// Makes a controller that workers with resource-based slots share, by its handle in `tuner.resourceController` of their options:
/// there is then one measurement of the machine's load, and one target, for all of them. The result goes to `out`.
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
    guard(out_error, || {
        // SAFETY: the header asks for writable memory and for `options_length` readable bytes.
        let (out, options) = unsafe {
            (
                input::out(out, "out")?,
                input::bytes(options, options_length, "options")?,
            )
        };
        let controller = ResourceController::new(ResourceTargets::parse(options)?);
        out.set(TABLE.insert(Arc::new(controller)));
        Ok(())
    })
}

/// Gives up a controller. Workers that use it keep it alive.
///
/// Any thread may call this. INVALID_HANDLE when the handle is stale.
#[unsafe(no_mangle)]
pub extern "C" fn temporal_core_resource_controller_free(controller: ResourceControllerHandle) -> Status {
    guard_status(|| TABLE.remove(controller).map(drop))
}
