//! Where libtemporal_bun_core.a comes from: out of a release, from cargo, or from the file that -Dcore-archive names.

const std = @import("std");
const platform = @import("platform.zig");
const prebuilt = @import("prebuilt.zig");

const CoreArchive = @This();

/// The static archive.
file: std.Build.LazyPath,
/// The C header that belongs to it.
header: std.Build.LazyPath,
/// The step that makes both; null when they exist already.
made_by: ?*std.Build.Step,
/// Whether what is linked from it should lose its symbol table.
strip: bool,

const file_name = "libtemporal_bun_core.a";
const header_name = "include/temporal_bun_core.h";

const Profile = enum { release, dist };

/// Declares the options and picks the archive that they ask for. Says on stderr which one it is.
pub fn fromOptions(b: *std.Build, target: std.Build.ResolvedTarget) CoreArchive {
    const given = b.option(
        []const u8,
        "core-archive",
        "Link this " ++ file_name ++ " instead of running cargo; it must have been built from\n" ++
            "                               the " ++ header_name ++ " of this tree",
    );
    const profile = b.option(
        Profile,
        "cargo-profile",
        "release: quick to rebuild, for work and tests (default)\n" ++
            "                               dist: link-time optimised and stripped, for what is shipped",
    ) orelse .release;
    const use_prebuilt = b.option(
        bool,
        "prebuilt",
        "Link the archive of a release, from .temporal-libs-cache/ or downloaded, instead of running\n" ++
            "                               cargo (default: whether USE_PREBUILT_LIBS is set to true)",
    ) orelse isSet(b, "USE_PREBUILT_LIBS");
    const no_fallback = b.option(
        bool,
        "no-fallback",
        "Fail when the archive of a release cannot be used, instead of running cargo\n" ++
            "                               (default: whether TEMPORAL_LIBS_NO_FALLBACK is set to 1)",
    ) orelse isSet(b, "TEMPORAL_LIBS_NO_FALLBACK");

    if (given) |path| {
        say("Core: {s}", .{path});
        return existing(b, path, profile == .dist);
    }
    if (use_prebuilt) switch (prebuilt.find(b, target.result, no_fallback)) {
        .found => |archive| {
            say("Core: prebuilt v{s} {s}", .{ archive.version, archive.platform });
            return existing(b, archive.file, true);
        },
        .unavailable => |reason| {
            if (no_fallback) std.process.fatal(
                "no prebuilt archive can be used, because {s}; leave out -Dno-fallback and TEMPORAL_LIBS_NO_FALLBACK to compile Core",
                .{reason},
            );
            say("warning: no prebuilt archive can be used, because {s}; cargo compiles Core, which takes minutes", .{reason});
        },
    };
    say("Core: compiled", .{});
    return compiled(b, target.result, profile);
}

fn existing(b: *std.Build, path: []const u8, strip: bool) CoreArchive {
    return .{ .file = .{ .cwd_relative = path }, .header = b.path(header_name), .made_by = null, .strip = strip };
}

fn compiled(b: *std.Build, target: std.Target, profile: Profile) CoreArchive {
    const cargo = b.addSystemCommand(switch (profile) {
        .release => &.{ "cargo", "build" },
        // With the crate's rlib beside it, which tests need, cargo would leave out the link-time optimisation.
        .dist => &.{ "cargo", "rustc", "--lib", "--crate-type", "staticlib" },
    });
    cargo.addArgs(&.{ "--package", "temporal-bun-core", "--profile", @tagName(profile) });
    cargo.setName("cargo build (Temporal Core: minutes when it is compiled for the first time)");
    cargo.setCwd(b.path("."));
    // Cargo knows best what is up to date, and its progress belongs on the screen.
    cargo.has_side_effects = true;
    cargo.stdio = .inherit;

    var folder: []const u8 = b.graph.environ_map.get("CARGO_TARGET_DIR") orelse "target";
    if (!platform.isHost(target)) {
        const triple = platform.rustTriple(target) orelse std.process.fatal(
            "there is no Rust target for {t}-{t}; see -Dtarget in `zig build --help`",
            .{ target.cpu.arch, target.os.tag },
        );
        cargo.addArgs(&.{ "--target", triple });
        folder = b.pathJoin(&.{ folder, triple });
    }
    return .{
        .file = .{ .cwd_relative = b.pathFromRoot(b.pathJoin(&.{ folder, @tagName(profile), file_name })) },
        .header = b.path(header_name),
        .made_by = &cargo.step,
        .strip = profile == .dist,
    };
}

/// The client reads its switches the same way.
fn isSet(b: *std.Build, name: []const u8) bool {
    const text = b.graph.environ_map.get(name) orelse return false;
    for ([_][]const u8{ "", "0", "false" }) |off| if (std.mem.eql(u8, text, off)) return false;
    for ([_][]const u8{ "1", "true" }) |on| if (std.mem.eql(u8, text, on)) return true;
    std.process.fatal("{s} is \"{s}\"; set it to true or false", .{ name, text });
}

fn say(comptime format: []const u8, arguments: anytype) void {
    std.debug.print(format ++ "\n", arguments);
}
