// Tests of steps in plain Node: a step is called as the host calls it, and its answers are checked as the host checks them.

import { build } from "./lib/build.js";
import { lift } from "./lib/column.js";
import { checkAnswer } from "./lib/check.js";
import { toJson } from "./lib/params.js";
import { Plugin } from "./lib/plugin.js";
import { takeLines } from "./lib/native/log.js";
import { parseType } from "./lib/type.js";

export { embedWith } from "./lib/native/embedding.js";
export { answerWith } from "./lib/native/http.js";
export { answerPromptsWith, scoreWith } from "./lib/native/llm.js";
export { takeLines };

/** How often a global step may answer in `finish` before it seems to do so for ever. */
const MOST_PIECES = 1000;

/**
 * Opens a step and runs it: over one batch of columns, or for a source over so many rows. A global step answers with all that
 * its `finish` answers until it answers nothing, as the host asks it. Async steps answer with a promise.
 * @param {import("./lib/step.js").Step} step
 * @param {{ params?: object | string, columns?: Record<string, unknown[]>, types?: Record<string, string>, rows?: number }} [with_]
 */
export function run(step, { params, columns = {}, types, rows } = {}) {
  const runner = open(step, { params, types: { ...guessed(step, columns), ...types } });
  const answer = runner.process(rows ?? columns);
  return step.kind === "global" ? after(answer, () => finished(runner)) : answer;
}

/** All pieces of a global step's answer in one; undefined where there is none. */
function finished(runner) {
  const pieces = [];
  const heard = (piece) => {
    if (!piece) return TestOutput.joined(pieces);
    if (pieces.push(piece) > MOST_PIECES) {
      throw new Error(`\`finish\` answered ${pieces.length} times: it is called until it answers nothing, and this one always does`);
    }
    return after(runner.finish(), heard);
  };
  return after(runner.finish(), heard);
}

/**
 * Opens a step.
 * @param {import("./lib/step.js").Step} step
 * @param {{ params?: object | string, types?: Record<string, string> }} [with_] `types`: the columns of the data.
 */
export function open(step, { params = {}, types = {} } = {}) {
  return new Runner(step, typeof params === "string" ? params : toJson(params), types);
}

/** An opened step, called as the host calls it. */
export class Runner {
  #opened;
  #types;
  #sent = 0;

  constructor(step, params, types) {
    this.#types = types;
    const fields = Object.entries(types).map(([name, dataType]) => ({ name, dataType, nullable: true }));
    const plugin = new Plugin(step);
    plugin.describe();
    this.#opened = plugin.open(step.name, params, fields);
  }

  /** What the step takes and makes. */
  get signature() {
    return this.#opened.signature;
  }

  /** One batch: columns by name, or for a source how many rows are wanted. @param {Record<string, unknown[]> | number} batch */
  process(batch) {
    const columns = typeof batch === "number" ? {} : batch;
    const length = typeof batch === "number" ? batch : (Object.values(columns)[0]?.length ?? 0);
    const arrays = [];
    for (const name of this.signature.inputs) {
      if (!columns[name]) throw new TypeError(`the batch has no column \`${name}\``);
      const column = build(this.#types[name], columns[name], `column \`${name}\``);
      if (column.length !== length) throw new TypeError(`column \`${name}\` has ${column.length} rows of ${length}`);
      column.lower(arrays);
    }
    this.#sent += length;
    const { kind } = this.#opened;
    return after(this.#opened.process(length, arrays), (answer) => {
      if (kind === "global" && answer.columns.length > 0) throw new Error("a global step answers in `finish`");
      if (kind !== "global") checkAnswer(this.#opened, answer, length);
      return TestOutput.of(this.#opened, answer);
    });
  }

  /** What comes after the last batch; undefined when there is no more. */
  finish() {
    return after(this.#opened.finish(), (answer) => {
      if (!answer) return undefined;
      checkAnswer(this.#opened, answer, this.#sent);
      return TestOutput.of(this.#opened, answer);
    });
  }
}

/** What a step answered, checked. */
export class TestOutput {
  #columns;

  constructor(columns, { length, origins, rejected }) {
    this.#columns = columns;
    this.length = length;
    this.origins = origins;
    this.rejected = rejected;
  }

  /** An answer as it crossed. */
  static of(opened, { columns: { length, arrays }, rows, rejected }) {
    const each = arrays[Symbol.iterator]();
    const columns = new Map();
    for (const [name, type] of opened.types.outputs) columns.set(name, lift(type, each));
    return new TestOutput(columns, { length, origins: rows && Array.from(new Uint32Array(rows.slice().buffer)), rejected });
  }

  /** The pieces of a global step's answer, one after the other. @param {TestOutput[]} pieces */
  static joined(pieces) {
    const origins = pieces.flatMap((piece) => piece.origins ?? Array.from({ length: piece.length }, (_, row) => row));
    const seen = new Set(origins);
    for (const { row } of pieces.flatMap((piece) => piece.rejected)) {
      if (seen.has(row)) throw new Error(`the answer breaks the contract: row ${row} is rejected, and was answered for or rejected before`);
      seen.add(row);
    }
    if (pieces.length < 2) return pieces[0];
    const columns = new Map();
    for (const [name, { dataType }] of pieces[0].#columns) {
      columns.set(name, build(dataType, pieces.flatMap((piece) => piece.values(name))));
    }
    return new TestOutput(columns, {
      length: origins.length,
      origins,
      rejected: pieces.flatMap((piece) => piece.rejected),
    });
  }

  /** A column that was made. @param {string} name */
  column(name) {
    const column = this.#columns.get(name);
    if (!column) throw new TypeError(`there is no column \`${name}\``);
    return column;
  }

  /** The values of a column. @param {string} name */
  values(name) {
    return this.column(name).values();
  }
}

/** The types of columns: as the step declares them, else as their values look. */
function guessed(step, columns) {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, declared(step.columns[name]) ?? typeOf(values)]),
  );
}

function declared(column) {
  return column?.dataTypes.find((word) => {
    try {
      return parseType(word);
    } catch {
      return false; // A word alone, as `list`: of a kind, and no type yet.
    }
  });
}

function typeOf(values) {
  const some = Array.from(values).filter((value) => value !== null && value !== undefined);
  const [one] = some;
  if (one === undefined || typeof one === "string") return "utf8";
  if (typeof one === "boolean") return "bool";
  if (typeof one === "bigint") return "int64";
  if (typeof one === "number") return some.every(Number.isSafeInteger) ? "int64" : "float64";
  if (one instanceof Uint8Array) return "binary";
  if (Array.isArray(one)) return `list<${typeOf(some.flat())}>`;
  const names = new Set(some.flatMap(Object.keys));
  const members = Array.from(names).map((name) => `${JSON.stringify(name)}: ${typeOf(some.map((value) => value[name]))}`);
  return `struct<${members.join(", ")}>`;
}

function after(answer, next) {
  return typeof answer?.then === "function" ? answer.then(next) : next(answer);
}
