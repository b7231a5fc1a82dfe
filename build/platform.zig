//! What the bridge can be built for.

const std = @import("std");
const builtin = @import("builtin");

/// Platforms with a package, by their names in Zig, in Rust and in the packages.
const Platform = struct {
    arch: std.Target.Cpu.Arch,
    os: std.Target.Os.Tag,
    rust: []const u8,
};

const platforms = [_]Platform{
    .{ .arch = .x86_64, .os = .linux, .rust = "x86_64-unknown-linux-gnu" },
    .{ .arch = .aarch64, .os = .linux, .rust = "aarch64-unknown-linux-gnu" },
    .{ .arch = .x86_64, .os = .macos, .rust = "x86_64-apple-darwin" },
    .{ .arch = .aarch64, .os = .macos, .rust = "aarch64-apple-darwin" },
};

/// -Dtarget, or this machine with the oldest glibc that Rust supports, so that a library built here runs on older systems.
pub fn targetOption(b: *std.Build) std.Build.ResolvedTarget {
    const triple = b.option(
        []const u8,
        "target",
        "x86_64-linux-gnu.2.17, aarch64-linux-gnu.2.17, x86_64-macos or aarch64-macos\n" ++
            "                               (default: this machine; on Linux with glibc 2.17 and a baseline CPU)",
    );
    const query: std.Target.Query = if (triple) |text|
        std.Build.parseTargetQuery(.{ .arch_os_abi = text }) catch {
            std.process.exit(1);
        }
    else switch (builtin.os.tag) {
        .linux => .{
            .cpu_arch = builtin.cpu.arch,
            .cpu_model = .baseline,
            .os_tag = .linux,
            .abi = .gnu,
            .glibc_version = .{ .major = 2, .minor = 17, .patch = 0 },
        },
        else => .{ .cpu_model = .baseline },
    };
    return b.resolveTargetQuery(query);
}

/// The Rust target triple for a platform; null when there is no package for it.
pub fn rustTriple(target: std.Target) ?[]const u8 {
    for (platforms) |platform| {
        if (platform.arch == target.cpu.arch and platform.os == target.os.tag) return platform.rust;
    }
    return null;
}

/// Whether cargo builds for `target` without being told.
pub fn isHost(target: std.Target) bool {
    return target.cpu.arch == builtin.cpu.arch and target.os.tag == builtin.os.tag;
}
