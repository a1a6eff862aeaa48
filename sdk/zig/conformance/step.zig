//! The conformance plugin: the same eleven steps in every language.

const std = @import("std");
const sr = @import("stillroom");

pub const panic = sr.panic_handler;

comptime {
    sr.plugin(&.{ Echo, Rebuild, Words, Repeat, RejectOdd, Fail, Total, Running, Numbers, Settings, Shout });
}

const ColumnParams = struct {
    column: []const u8 = "value",

    pub const docs = .{ .column = "The column to take." };
};
const text_column = [_]sr.Column{.{ .name = "text", .types = &.{"utf8"}, .summary = "The text." }};
const n_column = [_]sr.Column{.{ .name = "n", .types = &.{"int64"}, .summary = "The number." }};

pub const Echo = struct {
    pub const name = "echo";
    pub const summary = "Hands a column on.";
    pub const Params = ColumnParams;
    column: sr.In,

    pub fn open(params: Params, schema: *sr.Schema) !Echo {
        const column = try schema.take(params.column);
        try schema.makeLike(column);
        return .{ .column = column };
    }

    pub fn process(self: *Echo, batch: *const sr.Batch, output: *sr.Output) !void {
        try output.put(batch.column(self.column));
    }
};

pub const Rebuild = struct {
    pub const name = "rebuild";
    pub const summary = "Reads every value of a column and builds it anew.";
    pub const Params = ColumnParams;
    column: sr.In,

    pub fn open(params: Params, schema: *sr.Schema) !Rebuild {
        const column = try schema.take(params.column);
        const of = schema.typeOf(column);
        if (!of.isBuildable()) return sr.params("a column of {s} cannot be rebuilt", .{of.words});
        try schema.makeLike(column);
        return .{ .column = column };
    }

    pub fn process(self: *Rebuild, batch: *const sr.Batch, output: *sr.Output) !void {
        const column = batch.column(self.column);
        var builder: sr.Builder = try .like(batch.arena, column.type, column.len);
        for (0..column.len) |row| try rebuild(column, row, &builder);
        try output.putBuilt(&builder);
    }

    fn rebuild(from: sr.Array, row: usize, to: *sr.Builder) sr.Error!void {
        if (from.isNull(row)) return to.addNull();
        switch (from.type.id) {
            .null => unreachable,
            .bool => try to.addBool(from.boolAt(row)),
            .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64 => try to.addInt(from.intAt(row)),
            .float32, .float64 => try to.addFloat(from.floatAt(row)),
            .utf8, .large_utf8, .utf8_view, .binary, .large_binary, .binary_view => try to.addBytes(from.bytesAt(row)),
            .list, .large_list, .fixed_size_list => {
                const items = from.itemsAt(row);
                for (items.begin..items.end) |item| try rebuild(from.children[0], item, to.child(0));
                try to.addRow();
            },
            .@"struct" => {
                for (from.children, 0..) |member, index| try rebuild(member, row, to.child(index));
                try to.addRow();
            },
            .dictionary => unreachable, // `open` refuses it.
            else => try to.addFixed(from.fixedAt(row)), // float16, decimals, dates and times, bytes of a fixed size
        }
    }
};

pub const Words = struct {
    pub const name = "words";
    pub const summary = "Lower-cases a text (ASCII) and counts its words.";
    pub const columns = text_column;
    text: sr.In,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !Words {
        try schema.make("text", "utf8");
        try schema.make("words", "int64");
        return .{ .text = try schema.takeAs("text", "utf8") };
    }

    pub fn process(self: *Words, batch: *const sr.Batch, output: *sr.Output) !void {
        const text = batch.column(self.text).texts();
        const counts = try batch.arena.alloc(i64, text.len);
        for (counts, text.offsets[0..text.len], text.offsets[1..]) |*count, begin, end| {
            count.* = countWords(text.bytes[@intCast(begin)..@intCast(end)]);
        }
        const bytes = try lower(batch.arena, text.bytes);
        try output.put(try .ofText(batch.arena, bytes, text.offsets, text.nulls));
        try output.put(try .ofValues(batch.arena, counts, text.nulls));
    }

    const width = 16;
    const Chunk = @Vector(width, u8);

    /// All rows' bytes at once: ASCII is the only case that changes no length.
    fn lower(arena: std.mem.Allocator, from: []const u8) ![]const u8 {
        const to = try arena.alloc(u8, from.len);
        var at: usize = 0;
        while (at + width <= from.len) : (at += width) {
            const chunk: Chunk = from[at..][0..width].*;
            const is_upper = chunk -% @as(Chunk, @splat('A')) < @as(Chunk, @splat(26));
            to[at..][0..width].* = chunk +% @select(u8, is_upper, @as(Chunk, @splat(32)), @as(Chunk, @splat(0)));
        }
        for (from[at..], to[at..]) |c, *o| o.* = std.ascii.toLower(c);
        return to;
    }

    /// Words begin where no white space follows white space.
    fn countWords(text: []const u8) i64 {
        var words: i64 = 0;
        var after_space: u16 = 1;
        var at: usize = 0;
        while (at + width <= text.len) : (at += width) {
            const chunk: Chunk = text[at..][0..width].*;
            const control = chunk -% @as(Chunk, @splat('\t')) < @as(Chunk, @splat(5));
            const spaces: u16 = @as(u16, @bitCast(chunk == @as(Chunk, @splat(' ')))) | @as(u16, @bitCast(control));
            words += @popCount(~spaces & (spaces << 1 | after_space));
            after_space = spaces >> (width - 1);
        }
        for (text[at..]) |c| {
            const space = std.ascii.isWhitespace(c);
            words += @intFromBool(!space and after_space == 1);
            after_space = @intFromBool(space);
        }
        return words;
    }
};

