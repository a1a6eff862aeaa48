import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { ParamsFault } from "../src/index.js";
import * as embedding from "../src/embedding.js";
import * as llm from "../src/llm.js";
import { answerPromptsWith, embedWith, run, scoreWith } from "../src/testing.js";

afterEach(() => {
  answerPromptsWith();
  scoreWith();
  embedWith();
});

const refused = { ok: false, kind: "refused", message: "not this" };

test("each request has its answers, or why there is none", () => {
  const seen = [];
  answerPromptsWith((model, request) => {
    seen.push([model, request]);
    return request.text === "bad" ? refused : { text: `answer ${seen.length}`, finish: "length", outputTokens: 2 };
  });
  const small = llm.model("small");
  assert.deepEqual([small.name, small.served], ["small", "small"]);
  const requests = [{ system: "Be short.", user: "2 + 2?", schema: { type: "integer" }, seed: 7, maxTokens: 5, temperature: 0 }, { text: "bad" }];
  const answers = small.generate(requests, 2);
  assert.deepEqual(answers.map((one) => (one.ok ? one.text : one.message)), ["answer 1", "answer 2", "not this", "not this"]);
  assert.deepEqual(answers[2], refused);
  assert.equal(answers[0].finish, "length");
  const [model, asked] = seen[0];
  const messages = [{ role: "system", content: "Be short." }, { role: "user", content: "2 + 2?" }];
  const about = { messages, schema: '{"type":"integer"}', temperature: 0, topP: undefined, maxTokens: 5, stop: [], seed: 7n, logprobs: undefined };
  assert.deepEqual([model, asked], ["small", about]);
  answerPromptsWith((_, { messages }) => messages[0].content);
  assert.equal(small.ask("as it is").text, "as it is");
});

test("a wrong name is a fault of the parameters", () => {
  assert.throws(() => llm.model("small"), (error) => error instanceof ParamsFault && /no test answers/.test(error.message));
  assert.throws(() => embedding.model("small"), ParamsFault);
});

test("a request that is none is told before it is asked", () => {
  answerPromptsWith(() => "no");
  const small = llm.model("small");
  assert.throws(() => small.generate("a"), { message: "`generate` takes an array" });
  assert.throws(() => small.ask({ user: "a", maxtokens: 5 }), { message: "a request has no `maxtokens`" });
  assert.throws(() => small.ask({ user: "a", text: "b" }), { message: /`user` \(and `system`\), or `messages`, or `text`/ });
  assert.throws(() => small.ask({ system: "a", text: "b" }), { message: /`user` \(and `system`\)/ });
  for (const wrong of [1.5, -1, 2 ** 32, "3"]) assert.throws(() => small.ask({ user: "a", maxTokens: wrong }), { message: /`maxTokens` is/ });
  assert.throws(() => small.ask({ user: "a", seed: 2n ** 64n }), { message: /`seed` is 18446744073709551616/ });
  assert.throws(() => small.ask({ user: "a", stop: "\n" }), { message: "`stop` takes an array" });
});

test("scores and vectors", () => {
  scoreWith((_, { query, text }) => (text ? [{ label: query ?? "", value: text.length }] : refused));
  const judge = llm.model("judge");
  assert.deepEqual(judge.score(["abc", { query: "q", text: "ab" }, ""]), [
    { ok: true, ratings: [{ label: "", value: 3 }] },
    { ok: true, ratings: [{ label: "q", value: 2 }] },
    refused,
  ]);
  embedWith((model, text) => (text ? [0.5, text.length] : refused));
  assert.deepEqual(embedding.model("small").embed(["ab", ""]), [{ ok: true, vector: Float32Array.of(0.5, 2) }, refused]);
});
