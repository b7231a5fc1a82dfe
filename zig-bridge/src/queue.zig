//! Queues and bytes: how events reach JavaScript.
//!
//! Many events cross in one call. JavaScript owns the buffer that they are copied to, and the bridge uses it only
//! during the call, so a Bun Worker may be terminated at any moment. No state is kept here: what is not drained
//! stays in the queue, and what is drained is in the buffer or belongs to the garbage collector.

const std = @import("std");
const core = @import("core.zig");
const number = @import("number.zig");
const c = core.c;

/// Head of one event in the drain buffer. The offsets are read by ts/src/native/queue.ts. An event that is inlined is
/// followed by its payload, padded to 8 bytes; a large one by the address of its payload, as a double.
const Record = extern struct {
    token: f64,
    object: f64,
    kind: u32,
    status: i32,
    length: u32,
    flags: u32,
    /// Bytes handle of a large payload; otherwise 0.
    bytes: f64,

    const large = 1;
    /// Smallest space for which any event can be written: the head and an address.
    const least = @sizeOf(Record) + @sizeOf(f64);
};

comptime {
    if (@sizeOf(Record) != 40) @compileError("ts/src/native/queue.ts expects records of 40 bytes");
}

/// Most events that one drain hands over; ts/src/native/queue.ts drains until it gets fewer.
const batch = 64;

/// Payloads up to this size are copied to the buffer, larger ones are handed over. Wrapping foreign memory in an
/// ArrayBuffer costs about as much as copying this many bytes twice.
const inline_limit = 16 * 1024;

/// Opens a queue: `out[0]` receives its handle and `out[1]` the descriptor of its bell, which belongs to the caller.
pub export fn temporal_bun_queue_new(out: ?[*]f64) i32 {
    const place = out orelse return core.invalid_argument;
    var queue: core.Handle = 0;
    var descriptor: i32 = -1;
    const status = c.temporal_core_queue_new(&queue, &descriptor);
    place[0] = number.write(queue);
    place[1] = @floatFromInt(descriptor);
    return @intCast(status);
}

/// Moves waiting events, oldest first, to `buffer` and returns how many (0 to 64), or a status as a negative number.
/// Fewer than 64 means that the queue was empty at that moment and that its bell will ring for the next event.
///
/// `buffer` is written during the call only. A large payload stays valid until its bytes handle is freed, which
/// the function of `temporal_bun_bytes_deallocator` does when JavaScript's garbage collector calls it.
pub export fn temporal_bun_queue_drain(queue: f64, buffer: ?[*]u8, capacity: u32) i32 {
    const handle = number.read(queue) orelse return -core.invalid_handle;
    const place = buffer orelse return -core.invalid_argument;
    if (capacity < batch * Record.least) return -core.invalid_argument;

    var events: [batch]core.Event = undefined;
    var count: usize = 0;
    const status = c.temporal_core_queue_drain(handle, &events, @sizeOf(core.Event), batch, &count);
    if (status != core.ok) return -@as(i32, @intCast(status));

    var offset: usize = 0;
    for (events[0..count], 0..) |event, index| {
        // What must remain for the heads of the events behind this one.
        const reserved = (count - index - 1) * Record.least;
        offset += writeEvent(place[offset .. capacity - reserved], handle, index, event);
    }
    return @intCast(count);
}

