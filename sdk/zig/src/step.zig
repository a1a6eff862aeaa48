//! A step: what it is made of, what it settles, what it gets and what it answers.

const std = @import("std");
const array = @import("array.zig");
const fault = @import("fault.zig");
const params = @import("params.zig");
const Type = @import("types.zig").Type;
const Builder = @import("builder.zig").Builder;
const Array = array.Array;
const Allocator = std.mem.Allocator;

/// How the batches of a step hang together.
pub const Kind = enum(u8) {
    /// Batch in, batch out: no state that matters between batches.
    transform,
    /// One instance sees every batch, in order.
    ordered,
    /// Consumes every batch (`process` puts nothing), then answers in `finish`.
    global,
    /// Makes rows: `batch.len` is the most that are wanted; to put nothing ends it.
    source,
};

/// A column that a step knows by name.
pub const Column = struct {
    name: []const u8,
    /// Accepted types, best first; none: everything.
    types: []const []const u8 = &.{},
    required: bool = true,
    summary: []const u8 = "",
};

/// For steps with nothing to set.
pub const NoParams = struct {};

/// A column that `open` took; its place in the batches.
pub const In = enum(u32) { _ };

pub const Field = struct { name: []const u8, words: []const u8 };
const Made = struct { name: []const u8, type: Type };

/// What `open` settles.
pub const Schema = struct {
    /// Memory that lives as long as the step.
    arena: Allocator,
    fields: []const Field,
    inputs: std.ArrayList(Made) = .empty,
    outputs: std.ArrayList(Made) = .empty,
    key_names: std.ArrayList([]const u8) = .empty,
    rows_any: bool = false,

    /// Whether the data has such a column.
    pub fn has(self: *const Schema, name: []const u8) bool {
        return self.find(name) != null;
    }

    /// Takes a column of any type.
    pub fn take(self: *Schema, name: []const u8) fault.Error!In {
        for (self.inputs.items, 0..) |input, index| {
            if (std.mem.eql(u8, input.name, name)) return @fromBackingInt(@as(u32, @intCast(index)));
        }
        const field = self.find(name) orelse return fault.params("there is no column `{s}`", .{name});
        const of = try Type.parse(self.arena, field.words) orelse
            return fault.params("column `{s}` is {s}, a type that this SDK does not know", .{ name, field.words });
        try self.inputs.append(self.arena, .{ .name = try self.arena.dupe(u8, name), .type = of });
        return @fromBackingInt(@as(u32, @intCast(self.inputs.items.len - 1)));
    }

    /// Takes a column of one type: `"utf8"`.
    pub fn takeAs(self: *Schema, name: []const u8, words: []const u8) fault.Error!In {
        const in = try self.take(name);
        const wanted = try Type.parse(self.arena, words) orelse return fault.plugin(@src(), "`{s}` is no type", .{words});
        const of = self.typeOf(in);
        return if (of.eql(wanted)) in else fault.params("column `{s}` is {s}; it must be {s}", .{ name, of.words, words });
    }

    /// The type of a column that was taken.
    pub fn typeOf(self: *const Schema, in: In) Type {
        return self.inputs.items[@backingInt(in)].type;
    }

    /// Declares a column that the step makes; one with the name of an input replaces it. It may hold nulls.
    pub fn make(self: *Schema, name: []const u8, words: []const u8) fault.Error!void {
        const of = try Type.parse(self.arena, words) orelse return fault.plugin(@src(), "`{s}` is no type", .{words});
        try self.outputs.append(self.arena, .{ .name = try self.arena.dupe(u8, name), .type = of });
    }

    /// The same, with name and type of a column that was taken.
    pub fn makeLike(self: *Schema, in: In) fault.Error!void {
        try self.outputs.append(self.arena, self.inputs.items[@backingInt(in)]);
    }

    /// Any number of rows: the step says where each comes from (`Output.origins`).
    pub fn rowsAny(self: *Schema) void {
        self.rows_any = true;
    }

    /// Ordered and global steps: rows of different keys have no bearing on one another.
    pub fn key(self: *Schema, in: In) fault.Error!void {
        try self.key_names.append(self.arena, self.inputs.items[@backingInt(in)].name);
    }

    fn find(self: *const Schema, name: []const u8) ?Field {
        for (self.fields) |field| {
            if (std.mem.eql(u8, field.name, name)) return field;
        }
        return null;
    }
};

/// A batch of the columns that `open` took.
pub const Batch = struct {
    /// Memory that lives until the next call.
    arena: Allocator,
    /// Rows; of a source the most rows that are wanted.
    len: u32,
    columns: []const Array,

    pub fn column(self: *const Batch, in: In) Array {
        return self.columns[@backingInt(in)];
    }
};

pub const Rejection = struct { row: u32, reason: []const u8 };

