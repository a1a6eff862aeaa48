//! The SDK's tests, natively; `run.sh` runs them. They go through the conformance plugin's steps.

const std = @import("std");
const sr = @import("stillroom");
const steps = @import("conformance");
const Run = sr.testing.Run;
const expectTexts = sr.testing.expectTexts;
const expectInts = sr.testing.expectInts;

fn expectFault(wanted: anyerror, message: []const u8, found: anytype) !void {
    try std.testing.expectError(wanted, found);
    try std.testing.expectStringStartsWith(sr.testing.faultMessage(), message);
}

test "types are read, and what is none is refused" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    for ([_][]const u8{
        "utf8",                                "list<utf8>",                   "struct<role: utf8, content: list<int64>>",
        "decimal128<38, 9>",                   "timestamp<us, Europe/Berlin>", "fixed-size-list<float32, 768>",
        "dictionary<int32, utf8>",             "struct<>",                     " list < int8 > ",
        "struct<\"a b\\n\": int8, b: binary>",
    }) |words| {
        const parsed = (try sr.Type.parse(arena.allocator(), words)).?;
        try std.testing.expect(parsed.eql((try sr.Type.parse(arena.allocator(), words)).?));
    }
    for ([_][]const u8{
        "",                      "utf9",                   "list",        "list<",             "list<utf8",    "list<utf8>>", "struct<a>", "struct<a: int8,>",
        "fixed-size-binary<-1>", "dictionary<utf8, utf8>", "timestamp<>", "struct<\"a: int8>", "struct<\"a\\",
    }) |words| try std.testing.expectEqual(null, try sr.Type.parse(arena.allocator(), words));
    const deep: [200][5]u8 = @splat("list<".*);
    try std.testing.expectEqual(null, try sr.Type.parse(arena.allocator(), std.mem.sliceAsBytes(&deep)));
}

fn rebuilt(words: []const u8, values: []const ?i128) !void {
    const run: Run(steps.Rebuild) = try .open("{}", &.{.{ .name = "value", .words = words }});
    defer run.deinit();
    const column = try run.ints(words, values);
    const output = try run.process(column.len, &.{.{ .name = "value", .column = column }});
    try expectInts(values, output.columns.items[0]);
}

test "whole numbers are never rounded" {
    try rebuilt("int8", &.{ -128, 127, null });
    try rebuilt("int64", &.{ std.math.minInt(i64), std.math.maxInt(i64), null, 9007199254740993 });
    try rebuilt("uint64", &.{ std.math.maxInt(u64), 0 });
    try rebuilt("uint16", &.{});
    try rebuilt("timestamp<us, Europe/Berlin>", &.{ 1, null });
}

test "texts of every kind are rebuilt" {
    for ([_][]const u8{ "utf8", "large-utf8", "utf8-view", "binary", "large-binary", "binary-view" }) |words| {
        const run: Run(steps.Rebuild) = try .open("{}", &.{.{ .name = "value", .words = words }});
        defer run.deinit();
        var builder: sr.Builder = try .init(run.arena.allocator(), words, 0);
        try builder.addBytes("short");
        try builder.addNull();
        try builder.addBytes("longer than twelve bytes");
        try builder.addBytes("");
        const output = try run.process(4, &.{.{ .name = "value", .column = try builder.done() }});
        try expectTexts(&.{ "short", null, "longer than twelve bytes", "" }, output.columns.items[0]);
    }
}

