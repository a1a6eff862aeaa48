// Vectors of texts, by models that the host asks. A plugin that imports this asks for `embedding`, which a pipeline has to grant.

import { describe, embed } from "#host/embedding";
import { described, taken } from "./lib/asked.js";

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

  /** For each text its vector. */
  embed(texts) {
    if (!Array.isArray(texts)) throw new TypeError("`embed` takes an array");
    return embed(this.name, texts).map((one) => taken(one, vector));
  }
}

/** The bytes are copied: they may begin anywhere, and numbers cannot. */
function vector(bytes) {
  return { vector: new Float32Array(new Uint8Array(bytes).buffer) };
}
