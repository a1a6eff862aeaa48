//! Steps that ask models: what a prompt is answered, how a text is rated, a text's vector.

const sr = @import("stillroom");

pub const panic = sr.panic_handler;

comptime {
    sr.plugin(&.{ Ask, Score, Embed });
}

const prompt_column = [_]sr.Column{.{ .name = "prompt", .types = &.{"utf8"}, .summary = "The text." }};

const Only = struct {
    model: []const u8,

    pub const docs = .{ .model = "The model's name in the pipeline." };
};

pub const Ask = struct {
    pub const name = "ask";
    pub const summary = "Ask a model.";
    pub const columns = prompt_column;
    pub const Params = struct {
        model: []const u8,
        system: []const u8 = "",
        max_tokens: u32 = 64,

        pub const docs = .{
            .model = "The model's name in the pipeline.",
            .system = "What the system says.",
            .max_tokens = "The most tokens of an answer.",
        };
    };

    prompt: sr.In,
    model: sr.llm.Model,
    params: Params,

    pub fn open(params: Params, schema: *sr.Schema) !Ask {
        try schema.make("answer", "utf8");
        return .{ .prompt = try schema.takeAs("prompt", "utf8"), .model = try sr.llm.model(schema, params.model), .params = params };
    }

    pub fn process(self: *Ask, batch: *const sr.Batch, output: *sr.Output) !void {
        const prompts = batch.column(self.prompt).texts();
        const requests = try batch.arena.alloc(sr.llm.Request, prompts.len);
        for (requests, 0..) |*request, row| {
            const messages = try batch.arena.dupe(sr.llm.Message, &.{
                .{ .role = .system, .content = self.params.system },
                .{ .role = .user, .content = prompts.get(row) orelse "" },
            });
            const first: usize = @intFromBool(self.params.system.len == 0);
            request.* = .{ .prompt = .{ .chat = messages[first..] }, .max_tokens = self.params.max_tokens };
        }
        var answers: sr.Builder = try .init(batch.arena, "utf8", prompts.len);
        for (try self.model.generate(batch.arena, requests, 1), 0..) |answered, row| switch (answered) {
            .answer => |answer| try answers.addBytes(answer.text),
            .failure => |failure| {
                try answers.addNull();
                try reject(output, row, failure);
            },
        };
        try output.putBuilt(&answers);
    }
};

pub const Score = struct {
    pub const name = "score";
    pub const summary = "Have a model rate texts.";
    pub const columns = prompt_column;
    pub const Params = Only;

    prompt: sr.In,
    model: sr.llm.Model,

    pub fn open(params: Params, schema: *sr.Schema) !Score {
        try schema.make("score", "float64");
        return .{ .prompt = try schema.takeAs("prompt", "utf8"), .model = try sr.llm.model(schema, params.model) };
    }

    pub fn process(self: *Score, batch: *const sr.Batch, output: *sr.Output) !void {
        const prompts = batch.column(self.prompt).texts();
        const texts = try batch.arena.alloc(sr.llm.Scored, prompts.len);
        for (texts, 0..) |*text, row| text.* = .{ .text = prompts.get(row) orelse "" };
        var scores: sr.Builder = try .init(batch.arena, "float64", prompts.len);
        for (try self.model.score(batch.arena, texts), 0..) |rated, row| switch (rated) {
            .ratings => |ratings| try scores.addFloat(ratings[0].value),
            .failure => |failure| {
                try scores.addNull();
                try reject(output, row, failure);
            },
        };
        try output.putBuilt(&scores);
    }
};

pub const Embed = struct {
    pub const name = "embed";
    pub const summary = "Have a model make the vectors of texts.";
    pub const columns = prompt_column;
    pub const Params = Only;

    prompt: sr.In,
    model: sr.embedding.Model,

    pub fn open(params: Params, schema: *sr.Schema) !Embed {
        try schema.make("vector", "list<float32>");
        return .{ .prompt = try schema.takeAs("prompt", "utf8"), .model = try sr.embedding.model(schema, params.model) };
    }

    pub fn process(self: *Embed, batch: *const sr.Batch, output: *sr.Output) !void {
        const prompts = batch.column(self.prompt).texts();
        const texts = try batch.arena.alloc([]const u8, prompts.len);
        for (texts, 0..) |*text, row| text.* = prompts.get(row) orelse "";
        var vectors: sr.Builder = try .init(batch.arena, "list<float32>", prompts.len);
        for (try self.model.embed(batch.arena, texts), 0..) |embedded, row| switch (embedded) {
            .vector => |vector| {
                for (vector) |value| try vectors.child(0).addFloat(value);
                try vectors.addRow();
            },
            .failure => |failure| {
                try vectors.addNull();
                try reject(output, row, failure);
            },
        };
        try output.putBuilt(&vectors);
    }
};

fn reject(output: *sr.Output, row: usize, failure: sr.llm.Failure) !void {
    try output.reject(@intCast(row), "{s}: {s}", .{ @tagName(failure.kind), failure.why });
}
