export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What is left out is as the pipeline declares the model, or as the server has it. */
export interface Options {
  /** A JSON Schema that the answer's text is valid against. Where it is not, the host asks again and says what is wrong. */
  readonly schema?: object | string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  /** Texts at which the answer ends. */
  readonly stop?: readonly string[];
  readonly seed?: number | bigint;
  /** To have the logarithm of each token's probability, with those of so many likely others. */
  readonly logprobs?: number;
}

/** What a model is given: what the user says, a conversation, or text to go on with as it stands. */
export type Prompt =
  | { readonly user: string; readonly system?: string; readonly messages?: undefined; readonly text?: undefined }
  | { readonly messages: readonly Message[]; readonly user?: undefined; readonly system?: undefined; readonly text?: undefined }
  | { readonly text: string; readonly user?: undefined; readonly system?: undefined; readonly messages?: undefined };

/** A string is what the user says. */
export type Request = string | (Prompt & Options);

export interface Token {
  text: string;
  /** The natural logarithm of its probability. */
  logprob: number;
  /** Likely others in its place. */
  others: [string, number][];
}

/** What a model says. */
export interface Answer {
  ok: true;
  text: string;
  /** What a reasoning model thought before, where its server tells. */
  reasoning?: string;
  /** Why it ends: by itself (`stop`), at the most tokens it may have, kept back by the server. */
  finish: "stop" | "length" | "filter" | "other";
  /** What the server calls the model that answered. */
  model: string;
  inputTokens: number;
  outputTokens: number;
  /** Empty, where none were asked for or the server has none. */
  logprobs: Token[];
}

/** Why there is no answer, after all that the pipeline allows was tried. It is a value and never thrown. */
export interface Failure {
  ok: false;
  /** By the pipeline, for the request, by the server, by the schema, in time, otherwise. */
  kind: "denied" | "invalid" | "refused" | "mismatch" | "timeout" | "failed";
  message: string;
}

export interface Scored {
  /** The question or instruction that the text is of. */
  readonly query?: string;
  readonly text: string;
}

export interface Rating {
  /** Of classifiers, the class; empty where a model gives one number. */
  label: string;
  value: number;
}

export type Ratings = { ok: true; ratings: Rating[] };

/** A model that may be asked. */
export class Model {
  private constructor();
  /** What the pipeline calls it. */
  readonly name: string;
  /** What its server calls it. */
  readonly served: string;
  /** Asks one request once. */
  ask(request: Request): Answer | Failure;
  /** Asks each request so many times (once), all together: the answers to the first request, then those to the second … */
  generate(requests: readonly Request[], samples?: number): (Answer | Failure)[];
  /** Scores texts: of each, one rating or one a class. */
  score(texts: readonly (string | Scored)[]): (Ratings | Failure)[];
}

/**
 * The model that the pipeline declares by this name. Call it while the step is opened: then a wrong name is told before a row moves.
 * @throws {ParamsFault} where there is none, or the plugin may not ask it.
 */
export function model(name: string): Model;
