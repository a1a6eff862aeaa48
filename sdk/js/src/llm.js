// Language models, asked by the host. A plugin that imports this asks for `llm`, which a pipeline has to grant.

import { describe, generate, score } from "#host/llm";
import { described, taken } from "./lib/asked.js";
import { toJson } from "./lib/params.js";

/** The model of a name. Called while the step is opened, it says that a name is wrong before a row moves. */
export function model(name) {
  return new Model(name, described(describe, name));
}

/** A model that may be asked. */
export class Model {
  constructor(name, served) {
    this.name = name;
    this.served = served;
  }

  /** Asks one request once. */
  ask(request) {
    return this.generate([request])[0];
  }

  /** Asks each request so many times, all together. */
  generate(requests, samples = 1) {
    return generate(this.name, listOf("generate", requests).map(lowered), whole("samples", samples, 32)).map((one) => taken(one, answer));
  }

  /** Scores texts: of each, one rating or one a class. */
  score(texts) {
    const scored = listOf("score", texts).map((one) => (typeof one === "string" ? { text: one } : { query: one.query, text: one.text }));
    return score(this.name, scored).map((one) => taken(one, (ratings) => ({ ratings })));
  }
}

function listOf(what, given) {
  if (!Array.isArray(given)) throw new TypeError(`\`${what}\` takes an array`);
  return given;
}

/** A request as it crosses. */
function lowered(request) {
  const { schema, temperature, topP, maxTokens, stop = [], seed, logprobs, ...prompt } = typeof request === "string" ? { user: request } : request;
  return {
    prompt: promptOf(prompt),
    schema: typeof schema === "object" && schema !== null ? toJson(schema) : schema,
    temperature,
    topP,
    maxTokens: whole("maxTokens", maxTokens, 32),
    stop: listOf("stop", stop),
    seed: whole("seed", seed, 64),
    logprobs: whole("logprobs", logprobs, 32),
  };
}

function promptOf({ system, user, messages, text, ...unknown }) {
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new TypeError(`a request has no \`${name}\``);
  if ([user, messages, text].filter((one) => one !== undefined).length !== 1 || (system !== undefined && user === undefined)) {
    throw new TypeError("a request has `user` (and `system`), or `messages`, or `text`");
  }
  if (text !== undefined) return { tag: "text", val: text };
  if (messages !== undefined) return { tag: "chat", val: messages };
  const before = system ? [{ role: "system", content: system }] : [];
  return { tag: "chat", val: [...before, { role: "user", content: user }] };
}

/** A whole number that crosses as it is: of 64 bits as a BigInt. */
function whole(name, value, bits) {
  if (value === undefined || value === null) return undefined;
  const isWhole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!isWhole || value < 0 || BigInt(value) >= 2n ** BigInt(bits)) {
    throw new TypeError(`\`${name}\` is ${value}: it must be a whole number of 0 to 2^${bits} - 1`);
  }
  return bits === 64 ? BigInt(value) : Number(value);
}

function answer({ text, reasoning, finish, model, inputTokens, outputTokens, logprobs }) {
  return { text, reasoning: reasoning ?? undefined, finish, model, inputTokens, outputTokens, logprobs };
}