/// Writes one event to the front of `space` and returns the size it took, a multiple of 8.
fn writeEvent(space: []u8, queue: core.Handle, index: usize, event: core.Event) usize {
    var record: Record = .{
        .token = number.write(event.token),
        .object = number.write(event.object),
        .kind = event.kind,
        .status = event.status,
        .length = 0,
        .flags = 0,
        .bytes = 0,
    };
    const payload = space[@sizeOf(Record)..];
    const padded = std.mem.alignForward(usize, event.length, 8);
    var used: usize = @sizeOf(Record);
    if (event.length <= inline_limit and padded <= payload.len) {
        record.length = @intCast(event.length);
        // data may dangle when the length is 0.
        if (event.length != 0) @memcpy(payload[0..event.length], event.data[0..event.length]);
        used += padded;
    } else {
        // From here on the payload belongs to the bytes handle, not to the batch; its address does not change.
        var bytes: core.Handle = 0;
        const status = c.temporal_core_queue_take(queue, index, &bytes);
        if (status == core.ok and event.length <= std.math.maxInt(u32)) {
            record.length = @intCast(event.length);
            record.flags = Record.large;
            record.bytes = number.write(bytes);
            const address: f64 = @floatFromInt(@intFromPtr(event.data));
            @memcpy(payload[0..@sizeOf(f64)], std.mem.asBytes(&address));
            used += @sizeOf(f64);
        } else {
            // Only a host that frees the queue under its own drain, or a payload of 4 GiB, gets here. The
            // receiver hears of it rather than waiting for ever.
            if (status == core.ok) _ = c.temporal_core_bytes_free(bytes);
            record.status = core.internal;
        }
    }
    @memcpy(space[0..@sizeOf(Record)], std.mem.asBytes(&record));
    return used;
}

/// The number of bytes behind a bytes handle, or a status as a negative number.
pub export fn temporal_bun_bytes_length(bytes: f64) f64 {
    var data: [*c]const u8 = null;
    var length: usize = 0;
    const status = readBytes(bytes, &data, &length);
    return if (status == core.ok) @floatFromInt(length) else @floatFromInt(-status);
}

/// Copies the first `capacity` bytes, or fewer when there are fewer, to `buffer`, which is written during the call
/// only.
pub export fn temporal_bun_bytes_copy(bytes: f64, buffer: ?[*]u8, capacity: u32) i32 {
    var data: [*c]const u8 = null;
    var length: usize = 0;
    const status = readBytes(bytes, &data, &length);
    if (status != core.ok) return status;
    const count = @min(length, capacity);
    if (count == 0) return core.ok;
    const place = buffer orelse return core.invalid_argument;
    @memcpy(place[0..count], data[0..count]);
    return core.ok;
}

fn readBytes(bytes: f64, data: *[*c]const u8, length: *usize) i32 {
    const handle = number.read(bytes) orelse return core.invalid_handle;
    return @intCast(c.temporal_core_bytes_read(handle, data, length));
}

/// The function that bun:ffi's `toArrayBuffer` takes as deallocator; its context is the bytes handle.
pub export fn temporal_bun_bytes_deallocator() *const fn (?*anyopaque, usize) callconv(.c) void {
    return &freeCollected;
}

/// Called by the garbage collector, on whatever thread it sweeps, and when a terminated Worker's heap is torn down.
/// Freeing bytes takes no lock that JavaScript could hold.
fn freeCollected(_: ?*anyopaque, bytes: usize) callconv(.c) void {
    _ = c.temporal_core_bytes_free(bytes);
}

const testing = std.testing;
const calls = @import("calls.zig");
const temporal_bun_queue_post = calls.temporal_bun_queue_post;
const temporal_bun_queue_free = calls.temporal_bun_queue_free;
const temporal_bun_bytes_free = calls.temporal_bun_bytes_free;

const TestQueue = struct {
    handle: f64,
    descriptor: i32,

    fn open() !TestQueue {
        var out: [2]f64 = undefined;
        try testing.expectEqual(core.ok, temporal_bun_queue_new(&out));
        return .{ .handle = out[0], .descriptor = @intFromFloat(out[1]) };
    }

    fn close(queue: TestQueue) void {
        _ = temporal_bun_queue_free(queue.handle);
        _ = std.c.close(queue.descriptor);
    }

    /// Whether the bell has rung since the last look; takes what it wrote.
    fn hasRung(queue: TestQueue) bool {
        var bytes: [16]u8 = undefined;
        return std.c.recv(queue.descriptor, &bytes, bytes.len, 0) > 0;
    }
};