test "lists and structs are rebuilt" {
    const words = "list<struct<a: int64, b: utf8>>";
    const run: Run(steps.Rebuild) = try .open("{}", &.{.{ .name = "value", .words = words }});
    defer run.deinit();
    var builder: sr.Builder = try .init(run.arena.allocator(), words, 0);
    try builder.child(0).child(0).addInt(7);
    try builder.child(0).child(1).addBytes("x");
    try builder.child(0).addRow();
    try builder.child(0).addNull();
    try builder.addRow();
    try builder.addNull();
    try builder.addRow();
    const output = try run.process(3, &.{.{ .name = "value", .column = try builder.done() }});
    const list = output.columns.items[0];
    try std.testing.expect(!list.isNull(0) and list.isNull(1));
    try std.testing.expectEqual(sr.Range{ .begin = 0, .end = 2 }, list.itemsAt(0));
    try std.testing.expectEqual(sr.Range{ .begin = 2, .end = 2 }, list.itemsAt(2));
    try std.testing.expect(list.children[0].isNull(1));
    try expectInts(&.{ 7, null }, list.children[0].children[0]);
    try expectTexts(&.{ "x", null }, list.children[0].children[1]);
}

test "a struct with a missing part, a number that does not fit" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var pair: sr.Builder = try .init(arena.allocator(), "struct<a: int8, b: int8>", 0);
    try pair.child(0).addInt(1);
    try expectFault(error.Plugin, "a row of struct<a: int8, b: int8> has 0 parts, not 1", pair.addRow());
    var small: sr.Builder = try .init(arena.allocator(), "int8", 0);
    try expectFault(error.Data, "300 does not fit int8", small.addInt(300));
    try expectFault(error.Plugin, "`utf9` is no type", sr.Builder.init(arena.allocator(), "utf9", 0));
}

test "words" {
    const run: Run(steps.Words) = try .open("{}", &.{.{ .name = "text", .words = "utf8" }});
    defer run.deinit();
    const texts = try run.texts(&.{ "Hello  World\tFoo ", null, "", "   ", "ÄÖ X", "a bb ccc dddd eeeee ffffff g" });
    const output = try run.process(6, &.{.{ .name = "text", .column = texts }});
    try expectTexts(&.{ "hello  world\tfoo ", null, "", "   ", "ÄÖ x", "a bb ccc dddd eeeee ffffff g" }, output.columns.items[0]);
    try expectInts(&.{ 3, null, 0, 0, 2, 7 }, output.columns.items[1]);
}

test "rows are repeated, with their origins" {
    const run: Run(steps.Repeat) = try .open("{}", &.{.{ .name = "n", .words = "int64" }});
    defer run.deinit();
    const output = try run.process(5, &.{.{ .name = "n", .column = try run.ints("int64", &.{ 2, 0, null, -1, 1 }) }});
    try expectInts(&.{ 0, 1, 0 }, output.columns.items[0]);
    try std.testing.expectEqualSlices(u32, &.{ 0, 0, 4 }, output.origins.items);
}

test "rows are rejected, totals answer once, sources end" {
    const odd: Run(steps.RejectOdd) = try .open("{}", &.{.{ .name = "n", .words = "int64" }});
    defer odd.deinit();
    const rejected = try odd.process(3, &.{.{ .name = "n", .column = try odd.ints("int64", &.{ 2, null, -3 }) }});
    try std.testing.expectEqual(1, rejected.rejected.items.len);
    try std.testing.expectEqualStrings("-3 is odd", rejected.rejected.items[0].reason);

    const total: Run(steps.Total) = try .open("{}", &.{.{ .name = "n", .words = "int64" }});
    defer total.deinit();
    _ = try total.process(3, &.{.{ .name = "n", .column = try total.ints("int64", &.{ 1, null, 2 }) }});
    try expectInts(&.{3}, (try total.finish()).?.columns.items[0]);
    try std.testing.expectEqual(null, try total.finish());
    const most = try total.ints("int64", &.{std.math.maxInt(i64)});
    try expectFault(error.Data, "the total does not fit int64 (step.zig:", total.process(1, &.{.{ .name = "n", .column = most }}));

    const numbers: Run(steps.Numbers) = try .open("{\"count\": 3}", &.{});
    defer numbers.deinit();
    try expectInts(&.{ 0, 1 }, (try numbers.process(2, &.{})).columns.items[0]);
    try expectInts(&.{2}, (try numbers.process(2, &.{})).columns.items[0]);
    try expectInts(&.{}, (try numbers.process(2, &.{})).columns.items[0]);
}

