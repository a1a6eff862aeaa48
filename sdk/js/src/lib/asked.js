// What `llm` and `embedding` have in common: the host's answers as values.

import { ParamsFault } from "./fault.js";

/** What a model's server calls it. @throws {ParamsFault} where there is no such model. */
export function described(describe, name) {
  try {
    return describe(name).model;
  } catch (error) {
    const failure = error?.payload ?? error;
    if (typeof failure?.tag === "string") throw new ParamsFault(failure.val);
    throw error;
  }
}

/** One of the host's results: what was made of it, or why there is none. */
export function taken({ tag, val }, make) {
  return tag === "ok" ? { ok: true, ...make(val) } : { ok: false, kind: val.tag, message: val.val };
}
