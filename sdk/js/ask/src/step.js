// Steps that ask models: what a prompt is answered, how a text is rated, a text's vector.

import { column, param, step } from "stillroom";
import * as embedding from "stillroom/embedding";
import * as llm from "stillroom/llm";

const columns = { prompt: column("utf8") };
const model = param.string("The model's name in the pipeline.");

/** The values of what was made; rows of which nothing was are rejected. */
function made(batch, answers, value) {
  answers.forEach((one, row) => one.ok || batch.reject(row, `${one.kind}: ${one.message}`));
  return answers.map((one) => (one.ok ? value(one) : null));
}

const texts = (batch) => batch.column("prompt").values().map((text) => text ?? "");

const ask = step({
  name: "ask",
  summary: "Ask a model.",
  columns,
  outputs: { answer: "utf8" },
  params: {
    model,
    system: param.string("What the system says.", { default: "" }),
    maxTokens: param.integer("The most tokens of an answer.", { default: 64 }),
  },
  open: ({ params }) => {
    const asked = llm.model(params.model);
    const { system, maxTokens } = params;
    const request = (user) => ({ system, user, maxTokens });
    return { process: (batch) => ({ answer: made(batch, asked.generate(texts(batch).map(request)), ({ text }) => text) }) };
  },
});

const score = step({
  name: "score",
  summary: "Have a model rate texts.",
  columns,
  outputs: { score: "float64" },
  params: { model },
  open: ({ params }) => {
    const asked = llm.model(params.model);
    return { process: (batch) => ({ score: made(batch, asked.score(texts(batch)), ({ ratings }) => ratings[0].value) }) };
  },
});

const embed = step({
  name: "embed",
  summary: "Have a model make the vectors of texts.",
  columns,
  outputs: { vector: "list<float32>" },
  params: { model },
  open: ({ params }) => {
    const asked = embedding.model(params.model);
    return { process: (batch) => ({ vector: made(batch, asked.embed(texts(batch)), ({ vector }) => vector) }) };
  },
});

export default [ask, score, embed];
