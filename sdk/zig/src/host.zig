//! What the host gives: diagnostics for all, log and http where a pipeline grants them.

const std = @import("std");
const builtin = @import("builtin");
const step = @import("step.zig");
const Slice = @import("array.zig").Slice;
const Allocator = std.mem.Allocator;

const is_wasm = builtin.cpu.arch.isWasm();

const imports = struct {
    extern "stillroom:step/diagnostics@0.1.0" fn panicked(message: [*]const u8, len: usize) void;
    extern "stillroom:step/log@0.1.0" fn write(level: u32, message: [*]const u8, len: usize, has_row: u32, row: u32) void;
    extern "stillroom:step/http@0.1.0" fn fetch(
        method: [*]const u8,
        method_len: usize,
        url: [*]const u8,
        url_len: usize,
        headers: [*]const RawHeader,
        headers_len: usize,
        body: [*]const u8,
        body_len: usize,
        has_timeout: u32,
        timeout_ms: u32,
        answer: *RawFetched,
    ) void;
};

/// The root file's panic handler: `pub const panic = sr.panic_handler;`. What went wrong reaches the host before the trap.
pub const panic_handler = std.debug.FullPanic(struct {
    fn panicked(message: []const u8, at: ?usize) noreturn {
        @branchHint(.cold);
        if (!is_wasm) std.debug.defaultPanic(message, at);
        // What was cut within a character, or is no text at all, would be refused by the host.
        var clean: [4096]u8 = undefined;
        const told = asText(&clean, message);
        imports.panicked(told.ptr, told.len);
        @trap();
    }
}.panicked);

/// A message as UTF-8: bytes that are none become `?`. What is longer than the buffer is cut; the host cuts it, too.
fn asText(buffer: []u8, message: []const u8) []const u8 {
    const len = @min(buffer.len, message.len);
    const text = buffer[0..len];
    @memcpy(text, message[0..len]);
    if (std.unicode.utf8ValidateSlice(text)) return text;
    var at: usize = 0;
    while (at < len) {
        const size = std.unicode.utf8ByteSequenceLength(text[at]) catch 1;
        if (at + size <= len and std.unicode.utf8ValidateSlice(text[at .. at + size])) {
            at += size;
        } else {
            text[at] = '?';
            at += 1;
        }
    }
    return text;
}

pub const Level = enum(u32) { debug, info, warn, @"error" };

/// A line of the log as a native test sees it.
pub const Line = struct { level: Level, row: ?u32, message: []const u8 };

/// Natively: the lines so far, in memory of `std.heap.page_allocator`.
pub var lines: std.ArrayList(Line) = .empty;

/// One line in the run's log (grant `log`); `row`: the row of the batch that it is about.
pub fn log(level: Level, row: ?u32, comptime format: []const u8, args: anytype) void {
    var buffer: [4096]u8 = undefined;
    var text: std.Io.Writer = .fixed(&buffer);
    text.print(format, args) catch {}; // The host cuts a line at 4 KiB, too.
    var clean: [4096]u8 = undefined;
    const message = asText(&clean, text.buffered());
    if (is_wasm) {
        imports.write(@backingInt(level), message.ptr, message.len, @intFromBool(row != null), row orelse 0);
    } else {
        const copy = std.heap.page_allocator.dupe(u8, message) catch return;
        lines.append(std.heap.page_allocator, .{ .level = level, .row = row, .message = copy }) catch return;
    }
}

pub const Header = struct { name: []const u8, value: []const u8 };

pub const Request = struct {
    /// In capitals.
    method: []const u8 = "GET",
    url: []const u8,
    headers: []const Header = &.{},
    body: []const u8 = "",
    timeout_ms: ?u32 = null,
};

pub const Response = struct {
    status: u16,
    /// Where the answer came from in the end.
    url: []const u8,
    headers: []const Header,
    body: []const u8,
};

/// Why there is no answer; each with the host's words. What a server says with its status is an answer.
pub const Fetched = union(enum) {
    response: Response,
    denied: []const u8,
    invalid: []const u8,
    timeout: []const u8,
    too_large: []const u8,
    failed: []const u8,
};

const RawHeader = extern struct { name: Slice(u8), value: Slice(u8) };
const RawResponse = extern struct { status: u16, url: Slice(u8), headers: Slice(RawHeader), body: Slice(u8) };
const RawFailure = extern struct { which: u8, message: Slice(u8) };
const RawFetched = extern struct { failed: u8, is: extern union { response: RawResponse, failure: RawFailure } };

/// Natively: what `fetch` answers in tests.
pub var answer_with: ?*const fn (request: Request) Fetched = null;

/// A request (grant `http`).
pub fn fetch(arena: Allocator, request: Request) Allocator.Error!Fetched {
    if (!is_wasm) return if (answer_with) |answer| answer(request) else .{ .denied = "no answer is set (sr.answer_with)" };
    const headers = try arena.alloc(RawHeader, request.headers.len);
    for (headers, request.headers) |*raw, header| raw.* = .{ .name = .of(header.name), .value = .of(header.value) };
    var fetched: RawFetched = undefined;
    imports.fetch(
        request.method.ptr,
        request.method.len,
        request.url.ptr,
        request.url.len,
        headers.ptr,
        headers.len,
        request.body.ptr,
        request.body.len,
        @intFromBool(request.timeout_ms != null),
        request.timeout_ms orelse 0,
        &fetched,
    );
    if (fetched.failed != 0) {
        const message = fetched.is.failure.message.slice();
        return switch (fetched.is.failure.which) {
            0 => .{ .denied = message },
            1 => .{ .invalid = message },
            2 => .{ .timeout = message },
            3 => .{ .too_large = message },
            else => .{ .failed = message },
        };
    }
    const raw = fetched.is.response;
    const answered = try arena.alloc(Header, raw.headers.len);
    for (answered, raw.headers.slice()) |*header, crossed| header.* = .{ .name = crossed.name.slice(), .value = crossed.value.slice() };
    return .{ .response = .{ .status = raw.status, .url = raw.url.slice(), .headers = answered, .body = raw.body.slice() } };
}
