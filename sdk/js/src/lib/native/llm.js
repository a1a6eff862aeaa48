// In plain Node: a test says what models answer.

let answering;
let scoring;

/** @param {((model: string, request: object) => string | object) | undefined} answer */
export function answerPromptsWith(answer) {
  answering = answer;
}

/** @param {((model: string, scored: { query?: string, text: string }) => object[] | object) | undefined} score */
export function scoreWith(score) {
  scoring = score;
}

export function describe(model) {
  if (!answering && !scoring) throw nobody();
  return { model };
}

export function generate(model, requests, samples) {
  const each = requests.flatMap((request) => Array(samples).fill(told(request)));
  return each.map((request) => (answering ? result(answering(model, request), answerOf) : { tag: "err", val: nobody() }));
}

export function score(model, texts) {
  return texts.map((scored) => (scoring ? result(scoring(model, scored), (ratings) => ratings) : { tag: "err", val: nobody() }));
}

/** A request as tests read it. */
function told({ prompt: { tag, val }, ...options }) {
  return { ...(tag === "text" ? { text: val } : { messages: val }), ...options };
}

function result(answer, make) {
  return answer?.ok === false ? { tag: "err", val: { tag: answer.kind, val: answer.message } } : { tag: "ok", val: make(answer) };
}

function answerOf(answer) {
  const given = typeof answer === "string" ? { text: answer } : answer;
  return { text: "", finish: "stop", model: "test", inputTokens: 0, outputTokens: 0, logprobs: [], ...given };
}

function nobody() {
  return { tag: "denied", val: "no test answers for models (`answerPromptsWith`, `scoreWith`)" };
}