/// Walks over the records of a drain as JavaScript does.
const Reader = struct {
    buffer: []const u8,
    offset: usize = 0,

    const Entry = struct { record: Record, payload: []const u8 };

    fn next(reader: *Reader) Entry {
        const record = std.mem.bytesToValue(Record, reader.buffer[reader.offset..][0..@sizeOf(Record)]);
        const rest = reader.buffer[reader.offset + @sizeOf(Record) ..];
        if (record.flags & Record.large != 0) {
            reader.offset += Record.least;
            const address: usize = @intFromFloat(std.mem.bytesToValue(f64, rest[0..8]));
            const data: [*]const u8 = @ptrFromInt(address);
            return .{ .record = record, .payload = data[0..record.length] };
        }
        reader.offset += @sizeOf(Record) + std.mem.alignForward(usize, record.length, 8);
        return .{ .record = record, .payload = rest[0..record.length] };
    }
};

test "events cross with their token, status and bytes, whatever the size" {
    const queue = try TestQueue.open();
    defer queue.close();
    var buffer: [32 * 1024]u8 align(8) = undefined;
    const payload = try testing.allocator.alloc(u8, 100_000);
    defer testing.allocator.free(payload);
    for (payload, 0..) |*byte, index| byte.* = @truncate(index *% 31);

    for ([_]u32{ 0, 1, 7, 8, 9, 1000, inline_limit - 1, inline_limit, inline_limit + 1, 100_000 }) |length| {
        try testing.expectEqual(core.ok, temporal_bun_queue_post(queue.handle, 77, -3, payload.ptr, length));
        try testing.expectEqual(@as(i32, 1), temporal_bun_queue_drain(queue.handle, &buffer, buffer.len));
        var reader: Reader = .{ .buffer = &buffer };
        const entry = reader.next();
        try testing.expectEqual(@as(f64, 77), entry.record.token);
        try testing.expectEqual(@as(i32, -3), entry.record.status);
        try testing.expectEqualSlices(u8, payload[0..length], entry.payload);
        try testing.expectEqual(length > inline_limit, entry.record.bytes != 0);
        if (entry.record.bytes != 0) {
            freeCollected(null, @intFromFloat(entry.record.bytes));
            try testing.expectEqual(core.invalid_handle, temporal_bun_bytes_free(entry.record.bytes));
        }
    }
}

test "what does not fit the buffer is handed over, and no byte behind the buffer is touched" {
    const queue = try TestQueue.open();
    defer queue.close();
    const payload = [_]u8{0xab} ** 1000;
    for (0..batch) |token| _ = temporal_bun_queue_post(queue.handle, @floatFromInt(token), 0, &payload, payload.len);

    const capacity = batch * Record.least + 2000;
    var buffer: [capacity + 64]u8 align(8) = @splat(0x5a);
    try testing.expectEqual(@as(i32, batch), temporal_bun_queue_drain(queue.handle, &buffer, capacity));
    try testing.expect(std.mem.allEqual(u8, buffer[capacity..], 0x5a));
    var reader: Reader = .{ .buffer = buffer[0..capacity] };
    var large: usize = 0;
    for (0..batch) |token| {
        const entry = reader.next();
        try testing.expectEqual(@as(f64, @floatFromInt(token)), entry.record.token);
        try testing.expectEqualSlices(u8, &payload, entry.payload);
        if (entry.record.bytes != 0) {
            large += 1;
            try testing.expectEqual(core.ok, temporal_bun_bytes_free(entry.record.bytes));
        }
    }
    try testing.expectEqual(@as(usize, batch - 2), large);
}

