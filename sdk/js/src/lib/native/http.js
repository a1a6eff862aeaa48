// In plain Node: a test says what requests are answered with.

let handler;

/** @param {((request: object) => object) | undefined} answer */
export function answerWith(answer) {
  handler = answer;
}

export function fetch(request) {
  if (!handler) throw { tag: "denied", val: "no test answers requests (`answerWith`)" };
  return handler(request);
}