pub const Repeat = struct {
    pub const name = "repeat";
    pub const summary = "Every row n times.";
    pub const columns = n_column;
    n: sr.In,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !Repeat {
        try schema.make("copy", "int64");
        schema.rowsAny();
        return .{ .n = try schema.takeAs("n", "int64") };
    }

    pub fn process(self: *Repeat, batch: *const sr.Batch, output: *sr.Output) !void {
        const n = batch.column(self.n).numbers(i64);
        var copy: sr.Builder = try .init(batch.arena, "int64", n.len);
        for (0..n.len) |row| {
            const times = @max(n.get(row) orelse 0, 0);
            for (0..@intCast(times)) |index| {
                try copy.addInt(index);
                try output.origin(@intCast(row));
            }
        }
        try output.putBuilt(&copy);
    }
};

pub const RejectOdd = struct {
    pub const name = "reject-odd";
    pub const summary = "Rejects rows with an odd number.";
    pub const columns = n_column;
    n: sr.In,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !RejectOdd {
        const n = try schema.takeAs("n", "int64");
        try schema.makeLike(n);
        return .{ .n = n };
    }

    pub fn process(self: *RejectOdd, batch: *const sr.Batch, output: *sr.Output) !void {
        const n = batch.column(self.n).numbers(i64);
        for (0..n.len) |row| {
            const value = n.get(row) orelse continue;
            if (@rem(value, 2) != 0) try output.reject(@intCast(row), "{d} is odd", .{value});
        }
        try output.put(batch.column(self.n));
    }
};

pub const Fail = struct {
    pub const name = "fail";
    pub const summary = "Fails at a text `boom`.";
    pub const columns = text_column;
    pub const Params = struct {
        how: enum { data, plugin, exception } = .exception,

        pub const docs = .{ .how = "The way to fail." };
    };
    text: sr.In,
    params: Params,

    pub fn open(params: Params, schema: *sr.Schema) !Fail {
        const text = try schema.takeAs("text", "utf8");
        try schema.makeLike(text);
        return .{ .text = text, .params = params };
    }

    pub fn process(self: *Fail, batch: *const sr.Batch, output: *sr.Output) !void {
        const text = batch.column(self.text).texts();
        for (0..text.len) |row| {
            const value = text.get(row) orelse continue;
            if (!std.mem.eql(u8, value, "boom")) continue;
            switch (self.params.how) {
                .data => return sr.data(@src(), "bad row: {s}", .{value}),
                .plugin => return sr.plugin_fault(@src(), "broken: {s}", .{value}),
                .exception => sr.panic(@src(), "exploded: {s}", .{value}),
            }
        }
        try output.put(batch.column(self.text));
    }
};

