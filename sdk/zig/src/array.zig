//! Arrays: columns, and what they are made of.

const std = @import("std");
const types = @import("types.zig");
const fault = @import("fault.zig");
const Type = types.Type;
const Allocator = std.mem.Allocator;

/// One array as it crosses.
pub const Raw = extern struct { length: u32, null_count: u32, buffers: Slice(Slice(u8)) };

/// A list as it crosses.
pub fn Slice(comptime T: type) type {
    return extern struct {
        ptr: [*]const T,
        len: usize,

        pub fn of(items: []const T) @This() {
            // An empty slice may point anywhere; what crosses has to lie in memory, and aligned.
            return .{ .ptr = if (items.len > 0) items.ptr else @ptrCast(&nowhere), .len = items.len };
        }

        pub fn slice(self: @This()) []const T {
            return self.ptr[0..self.len];
        }
    };
}

/// The items of a list's row: rows `begin` … `end - 1` of `array.children[0]`.
pub const Range = struct { begin: usize, end: usize };

/// A column of any type, or a child of one. Buffers are as the Arrow columnar format orders them: the validity bitmap (empty
/// where there are no nulls), then those of the type's layout. Of a batch's arrays the SDK has checked that buffers are as
/// long as lengths and offsets say, and that offsets grow.
pub const Array = struct {
    type: Type,
    len: u32,
    null_count: u32 = 0,
    buffers: []const []const u8,
    children: []const Array = &.{},

    /// Of whole buffers, in the columnar format's order; `error.Plugin` where they do not fit the type.
    pub fn init(arena: Allocator, words: []const u8, len: u32, null_count: u32, buffers: []const []const u8) fault.Error!Array {
        const made = try Type.parse(arena, words) orelse return fault.plugin(@src(), "`{s}` is no type", .{words});
        if (made.arrays().len > 0) return fault.plugin(@src(), "{s} has children", .{words});
        const array: Array = .{ .type = made, .len = len, .null_count = null_count, .buffers = buffers };
        if (!array.fits()) return fault.plugin(@src(), "the buffers do not fit {d} rows of {s}", .{ len, words });
        return array;
    }

    /// A column of numbers (`[]const i64`), with the nulls of another of the same length.
    pub fn ofValues(arena: Allocator, content: anytype, gaps: ?Nulls) fault.Error!Array {
        const T = @typeInfo(@TypeOf(content)).pointer.child;
        const validity: Nulls = gaps orelse .{};
        const buffers = try arena.dupe([]const u8, &.{ validity.bits, std.mem.sliceAsBytes(content) });
        return init(arena, wordOf(T), @intCast(content.len), validity.count, buffers);
    }

    /// A column of text with the offsets and nulls of another, and other bytes.
    pub fn ofText(arena: Allocator, content: []const u8, ends: []const i32, gaps: ?Nulls) fault.Error!Array {
        const validity: Nulls = gaps orelse .{};
        const buffers = try arena.dupe([]const u8, &.{ validity.bits, std.mem.sliceAsBytes(ends), content });
        return init(arena, "utf8", @intCast(ends.len - 1), validity.count, buffers);
    }

    /// No rows of a type.
    pub fn empty(arena: Allocator, of: Type) Allocator.Error!Array {
        const none: []const u8 = &.{};
        const zeros: []const u8 = &zero_bytes;
        const buffers: []const []const u8 = switch (of.layout) {
            .none => &.{},
            .bits, .fixed, .views, .dictionary => &.{ none, none },
            .bytes => &.{ none, zeros[0..of.width], none },
            .list => &.{ none, zeros[0..of.width] },
            .fixed_list, .@"struct" => &.{none},
        };
        const children = try arena.alloc(Array, of.arrays().len);
        for (children, of.arrays()) |*child, child_type| child.* = try empty(arena, child_type);
        return .{ .type = of, .len = 0, .buffers = try arena.dupe([]const u8, buffers), .children = children };
    }

    /// The validity bitmap, to be given to a column that has the same nulls.
    pub fn nulls(self: Array) Nulls {
        if (self.null_count == 0 or self.buffers.len == 0) return .{};
        return .{ .bits = self.buffers[0][0 .. (self.len + 7) / 8], .count = self.null_count };
    }

    pub fn isNull(self: Array, row: usize) bool {
        if (row >= self.len) std.debug.panic("row {d} of a column of {d} rows ({s})", .{ row, self.len, self.type.words });
        if (self.type.layout == .none) return true;
        return self.null_count > 0 and !bit(self.buffers[0], row);
    }

    /// A whole number of any integer, date, time, timestamp or duration type. A null's is any.
    pub fn intAt(self: Array, row: usize) i128 {
        const bytes = self.fixedAt(row);
        return switch (self.type.id) {
            .int8 => std.mem.readInt(i8, bytes[0..1], .little),
            .int16 => std.mem.readInt(i16, bytes[0..2], .little),
            .int32, .date32, .time32 => std.mem.readInt(i32, bytes[0..4], .little),
            .int64, .date64, .time64, .timestamp, .duration => std.mem.readInt(i64, bytes[0..8], .little),
            .uint8 => bytes[0],
            .uint16 => std.mem.readInt(u16, bytes[0..2], .little),
            .uint32 => std.mem.readInt(u32, bytes[0..4], .little),
            .uint64 => std.mem.readInt(u64, bytes[0..8], .little),
            else => self.refuse("whole numbers"),
        };
    }

    /// float16, float32 or float64.
    pub fn floatAt(self: Array, row: usize) f64 {
        const bytes = self.fixedAt(row);
        return switch (self.type.id) {
            .float16 => @as(f16, @bitCast(std.mem.readInt(u16, bytes[0..2], .little))),
            .float32 => @as(f32, @bitCast(std.mem.readInt(u32, bytes[0..4], .little))),
            .float64 => @bitCast(std.mem.readInt(u64, bytes[0..8], .little)),
            else => self.refuse("floats"),
        };
    }

    pub fn boolAt(self: Array, row: usize) bool {
        if (self.type.id != .bool) self.refuse("bool");
        if (row >= self.len) std.debug.panic("row {d} of {d}", .{ row, self.len });
        return bit(self.buffers[1], row);
    }

    /// The bytes of a value of fixed width: numbers, decimals (16), float16 (2), fixed-size-binary.
    pub fn fixedAt(self: Array, row: usize) []const u8 {
        if (self.type.layout != .fixed) self.refuse("values of fixed width");
        if (row >= self.len) std.debug.panic("row {d} of {d}", .{ row, self.len });
        const width: usize = self.type.width;
        return self.buffers[1][row * width ..][0..width];
    }

    /// utf8, binary, and their large and view forms.
    pub fn bytesAt(self: Array, row: usize) []const u8 {
        switch (self.type.layout) {
            .bytes => return self.buffers[2][self.offset(row)..self.offset(row + 1)],
            .views => {
                if (self.isNull(row)) return "";
                const view = self.buffers[1][row * 16 ..][0..16];
                const size = std.mem.readInt(u32, view[0..4], .little);
                if (size <= 12) return view[4..][0..size];
                const buffer = self.buffers[2 + std.mem.readInt(u32, view[8..12], .little)];
                return buffer[std.mem.readInt(u32, view[12..16], .little)..][0..size];
            },
            else => self.refuse("text or bytes"),
        }
    }

    /// The items of a list's row, of any list type.
    pub fn itemsAt(self: Array, row: usize) Range {
        if (row >= self.len) std.debug.panic("row {d} of {d}", .{ row, self.len });
        return switch (self.type.layout) {
            .list => .{ .begin = self.offset(row), .end = self.offset(row + 1) },
            .fixed_list => .{ .begin = row * self.type.width, .end = (row + 1) * self.type.width },
            else => self.refuse("lists"),
        };
    }

    /// Whole buffers of numbers, the fast path: `array.values(i64)`.
    pub fn values(self: Array, comptime T: type) []const T {
        if (self.type.layout != .fixed or !std.mem.eql(u8, self.type.words, comptime wordOf(T))) self.refuse(wordOf(T));
        return aligned(T, self.buffers[1], self.len);
    }

    /// The offsets of a utf8, binary or list column: one more than rows.
    pub fn offsets(self: Array) []const i32 {
        if ((self.type.layout != .bytes and self.type.layout != .list) or self.type.width != 4) self.refuse("values between 32-bit offsets");
        return aligned(i32, self.buffers[1], self.len + 1);
    }

    /// A utf8 or binary column, typed: `texts.get(row)` is null for a null.
    pub fn texts(self: Array) Texts {
        if (self.type.layout != .bytes) self.refuse("text or bytes");
        return .{ .len = self.len, .offsets = self.offsets(), .bytes = self.buffers[2], .nulls = self.nulls() };
    }

    /// A column of numbers, typed: `numbers.get(row)` is null for a null.
    pub fn numbers(self: Array, comptime T: type) Numbers(T) {
        return .{ .len = self.len, .values = self.values(T), .nulls = self.nulls() };
    }

    fn offset(self: Array, index: usize) usize {
        if (self.type.width == 4) return @intCast(std.mem.readInt(i32, self.buffers[1][index * 4 ..][0..4], .little));
        return @intCast(std.mem.readInt(i64, self.buffers[1][index * 8 ..][0..8], .little));
    }

    fn refuse(self: Array, wanted: []const u8) noreturn {
        std.debug.panic("a column of {s} is read as {s}", .{ self.type.words, wanted });
    }

    /// Whether buffers are as long as the length says, and offsets grow.
    pub fn fits(self: Array) bool {
        const len: u64 = self.len;
        const bits = (len + 7) / 8;
        if (self.type.layout == .none) return true;
        if (self.buffers.len == 0 or self.null_count > len) return false;
        if (self.null_count > 0 and !self.has(0, bits)) return false;
        return switch (self.type.layout) {
            .none => true,
            .bits => self.has(1, bits),
            .fixed, .dictionary => self.has(1, len * self.type.width),
            .bytes => self.buffers.len > 2 and self.offsetsFit(self.buffers[2].len),
            .views => self.viewsFit(),
            .list => self.offsetsFit(self.children[0].len),
            .fixed_list => self.children[0].len == len * self.type.width,
            .@"struct" => for (self.children) |child| {
                if (child.len != len) break false;
            } else true,
        };
    }

    fn has(self: Array, buffer: usize, size: u64) bool {
        return buffer < self.buffers.len and self.buffers[buffer].len >= size;
    }

    fn offsetsFit(self: Array, end: u64) bool {
        if (!self.has(1, (@as(u64, self.len) + 1) * self.type.width)) return false;
        return if (self.type.width == 4) grows(i32, self.buffers[1], self.len, end) else grows(i64, self.buffers[1], self.len, end);
    }

    fn viewsFit(self: Array) bool {
        if (!self.has(1, @as(u64, self.len) * 16)) return false;
        for (0..self.len) |row| {
            const view = self.buffers[1][row * 16 ..][0..16];
            const size = std.mem.readInt(u32, view[0..4], .little);
            if (size <= 12 or self.isNull(row)) continue;
            const buffer = std.mem.readInt(u32, view[8..12], .little);
            if (buffer >= self.buffers.len - 2) return false;
            if (@as(u64, std.mem.readInt(u32, view[12..16], .little)) + size > self.buffers[2 + buffer].len) return false;
        }
        return true;
    }

    /// Takes a column, depth first, out of what crossed.
    pub fn lift(arena: Allocator, of: Type, raw: *[]const Raw) (Allocator.Error || error{Misfit})!Array {
        if (raw.len == 0) return error.Misfit;
        const one = raw.*[0];
        raw.* = raw.*[1..];
        const buffers = try arena.alloc([]const u8, one.buffers.len);
        for (buffers, one.buffers.slice()) |*buffer, crossed| buffer.* = crossed.slice();
        // No row needs no offset, but a reader is glad of the first one.
        const has_offsets = of.layout == .bytes or of.layout == .list;
        if (has_offsets and one.length == 0 and buffers.len > 1 and buffers[1].len == 0) buffers[1] = &zero_bytes;
        const children = try arena.alloc(Array, of.arrays().len);
        for (children, of.arrays()) |*child, child_type| child.* = try lift(arena, child_type, raw);
        for (buffers) |*buffer| buffer.* = try realigned(arena, buffer.*);
        const array: Array = .{ .type = of, .len = one.length, .null_count = one.null_count, .buffers = buffers, .children = children };
        return if (array.fits()) array else error.Misfit;
    }

    /// Puts the array, depth first, where it crosses from.
    pub fn lower(self: Array, arena: Allocator, raw: *std.ArrayList(Raw)) Allocator.Error!void {
        const buffers = try arena.alloc(Slice(u8), self.buffers.len);
        for (buffers, self.buffers) |*crossing, buffer| crossing.* = .of(buffer);
        try raw.append(arena, .{ .length = self.len, .null_count = self.null_count, .buffers = .of(buffers) });
        for (self.children) |child| try child.lower(arena, raw);
    }
};

