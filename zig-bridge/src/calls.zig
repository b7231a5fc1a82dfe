//! The calls that are passed on to Core as they are.
//!
//! Conventions. Handles and tokens are doubles, checked before anything else. Bytes are an address and a length, or
//! null and 0 for none; they are read (options, requests) or copied (completions, events) before the call returns, so
//! the typed array behind them may be collected or changed right after. Every function returns a status. `out` is a
//! Float64Array of two: `out[0]` receives the handle that the call makes and `out[1]` the bytes handle of an error
//! document, or 0; it is written during the call only, and calls that make an object refuse null.
//!
//! What the parameters are is said in the header; ts/src/native/symbols.ts names their types.

const std = @import("std");
const core = @import("core.zig");
const forward = @import("forward.zig").forward;
const c = core.c;

pub const temporal_bun_runtime_new = forward(c.temporal_core_runtime_new, .object_and_failure);
pub const temporal_bun_runtime_forward_logs = forward(c.temporal_core_runtime_forward_logs, .failure);
/// `out[0]` receives bytes that JavaScript frees.
pub const temporal_bun_runtime_take_metrics = forward(c.temporal_core_runtime_take_metrics, .object_and_failure);
pub const temporal_bun_runtime_free = forward(c.temporal_core_runtime_free, .status);

pub const temporal_bun_metric_new = forward(c.temporal_core_metric_new, .object_and_failure);
pub const temporal_bun_metric_record = forward(c.temporal_core_metric_record, .failure);
pub const temporal_bun_metric_free = forward(c.temporal_core_metric_free, .status);

pub const temporal_bun_resource_controller_new = forward(c.temporal_core_resource_controller_new, .object_and_failure);
pub const temporal_bun_resource_controller_free = forward(c.temporal_core_resource_controller_free, .status);

pub const temporal_bun_cancellation_new = forward(c.temporal_core_cancellation_new, .object);
pub const temporal_bun_cancellation_cancel = forward(c.temporal_core_cancellation_cancel, .status);
pub const temporal_bun_cancellation_free = forward(c.temporal_core_cancellation_free, .status);

pub const temporal_bun_client_connect = forward(c.temporal_core_client_connect, .failure);
/// `cancellation` is a cancellation handle or 0.
pub const temporal_bun_client_rpc = forward(c.temporal_core_client_rpc, .failure);
pub const temporal_bun_client_update_metadata = forward(c.temporal_core_client_update_metadata, .failure);
pub const temporal_bun_client_update_api_key = forward(c.temporal_core_client_update_api_key, .failure);
pub const temporal_bun_client_free = forward(c.temporal_core_client_free, .status);

pub const temporal_bun_worker_new = forward(c.temporal_core_worker_new, .object_and_failure);
pub const temporal_bun_worker_validate = forward(c.temporal_core_worker_validate, .failure);
pub const temporal_bun_worker_supply_slots = forward(c.temporal_core_worker_supply_slots, .failure);
pub const temporal_bun_worker_grant_slot = forward(c.temporal_core_worker_grant_slot, .failure);
/// With `token` 0 only a failure is answered.
pub const temporal_bun_worker_complete_workflow_activation =
    forward(c.temporal_core_worker_complete_workflow_activation, .failure);
/// With `token` 0 only a failure is answered.
pub const temporal_bun_worker_complete_activity_task = forward(c.temporal_core_worker_complete_activity_task, .failure);
/// With `token` 0 only a failure is answered.
pub const temporal_bun_worker_complete_nexus_task = forward(c.temporal_core_worker_complete_nexus_task, .failure);
pub const temporal_bun_worker_record_activity_heartbeat =
    forward(c.temporal_core_worker_record_activity_heartbeat, .failure);
pub const temporal_bun_worker_request_workflow_eviction =
    forward(c.temporal_core_worker_request_workflow_eviction, .failure);
