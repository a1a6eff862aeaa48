//! Steps that ask models, natively.

const std = @import("std");
const sr = @import("stillroom");
const steps = @import("ask");
const Run = sr.testing.Run;

const fields = [_]sr.testing.Field{.{ .name = "prompt", .words = "utf8" }};
const refused: sr.llm.Failure = .{ .kind = .refused, .why = "not this" };

fn answer(model: []const u8, request: sr.llm.Request) sr.llm.Answered {
    const messages = switch (request.prompt) {
        .chat => |messages| messages,
        .user => |content| return .{ .answer = .{ .text = content } },
        .text => return .{ .failure = refused },
    };
    std.debug.assert(std.mem.eql(u8, model, "small") and request.max_tokens.? == 64 and messages[0].role == .system);
    return .{ .answer = .{ .text = messages[1].content } };
}

fn score(_: []const u8, text: sr.llm.Scored) sr.llm.Rated {
    return if (text.text.len > 0) .{ .ratings = &.{.{ .value = 0.5 }} } else .{ .failure = refused };
}

fn embed(_: []const u8, text: []const u8) sr.embedding.Embedded {
    return if (text.len > 0) .{ .vector = &.{ 0.5, 2 } } else .{ .failure = refused };
}

test "a wrong name is a fault of the parameters" {
    try std.testing.expectError(error.Params, Run(steps.Ask).open("{\"model\": \"small\"}", &fields));
    try std.testing.expectStringStartsWith(sr.testing.faultMessage(), "no test answers for models");
    try std.testing.expectError(error.Params, Run(steps.Embed).open("{\"model\": \"small\"}", &fields));
}

test "each request has its answers, or why there is none" {
    sr.llm.answer_with = answer;
    defer sr.llm.answer_with = null;
    const run: Run(steps.Ask) = try .open("{\"model\": \"small\", \"system\": \"Be short.\"}", &fields);
    defer run.deinit();
    const output = try run.process(2, &.{.{ .name = "prompt", .column = try run.texts(&.{ "a", null }) }});
    try sr.testing.expectTexts(&.{ "a", "" }, output.columns.items[0]);

    const arena = run.arena.allocator();
    const model = try sr.llm.model(run.schema, "small");
    const answers = try model.generate(arena, &.{ .{ .prompt = .{ .user = "b" } }, .{ .prompt = .{ .text = "c" } } }, 2);
    try std.testing.expectEqual(4, answers.len);
    try std.testing.expectEqualStrings("b", answers[1].answer.text);
    try std.testing.expectEqual(.refused, answers[2].failure.kind);
    try std.testing.expectEqualStrings("b", (try model.ask(arena, .{ .prompt = .{ .user = "b" } })).answer.text);
    try std.testing.expectEqual(.denied, (try model.score(arena, &.{.{ .text = "a" }}))[0].failure.kind);
}

test "scores and vectors" {
    sr.llm.score_with = score;
    sr.embedding.embed_with = embed;
    defer sr.llm.score_with = null;
    defer sr.embedding.embed_with = null;
    const scores: Run(steps.Score) = try .open("{\"model\": \"judge\"}", &fields);
    defer scores.deinit();
    const scored = try scores.process(2, &.{.{ .name = "prompt", .column = try scores.texts(&.{ "a", null }) }});
    try std.testing.expectEqual(0.5, scored.columns.items[0].floatAt(0));
    try std.testing.expectEqualStrings("refused: not this", scored.rejected.items[0].reason);
    const vectors: Run(steps.Embed) = try .open("{\"model\": \"small\"}", &fields);
    defer vectors.deinit();
    const made = (try vectors.process(2, &.{.{ .name = "prompt", .column = try vectors.texts(&.{ "a", null }) }}));
    try std.testing.expectEqual(2, made.columns.items[0].children[0].floatAt(1));
    try std.testing.expectEqual(1, made.rejected.items[0].row);
}
