//! For editors and `zig build test`. `still build` does not run it.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const sdk = b.createModule(.{ .root_source_file = b.path("sdk/stillroom.zig"), .target = target, .optimize = optimize });
    const step = b.createModule(.{
        .root_source_file = b.path("step.zig"),
        .target = target,
        .optimize = optimize,
        .imports = &.{.{ .name = "stillroom", .module = sdk }},
    });
    const tests = b.addRunArtifact(b.addTest(.{ .root_module = step }));
    b.step("test", "Runs the step's tests natively").dependOn(&tests.step);
}
