//! Language models, asked by the host (grant `llm`). A plugin knows a model by its name in the pipeline: addresses, keys, rates,
//! retries and the bill are the host's. All requests of a call are under way together, so ask for as many as there are.

const std = @import("std");
const builtin = @import("builtin");
const asked = @import("asked.zig");
const fault = @import("fault.zig");
const step = @import("step.zig");
const Slice = @import("array.zig").Slice;
const Allocator = std.mem.Allocator;
const String = asked.String;
const Option = asked.Option;

const is_wasm = builtin.cpu.arch.isWasm();

const imports = struct {
    const describe = @extern(*const asked.Describe, .{ .name = "describe", .library_name = "stillroom:step/llm@0.1.0" });
    extern "stillroom:step/llm@0.1.0" fn generate(model: [*]const u8, model_len: usize, requests: [*]const RawRequest, len: usize, samples: u32, answer: *Slice(RawAnswered)) void;
    extern "stillroom:step/llm@0.1.0" fn score(model: [*]const u8, model_len: usize, texts: [*]const RawScored, len: usize, answer: *Slice(asked.Made)) void;
};

pub const Failure = asked.Failure;

pub const Role = enum(u8) { system, user, assistant };

/// Something that is said.
pub const Message = struct { role: Role, content: []const u8 };

pub const Prompt = union(enum) {
    /// What the user says.
    user: []const u8,
    /// A conversation. Where its last message is the assistant's, the model goes on with that, if its server can.
    chat: []const Message,
    /// Text that the model goes on with as it stands.
    text: []const u8,
};

/// What a model is asked. What is null is as the pipeline declares the model, or as the server has it.
pub const Request = struct {
    prompt: Prompt,
    /// A JSON Schema that the answer's text is valid against. Where it is not, the host asks again and says what is wrong.
    schema: ?[]const u8 = null,
    temperature: ?f64 = null,
    top_p: ?f64 = null,
    max_tokens: ?u32 = null,
    /// Texts at which the answer ends.
    stop: []const []const u8 = &.{},
    seed: ?u64 = null,
    /// To have the logarithm of each token's probability, with those of so many likely others.
    logprobs: ?u32 = null,
};

/// Why an answer ends: by itself, at the most tokens it may have, kept back by the server.
pub const Finish = enum(u8) { stop, length, filter, other };

pub const Token = struct {
    text: []const u8,
    /// The natural logarithm of its probability.
    logprob: f64,
    /// Likely others in its place.
    others: []const Other = &.{},
};

pub const Other = struct { text: []const u8, logprob: f64 };

/// What a model says.
pub const Answer = struct {
    text: []const u8,
    /// What a reasoning model thought before, where its server tells.
    reasoning: ?[]const u8 = null,
    finish: Finish = .stop,
    /// What the server calls the model that answered.
    model: []const u8 = "test",
    input_tokens: u32 = 0,
    output_tokens: u32 = 0,
    /// Empty, where none were asked for or the server has none.
    logprobs: []const Token = &.{},
};

/// An answer, or why there is none.
pub const Answered = union(enum) { answer: Answer, failure: Failure };

/// A text to be scored; of a question or an instruction, where there is one.
pub const Scored = struct { text: []const u8, query: ?[]const u8 = null };

/// What a reward model, a reranker or a classifier makes of a text. `label`: of classifiers, the class.
pub const Rating = struct { label: []const u8 = "", value: f64 };

/// One rating, or one a class; or why there is none.
pub const Rated = union(enum) { ratings: []const Rating, failure: Failure };

/// Natively: what answers in tests, one sample after the other.
pub var answer_with: ?*const fn (model: []const u8, request: Request) Answered = null;
/// Natively: what scores in tests.
pub var score_with: ?*const fn (model: []const u8, text: Scored) Rated = null;

/// The model of a name, for `open`: where the pipeline does not declare it for this plugin, that is a fault of the parameters.
pub fn model(schema: *step.Schema, name: []const u8) fault.Error!Model {
    if (is_wasm) return .{ .name = try schema.arena.dupe(u8, name), .served = try asked.described(schema.arena, imports.describe, name) };
    if (answer_with == null and score_with == null) return fault.params("{s}", .{asked.nobody.why});
    return .{ .name = name, .served = name };
}

