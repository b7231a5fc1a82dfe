//! The echo service: native threads that post back what they are given, so that the whole border can be tested and
//! measured without a server. Each thread is a request queue of its own plus the thread that drains it; its handle
//! is that of the queue.

const std = @import("std");
const core = @import("core.zig");
const number = @import("number.zig");
const c = core.c;

/// What stands before the payload in a request event. A request without `repeat` ends the thread.
const Request = extern struct {
    /// The queue to post to.
    target: u64,
    /// How often to post.
    repeat: u32,
    /// Microseconds to sleep before each post.
    interval: u32,
};

/// Bytes of a payload that are overwritten when it is posted more than once: its number (from 0) and the time just
/// before the post (`temporal_bun_echo_clock`), both as doubles.
const stamp_size = 16;

/// Starts an echo thread and puts its handle into `out[0]`. It ends with `temporal_bun_echo_stop`.
pub export fn temporal_bun_echo_start(out: ?[*]f64) i32 {
    const place = out orelse return core.invalid_argument;
    var requests: core.Handle = 0;
    const status = c.temporal_core_queue_new(&requests, null);
    if (status != core.ok) return @intCast(status);
    const thread = std.Thread.spawn(.{ .stack_size = 1024 * 1024 }, serve, .{requests}) catch {
        _ = c.temporal_core_queue_free(requests);
        return core.internal;
    };
    thread.detach();
    place[0] = number.write(requests);
    return core.ok;
}

/// Asks an echo thread to post `data` `repeat` times (at least once) to `queue` with `token` and `status`, each time
/// after `interval` microseconds. When it repeats, payloads of 16 bytes and more are stamped with number and time.
/// `data` is copied before the call returns.
pub export fn temporal_bun_echo_post(
    echo: f64,
    queue: f64,
    token: f64,
    status: i32,
    data: ?[*]const u8,
    length: u32,
    repeat: u32,
    interval: u32,
) i32 {
    const requests, const target, const reply = number.readAll(3, .{ echo, queue, token }) orelse
        return core.invalid_handle;
    if (data == null and length != 0) return core.invalid_argument;
    const payload: []const u8 = if (length == 0) &.{} else data.?[0..length];
    const request: Request = .{ .target = target, .repeat = @max(1, repeat), .interval = interval };
    return post(requests, reply, status, request, payload);
}

/// Lets an echo thread finish the requests before this one and end.
pub export fn temporal_bun_echo_stop(echo: f64) i32 {
    const requests = number.read(echo) orelse return core.invalid_handle;
    return post(requests, 0, core.ok, .{ .target = 0, .repeat = 0, .interval = 0 }, &.{});
}

/// The monotonic clock in nanoseconds, for latencies across the border.
pub export fn temporal_bun_echo_clock() f64 {
    var now: std.c.timespec = undefined;
    _ = std.c.clock_gettime(.MONOTONIC, &now);
    return @as(f64, @floatFromInt(now.sec)) * std.time.ns_per_s + @as(f64, @floatFromInt(now.nsec));
}

fn post(requests: core.Handle, token: u64, status: i32, request: Request, payload: []const u8) i32 {
    const message = std.heap.c_allocator.alloc(u8, @sizeOf(Request) + payload.len) catch return core.internal;
    defer std.heap.c_allocator.free(message);
    @memcpy(message[0..@sizeOf(Request)], std.mem.asBytes(&request));
    @memcpy(message[@sizeOf(Request)..], payload);
    return @intCast(c.temporal_core_queue_post(requests, token, status, message.ptr, message.len));
}

fn serve(requests: core.Handle) void {
    // This thread alone drains the queue, and nothing but the end of this function frees it, so the data of a
    // batch is valid until the next drain.
    defer _ = c.temporal_core_queue_free(requests);
    var events: [16]core.Event = undefined;
    while (true) {
        var count: usize = 0;
        if (c.temporal_core_queue_drain(requests, &events, @sizeOf(core.Event), events.len, &count) != core.ok) return;
        for (events[0..count]) |event| {
            if (event.length < @sizeOf(Request)) continue;
            const request = std.mem.bytesToValue(Request, event.data[0..@sizeOf(Request)]);
            if (request.repeat == 0) return;
            // The batch's bytes are this thread's alone; the stamp is written in place.
            const payload = @constCast(event.data[@sizeOf(Request)..event.length]);
            answer(request, event.token, event.status, payload);
        }
        if (count == 0) {
            const status = c.temporal_core_queue_wait(requests, std.time.ms_per_min);
            if (status != core.ok and status != core.timed_out) return;
        }
    }
}