pub const temporal_bun_worker_replace_client = forward(c.temporal_core_worker_replace_client, .failure);
pub const temporal_bun_worker_replace_workflow_queue =
    forward(c.temporal_core_worker_replace_workflow_queue, .failure);
pub const temporal_bun_worker_initiate_shutdown = forward(c.temporal_core_worker_initiate_shutdown, .status);
pub const temporal_bun_worker_finalize_shutdown = forward(c.temporal_core_worker_finalize_shutdown, .failure);
pub const temporal_bun_worker_free = forward(c.temporal_core_worker_free, .status);

pub const temporal_bun_replay_worker_new = forward(c.temporal_core_replay_worker_new, .object_and_failure);
pub const temporal_bun_replay_push = forward(c.temporal_core_replay_push, .failure);
pub const temporal_bun_replay_finish = forward(c.temporal_core_replay_finish, .status);

/// Blocks the thread until an event waits (0) or `milliseconds` have passed (TIMED_OUT). No bell rings for that event:
/// drain.
pub const temporal_bun_queue_wait = forward(c.temporal_core_queue_wait, .status);
/// Posts an event of kind HOST. `data` is copied before the call returns.
pub const temporal_bun_queue_post = forward(c.temporal_core_queue_post, .status);
/// Frees a queue; must not run while another thread drains it.
pub const temporal_bun_queue_free = forward(c.temporal_core_queue_free, .status);
/// Frees bytes. An ArrayBuffer over them must not exist any more.
pub const temporal_bun_bytes_free = forward(c.temporal_core_bytes_free, .status);

comptime {
    for (@typeInfo(@This()).@"struct".decls) |declaration| {
        @export(&@field(@This(), declaration.name), .{ .name = declaration.name });
    }
}

test "an error document reaches JavaScript as bytes that it frees" {
    const queue = @import("queue.zig");
    var out: [2]f64 = .{ 0, 0 };
    const options = "{\"threads\":\"many\"}";
    try std.testing.expectEqual(@as(i32, 3), temporal_bun_runtime_new(options, options.len, &out));
    try std.testing.expectEqual(@as(f64, 0), out[0]);
    const length = queue.temporal_bun_bytes_length(out[1]);
    var document: [1024]u8 = undefined;
    try std.testing.expectEqual(core.ok, queue.temporal_bun_bytes_copy(out[1], &document, document.len));
    const text = document[0..@intFromFloat(length)];
    try std.testing.expect(std.mem.indexOf(u8, text, "INVALID_OPTIONS") != null);
    try std.testing.expect(std.mem.indexOf(u8, text, "threads") != null);
    try std.testing.expectEqual(core.ok, temporal_bun_bytes_free(out[1]));
}

test "calls without a place for their result, or with numbers that are no handles, are refused" {
    const expect = std.testing.expectEqual;
    try expect(core.invalid_argument, temporal_bun_runtime_new(null, 0, null));
    try expect(core.invalid_argument, temporal_bun_cancellation_new(null));
    var out: [2]f64 = .{ 7, 7 };
    try expect(core.invalid_handle, temporal_bun_client_connect(std.math.nan(f64), 1, 1, null, 0, &out));
    try expect([2]f64{ 0, 0 }, out);
    try expect(core.invalid_handle, temporal_bun_client_rpc(1, 1, 1, 1, null, 0, null, 0, null, 0, -1, null));
    try expect(core.invalid_handle, temporal_bun_client_free(9e15));
}

test "a cancellation is made, cancelled and freed once" {
    const expect = std.testing.expectEqual;
    var out: [2]f64 = undefined;
    try expect(core.ok, temporal_bun_cancellation_new(&out));
    try expect(core.ok, temporal_bun_cancellation_cancel(out[0]));
    try expect(core.ok, temporal_bun_cancellation_free(out[0]));
    try expect(core.invalid_handle, temporal_bun_cancellation_free(out[0]));
    try expect(core.invalid_handle, temporal_bun_cancellation_cancel(out[0]));
}
