//! Native tests: a step is opened and given batches as the host would, without WebAssembly.

const std = @import("std");
const array = @import("array.zig");
const fault = @import("fault.zig");
const host = @import("host.zig");
const step = @import("step.zig");
const Builder = @import("builder.zig").Builder;
const Array = array.Array;

/// A column of the data: name and type's words.
pub const Field = step.Field;

/// A column of a test's batch.
pub const Input = struct { name: []const u8, column: Array };

/// An opened step of a type, with memory of its own until `deinit`.
pub fn Run(comptime Step: type) type {
    return struct {
        arena: *std.heap.ArenaAllocator,
        schema: *step.Schema,
        opened: step.Opened,

        const entry = step.Entry.of(Step);

        /// Opens the step: `params` is a JSON object, `fields` those of the data (name and type's words).
        pub fn open(params: []const u8, fields: []const step.Field) !@This() {
            host.lines = .empty;
            fault.clear();
            const arena = try std.testing.allocator.create(std.heap.ArenaAllocator);
            errdefer std.testing.allocator.destroy(arena);
            arena.* = .init(std.testing.allocator);
            errdefer arena.deinit();
            const schema = try arena.allocator().create(step.Schema);
            schema.* = .{ .arena = arena.allocator(), .fields = fields };
            return .{ .arena = arena, .schema = schema, .opened = try entry.open(params, schema) };
        }

        pub fn deinit(self: @This()) void {
            self.arena.deinit();
            std.testing.allocator.destroy(self.arena);
        }

        /// A batch of columns by name; those that the step did not take are not shown to it.
        pub fn process(self: @This(), len: u32, inputs: []const Input) !step.Output {
            const arena = self.arena.allocator();
            const columns = try arena.alloc(Array, self.schema.inputs.items.len);
            for (columns, self.schema.inputs.items) |*column, taken| {
                column.* = for (inputs) |input| {
                    if (std.mem.eql(u8, input.name, taken.name)) break try crossed(arena, input.column);
                } else return error.NoSuchInput;
                if (!column.type.eql(taken.type)) return error.InputOfAnotherType;
            }
            var output: step.Output = .{ .arena = arena };
            try self.opened.process(self.opened.step, &.{ .arena = arena, .len = len, .columns = columns }, &output);
            _ = try output.settle(self.schema, entry.kind, len);
            for (output.columns.items) |*column| column.* = try crossed(arena, column.*);
            return output;
        }

        /// What a global step answers; null at its end.
        pub fn finish(self: @This()) !?step.Output {
            var output: step.Output = .{ .arena = self.arena.allocator() };
            try self.opened.finish(self.opened.step, &output);
            if (!output.answers() and output.rejected.items.len == 0) return null;
            _ = try output.settle(self.schema, entry.kind, 0);
            return output;
        }

        /// A column of texts.
        pub fn texts(self: @This(), values: []const ?[]const u8) !Array {
            var builder: Builder = try .init(self.arena.allocator(), "utf8", values.len);
            for (values) |value| {
                if (value) |text| try builder.addBytes(text) else try builder.addNull();
            }
            return builder.done();
        }

        /// A column of whole numbers of a type.
        pub fn ints(self: @This(), words: []const u8, values: []const ?i128) !Array {
            var builder: Builder = try .init(self.arena.allocator(), words, values.len);
            for (values) |value| {
                if (value) |number| try builder.addInt(number) else try builder.addNull();
            }
            return builder.done();
        }
    };
}

/// What an array is on the other side: lowered and lifted, with every check of the way.
pub fn crossed(arena: std.mem.Allocator, column: Array) !Array {
    var raw: std.ArrayList(array.Raw) = .empty;
    try column.lower(arena, &raw);
    var rest: []const array.Raw = raw.items;
    const lifted = try Array.lift(arena, column.type, &rest);
    try std.testing.expectEqual(0, rest.len);
    return lifted;
}

/// The last fault's message, with its place.
pub const faultMessage = fault.message;

/// Fails unless a column has these texts.
pub fn expectTexts(expected: []const ?[]const u8, column: Array) !void {
    try std.testing.expectEqual(expected.len, column.len);
    for (expected, 0..) |text, row| {
        const found = if (column.isNull(row)) null else column.bytesAt(row);
        if (text == null or found == null) {
            try std.testing.expect(text == null and found == null);
        } else try std.testing.expectEqualStrings(text.?, found.?);
    }
}

/// Fails unless a column has these whole numbers.
pub fn expectInts(expected: []const ?i128, column: Array) !void {
    try std.testing.expectEqual(expected.len, column.len);
    for (expected, 0..) |number, row| {
        try std.testing.expectEqual(number, if (column.isNull(row)) null else column.intAt(row));
    }
}

/// The lines that the step has put in the log since `open`.
pub fn logged() []const host.Line {
    return host.lines.items;
}
