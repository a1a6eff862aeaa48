//! Parameters: a Zig struct, read from JSON with errors that name the parameter, and described as JSON Schema.
//!
//! Fields may be `bool`, integers, floats, `[]const u8`, enums (one of several words), slices and optionals of these, and
//! structs. One without a default is required; an optional is none. In JSON names are kebab-case. What they are for stands
//! in a declaration `docs`: `pub const docs = .{ .mark = "What is added." };`.

const std = @import("std");
const fault = @import("fault.zig");
const kebab = @import("types.zig").kebab;
const Allocator = std.mem.Allocator;
const Value = std.json.Value;
const Writer = std.Io.Writer;

/// Reads an object. Texts live in `arena`.
pub fn read(comptime Params: type, arena: Allocator, text: []const u8) fault.Error!Params {
    const value = std.json.parseFromSliceLeaky(Value, arena, text, .{ .allocate = .alloc_always }) catch |err| switch (err) {
        error.OutOfMemory => return error.OutOfMemory,
        else => return fault.params("parameters are a JSON object", .{}),
    };
    if (value != .object) return fault.params("parameters are a JSON object", .{});
    return readObject(Params, arena, value.object, "");
}

fn readObject(comptime Params: type, arena: Allocator, object: std.json.ObjectMap, at: []const u8) fault.Error!Params {
    const info = @typeInfo(Params).@"struct";
    for (object.keys()) |key| {
        if (!isKnown(info.field_names, key)) return fault.params("unknown parameter `{s}{s}`; there are {s}", .{ at, key, comptime names(info.field_names) });
    }
    var params: Params = undefined;
    inline for (info.field_names, info.field_types, info.field_attrs) |field, T, attrs| {
        const name = comptime kebab(field);
        if (object.get(name)) |value| {
            @field(params, field) = try readValue(T, arena, value, try arena.print("{s}{s}", .{ at, name }));
        } else if (comptime attrs.defaultValue(T)) |default| {
            @field(params, field) = default;
        } else if (@typeInfo(T) == .optional) {
            @field(params, field) = null;
        } else {
            return fault.params("parameter `{s}{s}` is missing", .{ at, name });
        }
    }
    return params;
}

fn finite(comptime T: type, number: T) ?T {
    return if (std.math.isFinite(number)) number else null;
}

fn isKnown(comptime fields: []const [:0]const u8, key: []const u8) bool {
    inline for (fields) |field| {
        if (std.mem.eql(u8, comptime kebab(field), key)) return true;
    }
    return false;
}

fn readValue(comptime T: type, arena: Allocator, value: Value, at: []const u8) fault.Error!T {
    switch (@typeInfo(T)) {
        .bool => return if (value == .bool) value.bool else wrong(value, at, "true or false"),
        .int => return readInt(T, value) orelse wrong(value, at, std.fmt.comptimePrint("an integer of {d} to {d}", .{ std.math.minInt(T), std.math.maxInt(T) })),
        .float => return switch (value) {
            .float => |number| finite(T, @floatCast(number)) orelse wrong(value, at, "a number that it can hold"),
            .integer => |number| @floatFromInt(number),
            .number_string => |text| finite(T, std.fmt.parseFloat(T, text) catch std.math.nan(T)) orelse wrong(value, at, "a number that it can hold"),
            else => wrong(value, at, "a number"),
        },
        .@"enum" => |info| {
            const expected = "one of " ++ comptime names(info.field_names);
            if (value != .string) return wrong(value, at, expected);
            inline for (info.field_names) |name| {
                if (std.mem.eql(u8, comptime kebab(name), value.string)) return @field(T, name);
            }
            return wrong(value, at, expected);
        },
        .optional => |info| return if (value == .null) null else try readValue(info.child, arena, value, at),
        .@"struct" => return if (value == .object) readObject(T, arena, value.object, try arena.print("{s}.", .{at})) else wrong(value, at, "an object"),
        .pointer => |info| {
            if (info.size != .slice) @compileError("no parameter can be a " ++ @typeName(T));
            if (info.child == u8) return if (value == .string) value.string else wrong(value, at, "text");
            if (value != .array) return wrong(value, at, "a list");
            const items = try arena.alloc(info.child, value.array.items.len);
            for (items, value.array.items, 0..) |*item, found, index| {
                item.* = try readValue(info.child, arena, found, try arena.print("{s}[{d}]", .{ at, index }));
            }
            return items;
        },
        else => @compileError("no parameter can be a " ++ @typeName(T)),
    }
}

fn readInt(comptime T: type, value: Value) ?T {
    return switch (value) {
        .integer => |number| std.math.cast(T, number),
        .number_string => |text| std.fmt.parseInt(T, text, 10) catch null,
        else => null,
    };
}

