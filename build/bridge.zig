//! The shared library that bun:ffi loads, and its unit tests.

const std = @import("std");
const CoreArchive = @import("CoreArchive.zig");

pub const Options = struct {
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
    archive: CoreArchive,
    /// Where the frameworks of macOS are, when that is not this machine's own SDK.
    frameworks: ?[]const u8,
};

/// libtemporal_bun_bridge.so, or .dylib on macOS.
pub fn addLibrary(b: *std.Build, options: Options) *std.Build.Step.Compile {
    const library = b.addLibrary(.{
        .name = "temporal_bun_bridge",
        .linkage = .dynamic,
        .root_module = addModule(b, options),
        // Zig's own x86 linker leaves every symbol of the archive undefined and says nothing.
        .use_llvm = true,
    });
    library.link_gc_sections = true;
    // Nothing but temporal_bun_* is exported, so the linker can drop the rest: 17,908 symbols otherwise.
    // Mach-O knows no version scripts; there Zig exports only what is marked `export`.
    if (options.target.result.os.tag == .linux) library.setVersionScript(b.path("zig-bridge/exports.map"));
    waitFor(library, options.archive);
    return library;
}

pub fn addTests(b: *std.Build, options: Options, filters: []const []const u8) *std.Build.Step.Compile {
    const tests = b.addTest(.{
        .name = "zig-bridge",
        .root_module = addModule(b, options),
        .filters = filters,
        .use_llvm = true,
    });
    waitFor(tests, options.archive);
    return tests;
}

fn addModule(b: *std.Build, options: Options) *std.Build.Module {
    const module = b.createModule(.{
        .root_source_file = b.path("zig-bridge/src/bridge.zig"),
        .target = options.target,
        .optimize = options.optimize,
        .link_libc = true,
        .pic = true,
        .strip = options.archive.strip,
    });
    const header = b.addTranslateC(.{
        .root_source_file = options.archive.header,
        .target = options.target,
        .optimize = options.optimize,
    });
    if (options.archive.made_by) |step| header.step.dependOn(step);
    module.addImport("temporal_bun_core", header.createModule());
    // The text itself, to compare its hash with the one that the archive reports.
    module.addAnonymousImport("temporal_bun_core.h", .{ .root_source_file = options.archive.header });

    module.addObjectFile(options.archive.file);
    switch (options.target.result.os.tag) {
        // Rust's std needs an unwinder; Zig links its own statically, so that none is needed at run time.
        .linux => module.linkSystemLibrary("unwind", .{}),
        .macos => {
            if (options.frameworks) |folder| module.addFrameworkPath(.{ .cwd_relative = folder });
            for ([_][]const u8{ "Security", "CoreFoundation", "IOKit" }) |framework| {
                module.linkFramework(framework, .{});
            }
        },
        else => {},
    }
    return module;
}

/// The archive's path is no build product that Zig knows, so the order has to be said.
fn waitFor(artifact: *std.Build.Step.Compile, archive: CoreArchive) void {
    if (archive.made_by) |step| artifact.step.dependOn(step);
}
