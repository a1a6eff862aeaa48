//! Why a call cannot go on.

const std = @import("std");
const SourceLocation = std.lang.SourceLocation;

/// What a step's functions fail with. Any other error of theirs is a fault of the plugin, named by the error.
pub const Error = error{ Params, Data, Plugin, OutOfMemory };

/// The call's fault: the message of the error that is on its way.
var message_buffer: [2048]u8 = undefined;
var message_len: usize = 0;

/// The parameters or the columns' types are wrong: for the pipeline's author. Only from `open`.
pub fn params(comptime format: []const u8, args: anytype) error{Params} {
    say(null, format, args);
    return error.Params;
}

/// This batch cannot be worked on: `return sr.data(@src(), "no unit in `{s}`", .{text});`.
pub fn data(at: SourceLocation, comptime format: []const u8, args: anytype) error{Data} {
    say(at, format, args);
    return error.Data;
}

/// The plugin itself failed.
pub fn plugin(at: SourceLocation, comptime format: []const u8, args: anytype) error{Plugin} {
    say(at, format, args);
    return error.Plugin;
}

/// Ends the call and the instance: for what must never happen. As `@panic`, with a place.
pub fn panic(at: SourceLocation, comptime format: []const u8, args: anytype) noreturn {
    say(at, format, args);
    @panic(message());
}

/// The message of the last fault.
pub fn message() []const u8 {
    return message_buffer[0..message_len];
}

pub fn clear() void {
    message_len = 0;
}

fn say(at: ?SourceLocation, comptime format: []const u8, args: anytype) void {
    // Room is left for the place; what is longer is cut.
    var text: std.Io.Writer = .fixed(message_buffer[0 .. message_buffer.len - 256]);
    text.print(format, args) catch {};
    message_len = text.end;
    if (at) |place| {
        var more: std.Io.Writer = .fixed(message_buffer[message_len..]);
        more.print(" ({s}:{d})", .{ place.file, place.line }) catch {};
        message_len += more.end;
    }
}
