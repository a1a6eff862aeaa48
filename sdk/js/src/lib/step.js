// What an author says of a step.

import { shown } from "./text.js";

const KINDS = ["transform", "ordered", "global", "source"];

/** A step as it was declared. */
export class Step {
  constructor(definition) {
    const { name, kind = "transform", summary = "", params = {}, columns = {}, outputs = {}, rows = "same" } = definition;
    if (typeof name !== "string" || name === "") throw new TypeError("a step has a `name`");
    if (!KINDS.includes(kind)) throw new TypeError(`step \`${name}\`: its kind is one of ${KINDS.join(", ")}`);
    if (rows !== "same" && rows !== "any") throw new TypeError(`step \`${name}\`: \`rows\` is "same" or "any"`);
    Object.assign(this, { ...definition, name, kind, summary, params, columns, outputs, rows });
  }
}

/** Declares a step. */
export function step(definition) {
  return new Step(definition);
}

/** A column that a step cannot do without. */
export function column(types = [], summary = "") {
  return { dataTypes: [types].flat(), required: true, summary };
}

/** A column that a step takes where the data has it. */
column.optional = (types = [], summary = "") => ({ dataTypes: [types].flat(), required: false, summary });

/** What a step answers where its columns alone do not say it. */
export class Output {
  constructor(columns, { origins, rejected = [], length } = {}) {
    Object.assign(this, { columns, origins, rejected, length });
  }
}

/** An answer with more than columns: `origins` where rows were dropped, repeated or put in another order. */
export function output(columns, more) {
  return new Output(columns, more);
}

/**
 * A row's number as an author gave it.
 * @param {unknown} row
 * @param {number} rows How many there are.
 * @param {string} where For the error.
 * @param {number} [at] For the error: where in a list.
 */
export function checkedRow(row, rows, where, at) {
  if (Number.isInteger(row) && row >= 0 && row < rows) return row;
  throw new TypeError(`${where}${at === undefined ? "" : `, row ${at}`}: ${shown(row)} is where no row is (there are ${rows})`);
}

/** The rows of a batch that a step works on. */
export class Batch {
  #columns;
  #rejected;

  constructor(length, columns, rejected = []) {
    this.length = length;
    this.#columns = columns;
    this.#rejected = rejected;
  }

  /** A column that the step takes. @param {string} name @returns {import("./column.js").Column} */
  column(name) {
    const found = this.#columns.get(name);
    if (!found) throw new TypeError(`column \`${name}\` was not taken in \`open\``);
    return found;
  }

  /** Whether the step takes a column of this name: an optional one may not be there. @param {string} name */
  has(name) {
    return this.#columns.has(name);
  }

  /** All rows as objects. The dearest way to look at a batch. */
  rows() {
    const names = [...this.#columns.keys()];
    const values = names.map((name) => this.#columns.get(name).values());
    const rows = new Array(this.length);
    for (let row = 0; row < this.length; row++) {
      const object = {};
      for (let index = 0; index < names.length; index++) object[names[index]] = values[index][row];
      rows[row] = object;
    }
    return rows;
  }

  /** Leaves a row to the quarantine. @param {number} row @param {string} reason */
  reject(row, reason) {
    this.#rejected.push({ row: checkedRow(row, this.length, "`reject`"), reason: String(reason) });
  }
}
