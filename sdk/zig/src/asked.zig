//! What `llm` and `embedding` have in common: records of the contract, and why there is no answer.

const std = @import("std");
const fault = @import("fault.zig");
const step = @import("step.zig");
const Slice = @import("array.zig").Slice;
const Allocator = std.mem.Allocator;

pub const String = Slice(u8);

/// Why there is no answer, after all that the pipeline allows was tried.
pub const Failure = struct {
    kind: Kind,
    why: []const u8,

    /// By the pipeline, for the request, by the server, by the schema, in time, otherwise.
    pub const Kind = enum(u8) { denied, invalid, refused, mismatch, timeout, failed };
};

/// Natively, where a test says nothing.
pub const nobody: Failure = .{ .kind = .denied, .why = "no test answers for models (sr.llm.answer_with, sr.llm.score_with, sr.embedding.embed_with)" };

pub const Describe = fn (model: [*]const u8, model_len: usize, answer: *Made) callconv(.c) void;

pub const RawFailure = extern struct {
    kind: Failure.Kind,
    why: String,

    pub fn lift(self: RawFailure) Failure {
        return .{ .kind = self.kind, .why = self.why.slice() };
    }
};

/// One of a model's results that are a list: ratings, or a vector's bytes; or of `describe` the model's name.
pub const Made = extern struct { failed: u8, is: extern union { items: Slice(u8), failure: RawFailure } };

pub fn Option(comptime T: type) type {
    return extern struct {
        has: u8,
        value: T,

        pub fn of(value: ?T) @This() {
            return .{ .has = @intFromBool(value != null), .value = value orelse 0 };
        }

        pub fn text(arena: Allocator, value: ?[]const u8) Allocator.Error!@This() {
            return .{ .has = @intFromBool(value != null), .value = try clean(arena, value orelse "") };
        }
    };
}

/// What a model's server calls it.
pub fn described(arena: Allocator, describe: *const Describe, name: []const u8) fault.Error![]const u8 {
    var made: Made = undefined;
    describe(name.ptr, name.len, &made);
    if (made.failed != 0) return fault.params("{s}", .{made.is.failure.why.slice()});
    return arena.dupe(u8, made.is.items.slice());
}

/// Text as it crosses: bytes that are none would be refused by the host.
pub fn clean(arena: Allocator, text: []const u8) Allocator.Error!String {
    return .of(try step.cleaned(arena, text));
}

pub fn cleanAll(arena: Allocator, texts: []const []const u8) Allocator.Error!Slice(String) {
    const raw = try arena.alloc(String, texts.len);
    for (raw, texts) |*to, text| to.* = try clean(arena, text);
    return .of(raw);
}

/// A list as what it is of. The host has made room for it where every record can lie.
pub fn records(comptime T: type, items: Slice(u8)) []const T {
    if (items.len == 0) return &.{};
    return @as([*]const T, @ptrCast(@alignCast(items.ptr)))[0..items.len];
}
