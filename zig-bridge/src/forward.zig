//! Makes exports for bun:ffi out of those functions of Core that need nothing but other types of arguments.
//!
//! A handle or token becomes a double, checked before anything else; the length of bytes becomes an u32; and the
//! pointers at the end, which Core writes results to, become one `Out`.

const std = @import("std");
const core = @import("core.zig");
const number = @import("number.zig");

pub const Bytes = ?[*]const u8;

/// A Float64Array of two: `out[0]` receives the handle that the call makes and `out[1]` the bytes handle of an error
/// document, or 0. It is written during the call only.
pub const Out = ?[*]f64;

/// What the pointers at the end of a function's parameters are for.
pub const Results = enum {
    /// There are none, and so there is no `Out`.
    status,
    /// An error document.
    failure,
    /// An object, so that an `Out` is needed.
    object,
    /// An object and an error document.
    object_and_failure,

    fn hasObject(results: Results) bool {
        return results == .object or results == .object_and_failure;
    }

    fn hasFailure(results: Results) bool {
        return results == .failure or results == .object_and_failure;
    }

    fn count(results: Results) usize {
        return @as(usize, @intFromBool(results.hasObject())) + @intFromBool(results.hasFailure());
    }
};

/// Hands the outcome of a call to JavaScript. A document that has no place to go is freed.
pub fn finish(status: anytype, out: Out, object: core.Handle, failure: core.Handle) i32 {
    if (out) |place| {
        place[0] = number.write(object);
        place[1] = number.write(failure);
    } else if (failure != 0) {
        _ = core.c.temporal_core_bytes_free(failure);
    }
    return @intCast(status);
}

/// The status for a number that is no handle or token.
pub fn refuse(out: Out) i32 {
    return finish(core.invalid_handle, out, 0, 0);
}

/// The function to export for `call`, a function of Core.
pub fn forward(comptime call: anytype, comptime results: Results) @TypeOf(Forward(call, results).exported) {
    return Forward(call, results).exported;
}

/// A function has to be written with its parameters, so there is one for each number of them that is needed.
fn Forward(comptime call: anytype, comptime results: Results) type {
    const P = parameters(@TypeOf(call), results);
    return switch (P.len) {
        1 => struct {
            fn exported(a: P[0]) callconv(.c) i32 {
                return pass(call, results, .{a});
            }
        },
        2 => struct {
            fn exported(a: P[0], b: P[1]) callconv(.c) i32 {
                return pass(call, results, .{ a, b });
            }
        },
        3 => struct {
            fn exported(a: P[0], b: P[1], d: P[2]) callconv(.c) i32 {
                return pass(call, results, .{ a, b, d });
            }
        },
        4 => struct {
            fn exported(a: P[0], b: P[1], d: P[2], e: P[3]) callconv(.c) i32 {
                return pass(call, results, .{ a, b, d, e });
            }
        },
        5 => struct {
            fn exported(a: P[0], b: P[1], d: P[2], e: P[3], f: P[4]) callconv(.c) i32 {
                return pass(call, results, .{ a, b, d, e, f });
            }
        },
        6 => struct {
            fn exported(a: P[0], b: P[1], d: P[2], e: P[3], f: P[4], g: P[5]) callconv(.c) i32 {
                return pass(call, results, .{ a, b, d, e, f, g });
            }
        },
        12 => struct {
            fn exported(
                a: P[0],
                b: P[1],
                d: P[2],
                e: P[3],
                f: P[4],
                g: P[5],
                h: P[6],
                i: P[7],
                j: P[8],
                k: P[9],
                l: P[10],
                m: P[11],
            ) callconv(.c) i32 {
                return pass(call, results, .{ a, b, d, e, f, g, h, i, j, k, l, m });
            }
        },
        else => @compileError(std.fmt.comptimePrint("write an export with {d} parameters in forward.zig", .{P.len})),
    };
}

/// The parameters of an export, by those of Core's function.
fn parameters(comptime Call: type, comptime results: Results) []const type {
    const all = @typeInfo(Call).@"fn".params;
    var types: []const type = &.{};
    for (all, 0..) |parameter, index| {
        const T = parameter.type.?;
        if (index >= all.len - results.count()) {
            if (T != [*c]core.Handle) @compileError("no result is written to a " ++ @typeName(T));
            continue;
        }
        types = types ++ .{switch (T) {
            u64 => f64,
            usize => u32,
            [*c]const u8 => Bytes,
            f64, i32, u32 => T,
            else => @compileError("JavaScript can't pass a " ++ @typeName(T)),
        }};
    }
    return if (results == .status) types else types ++ .{Out};
}

/// Calls Core with the arguments that JavaScript gave.
inline fn pass(comptime call: anytype, comptime results: Results, given: anytype) i32 {
    const out: Out = if (results == .status) null else given[given.len - 1];
    var object: core.Handle = 0;
    var failure: core.Handle = 0;
    var arguments: std.meta.ArgsTuple(@TypeOf(call)) = undefined;
    const results_at = comptime arguments.len - results.count();
    inline for (0..results_at) |index| {
        arguments[index] = if (@TypeOf(arguments[index]) == u64)
            number.read(given[index]) orelse return refuse(out)
        else
            given[index];
    }
    if (comptime results.hasObject()) {
        if (out == null) return core.invalid_argument;
        arguments[results_at] = &object;
    }
    if (comptime results.hasFailure()) arguments[arguments.len - 1] = &failure;
    return finish(@call(.auto, call, arguments), out, object, failure);
}
