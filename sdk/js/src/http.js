// Requests to hosts that the pipeline names. A plugin that imports this asks for `http`, which a pipeline has to grant.

import { fetch as send } from "#host/http";
import { decode, encode } from "./lib/text.js";
import { parseJson } from "./lib/params.js";

/** Why there is no answer: `kind` is `denied`, `invalid`, `timeout`, `too-large` or `failed`. */
export class HttpError extends Error {
  constructor(kind, message) {
    super(`${kind}: ${message}`);
    this.name = "HttpError";
    this.kind = kind;
  }
}

/** What a server answered. */
export class Response {
  constructor({ status, url, headers, body }) {
    Object.assign(this, { status, url, headers, body, ok: status >= 200 && status < 300 });
  }

  /** The first header of a name. */
  header(name) {
    return this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  }

  /** The body as UTF-8. */
  text() {
    return decode(this.body);
  }

  /** The body as JSON; whole numbers beyond 2^53 are BigInts. */
  json() {
    return parseJson(this.text());
  }
}

/** Sends a request and waits for its answer. */
export function fetch(url, { method = "GET", headers = {}, body = new Uint8Array(0), timeoutMs } = {}) {
  const bytes = typeof body === "string" ? encode(body) : body;
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  try {
    return new Response(send({ method, url, headers: pairs, body: bytes, timeoutMs }));
  } catch (error) {
    const failure = error?.payload ?? error;
    if (typeof failure?.tag === "string") throw new HttpError(failure.tag, failure.val);
    throw error;
  }
}
