//! The bridge between Core's C header and bun:ffi: the exports of libtemporal_bun_bridge.
//!
//! Everything here is stateless glue: handles live in Rust's tables, buffers in JavaScript. Exports are named
//! temporal_bun_*; ts/src/native/symbols.ts declares the same functions, and a test compares the two
//! through `temporal_bun_signatures`.

const std = @import("std");
const core = @import("core.zig");
const c = core.c;

/// Without this, every thread that touches the library's thread-local memory, Rust's threads included, gets 256 KiB
/// for a signal stack that nothing here uses.
pub const std_options: std.Options = .{ .signal_stack_size = null };

const modules = .{
    @This(),
    @import("queue.zig"),
    @import("calls.zig"),
    @import("worker.zig"),
    @import("echo.zig"),
};

comptime {
    checkCoverage();
}

/// Version of the exports, checked by JavaScript before any other call. Raised together with `bridgeAbi` in
/// ts/src/native/symbols.ts whenever an export or the layout of the drain buffer changes.
const abi = 1;

/// Describes the library as a JSON document in `buffer`, which is written during the call only. Returns its length or
/// a status as a negative number. The shape of this export is the same in every version.
pub export fn temporal_bun_abi(buffer: ?[*]u8, capacity: u32) i32 {
    var report: c.TemporalCoreAbi = std.mem.zeroes(c.TemporalCoreAbi);
    report.size = @sizeOf(c.TemporalCoreAbi);
    const status = c.temporal_core_abi(&report);
    if (status != core.ok) return -@as(i32, @intCast(status));
    return print(buffer, capacity,
        \\{{"abi":{d},"version":"{s}","core":"{s}","coreAbi":{d},"header":"{x:0>16}","archiveHeader":"{x:0>16}"}}
    , .{
        abi,
        std.mem.span(report.package_version),
        std.mem.span(report.core_version),
        report.abi_version,
        core.header_hash,
        report.header_hash,
    });
}

/// Lists every export with its types, one `name(f64,ptr,u32)i32` per line, for the test that compares it with what
/// JavaScript declares. Returns the length or a status as a negative number.
pub export fn temporal_bun_signatures(buffer: ?[*]u8, capacity: u32) i32 {
    return print(buffer, capacity, "{s}", .{signatures});
}

fn print(buffer: ?[*]u8, capacity: u32, comptime format: []const u8, arguments: anytype) i32 {
    const place = buffer orelse return -core.invalid_argument;
    const text = std.fmt.bufPrint(place[0..capacity], format, arguments) catch return -core.invalid_argument;
    return @intCast(text.len);
}

const prefix = "temporal_bun_";

const signatures = text: {
    @setEvalBranchQuota(100_000);
    var text: []const u8 = "";
    for (modules) |module| {
        for (@typeInfo(module).@"struct".decls) |declaration| {
            if (!std.mem.startsWith(u8, declaration.name, prefix)) continue;
            const function = @typeInfo(@TypeOf(@field(module, declaration.name))).@"fn";
            text = text ++ declaration.name ++ "(";
            for (function.params, 0..) |parameter, index| {
                text = text ++ (if (index == 0) "" else ",") ++ typeName(parameter.type.?);
            }
            text = text ++ ")" ++ typeName(function.return_type.?) ++ "\n";
        }
    }
    break :text text;
};

fn typeName(comptime T: type) []const u8 {
    return switch (@typeInfo(T)) {
        .pointer, .optional => "ptr",
        else => @typeName(T),
    };
}

/// Fails the build when the header has a function that no export passes on. The linker takes from the archive only
/// what something refers to, so a function forgotten here would be missing without a word.
fn checkCoverage() void {
    @setEvalBranchQuota(1_000_000);
    // Used by the bridge itself rather than passed on.
    const internal = [_][]const u8{ "queue_take", "bytes_read" };
    const core_prefix = "temporal_core_";
    next: for (@typeInfo(c).@"struct".decls) |declaration| {
        if (!std.mem.startsWith(u8, declaration.name, core_prefix)) continue;
        const name = declaration.name[core_prefix.len..];
        for (internal) |own| if (std.mem.eql(u8, name, own)) continue :next;
        for (modules) |module| if (@hasDecl(module, prefix ++ name)) continue :next;
        @compileError(declaration.name ++ " is in temporal_bun_core.h, but no " ++ prefix ++ name ++ " passes it on");
    }
}

test {
    inline for (modules) |module| _ = module;
    _ = @import("number.zig");
}

test "the archive was built from the header that the bridge was compiled against" {
    var report: c.TemporalCoreAbi = std.mem.zeroes(c.TemporalCoreAbi);
    report.size = @sizeOf(c.TemporalCoreAbi);
    try std.testing.expectEqual(core.ok, @as(i32, @intCast(c.temporal_core_abi(&report))));
    try std.testing.expectEqual(core.header_hash, report.header_hash);
    try std.testing.expectEqual(@as(u32, c.TEMPORAL_CORE_ABI_VERSION), report.abi_version);
}

test "the report is JSON, and a buffer that is too small is refused" {
    var buffer: [1024]u8 = undefined;
    const length = temporal_bun_abi(&buffer, buffer.len);
    const parsed = try std.json.parseFromSlice(struct {
        abi: u32,
        version: []const u8,
        core: []const u8,
        coreAbi: u32,
        header: []const u8,
        archiveHeader: []const u8,
    }, std.testing.allocator, buffer[0..@intCast(length)], .{});
    defer parsed.deinit();
    try std.testing.expectEqual(@as(u32, abi), parsed.value.abi);
    try std.testing.expectEqualStrings(parsed.value.header, parsed.value.archiveHeader);
    try std.testing.expectEqual(-core.invalid_argument, temporal_bun_abi(&buffer, 20));
    try std.testing.expectEqual(-core.invalid_argument, temporal_bun_abi(null, 0));
}
