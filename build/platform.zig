//! What the bridge can be built for.

const std = @import("std");
const builtin = @import("builtin");

/// Platforms with a package, by their names in Zig, in Rust and in the packages.
const Platform = struct {
    arch: std.Target.Cpu.Arch,
    os: std.Target.Os.Tag,
    rust: []const u8,
    package: []const u8,
};

const platforms = [_]Platform{
    .{ .arch = .x86_64, .os = .linux, .rust = "x86_64-unknown-linux-gnu", .package = "linux-x64" },
    .{ .arch = .aarch64, .os = .linux, .rust = "aarch64-unknown-linux-gnu", .package = "linux-arm64" },
    .{ .arch = .x86_64, .os = .macos, .rust = "x86_64-apple-darwin", .package = "macos-x64" },
    .{ .arch = .aarch64, .os = .macos, .rust = "aarch64-apple-darwin", .package = "macos-arm64" },
};

/// -Dtarget, or this machine with the oldest glibc that Rust supports, so that a library built here runs on older
/// systems.
pub fn targetOption(b: *std.Build) std.Build.ResolvedTarget {
    const triple = b.option(
        []const u8,
        "target",
        "x86_64-linux-gnu, aarch64-linux-gnu, x86_64-macos or aarch64-macos (default: this machine\n" ++
            "                               with a baseline CPU; on Linux in both cases with glibc 2.17, unless one is named)",
    );
    var query: std.Target.Query = if (triple) |text|
        std.Build.parseTargetQuery(.{ .arch_os_abi = text }) catch {
            std.process.exit(1);
        }
    else switch (builtin.os.tag) {
        .linux => .{ .cpu_arch = builtin.cpu.arch, .cpu_model = .baseline, .os_tag = .linux, .abi = .gnu },
        else => .{ .cpu_model = .baseline },
    };
    if (query.abi == .gnu and query.glibc_version == null) {
        query.glibc_version = .{ .major = 2, .minor = 17, .patch = 0 };
    }
    return b.resolveTargetQuery(query);
}

/// The Rust target triple for a platform; null when there is no package for it.
pub fn rustTriple(target: std.Target) ?[]const u8 {
    return (find(target) orelse return null).rust;
}

/// The name of a platform in the names of packages and releases, such as linux-x64; null when there are none for it.
pub fn packageName(target: std.Target) ?[]const u8 {
    return (find(target) orelse return null).package;
}

fn find(target: std.Target) ?Platform {
    // Rust's standard library in the archives is the one for glibc.
    if (target.os.tag == .linux and !target.abi.isGnu()) return null;
    for (platforms) |platform| {
        if (platform.arch == target.cpu.arch and platform.os == target.os.tag) return platform;
    }
    return null;
}

/// Whether cargo builds for `target` without being told.
pub fn isHost(target: std.Target) bool {
    return target.cpu.arch == builtin.cpu.arch and target.os.tag == builtin.os.tag;
}
