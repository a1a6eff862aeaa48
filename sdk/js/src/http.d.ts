/** Why there is no answer. What a server says with its status is an answer. */
export class HttpError extends Error {
  constructor(kind: string, message: string);
  /** `denied` by the pipeline, `invalid` request, `timeout`, `too-large` answer, `failed`. */
  readonly kind: "denied" | "invalid" | "timeout" | "too-large" | "failed";
}

/** What a server answered. */
export class Response {
  private constructor();
  readonly status: number;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** Where the answer came from in the end. */
  readonly url: string;
  readonly headers: [string, string][];
  readonly body: Uint8Array;
  /** The first header of a name. */
  header(name: string): string | undefined;
  /** The body as UTF-8. */
  text(): string;
  /** The body as JSON; whole numbers beyond 2^53 are BigInts. */
  json(): any;
}

export interface Request {
  method?: string;
  headers?: Record<string, string> | [string, string][];
  body?: string | Uint8Array;
  /** Never longer than the grant and what is left of the call allow. */
  timeoutMs?: number;
}

/** Sends a request to a host that the pipeline grants, and waits for the answer. @throws {HttpError} where there is none. */
export function fetch(url: string, request?: Request): Response;