test "faults have their message and place" {
    const run: Run(steps.Fail) = try .open("{\"how\": \"data\"}", &.{.{ .name = "text", .words = "utf8" }});
    defer run.deinit();
    try expectFault(error.Data, "bad row: boom (step.zig:", run.process(1, &.{.{ .name = "text", .column = try run.texts(&.{"boom"}) }}));
}

test "parameters" {
    const fields = [_]sr.testing.Field{.{ .name = "text", .words = "utf8" }};
    for ([_][2][]const u8{
        .{ "{}", "parameter `name` is missing" },
        .{ "{\"name\": 3}", "parameter `name` is 3; it must be text" },
        .{ "{\"name\": \"a\", \"count\": \"x\"}", "parameter `count` is \"x\"; it must be an integer" },
        .{ "{\"name\": \"a\", \"count\": -1}", "parameter `count` is -1; it must be an integer" },
        .{ "{\"name\": \"a\", \"count\": 1.5}", "parameter `count` is 1.5; it must be an integer" },
        .{ "{\"name\": \"a\", \"mode\": \"slow\"}", "parameter `mode` is \"slow\"; it must be one of `fast`, `careful`" },
        .{ "{\"name\": \"a\", \"tags\": [1]}", "parameter `tags[0]` is 1; it must be text" },
        .{ "{\"name\": \"a\", \"nam\": 1}", "unknown parameter `nam`; there are `name`, `count`" },
        .{ "[]", "parameters are a JSON object" },
        .{ "{\"name\"", "parameters are a JSON object" },
    }) |case| try expectFault(error.Params, case[1], Run(steps.Settings).open(case[0], &fields));
    const run: Run(steps.Settings) = try .open("{\"name\": \"é\", \"tags\": [\"a\", \"b\"], \"flag\": true}", &fields);
    defer run.deinit();
    const output = try run.process(1, &.{.{ .name = "text", .column = try run.texts(&.{null}) }});
    try expectTexts(&.{"é 3 0.5 true fast a,b"}, output.columns.items[0]);
    try expectFault(error.Params, "there is no column `value`", Run(steps.Echo).open("{}", &fields));
    try expectFault(error.Params, "column `n` is utf8; it must be int64", Run(steps.Total).open("{}", &.{.{ .name = "n", .words = "utf8" }}));
}

test "buffers that lie are refused" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    for ([_][3]i32{ .{ 0, 3, 2 }, .{ -1, 2, 3 }, .{ 0, 2, 400 } }) |offsets| {
        const buffers = [_][]const u8{ "", std.mem.sliceAsBytes(&offsets), "abc" };
        try expectFault(error.Plugin, "the buffers do not fit 2 rows of utf8", sr.Array.init(arena.allocator(), "utf8", 2, 0, &buffers));
    }
    try expectFault(error.Plugin, "the buffers do not fit", sr.Array.init(arena.allocator(), "int64", 3, 0, &.{ "", "short" }));
    try expectFault(error.Plugin, "the buffers do not fit", sr.Array.init(arena.allocator(), "bool", 9, 1, &.{ "a", "ab" }));
}

test "the log has its lines" {
    const run: Run(steps.Shout) = try .open("{}", &.{.{ .name = "text", .words = "utf8" }});
    defer run.deinit();
    _ = try run.process(2, &.{.{ .name = "text", .column = try run.texts(&.{ "a", null }) }});
    try std.testing.expectEqual(2, sr.testing.logged().len);
    try std.testing.expectEqualStrings("2 rows", sr.testing.logged()[0].message);
    try std.testing.expectEqual(1, sr.testing.logged()[1].row);
}

test {
    _ = @import("models.zig");
}