pub const Total = struct {
    pub const name = "total";
    pub const summary = "Adds all numbers up.";
    pub const kind: sr.Kind = .global;
    pub const columns = n_column;
    n: sr.In,
    total: i64 = 0,
    rows: i64 = 0,
    answered: bool = false,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !Total {
        try schema.make("total", "int64");
        try schema.make("rows", "int64");
        schema.rowsAny();
        return .{ .n = try schema.takeAs("n", "int64") };
    }

    pub fn process(self: *Total, batch: *const sr.Batch, _: *sr.Output) !void {
        const n = batch.column(self.n).numbers(i64);
        for (0..n.len) |row| {
            const value = n.get(row) orelse continue;
            self.total = std.math.add(i64, self.total, value) catch
                return sr.data(@src(), "the total does not fit int64", .{});
        }
        self.rows += batch.len;
    }

    pub fn finish(self: *Total, output: *sr.Output) !void {
        if (self.answered) return;
        self.answered = true;
        try output.put(try .ofValues(output.arena, try output.arena.dupe(i64, &.{self.total}), null));
        try output.put(try .ofValues(output.arena, try output.arena.dupe(i64, &.{self.rows}), null));
        try output.origin(0);
    }
};

pub const Running = struct {
    pub const name = "running";
    pub const summary = "The sum so far.";
    pub const kind: sr.Kind = .ordered;
    pub const columns = n_column;
    n: sr.In,
    sum: i64 = 0,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !Running {
        try schema.make("sum", "int64");
        return .{ .n = try schema.takeAs("n", "int64") };
    }

    pub fn process(self: *Running, batch: *const sr.Batch, output: *sr.Output) !void {
        const n = batch.column(self.n).numbers(i64);
        const sums = try batch.arena.alloc(i64, n.len);
        for (sums, 0..) |*sum, row| {
            self.sum = std.math.add(i64, self.sum, n.get(row) orelse 0) catch
                return sr.data(@src(), "the sum does not fit int64", .{});
            sum.* = self.sum;
        }
        try output.put(try .ofValues(batch.arena, sums, null));
    }
};

pub const Numbers = struct {
    pub const name = "numbers";
    pub const summary = "Numbers from 0.";
    pub const kind: sr.Kind = .source;
    pub const Params = struct {
        count: i64 = 5,

        pub const docs = .{ .count = "How many." };
    };
    count: i64,
    next: i64 = 0,

    pub fn open(params: Params, schema: *sr.Schema) !Numbers {
        try schema.make("n", "int64");
        return .{ .count = params.count };
    }

    pub fn process(self: *Numbers, batch: *const sr.Batch, output: *sr.Output) !void {
        if (self.next >= self.count) return;
        const values = try batch.arena.alloc(i64, @intCast(@min(batch.len, self.count - self.next)));
        for (values) |*value| {
            value.* = self.next;
            self.next += 1;
        }
        try output.put(try .ofValues(batch.arena, values, null));
    }
};

pub const Settings = struct {
    pub const name = "settings";
    pub const summary = "Shows its parameters.";
    pub const columns = text_column;
    pub const Params = struct {
        name: []const u8,
        count: u64 = 3,
        ratio: f64 = 0.5,
        flag: bool = false,
        mode: enum { fast, careful } = .fast,
        tags: []const []const u8 = &.{},

        pub const docs = .{
            .name = "A name.",
            .count = "A count.",
            .ratio = "A ratio.",
            .flag = "A flag.",
            .mode = "A mode.",
            .tags = "Tags.",
        };
    };
    text: sr.In,
    shown: []const u8,

    pub fn open(params: Params, schema: *sr.Schema) !Settings {
        try schema.make("settings", "utf8");
        const tags = try std.mem.join(schema.arena, ",", params.tags);
        return .{
            .text = try schema.takeAs("text", "utf8"),
            .shown = try schema.arena.print("{s} {d} {d} {} {s} {s}", .{
                params.name, params.count, params.ratio, params.flag, @tagName(params.mode), tags,
            }),
        };
    }

    pub fn process(self: *Settings, batch: *const sr.Batch, output: *sr.Output) !void {
        var shown: sr.Builder = try .init(batch.arena, "utf8", batch.len);
        for (0..batch.len) |_| try shown.addBytes(self.shown);
        try output.putBuilt(&shown);
    }
};

pub const Shout = struct {
    pub const name = "shout";
    pub const summary = "Says in the log what it gets.";
    pub const columns = text_column;
    text: sr.In,

    pub fn open(_: sr.NoParams, schema: *sr.Schema) !Shout {
        const text = try schema.takeAs("text", "utf8");
        try schema.makeLike(text);
        return .{ .text = text };
    }

    pub fn process(self: *Shout, batch: *const sr.Batch, output: *sr.Output) !void {
        const text = batch.column(self.text);
        sr.log(.info, null, "{d} rows", .{text.len});
        for (0..text.len) |row| {
            if (text.isNull(row)) sr.log(.warn, @intCast(row), "row has no text", .{});
        }
        try output.put(text);
    }
};