fn answer(request: Request, token: u64, status: i32, payload: []u8) void {
    for (0..request.repeat) |index| {
        if (request.interval != 0) {
            const pause: std.c.timespec = .{
                .sec = request.interval / std.time.us_per_s,
                .nsec = (request.interval % std.time.us_per_s) * std.time.ns_per_us,
            };
            _ = std.c.nanosleep(&pause, null);
        }
        if (request.repeat > 1 and payload.len >= stamp_size) {
            const stamp = [2]f64{ @floatFromInt(index), temporal_bun_echo_clock() };
            @memcpy(payload[0..stamp_size], std.mem.asBytes(&stamp));
        }
        // A queue that has been freed meanwhile is its owner's decision.
        if (c.temporal_core_queue_post(request.target, token, status, payload.ptr, payload.len) != core.ok) return;
    }
}

test "what is posted to an echo thread comes back, as often as asked, until it is stopped" {
    const testing = std.testing;
    const queue = @import("queue.zig");
    const calls = @import("calls.zig");
    var out: [2]f64 = undefined;
    try testing.expectEqual(core.ok, queue.temporal_bun_queue_new(&out));
    const replies = out[0];
    defer _ = std.c.close(@intFromFloat(out[1]));
    try testing.expectEqual(core.ok, temporal_bun_echo_start(&out));
    const echo = out[0];

    const payload: [32]u8 = @splat(7);
    try testing.expectEqual(core.ok, temporal_bun_echo_post(echo, replies, 3, 9, &payload, payload.len, 500, 0));
    try testing.expectEqual(core.ok, temporal_bun_echo_post(echo, replies, 4, 0, null, 0, 0, 1));
    try testing.expectEqual(core.invalid_argument, temporal_bun_echo_post(echo, replies, 4, 0, null, 1, 1, 0));
    try testing.expectEqual(core.invalid_handle, temporal_bun_echo_post(echo, -1, 4, 0, null, 0, 1, 0));

    const handle = number.read(replies).?;
    var events: [64]core.Event = undefined;
    var received: usize = 0;
    while (received < 501) {
        _ = c.temporal_core_queue_wait(handle, 60_000);
        var count: usize = 0;
        const status = c.temporal_core_queue_drain(handle, &events, @sizeOf(core.Event), events.len, &count);
        try testing.expectEqual(core.ok, @as(i32, @intCast(status)));
        for (events[0..count]) |event| {
            if (received < 500) {
                try testing.expectEqual(@as(u64, 3), event.token);
                try testing.expectEqual(@as(i32, 9), event.status);
                const stamp = std.mem.bytesToValue([2]f64, event.data[0..stamp_size]);
                try testing.expectEqual(@as(f64, @floatFromInt(received)), stamp[0]);
                try testing.expectEqualSlices(u8, payload[stamp_size..], event.data[stamp_size..event.length]);
            } else {
                try testing.expectEqual(@as(u64, 4), event.token);
                try testing.expectEqual(@as(usize, 0), event.length);
            }
            received += 1;
        }
    }

    // A thread whose target is gone goes on to the next request.
    try testing.expectEqual(core.ok, calls.temporal_bun_queue_free(replies));
    try testing.expectEqual(core.ok, temporal_bun_echo_post(echo, replies, 3, 0, &payload, payload.len, 5, 0));
    try testing.expectEqual(core.ok, temporal_bun_echo_stop(echo));
    // It frees its own queue last, so its handle becomes stale when it has ended.
    while (c.temporal_core_queue_wait(number.read(echo).?, 60_000) != core.invalid_handle) try std.Thread.yield();
}
