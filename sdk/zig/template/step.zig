//! {{name}}: a step that upper-cases a text and adds a mark.

const std = @import("std");
const sr = @import("stillroom");

pub const panic = sr.panic_handler;

comptime {
    sr.plugin(&.{Shout});
}

const Shout = struct {
    pub const name = "shout";
    pub const summary = "Upper-cases a text and adds a mark.";
    pub const columns = [_]sr.Column{.{ .name = "text", .types = &.{"utf8"}, .summary = "The text." }};
    pub const Params = struct {
        mark: []const u8 = "!",

        pub const docs = .{ .mark = "What is added." };
    };

    text: sr.In,
    mark: []const u8,

    pub fn open(params: Params, schema: *sr.Schema) !Shout {
        try schema.make("text", "utf8");
        return .{ .text = try schema.takeAs("text", "utf8"), .mark = params.mark };
    }

    pub fn process(self: *Shout, batch: *const sr.Batch, output: *sr.Output) !void {
        const text = batch.column(self.text).texts();
        var loud: sr.Builder = try .init(batch.arena, "utf8", text.len);
        for (0..text.len) |row| {
            const value = text.get(row) orelse {
                try loud.addNull();
                continue;
            };
            const room = try loud.addRoom(value.len + self.mark.len);
            _ = std.ascii.upperString(room, value); // ASCII: Zig's library has no tables of other letters.
            @memcpy(room[value.len..], self.mark);
        }
        try output.putBuilt(&loud);
    }
};

test "texts are shouted and nulls stay" {
    const run: sr.testing.Run(Shout) = try .open("{\"mark\": \"?\"}", &.{.{ .name = "text", .words = "utf8" }});
    defer run.deinit();
    const output = try run.process(3, &.{.{ .name = "text", .column = try run.texts(&.{ "hello", null, "straße" }) }});
    try sr.testing.expectTexts(&.{ "HELLO?", null, "STRAßE?" }, output.columns.items[0]);
}

test "a wrong parameter is named" {
    try std.testing.expectError(error.Params, sr.testing.Run(Shout).open("{\"mark\": 3}", &.{}));
    try std.testing.expectEqualStrings("parameter `mark` is 3; it must be text", sr.testing.faultMessage());
}
