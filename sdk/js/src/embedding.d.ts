import type { Failure } from "./llm.js";

export type { Failure };

export type Vector = { ok: true; vector: Float32Array };

/** A model that may be asked. */
export class Model {
  private constructor();
  /** What the pipeline calls it. */
  readonly name: string;
  /** What its server calls it. */
  readonly served: string;
  /** For each text its vector. */
  embed(texts: readonly string[]): (Vector | Failure)[];
}

/**
 * The model that the pipeline declares by this name. Call it while the step is opened: then a wrong name is told before a row moves.
 * @throws {ParamsFault} where there is none, or the plugin may not ask it.
 */
export function model(name: string): Model;