/// What a step answers.
pub const Output = struct {
    /// Memory that lives until the next call.
    arena: Allocator,
    columns: std.ArrayList(Array) = .empty,
    /// For each output row the input row it came from, where `rowsAny` was declared (global: over all that was consumed).
    origins: std.ArrayList(u32) = .empty,
    rejected: std.ArrayList(Rejection) = .empty,

    /// The next column, in the order in which `open` declared them.
    pub fn put(self: *Output, column: Array) Allocator.Error!void {
        try self.columns.append(self.arena, column);
    }

    /// The same of a builder.
    pub fn putBuilt(self: *Output, builder: *Builder) fault.Error!void {
        try self.put(try builder.done());
    }

    /// The input row that the next output row comes from.
    pub fn origin(self: *Output, row: u32) Allocator.Error!void {
        try self.origins.append(self.arena, row);
    }

    /// A row that the step will not answer for: it leaves the stream with its reason, and keeps its place in the columns
    /// (any value stands there); a step that gives origins leaves it out.
    pub fn reject(self: *Output, row: u32, comptime format: []const u8, args: anytype) Allocator.Error!void {
        try self.rejected.append(self.arena, .{ .row = row, .reason = try cleaned(self.arena, try self.arena.print(format, args)) });
    }

    /// Whether anything was put: a global step that consumes does not, and neither does a source at its end.
    pub fn answers(self: *const Output) bool {
        return self.columns.items.len > 0 or self.origins.items.len > 0;
    }

    /// Puts columns of no rows where nothing was put, and checks the rest against what was declared: types do not cross with
    /// an answer, so the host could take eight bytes of one for those of another. Answers the number of rows.
    pub fn settle(self: *Output, schema: *const Schema, kind: Kind, batch: u32) fault.Error!u32 {
        const made = schema.outputs.items;
        if (!schema.rows_any and self.origins.items.len > 0) {
            return fault.plugin(@src(), "origins were put, and `rowsAny` was not declared", .{});
        }
        const filters = made.len == 0 and !schema.rows_any and (kind == .transform or kind == .ordered);
        if (filters) return batch;
        if (!self.answers()) {
            for (made) |output| try self.put(try .empty(self.arena, output.type));
        }
        const columns = self.columns.items;
        if (columns.len != made.len) return fault.plugin(@src(), "{d} columns were declared and {d} put", .{ made.len, columns.len });
        const len: u32 = if (columns.len > 0) columns[0].len else @intCast(self.origins.items.len);
        for (columns, made) |column, output| {
            if (!column.type.eql(output.type)) {
                return fault.plugin(@src(), "column `{s}` was declared {s} and put as {s}", .{ output.name, output.type.words, column.type.words });
            }
            if (column.len != len) return fault.plugin(@src(), "column `{s}` has {d} rows, and `{s}` {d}", .{ output.name, column.len, made[0].name, len });
        }
        if (schema.rows_any and self.origins.items.len != len) {
            return fault.plugin(@src(), "{d} rows were put, and origins of {d}", .{ len, self.origins.items.len });
        }
        return len;
    }
};

/// A message crosses as UTF-8, or the host refuses the whole answer: what is not becomes `?`.
pub fn cleaned(arena: Allocator, text: []const u8) Allocator.Error![]const u8 {
    if (std.unicode.utf8ValidateSlice(text)) return text;
    const copy = try arena.dupe(u8, text);
    for (copy) |*c| {
        if (c.* >= 0x80) c.* = '?';
    }
    return copy;
}

/// A step's type behind one face.
pub const Entry = struct {
    name: []const u8,
    kind: Kind,
    summary: []const u8,
    columns: []const Column,
    describe: *const fn (out: *std.Io.Writer) std.Io.Writer.Error!void,
    open: *const fn (text: []const u8, schema: *Schema) anyerror!Opened,

    pub fn of(comptime Step: type) Entry {
        const Params = if (@hasDecl(Step, "Params")) Step.Params else NoParams;
        const face = struct {
            fn describe(out: *std.Io.Writer) std.Io.Writer.Error!void {
                return params.describe(Params, out);
            }

            fn open(text: []const u8, schema: *Schema) anyerror!Opened {
                const step = try schema.arena.create(Step);
                step.* = try Step.open(try params.read(Params, schema.arena, text), schema);
                return .{ .step = step, .process = process, .finish = finish };
            }

            fn process(step: *anyopaque, batch: *const Batch, output: *Output) anyerror!void {
                return Step.process(@ptrCast(@alignCast(step)), batch, output);
            }

            fn finish(step: *anyopaque, output: *Output) anyerror!void {
                if (@hasDecl(Step, "finish")) return Step.finish(@ptrCast(@alignCast(step)), output);
            }
        };
        return .{
            .name = Step.name,
            .kind = if (@hasDecl(Step, "kind")) Step.kind else .transform,
            .summary = Step.summary,
            .columns = if (@hasDecl(Step, "columns")) &Step.columns else &.{},
            .describe = face.describe,
            .open = face.open,
        };
    }
};

/// A step between `open` and its end.
pub const Opened = struct {
    step: *anyopaque,
    process: *const fn (step: *anyopaque, batch: *const Batch, output: *Output) anyerror!void,
    finish: *const fn (step: *anyopaque, output: *Output) anyerror!void,
};