/// Which rows of a column have a value.
pub const Nulls = struct {
    /// 1 = has a value, least bit first. Empty: all have.
    bits: []const u8 = "",
    count: u32 = 0,

    pub fn has(self: Nulls, row: usize) bool {
        return self.count > 0 and !bit(self.bits, row);
    }
};

/// Texts of a column.
pub const Texts = struct {
    len: usize,
    /// One more than rows.
    offsets: []const i32,
    /// The bytes of all rows, one after the other.
    bytes: []const u8,
    nulls: Nulls,

    pub fn get(self: Texts, row: usize) ?[]const u8 {
        return if (self.nulls.has(row)) null else self.value(row);
    }

    /// As if the row were not null; a null's is any text.
    pub fn value(self: Texts, row: usize) []const u8 {
        return self.bytes[@intCast(self.offsets[row])..@intCast(self.offsets[row + 1])];
    }
};

/// Numbers of a column.
pub fn Numbers(comptime T: type) type {
    return struct {
        len: usize,
        values: []const T,
        nulls: Nulls,

        pub fn get(self: @This(), row: usize) ?T {
            return if (self.nulls.has(row)) null else self.values[row];
        }
    };
}

/// The contract's word for a Zig number.
pub fn wordOf(comptime T: type) []const u8 {
    return switch (T) {
        i8 => "int8",
        i16 => "int16",
        i32 => "int32",
        i64 => "int64",
        u8 => "uint8",
        u16 => "uint16",
        u32 => "uint32",
        u64 => "uint64",
        f16 => "float16",
        f32 => "float32",
        f64 => "float64",
        else => @compileError(@typeName(T) ++ " is no column's number"),
    };
}

