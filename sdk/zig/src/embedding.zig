//! Vectors of texts, by models that the host asks (grant `embedding`).

const std = @import("std");
const builtin = @import("builtin");
const asked = @import("asked.zig");
const fault = @import("fault.zig");
const step = @import("step.zig");
const Slice = @import("array.zig").Slice;
const Allocator = std.mem.Allocator;

const is_wasm = builtin.cpu.arch.isWasm();

const imports = struct {
    const describe = @extern(*const asked.Describe, .{ .name = "describe", .library_name = "stillroom:step/embedding@0.1.0" });
    extern "stillroom:step/embedding@0.1.0" fn embed(model: [*]const u8, model_len: usize, texts: [*]const asked.String, len: usize, answer: *Slice(asked.Made)) void;
};

pub const Failure = asked.Failure;

/// A text's vector, or why there is none.
pub const Embedded = union(enum) { vector: []const f32, failure: Failure };

/// Natively: what makes vectors in tests.
pub var embed_with: ?*const fn (model: []const u8, text: []const u8) Embedded = null;

/// The model of a name, for `open`: where the pipeline does not declare it for this plugin, that is a fault of the parameters.
pub fn model(schema: *step.Schema, name: []const u8) fault.Error!Model {
    if (is_wasm) return .{ .name = try schema.arena.dupe(u8, name), .served = try asked.described(schema.arena, imports.describe, name) };
    if (embed_with == null) return fault.params("{s}", .{asked.nobody.why});
    return .{ .name = name, .served = name };
}

/// A model that may be asked.
pub const Model = struct {
    /// What the pipeline calls it.
    name: []const u8,
    /// What its server calls it.
    served: []const u8,

    /// For each text its vector, which lives until the next call.
    pub fn embed(self: Model, arena: Allocator, texts: []const []const u8) Allocator.Error![]const Embedded {
        const vectors = try arena.alloc(Embedded, texts.len);
        if (!is_wasm) {
            for (vectors, texts) |*to, text| to.* = if (embed_with) |embedding| embedding(self.name, text) else .{ .failure = asked.nobody };
            return vectors;
        }
        const raw = try asked.cleanAll(arena, texts);
        var crossed: Slice(asked.Made) = undefined;
        imports.embed(self.name.ptr, self.name.len, raw.ptr, raw.len, &crossed);
        for (vectors, crossed.slice()) |*to, made| to.* = if (made.failed != 0) .{ .failure = made.is.failure.lift() } else .{ .vector = floats(made.is.items) };
        return vectors;
    }
};

/// The host has made room for the bytes where numbers can lie.
fn floats(bytes: Slice(u8)) []const f32 {
    return asked.records(f32, .{ .ptr = bytes.ptr, .len = bytes.len / @sizeOf(f32) });
}
