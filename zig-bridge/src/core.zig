//! Core's C header, translated at compile time, and what the bridge relies on in it.

const std = @import("std");

/// The declarations of include/temporal_bun_core.h.
pub const c = @import("temporal_bun_core");

/// FNV-1a of the header that this bridge is compiled against. The archive reports the hash of the header that it
/// was generated with (`temporal_core_abi`); the two differ when bridge and archive come from different builds.
pub const header_hash: u64 = hash: {
    @setEvalBranchQuota(10_000_000);
    break :hash std.hash.Fnv1a_64.hash(@embedFile("temporal_bun_core.h"));
};

pub const Handle = u64;
pub const Event = c.TemporalCoreEvent;

pub const ok: i32 = 0;
pub const invalid_argument: i32 = 1;
pub const invalid_handle: i32 = 2;
pub const closed: i32 = 4;
pub const timed_out: i32 = 6;
pub const internal: i32 = 11;

// JavaScript reads statuses and kinds as numbers (ts/src/native/error.ts, queue.ts), so a change of these numbers
// must not go unnoticed.
comptime {
    const statuses = .{
        .{ "OK", ok },               .{ "INVALID_ARGUMENT", invalid_argument }, .{ "INVALID_HANDLE", invalid_handle },
        .{ "INVALID_OPTIONS", 3 },   .{ "CLOSED", closed },                     .{ "BUSY", 5 },
        .{ "TIMED_OUT", timed_out }, .{ "CANCELLED", 7 },                       .{ "CONNECTION_FAILED", 8 },
        .{ "RPC_FAILED", 9 },        .{ "WORKER_FAILED", 10 },                  .{ "INTERNAL", internal },
        .{ "PANIC", 12 },
    };
    for (statuses) |status| expectNumber("TEMPORAL_CORE_STATUS_" ++ status[0], status[1]);
    const kinds = .{
        .{ "HOST", 1 },              .{ "CLIENT_CONNECTED", 2 },    .{ "RPC_RESPONSE", 3 },
        .{ "WORKER_VALIDATED", 4 },  .{ "WORKFLOW_ACTIVATION", 5 }, .{ "ACTIVITY_TASK", 6 },
        .{ "NEXUS_TASK", 7 },        .{ "POLLER_STOPPED", 8 },      .{ "COMPLETION", 9 },
        .{ "WORKER_FINALIZED", 10 }, .{ "LOG", 11 },                .{ "SLOT_RESERVE", 12 },
        .{ "SLOT_CANCELLED", 13 },   .{ "SLOT_USED", 14 },          .{ "SLOT_RELEASED", 15 },
    };
    for (kinds) |kind| expectNumber("TEMPORAL_CORE_EVENT_KIND_" ++ kind[0], kind[1]);

    if (@sizeOf(Event) != 40 or @alignOf(Event) != 8)
        @compileError("TemporalCoreEvent is not the struct that queue.zig copies from");
}

fn expectNumber(comptime name: []const u8, comptime expected: comptime_int) void {
    if (!@hasDecl(c, name)) @compileError(name ++ " is missing in temporal_bun_core.h");
    if (@field(c, name) != expected)
        @compileError(std.fmt.comptimePrint(
            "{s} is {d} in temporal_bun_core.h, but JavaScript reads {d} as it",
            .{ name, @field(c, name), expected },
        ));
}
