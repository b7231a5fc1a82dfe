const std = @import("std");
const CoreArchive = @import("build/CoreArchive.zig");
const bridge = @import("build/bridge.zig");
const platform = @import("build/platform.zig");

// `zig build --help` is the manual: what can be done and set is described in the steps and options below.
pub fn build(b: *std.Build) void {
    const target = platform.targetOption(b);
    const optimize = b.option(
        std.builtin.OptimizeMode,
        "optimize",
        "How the bridge's own code is compiled (default: ReleaseSafe)",
    ) orelse .ReleaseSafe;

    const frameworks = b.option(
        []const u8,
        "frameworks",
        "Folder with Security.framework and the like, to build for macOS on another system",
    );

    const options: bridge.Options = .{
        .target = target,
        .optimize = optimize,
        .archive = CoreArchive.fromOptions(b, target),
        .frameworks = frameworks,
    };

    const library = bridge.addLibrary(b, options);
    b.getInstallStep().dependOn(&b.addInstallArtifact(library, .{}).step);
    b.install_tls.description = "Build libtemporal_bun_bridge into zig-out/lib, where the TypeScript side looks for it";

    const test_step = b.step("test", "Run the unit tests of zig-bridge/ against the Core archive");
    const filters = b.option([]const []const u8, "test-filter", "Run only the tests with this text in their names");
    const tests = bridge.addTests(b, options, filters orelse &.{});
    test_step.dependOn(&b.addRunArtifact(tests).step);
    const under_valgrind = b.option(
        bool,
        "valgrind",
        "Run the tests under valgrind too, and fail on errors and leaks (default: if it is installed)",
    );
    if (under_valgrind orelse isInstalled(b, "valgrind")) {
        const run = b.addSystemCommand(&.{ "valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full" });
        run.addPrefixedFileArg("--suppressions=", b.path("zig-bridge/valgrind.supp"));
        run.addArtifactArg(tests);
        // Whatever is captured is shown as that of a failed command, even when it succeeded.
        run.stdio = .inherit;
        test_step.dependOn(&run.step);
    }
}

fn isInstalled(b: *std.Build, program: []const u8) bool {
    _ = b.findProgram(&.{program}, &.{}) catch return false;
    return true;
}