/// A model that may be asked.
pub const Model = struct {
    /// What the pipeline calls it.
    name: []const u8,
    /// What its server calls it.
    served: []const u8,

    /// Asks one request once.
    pub fn ask(self: Model, arena: Allocator, request: Request) Allocator.Error!Answered {
        const answers = try self.generate(arena, &.{request}, 1);
        return if (answers.len > 0) answers[0] else .{ .failure = .{ .kind = .failed, .why = "the host gave no answer" } };
    }

    /// Asks each request so many times, all together: the answers to the first request, then those to the second … What they
    /// point to lives until the next call.
    pub fn generate(self: Model, arena: Allocator, requests: []const Request, samples: u32) Allocator.Error![]const Answered {
        if (!is_wasm) {
            const answers = try arena.alloc(Answered, requests.len * samples);
            for (answers, 0..) |*answer, i| answer.* = if (answer_with) |answering| answering(self.name, requests[i / samples]) else .{ .failure = asked.nobody };
            return answers;
        }
        const raw = try arena.alloc(RawRequest, requests.len);
        for (raw, requests) |*to, request| to.* = try .of(arena, request);
        var crossed: Slice(RawAnswered) = undefined;
        imports.generate(self.name.ptr, self.name.len, raw.ptr, raw.len, samples, &crossed);
        const answers = try arena.alloc(Answered, crossed.len);
        for (answers, crossed.slice()) |*answer, one| answer.* = try one.lift(arena);
        return answers;
    }

    /// Scores texts.
    pub fn score(self: Model, arena: Allocator, texts: []const Scored) Allocator.Error![]const Rated {
        const rated = try arena.alloc(Rated, texts.len);
        if (!is_wasm) {
            for (rated, texts) |*to, text| to.* = if (score_with) |scoring| scoring(self.name, text) else .{ .failure = asked.nobody };
            return rated;
        }
        const raw = try arena.alloc(RawScored, texts.len);
        for (raw, texts) |*to, text| to.* = .{ .query = try .text(arena, text.query), .text = try asked.clean(arena, text.text) };
        var crossed: Slice(asked.Made) = undefined;
        imports.score(self.name.ptr, self.name.len, raw.ptr, raw.len, &crossed);
        for (rated, crossed.slice()) |*to, made| to.* = if (made.failed != 0) .{ .failure = made.is.failure.lift() } else .{ .ratings = try ratings(arena, made.is.items) };
        return rated;
    }
};

fn ratings(arena: Allocator, items: Slice(u8)) Allocator.Error![]const Rating {
    const raw = asked.records(RawRating, items);
    const made = try arena.alloc(Rating, raw.len);
    for (made, raw) |*to, rating| to.* = .{ .label = rating.label.slice(), .value = rating.value };
    return made;
}

const RawMessage = extern struct { role: Role, content: String };
const RawOther = extern struct { text: String, logprob: f64 };
const RawToken = extern struct { text: String, logprob: f64, others: Slice(RawOther) };
const RawScored = extern struct { query: Option(String), text: String };
const RawRating = extern struct { label: String, value: f64 };

const RawRequest = extern struct {
    form: u8,
    prompt: Slice(u8),
    schema: Option(String),
    temperature: Option(f64),
    top_p: Option(f64),
    max_tokens: Option(u32),
    stop: Slice(String),
    seed: Option(u64),
    logprobs: Option(u32),

    fn of(arena: Allocator, request: Request) Allocator.Error!RawRequest {
        return .{
            .form = @intFromBool(request.prompt == .text),
            .prompt = switch (request.prompt) {
                .user => |content| try chat(arena, &.{.{ .role = .user, .content = content }}),
                .chat => |messages| try chat(arena, messages),
                .text => |text| try asked.clean(arena, text),
            },
            .schema = try .text(arena, request.schema),
            .temperature = .of(request.temperature),
            .top_p = .of(request.top_p),
            .max_tokens = .of(request.max_tokens),
            .stop = try asked.cleanAll(arena, request.stop),
            .seed = .of(request.seed),
            .logprobs = .of(request.logprobs),
        };
    }

    fn chat(arena: Allocator, messages: []const Message) Allocator.Error!Slice(u8) {
        const raw = try arena.alloc(RawMessage, messages.len);
        for (raw, messages) |*to, message| to.* = .{ .role = message.role, .content = try asked.clean(arena, message.content) };
        const list: Slice(RawMessage) = .of(raw);
        return .{ .ptr = @ptrCast(list.ptr), .len = list.len };
    }
};

const RawAnswer = extern struct {
    text: String,
    reasoning: Option(String),
    finish: Finish,
    model: String,
    input_tokens: u32,
    output_tokens: u32,
    logprobs: Slice(RawToken),
};

const RawAnswered = extern struct {
    failed: u8,
    is: extern union { answer: RawAnswer, failure: asked.RawFailure },

    fn lift(self: RawAnswered, arena: Allocator) Allocator.Error!Answered {
        if (self.failed != 0) return .{ .failure = self.is.failure.lift() };
        const raw = self.is.answer;
        const tokens = try arena.alloc(Token, raw.logprobs.len);
        for (tokens, raw.logprobs.slice()) |*token, crossed| {
            const others = try arena.alloc(Other, crossed.others.len);
            for (others, crossed.others.slice()) |*other, one| other.* = .{ .text = one.text.slice(), .logprob = one.logprob };
            token.* = .{ .text = crossed.text.slice(), .logprob = crossed.logprob, .others = others };
        }
        return .{ .answer = .{
            .text = raw.text.slice(),
            .reasoning = if (raw.reasoning.has != 0) raw.reasoning.value.slice() else null,
            .finish = raw.finish,
            .model = raw.model.slice(),
            .input_tokens = raw.input_tokens,
            .output_tokens = raw.output_tokens,
            .logprobs = tokens,
        } };
    }
};

comptime {
    if (@sizeOf(usize) == 4) {
        std.debug.assert(@sizeOf(RawMessage) == 12 and @sizeOf(RawRequest) == 96 and @sizeOf(RawToken) == 24);
        std.debug.assert(@sizeOf(RawAnswer) == 48 and @sizeOf(RawAnswered) == 52 and @sizeOf(RawScored) == 20);
        std.debug.assert(@sizeOf(RawRating) == 16 and @sizeOf(RawOther) == 16);
    }
}
