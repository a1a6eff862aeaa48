import type { Column, Rejection, Step } from "./index.js";
import type { Answer, Failure, Message, Options, Rating, Scored } from "./llm.js";

/** Columns by name: arrays of values, or columns. Types are those that the step declares, or as the values look. */
export type TestColumns = Record<string, readonly unknown[] | ArrayBufferView | Column>;

export interface Opening {
  /** As in a pipeline (`max-length`); text is taken as JSON. */
  params?: Record<string, unknown> | string;
  /** The columns of the data and their types. */
  types?: Record<string, string>;
}

/** Opens a step and runs it over one batch (`rows`: a source, over so many). A global step answers with all of its `finish`. */
export function run(step: Step, given?: Opening & { columns?: TestColumns; rows?: number }): TestOutput;

/** Opens a step. */
export function open(step: Step, given?: Opening): Runner;

/** An opened step, called as the host calls it. What it answers is checked as the host checks it. */
export class Runner {
  private constructor();
  /** What the step takes and makes. */
  readonly signature: {
    inputs: string[];
    outputs: { name: string; dataType: string; nullable: boolean }[];
    rowCount: "same" | "any";
    key: string[];
  };
  /** One batch: columns, or for a source how many rows are wanted. An async step's answer is a promise. */
  process(batch: TestColumns | number): TestOutput;
  /** What comes after the last batch; undefined when there is no more. */
  finish(): TestOutput | undefined;
}

/** What a step answered. */
export class TestOutput {
  private constructor();
  readonly length: number;
  /** Where the rows came from, if the step says so. */
  readonly origins?: number[];
  readonly rejected: Rejection[];
  column(name: string): Column;
  values(name: string): any[];
}

/** The lines of the log since it was last asked. */
export function takeLines(): { level: string; message: string; row?: number }[];

interface HttpAnswer {
  status: number;
  url: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** Says what requests are answered with; thrown `{ tag, val }` are failures. */
export function answerWith(
  answer?: (request: { method: string; url: string; headers: [string, string][]; body: Uint8Array; timeoutMs?: number }) => HttpAnswer,
): void;

/** A request as it is asked: with `messages`, or with `text` to go on with. */
export type Asked = Omit<Options, "schema" | "seed"> & { messages?: Message[]; text?: string; schema?: string; seed?: bigint };

/** Says what models answer, one sample after the other: a string is an answer's text. */
export function answerPromptsWith(answer?: (model: string, request: Asked) => string | Partial<Answer> | Failure): void;

/** Says how texts are rated. */
export function scoreWith(score?: (model: string, scored: Scored) => Rating[] | Failure): void;

/** Says what vectors texts have. */
export function embedWith(embed?: (model: string, text: string) => Iterable<number> | Failure): void;
