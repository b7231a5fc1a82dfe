//! Numbers that cross from JavaScript.
//!
//! bun:ffi passes a 64-bit integer as a BigInt, which costs an allocation on
//! every call. Handles and tokens are below 2^53 instead and cross as f64. A
//! JavaScript caller can pass any double, so every one is checked here before
//! it becomes an integer: converting NaN or -1 unchecked is undefined behaviour.

const std = @import("std");

/// The largest integer that a double holds without also standing for its
/// neighbour: Number.MAX_SAFE_INTEGER.
pub const largest: f64 = 9007199254740991;

/// The handle or token that `value` stands for; null when it is NaN, infinite,
/// negative, a fraction or above `largest`.
pub fn read(value: f64) ?u64 {
    // Written so that NaN, for which every comparison is false, is refused.
    if (!(value >= 0 and value <= largest)) return null;
    const whole: u64 = @intFromFloat(value);
    if (@as(f64, @floatFromInt(whole)) != value) return null;
    return whole;
}

/// `read` for several values at once: null when any of them is refused.
pub fn readAll(comptime count: usize, values: [count]f64) ?[count]u64 {
    var result: [count]u64 = undefined;
    for (values, &result) |value, *slot| slot.* = read(value) orelse return null;
    return result;
}

/// A handle on its way to JavaScript. Handles are below 2^53 by construction
/// (kind, generation and index take 53 bits), so nothing is rounded.
pub fn write(handle: u64) f64 {
    return @floatFromInt(handle);
}

test "whole numbers up to 2^53 - 1 pass, everything else is refused" {
    const expect = std.testing.expectEqual;
    try expect(@as(?u64, 0), read(0));
    try expect(@as(?u64, 0), read(-0.0));
    try expect(@as(?u64, 1), read(1));
    try expect(@as(?u64, 9007199254740991), read(largest));
    for ([_]f64{
        -1,                 0.5,                1e300,             9007199254740992, -1e300,
        std.math.inf(f64),  -std.math.inf(f64), std.math.nan(f64), -0.25,            std.math.floatMin(f64),
        4503599627370495.5, -9007199254740991,
    }) |value| try expect(@as(?u64, null), read(value));
}

test "one bad value refuses the lot" {
    try std.testing.expectEqual(@as(?[2]u64, .{ 3, 4 }), readAll(2, .{ 3, 4 }));
    try std.testing.expectEqual(@as(?[3]u64, null), readAll(3, .{ 3, std.math.nan(f64), 4 }));
}
