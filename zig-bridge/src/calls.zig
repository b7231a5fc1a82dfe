//! Runtime, metric, resource controller, cancellation and client calls, flattened for bun:ffi.
//!
//! Conventions. Handles and tokens are doubles, checked before anything else. Bytes are an address and a length, or
//! null and 0 for none; they are read (options, requests) or copied (completions) before the call returns, so the
//! typed array behind them may be collected or changed right after. Every function returns a status. `out` is a
//! Float64Array of two: `out[0]` receives the handle that the call makes and `out[1]` the bytes handle of an error
//! document, or 0; it is written during the call only, and calls that make an object refuse null.

const std = @import("std");
const core = @import("core.zig");
const number = @import("number.zig");
const c = core.c;

pub const Bytes = ?[*]const u8;
pub const Out = ?[*]f64;

/// Hands the outcome of a call to JavaScript. A document that has no place to go is freed.
pub fn finish(status: anytype, out: Out, object: core.Handle, failure: core.Handle) i32 {
    if (out) |place| {
        place[0] = number.write(object);
        place[1] = number.write(failure);
    } else if (failure != 0) {
        _ = c.temporal_core_bytes_free(failure);
    }
    return @intCast(status);
}

/// The status for a number that is no handle or token.
pub fn refuse(out: Out) i32 {
    return finish(core.invalid_handle, out, 0, 0);
}

pub export fn temporal_bun_runtime_new(options: Bytes, options_length: u32, out: Out) i32 {
    if (out == null) return core.invalid_argument;
    var runtime: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_runtime_new(options, options_length, &runtime, &failure);
    return finish(status, out, runtime, failure);
}

pub export fn temporal_bun_runtime_forward_logs(runtime: f64, queue: f64, token: f64, out: Out) i32 {
    const handles = number.readAll(3, .{ runtime, queue, token }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_runtime_forward_logs(handles[0], handles[1], handles[2], &failure);
    return finish(status, out, 0, failure);
}

/// `out[0]` receives bytes that JavaScript frees.
pub export fn temporal_bun_runtime_take_metrics(runtime: f64, out: Out) i32 {
    const handle = number.read(runtime) orelse return refuse(out);
    if (out == null) return core.invalid_argument;
    var bytes: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_runtime_take_metrics(handle, &bytes, &failure);
    return finish(status, out, bytes, failure);
}

pub export fn temporal_bun_runtime_free(runtime: f64) i32 {
    const handle = number.read(runtime) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_runtime_free(handle));
}

pub export fn temporal_bun_metric_new(runtime: f64, options: Bytes, options_length: u32, out: Out) i32 {
    const handle = number.read(runtime) orelse return refuse(out);
    if (out == null) return core.invalid_argument;
    var metric: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_metric_new(handle, options, options_length, &metric, &failure);
    return finish(status, out, metric, failure);
}

pub export fn temporal_bun_metric_record(metric: f64, value: f64, attributes: Bytes, attributes_length: u32, out: Out) i32 {
    const handle = number.read(metric) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_metric_record(handle, value, attributes, attributes_length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_metric_free(metric: f64) i32 {
    const handle = number.read(metric) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_metric_free(handle));
}

pub export fn temporal_bun_resource_controller_new(options: Bytes, options_length: u32, out: Out) i32 {
    if (out == null) return core.invalid_argument;
    var controller: core.Handle = 0;
    var failure: core.Handle = 0;
    const status = c.temporal_core_resource_controller_new(options, options_length, &controller, &failure);
    return finish(status, out, controller, failure);
}

pub export fn temporal_bun_resource_controller_free(controller: f64) i32 {
    const handle = number.read(controller) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_resource_controller_free(handle));
}

pub export fn temporal_bun_cancellation_new(out: Out) i32 {
    if (out == null) return core.invalid_argument;
    var cancellation: core.Handle = 0;
    const status = c.temporal_core_cancellation_new(&cancellation);
    return finish(status, out, cancellation, 0);
}

pub export fn temporal_bun_cancellation_cancel(cancellation: f64) i32 {
    const handle = number.read(cancellation) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_cancellation_cancel(handle));
}

pub export fn temporal_bun_cancellation_free(cancellation: f64) i32 {
    const handle = number.read(cancellation) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_cancellation_free(handle));
}

pub export fn temporal_bun_client_connect(runtime: f64, queue: f64, token: f64, options: Bytes, options_length: u32, out: Out) i32 {
    const handles = number.readAll(3, .{ runtime, queue, token }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_client_connect(handles[0], handles[1], handles[2], options, options_length, &failure);
    return finish(status, out, 0, failure);
}

/// `cancellation` is a cancellation handle or 0.
pub export fn temporal_bun_client_rpc(
    client: f64,
    queue: f64,
    token: f64,
    service: u32,
    rpc: Bytes,
    rpc_length: u32,
    request: Bytes,
    request_length: u32,
    options: Bytes,
    options_length: u32,
    cancellation: f64,
    out: Out,
) i32 {
    const handles = number.readAll(4, .{ client, queue, token, cancellation }) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_client_rpc(
        handles[0],
        handles[1],
        handles[2],
        service,
        rpc,
        rpc_length,
        request,
        request_length,
        options,
        options_length,
        handles[3],
        &failure,
    );
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_client_update_metadata(client: f64, options: Bytes, options_length: u32, out: Out) i32 {
    const handle = number.read(client) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_client_update_metadata(handle, options, options_length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_client_update_api_key(client: f64, key: Bytes, key_length: u32, out: Out) i32 {
    const handle = number.read(client) orelse return refuse(out);
    var failure: core.Handle = 0;
    const status = c.temporal_core_client_update_api_key(handle, key, key_length, &failure);
    return finish(status, out, 0, failure);
}

pub export fn temporal_bun_client_free(client: f64) i32 {
    const handle = number.read(client) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_client_free(handle));
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
    try std.testing.expectEqual(core.ok, queue.temporal_bun_bytes_free(out[1]));
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