test "many threads post while one drains: nothing is lost, doubled or out of order" {
    const threads = 8;
    const each = 20_000;
    const queue = try TestQueue.open();
    defer queue.close();

    const produce = struct {
        fn run(handle: f64, thread: u32) void {
            var payload: [64]u8 = @splat(@truncate(thread));
            for (0..each) |index| {
                std.mem.writeInt(u64, payload[0..8], index, .little);
                // Lengths vary, so that records begin at every possible place.
                const length: u32 = @intCast(8 + (index * 7 + thread) % 56);
                _ = temporal_bun_queue_post(handle, @floatFromInt(thread), 0, &payload, length);
            }
        }
    }.run;
    var producers: [threads]std.Thread = undefined;
    for (&producers, 0..) |*producer, thread| {
        producer.* = try std.Thread.spawn(.{}, produce, .{ queue.handle, @as(u32, @intCast(thread)) });
    }
    defer for (producers) |producer| producer.join();

    var next: [threads]u64 = @splat(0);
    var received: usize = 0;
    var buffer: [64 * 1024]u8 align(8) = undefined;
    while (received < threads * each) {
        const count = temporal_bun_queue_drain(queue.handle, &buffer, buffer.len);
        try testing.expect(count >= 0);
        if (count == 0) _ = c.temporal_core_queue_wait(number.read(queue.handle).?, 10_000);
        var reader: Reader = .{ .buffer = &buffer };
        for (0..@intCast(count)) |_| {
            const entry = reader.next();
            const thread: usize = @intFromFloat(entry.record.token);
            const index = std.mem.readInt(u64, entry.payload[0..8], .little);
            try testing.expectEqual(next[thread], index);
            try testing.expectEqual(8 + (index * 7 + thread) % 56, entry.payload.len);
            try testing.expect(std.mem.allEqual(u8, entry.payload[8..], @truncate(thread)));
            next[thread] += 1;
        }
        received += @intCast(count);
    }
    try testing.expectEqual(@as(i32, 0), temporal_bun_queue_drain(queue.handle, &buffer, buffer.len));
}

test "the bell rings once when the queue stops being empty" {
    const queue = try TestQueue.open();
    defer queue.close();
    var buffer: [64 * 1024]u8 align(8) = undefined;
    for (0..3) |_| {
        try testing.expect(!queue.hasRung());
        for (0..5) |_| _ = temporal_bun_queue_post(queue.handle, 1, 0, null, 0);
        try testing.expect(queue.hasRung());
        try testing.expect(!queue.hasRung());
        try testing.expectEqual(@as(i32, 5), temporal_bun_queue_drain(queue.handle, &buffer, buffer.len));
    }
}

test "handles that are none, stale or of another kind are refused" {
    const queue = try TestQueue.open();
    queue.close();
    var buffer: [64 * 1024]u8 align(8) = undefined;
    for ([_]f64{ queue.handle, std.math.nan(f64), -1, 0, 0.5, 1e300 }) |handle| {
        try testing.expectEqual(-core.invalid_handle, temporal_bun_queue_drain(handle, &buffer, buffer.len));
        try testing.expectEqual(core.invalid_handle, temporal_bun_queue_post(handle, 1, 0, null, 0));
        try testing.expectEqual(core.invalid_handle, temporal_bun_queue_free(handle));
        try testing.expectEqual(core.invalid_handle, temporal_bun_bytes_free(handle));
        try testing.expectEqual(core.invalid_handle, temporal_bun_bytes_copy(handle, &buffer, buffer.len));
        try testing.expectEqual(@as(f64, -core.invalid_handle), temporal_bun_bytes_length(handle));
    }
    const other = try TestQueue.open();
    defer other.close();
    try testing.expectEqual(core.invalid_handle, temporal_bun_bytes_free(other.handle));
    try testing.expectEqual(core.invalid_handle, temporal_bun_queue_post(other.handle, std.math.nan(f64), 0, null, 0));
    try testing.expectEqual(core.invalid_argument, temporal_bun_queue_post(other.handle, 1, 0, null, 8));
    try testing.expectEqual(-core.invalid_argument, temporal_bun_queue_drain(other.handle, null, 0));
    const too_small = batch * Record.least - 1;
    try testing.expectEqual(-core.invalid_argument, temporal_bun_queue_drain(other.handle, &buffer, too_small));
}
