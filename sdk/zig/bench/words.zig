//! The work of step `words` outside the sandbox: `zig run -O ReleaseSafe bench/words.zig`.

const std = @import("std");

const batch_rows = 8192;
const batches = 122;
const size = 200;
const words = [_][]const u8{ "The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy", "Dog", "and", "Then", "runs", "Away", "from", "Every", "Hound" };

var text: [batch_rows * size]u8 = undefined;
var lower: [batch_rows * size]u8 = undefined;
var counts: [batch_rows]i64 = undefined;

/// Row `i` of the texts that every language's measurement takes.
fn makeRow(i: usize, row: *[size]u8) void {
    var at: usize = 0;
    var k: usize = 0;
    while (at < size) : (k += 1) {
        if (k > 0) {
            row[at] = ' ';
            at += 1;
        }
        const word = words[(i * 7 + k * 13) % 16];
        const part = word[0..@min(word.len, size - at)];
        @memcpy(row[at..][0..part.len], part);
        at += part.len;
    }
}

const width = 16;
const Chunk = @Vector(width, u8);

/// As in conformance/step.zig.
fn lowerAll() void {
    var at: usize = 0;
    while (at + width <= text.len) : (at += width) {
        const chunk: Chunk = text[at..][0..width].*;
        const is_upper = chunk -% @as(Chunk, @splat('A')) < @as(Chunk, @splat(26));
        lower[at..][0..width].* = chunk +% @select(u8, is_upper, @as(Chunk, @splat(32)), @as(Chunk, @splat(0)));
    }
}

fn countWords(row: []const u8) i64 {
    var found: i64 = 0;
    var after_space: u16 = 1;
    var at: usize = 0;
    while (at + width <= row.len) : (at += width) {
        const chunk: Chunk = row[at..][0..width].*;
        const control = chunk -% @as(Chunk, @splat('\t')) < @as(Chunk, @splat(5));
        const spaces: u16 = @as(u16, @bitCast(chunk == @as(Chunk, @splat(' ')))) | @as(u16, @bitCast(control));
        found += @popCount(~spaces & (spaces << 1 | after_space));
        after_space = spaces >> (width - 1);
    }
    for (row[at..]) |c| {
        const space = std.ascii.isWhitespace(c);
        found += @intFromBool(!space and after_space == 1);
        after_space = @intFromBool(space);
    }
    return found;
}

pub fn main(init: std.process.Init) !void {
    var spent: i96 = 0;
    var sum: i64 = 0;
    for (0..batches) |batch| {
        for (0..batch_rows) |i| makeRow(batch * batch_rows + i, text[i * size ..][0..size]);
        const begin = std.Io.Clock.awake.now(init.io);
        lowerAll();
        for (&counts, 0..) |*count, i| count.* = countWords(text[i * size ..][0..size]);
        spent += begin.durationTo(std.Io.Clock.awake.now(init.io)).toNanoseconds();
        for (counts, 0..) |count, i| sum += count + lower[i * size + @as(usize, @intCast(count))];
    }
    std.debug.print("checksum {d}\n", .{sum});
    var buffer: [64]u8 = undefined;
    const rate: u64 = @intCast(@divTrunc(@as(i128, batch_rows * batches) * std.time.ns_per_s, spent));
    try std.Io.File.stdout().writeStreamingAll(init.io, try std.fmt.bufPrint(&buffer, "{d} rows/s\n", .{rate}));
}
