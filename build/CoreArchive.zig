//! Where libtemporal_bun_core.a comes from: from cargo, or from the file that -Dcore-archive names.

const std = @import("std");
const platform = @import("platform.zig");

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

/// Declares the options and picks the archive that they ask for.
pub fn fromOptions(b: *std.Build, target: std.Build.ResolvedTarget) CoreArchive {
    const given = b.option(
        []const u8,
        "core-archive",
        "Link this " ++ file_name ++ " instead of running cargo; it must have been built from\n" ++
            "                               the include/temporal_bun_core.h of this tree",
    );
    const Profile = enum { release, dist };
    const profile = b.option(
        Profile,
        "cargo-profile",
        "release: quick to rebuild, for work and tests (default)\n" ++
            "                               dist: link-time optimised and stripped, for what is shipped",
    ) orelse .release;

    const header = b.path("include/temporal_bun_core.h");
    if (given) |path| return .{
        .file = .{ .cwd_relative = path },
        .header = header,
        .made_by = null,
        .strip = profile == .dist,
    };

    const cargo = b.addSystemCommand(&.{ "cargo", "build", "--package", "temporal-bun-core", "--profile", @tagName(profile) });
    cargo.setName("cargo build (Temporal Core: minutes when it is compiled for the first time)");
    cargo.setCwd(b.path("."));
    // Cargo knows best what is up to date, and its progress belongs on the screen.
    cargo.has_side_effects = true;
    cargo.stdio = .inherit;

    var folder: []const u8 = b.graph.environ_map.get("CARGO_TARGET_DIR") orelse "target";
    if (!platform.isHost(target.result)) {
        const triple = platform.rustTriple(target.result) orelse {
            std.debug.print("there is no Rust target for {s}-{s}; see -Dtarget in `zig build --help`\n", .{
                @tagName(target.result.cpu.arch), @tagName(target.result.os.tag),
            });
            std.process.exit(1);
        };
        cargo.addArgs(&.{ "--target", triple });
        folder = b.pathJoin(&.{ folder, triple });
    }
    return .{
        .file = .{ .cwd_relative = b.pathFromRoot(b.pathJoin(&.{ folder, @tagName(profile), file_name })) },
        .header = header,
        .made_by = &cargo.step,
        .strip = profile == .dist,
    };
}
