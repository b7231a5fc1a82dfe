//! Core's archive out of a release. The download client finds, downloads and verifies it, and compares it with the
//! target and with the header of this tree.

const std = @import("std");
const platform = @import("platform.zig");

/// An archive that can be linked.
pub const Archive = struct {
    /// Absolute path of libtemporal_bun_core.a.
    file: []const u8,
    version: []const u8,
    /// Such as linux-x64.
    platform: []const u8,
};

pub const Outcome = union(enum) {
    found: Archive,
    /// Why there is none, as the end of a sentence.
    unavailable: []const u8,
};

const client = "release/download-temporal-libs.ts";

/// What the client prints with --json; its other fields are not needed here.
const Answer = struct {
    folder: []const u8,
    manifest: struct {
        version: []const u8,
        platform: []const u8,
        libraries: []const struct { file: []const u8 },
    },
};

/// Asks the client for the archive of a target, from the cache or downloaded. It runs on every build, because it
/// verifies the cache on every use; what it says goes to stderr.
pub fn find(b: *std.Build, target: std.Target, no_fallback: bool) Outcome {
    const name = platform.packageName(target) orelse
        return .{ .unavailable = b.fmt(
            "there are no releases for {t}-{t}-{t}",
            .{ target.cpu.arch, target.os.tag, target.abi },
        ) };
    const bun = b.findProgram(&.{"bun"}, &.{b.pathFromRoot(".toolchain/node/node_modules/.bin")}) catch
        return .{ .unavailable = "the download client needs Bun, which is neither on the PATH nor in .toolchain/ (scripts/toolchain.sh installs it)" };
    var code: u8 = undefined;
    const download = [_][]const u8{ bun, b.pathFromRoot(client), "download", "--json", "--platform", name };
    const json = b.runAllowFail(
        // The client counts how often Core had to be compiled.
        if (no_fallback) &download else &(download ++ .{"--fallback"}),
        &code,
        .inherit,
    ) catch |err| return .{ .unavailable = switch (err) {
        error.ExitCodeFailure => "of what " ++ client ++ " says above",
        else => b.fmt("{s} could not be run: {t}", .{ client, err }),
    } };
    const answer = std.json.parseFromSliceLeaky(Answer, b.allocator, json, .{ .ignore_unknown_fields = true }) catch |err|
        return .{ .unavailable = b.fmt("{s} printed something else than its JSON: {t}", .{ client, err }) };
    const manifest = answer.manifest;
    if (manifest.libraries.len != 1)
        return .{ .unavailable = b.fmt(
            "{s} has {d} libraries, and this tree links one",
            .{ answer.folder, manifest.libraries.len },
        ) };
    return .{ .found = .{
        .file = b.pathJoin(&.{ answer.folder, manifest.libraries[0].file }),
        .version = manifest.version,
        .platform = manifest.platform,
    } };
}
