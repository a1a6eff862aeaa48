//! Columns made value by value.

const std = @import("std");
const types = @import("types.zig");
const fault = @import("fault.zig");
const Array = @import("array.zig").Array;
const Type = types.Type;
const Allocator = std.mem.Allocator;
const Bytes = std.array_list.Aligned(u8, .@"64");

/// A column of any type but dictionaries. A value that does not fit the type is `error.Data`, one of another kind a panic.
pub const Builder = struct {
    arena: Allocator,
    type: Type,
    len: u32 = 0,
    null_count: u32 = 0,
    /// Empty until the first null.
    validity: Bytes = .empty,
    /// Of views and lists: the views, the offsets.
    values: Bytes = .empty,
    /// What offsets and views point to.
    bytes: Bytes = .empty,
    children: []Builder,

    /// For a type's words; `rows`: how many to make room for.
    pub fn init(arena: Allocator, words: []const u8, rows: usize) fault.Error!Builder {
        const of = try Type.parse(arena, words) orelse return fault.plugin(@src(), "`{s}` is no type", .{words});
        return like(arena, of, rows);
    }

    pub fn like(arena: Allocator, of: Type, rows: usize) fault.Error!Builder {
        if (of.layout == .dictionary) return fault.plugin(@src(), "a {s} cannot be built", .{of.words});
        const children = try arena.alloc(Builder, of.children.len);
        for (children, of.children) |*child_builder, child_type| child_builder.* = try like(arena, child_type, rows);
        var builder: Builder = .{ .arena = arena, .type = of, .children = children };
        const has_offsets = of.layout == .bytes or of.layout == .list;
        if (has_offsets or of.layout == .fixed) {
            try builder.values.ensureTotalCapacity(arena, (rows +| 1) *| @as(usize, of.width));
        }
        if (has_offsets) builder.values.appendNTimesAssumeCapacity(0, of.width);
        return builder;
    }

    pub fn addNull(self: *Builder) fault.Error!void {
        switch (self.type.layout) {
            .none, .dictionary => {},
            .bits => if (self.len % 8 == 0) try self.values.append(self.arena, 0),
            .fixed, .views => try self.values.appendNTimes(self.arena, 0, self.type.width),
            .bytes => try self.addOffset(self.bytes.items.len),
            .list => try self.addOffset(self.children[0].len),
            .fixed_list => for (0..self.type.width) |_| try self.children[0].addNull(),
            .@"struct" => for (self.children) |*part| try part.addNull(),
        }
        try self.count(false);
    }

    pub fn addBool(self: *Builder, value: bool) fault.Error!void {
        if (self.type.id != .bool) self.refuse("a bool");
        if (self.len % 8 == 0) try self.values.append(self.arena, 0);
        if (value) self.values.items[self.len / 8] |= @as(u8, 1) << @intCast(self.len % 8);
        try self.count(true);
    }

    /// A whole number of any Zig type into any integer, date, time, timestamp or duration column.
    pub fn addInt(self: *Builder, value: anytype) fault.Error!void {
        return switch (self.type.id) {
            .int8 => self.addCast(i8, value),
            .int16 => self.addCast(i16, value),
            .int32, .date32, .time32 => self.addCast(i32, value),
            .int64, .date64, .time64, .timestamp, .duration => self.addCast(i64, value),
            .uint8 => self.addCast(u8, value),
            .uint16 => self.addCast(u16, value),
            .uint32 => self.addCast(u32, value),
            .uint64 => self.addCast(u64, value),
            else => self.refuse("a whole number"),
        };
    }

    fn addCast(self: *Builder, comptime T: type, value: anytype) fault.Error!void {
        const number = std.math.cast(T, value) orelse
            return fault.data(@src(), "{d} does not fit {s}", .{ value, self.type.words });
        return self.addFixed(&std.mem.toBytes(std.mem.nativeToLittle(T, number)));
    }

    /// Into float16, float32 and float64, rounded to the nearest.
    pub fn addFloat(self: *Builder, value: f64) fault.Error!void {
        return switch (self.type.id) {
            .float16 => self.addFixed(&std.mem.toBytes(@as(f16, @floatCast(value)))),
            .float32 => self.addFixed(&std.mem.toBytes(@as(f32, @floatCast(value)))),
            .float64 => self.addFixed(&std.mem.toBytes(value)),
            else => self.refuse("a float"),
        };
    }

    /// The bytes of a value of fixed width: decimals (16), fixed-size-binary.
    pub fn addFixed(self: *Builder, value: []const u8) fault.Error!void {
        if (self.type.layout != .fixed or value.len != self.type.width) self.refuse("a value of fixed width");
        try self.values.appendSlice(self.arena, value);
        try self.count(true);
    }

    /// Into utf8, binary, and their large and view forms.
    pub fn addBytes(self: *Builder, value: []const u8) fault.Error!void {
        @memcpy(try self.addRoom(value.len), value);
    }

    /// A text of so many bytes, which the caller writes before the next is added.
    pub fn addRoom(self: *Builder, size: usize) fault.Error![]u8 {
        const before = self.bytes.items.len;
        switch (self.type.layout) {
            .bytes => {
                const room = try self.bytes.addManyAsSlice(self.arena, size);
                try self.addOffset(before + size);
                try self.count(true);
                return room;
            },
            .views => {
                const at = self.values.items.len;
                if (before + size > std.math.maxInt(i32)) return self.tooLarge();
                var view: [16]u8 = @splat(0);
                std.mem.writeInt(u32, view[0..4], @intCast(size), .little);
                std.mem.writeInt(u32, view[12..16], if (size > 12) @intCast(before) else 0, .little);
                try self.values.appendSlice(self.arena, &view);
                try self.count(true);
                // Short ones stand in the view; the beginning of long ones is put there in `done`.
                return if (size > 12) self.bytes.addManyAsSlice(self.arena, size) else self.values.items[at + 4 ..][0..size];
            },
            else => self.refuse("a text"),
        }
    }

    /// Ends a row: of a list the items added to `child(0)` since the last are its value; of a struct one value was added to
    /// each child, of a fixed-size list as many as its size.
    pub fn addRow(self: *Builder) fault.Error!void {
        switch (self.type.layout) {
            .list => try self.addOffset(self.children[0].len),
            .@"struct", .fixed_list => {},
            else => self.refuse("a row of parts"),
        }
        try self.count(true);
        if (self.type.layout == .list) return;
        const each: u64 = if (self.type.layout == .fixed_list) self.type.width else 1;
        for (self.children) |part| {
            if (part.len != self.len * each) return fault.plugin(@src(), "a row of {s} has {d} parts, not {d}", .{ self.type.words, part.len, self.len * each });
        }
    }

    /// The builder of a list's items, or of a struct's member.
    pub fn child(self: *Builder, index: usize) *Builder {
        return &self.children[index];
    }

    /// What was added. The builder is used up.
    pub fn done(self: *Builder) fault.Error!Array {
        if (self.type.layout == .views) self.finishViews();
        const validity: []const u8 = self.validity.items;
        const values: []const u8 = self.values.items;
        const buffers: []const []const u8 = switch (self.type.layout) {
            .none => &.{},
            .@"struct", .fixed_list => &.{validity},
            .bits, .fixed, .list, .dictionary => &.{ validity, values },
            .bytes => &.{ validity, values, self.bytes.items },
            .views => if (self.bytes.items.len > 0) &.{ validity, values, self.bytes.items } else &.{ validity, values },
        };
        const children = try self.arena.alloc(Array, self.children.len);
        for (children, self.children) |*array, *builder| array.* = try builder.done();
        const array: Array = .{
            .type = self.type,
            .len = self.len,
            .null_count = self.null_count,
            .buffers = try self.arena.dupe([]const u8, buffers),
            .children = children,
        };
        return if (array.fits()) array else fault.plugin(@src(), "a column of {s} does not fit together", .{self.type.words});
    }

    fn finishViews(self: *Builder) void {
        for (0..self.len) |row| {
            const view = self.values.items[row * 16 ..][0..16];
            if (std.mem.readInt(u32, view[0..4], .little) <= 12) continue;
            @memcpy(view[4..8], self.bytes.items[std.mem.readInt(u32, view[12..16], .little)..][0..4]);
        }
    }

    fn addOffset(self: *Builder, offset: usize) fault.Error!void {
        if (self.type.width == 4) {
            if (offset > std.math.maxInt(i32)) return self.tooLarge();
            return self.values.appendSlice(self.arena, &std.mem.toBytes(@as(u32, @intCast(offset))));
        }
        return self.values.appendSlice(self.arena, &std.mem.toBytes(@as(u64, offset)));
    }

    fn tooLarge(self: *Builder) error{Data} {
        return fault.data(@src(), "more than 2 GiB or 2^31 items in a {s}", .{self.type.words});
    }

    /// Counts a row, and says in the bitmap whether it has a value.
    fn count(self: *Builder, valid: bool) fault.Error!void {
        const row = self.len;
        if (row == std.math.maxInt(u32)) return fault.data(@src(), "more than {d} rows in a column", .{row});
        self.len += 1;
        if (valid and self.null_count == 0) return;
        if (self.validity.items.len <= row / 8) {
            try self.validity.appendNTimes(self.arena, 0xff, row / 8 + 1 - self.validity.items.len);
        }
        if (valid) return;
        self.null_count += 1;
        self.validity.items[row / 8] &= ~(@as(u8, 1) << @intCast(row % 8));
    }

    fn refuse(self: *const Builder, what: []const u8) noreturn {
        std.debug.panic("{s} is added to a column of {s}", .{ what, self.type.words });
    }
};