pub fn bit(bits: []const u8, row: usize) bool {
    return bits[row / 8] >> @intCast(row % 8) & 1 == 1;
}

fn aligned(comptime T: type, bytes: []const u8, len: usize) []const T {
    if (len == 0) return &.{};
    return @as([*]const T, @ptrCast(@alignCast(bytes.ptr)))[0..len];
}

/// Buffers are aligned where the SDK's own allocator gave them; native tests may hand in others.
fn realigned(arena: Allocator, bytes: []const u8) Allocator.Error![]const u8 {
    if (bytes.len == 0 or std.mem.isAligned(@intFromPtr(bytes.ptr), 16)) return bytes;
    const copy = try arena.alignedAlloc(u8, .@"16", bytes.len);
    @memcpy(copy, bytes);
    return copy;
}

/// Whether offsets begin at 0 or later, grow, and end within `end`.
fn grows(comptime T: type, bytes: []const u8, len: usize, end: u64) bool {
    const offsets = aligned(T, bytes, len + 1);
    if (offsets[0] < 0) return false;
    // Without a branch: it runs over every text column.
    var falls: u1 = 0;
    for (offsets[0..len], offsets[1..]) |a, b| falls |= @intFromBool(b < a);
    return falls == 0 and offsets[len] <= end;
}

const nowhere: [8]u8 align(64) = @splat(0);

/// For offsets of no rows.
const zero_bytes: [8]u8 align(8) = @splat(0);