fn wrong(value: Value, at: []const u8, expected: []const u8) error{Params} {
    return switch (value) {
        .array => fault.params("parameter `{s}` is a list; it must be {s}", .{ at, expected }),
        .object => fault.params("parameter `{s}` is an object; it must be {s}", .{ at, expected }),
        .null => fault.params("parameter `{s}` is null; it must be {s}", .{ at, expected }),
        .bool => |found| fault.params("parameter `{s}` is {}; it must be {s}", .{ at, found, expected }),
        .integer => |found| fault.params("parameter `{s}` is {d}; it must be {s}", .{ at, found, expected }),
        .float => |found| fault.params("parameter `{s}` is {d}; it must be {s}", .{ at, found, expected }),
        .number_string => |found| fault.params("parameter `{s}` is {s}; it must be {s}", .{ at, found, expected }),
        .string => |found| fault.params("parameter `{s}` is \"{s}\"; it must be {s}", .{ at, found, expected }),
    };
}

/// `` `a`, `b` ``
fn names(comptime fields: []const [:0]const u8) []const u8 {
    comptime var text: []const u8 = "";
    inline for (fields, 0..) |field, index| text = text ++ (if (index > 0) ", `" else "`") ++ comptime kebab(field) ++ "`";
    return if (fields.len > 0) text else "none";
}

/// Writes the JSON Schema (draft 2020-12).
pub fn describe(comptime Params: type, out: *Writer) Writer.Error!void {
    const info = @typeInfo(Params).@"struct";
    try out.writeAll("{\"type\":\"object\",\"properties\":{");
    inline for (info.field_names, info.field_types, info.field_attrs, 0..) |field, T, attrs, index| {
        if (index > 0) try out.writeAll(",");
        try out.writeAll("\"" ++ comptime kebab(field) ++ "\":{");
        try describeType(T, out);
        if (@hasDecl(Params, "docs") and @hasField(@TypeOf(Params.docs), field)) {
            try out.writeAll(",\"description\":");
            try std.json.Stringify.value(@as([]const u8, @field(Params.docs, field)), .{}, out);
        }
        if (comptime attrs.defaultValue(T)) |default| {
            if (@typeInfo(T) != .optional) {
                try out.writeAll(",\"default\":");
                try writeValue(T, default, out);
            } else if (default) |inner| {
                try out.writeAll(",\"default\":");
                try writeValue(@TypeOf(inner), inner, out);
            }
        }
        try out.writeAll("}");
    }
    try out.writeAll("},\"required\":[");
    comptime var separator: []const u8 = "";
    inline for (info.field_names, info.field_types, info.field_attrs) |field, T, attrs| {
        if (attrs.default_value_ptr == null and @typeInfo(T) != .optional) {
            try out.writeAll(separator ++ "\"" ++ comptime kebab(field) ++ "\"");
            separator = ",";
        }
    }
    try out.writeAll("],\"additionalProperties\":false}");
}

fn describeType(comptime T: type, out: *Writer) Writer.Error!void {
    switch (@typeInfo(T)) {
        .bool => try out.writeAll("\"type\":\"boolean\""),
        .int => try out.print("\"type\":\"integer\",\"minimum\":{d},\"maximum\":{d}", .{ std.math.minInt(T), std.math.maxInt(T) }),
        .float => try out.writeAll("\"type\":\"number\""),
        .@"enum" => |info| {
            try out.writeAll("\"enum\":[");
            inline for (info.field_names, 0..) |name, index| try out.writeAll((if (index > 0) ",\"" else "\"") ++ comptime kebab(name) ++ "\"");
            try out.writeAll("]");
        },
        .optional => |info| try describeType(info.child, out),
        .pointer => |info| if (info.child == u8) try out.writeAll("\"type\":\"string\"") else {
            try out.writeAll("\"type\":\"array\",\"items\":{");
            try describeType(info.child, out);
            try out.writeAll("}");
        },
        .@"struct" => {
            var inner: [4096]u8 = undefined;
            var writer: Writer = .fixed(&inner);
            try describe(T, &writer);
            const text = writer.buffered();
            try out.writeAll(text[1 .. text.len - 1]);
        },
        else => @compileError("no parameter can be a " ++ @typeName(T)),
    }
}

fn writeValue(comptime T: type, value: T, out: *Writer) Writer.Error!void {
    switch (@typeInfo(T)) {
        .@"enum" => switch (value) {
            inline else => |one| try out.writeAll("\"" ++ comptime kebab(@tagName(one)) ++ "\""),
        },
        .optional => if (value) |inner| try writeValue(@TypeOf(inner), inner, out) else try out.writeAll("null"),
        .pointer => |info| if (info.child == u8) try std.json.Stringify.value(value, .{}, out) else {
            try out.writeAll("[");
            for (value, 0..) |item, at| {
                if (at > 0) try out.writeAll(",");
                try writeValue(info.child, item, out);
            }
            try out.writeAll("]");
        },
        .@"struct" => |info| {
            try out.writeAll("{");
            inline for (info.field_names, info.field_types, 0..) |field, Field, at| {
                try out.writeAll((if (at > 0) ",\"" else "\"") ++ comptime kebab(field) ++ "\":");
                try writeValue(Field, @field(value, field), out);
            }
            try out.writeAll("}");
        },
        else => try std.json.Stringify.value(value, .{}, out),
    }
}
