// A plugin as the host sees it: it describes its steps, opens one, and that one answers batches.

import { build } from "./build.js";
import { emptyColumn, lift } from "./column.js";
import { ParamsFault, Reject } from "./fault.js";
import { describeParams, named, readParams } from "./params.js";
import { Batch, checkedRow, Output, Step } from "./step.js";
import { shown } from "./text.js";
import { accepts, parseType } from "./type.js";

/** The steps of a plugin. */
export class Plugin {
  /** @param {Step | Step[]} steps */
  constructor(steps) {
    this.steps = [steps].flat();
    for (const step of this.steps) {
      if (!(step instanceof Step)) throw new TypeError("a plugin's default export is a `step({ … })` or a list of them");
    }
  }

  describe() {
    return this.steps.map(({ name, kind, summary, params, columns }) => ({
      name,
      kind,
      summary,
      params: describeParams(params),
      columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    }));
  }

  /**
   * @param {string} name
   * @param {string} params A JSON object.
   * @param {{ name: string, dataType: string, nullable?: boolean }[]} fields
   */
  open(name, params, fields) {
    const step = this.steps.find((step) => step.name === name);
    if (!step) throw new ParamsFault(`this plugin has no step \`${name}\``);
    return new Opened(step, params, fields);
  }
}

/** What `open` sees of the data, and says of the step. */
class Schema {
  constructor(fields, step) {
    this.fields = fields.map(({ name, dataType }) => ({ name, type: dataType }));
    this.taken = new Map();
    this.made = new Map();
    this.rows = step.rows;
    this.keys = [...(step.key ?? [])];
    for (const [name, { dataTypes, required }] of Object.entries(step.columns)) {
      if (required || this.has(name)) this.input(name, dataTypes);
    }
    for (const [name, type] of Object.entries(step.outputs)) this.output(name, type);
  }

  has(name) {
    return this.fields.some((field) => field.name === name);
  }

  input(name, types = []) {
    const field = this.fields.find((field) => field.name === name);
    if (!field) {
      throw new ParamsFault(`there is no column \`${name}\`; the data has ${named(this.fields.map(({ name }) => name))}`);
    }
    const type = readType(field);
    const words = [types].flat();
    if (!accepts(words, type)) {
      throw new ParamsFault(`column \`${name}\` is ${field.type}; it must be ${words.join(" or ")}`);
    }
    this.taken.set(name, type);
    return { name, type: field.type };
  }

  output(name, type) {
    this.made.set(name, parseType(type));
  }

  rowsAny() {
    this.rows = "any";
  }

  key(...names) {
    this.keys = names;
  }
}

function readType({ name, type }) {
  try {
    return parseType(type);
  } catch (error) {
    throw new ParamsFault(`column \`${name}\`: ${error.message}`);
  }
}

/** A step between `open` and its end. */
export class Opened {
  #step;
  #schema;
  #context;
  #call;
  #generator;
  #consumed = 0;

  constructor(step, params, fields) {
    const schema = new Schema(fields, step);
    this.#context = { params: readParams(step.params, params), schema };
    const own = step.open?.(this.#context);
    if (typeof own?.then === "function") throw new TypeError("`open` is not async: it settles columns, and nothing else");
    this.#step = step;
    this.#schema = schema;
    this.#call = (name) => own?.[name]?.bind(own) ?? step[name]?.bind(step);
    if (!["process", "row", "generate"].some(this.#call)) {
      throw new TypeError(`step \`${step.name}\` has neither \`process\` nor \`row\` nor \`generate\``);
    }
    if (this.kind !== "global" && this.#call("finish")) {
      throw new TypeError(`step \`${step.name}\` is of kind "${this.kind}" and has \`finish\`, which is called of global steps alone`);
    }
  }

  get kind() {
    return this.#step.kind;
  }

  get signature() {
    const { taken, made, rows, keys } = this.#schema;
    return {
      inputs: [...taken.keys()],
      outputs: [...made].map(([name, type]) => ({ name, dataType: type.text, nullable: true })),
      rowCount: rows,
      key: keys,
    };
  }

  /** The types of the inputs and outputs, by name. */
  get types() {
    return { inputs: this.#schema.taken, outputs: this.#schema.made };
  }

  /**
   * @param {number} length
   * @param {{ length: number, nullCount: number, buffers: Uint8Array[] }[]} arrays
   */
  process(length, arrays) {
    const each = arrays[Symbol.iterator]();
    const columns = new Map();
    for (const [name, type] of this.#schema.taken) columns.set(name, lift(type, each));
    const rejected = [];
    const batch = new Batch(length, columns, rejected);
    this.#consumed += length;
    return after(this.#answer(batch), (answer) => this.#lower(answer, length, rejected));
  }

  finish() {
    const finish = this.#call("finish");
    const consumed = this.#consumed;
    const rejected = [];
    const reject = (row, reason) => rejected.push({ row: checkedRow(row, consumed, "`reject`"), reason: String(reason) });
    return after(finish?.({ ...this.#context, consumed, reject }), (answer) =>
      (answer === null || answer === undefined) && rejected.length === 0
        ? undefined
        : this.#lower(answer, consumed, rejected),
    );
  }

  #answer(batch) {
    const process = this.#call("process");
    if (process) return process(batch, this.#context);
    const row = this.#call("row");
    return row ? this.#rowByRow(row, batch) : this.#generated(batch.length);
  }

  /** Asks `row` for each row, and puts its answers together. */
  #rowByRow(ask, batch) {
    const names = [...this.#schema.made.keys()];
    const values = names.map(() => []);
    const origins = [];
    const any = this.#schema.rows === "any";
    const add = (row, answer) => {
      names.forEach((name, index) => values[index].push(answer?.[name] ?? null));
      origins.push(row);
    };
    const addChecked = (row, answer) => {
      this.#checkRow(answer, `\`row\`, row ${row}`);
      add(row, answer);
    };
    const answered = (row, answer) => {
      if (Array.isArray(answer)) {
        if (!any) throw new TypeError(`\`row\`, row ${row}: it answers a list, and the step's \`rows\` is not "any"`);
        for (const one of answer) addChecked(row, one);
      } else if (answer !== null && answer !== undefined) {
        addChecked(row, answer);
      } else if (!any) {
        // Only where there is nothing to answer is nothing an answer.
        if (names.length > 0) this.#checkRow(answer, `\`row\`, row ${row}`);
        add(row, null);
      }
    };
    const refused = (row, error) => {
      if (!(error instanceof Reject)) throw error;
      batch.reject(row, error.message);
      // Its place, whose value is ignored.
      if (!any) add(row, null);
    };
    const context = this.#context;
    const end = () => new Output(Object.fromEntries(names.map((name, index) => [name, values[index]])), any ? { origins } : {});

    const rows = batch.rows();
    for (let row = 0; row < rows.length; row++) {
      let answer;
      try {
        answer = ask(rows[row], context);
      } catch (error) {
        refused(row, error);
        continue;
      }
      if (typeof answer?.then === "function") return waitForRows(answer, row);
      answered(row, answer);
    }
    return end();

    /** The rest where `row` is async: one after the other, so that rows stay in order. */
    async function waitForRows(first, from) {
      for (let row = from; row < rows.length; row++) {
        try {
          answered(row, await (row === from ? first : ask(rows[row], context)));
        } catch (error) {
          refused(row, error);
        }
      }
      return end();
    }
  }

  /** So many rows of `generate`. */
  #generated(wanted) {
    this.#generator ??= this.#call("generate")(this.#context);
    const names = [...this.#schema.made.keys()];
    const values = names.map(() => []);
    for (let row = 0; row < wanted; row++) {
      const { value, done } = this.#generator.next();
      if (done) break;
      this.#checkRow(value, `\`generate\`, row ${row}`);
      names.forEach((name, index) => values[index].push(value[name] ?? null));
    }
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  }

  /** Checks a row that was answered: it has all columns that are declared, and beside them those of the input at most. */
  #checkRow(answer, where) {
    const { taken, made } = this.#schema;
    if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
      throw new TypeError(`${where}: ${shown(answer)} is no object of ${named(made.keys())}`);
    }
    for (const name of made.keys()) {
      if (!(name in answer)) throw new TypeError(`${where}: column \`${name}\` was declared and not made`);
    }
    for (const name in answer) {
      if (!made.has(name) && !taken.has(name)) throw new TypeError(`${where}: column \`${name}\` was made and not declared`);
    }
  }

  /** An answer as it crosses. */
  #lower(answer, input, rejected) {
    const { columns, origins, rejected: more, length } = answer instanceof Output ? answer : new Output(answer ?? {});
    const made = this.#columns(columns ?? {});
    const rows = origins === null || origins === undefined ? undefined : originsOf(origins, input);
    const { rows: any } = this.#schema;
    const silent = made.length === 0 && any === "same" && this.kind !== "global";
    const count = made[0]?.length ?? rows?.length ?? length ?? (silent ? input : 0);
    const arrays = [];
    for (const column of made) column.lower(arrays);
    const nothing = count === 0 && any === "any" && !rows && this.kind !== "source";
    return {
      columns: { length: count, arrays },
      rows: rows ? new Uint8Array(rows.buffer) : nothing ? new Uint8Array(0) : undefined,
      rejected: [
        ...rejected,
        ...Array.from(more, ({ row, reason }) => ({ row: checkedRow(row, input, "`rejected`"), reason: String(reason) })),
      ],
    };
  }

  /** The columns in the order in which they were declared; none at all is no rows. */
  #columns(columns) {
    const given = Object.keys(columns);
    const { made } = this.#schema;
    const unknown = given.find((name) => !made.has(name));
    if (unknown !== undefined) throw new TypeError(`column \`${unknown}\` was made and not declared`);
    if (given.length === 0) return [...made.values()].map(emptyColumn);
    const built = [...made].map(([name, type]) => {
      if (!(name in columns)) throw new TypeError(`column \`${name}\` was declared and not made`);
      return build(type, columns[name], `column \`${name}\``);
    });
    const odd = built.findIndex((column) => column.length !== built[0].length);
    if (odd >= 0) {
      const [first, other] = [[...made.keys()][0], [...made.keys()][odd]];
      throw new TypeError(
        `column \`${first}\` has ${built[0].length} rows and column \`${other}\` ${built[odd].length}`,
      );
    }
    return built;
  }
}

/** The rows of so many that the rows of an answer come from. Nothing is coerced: it would be another row. */
function originsOf(origins, input) {
  if (typeof origins !== "object") throw new TypeError(`\`origins\`: ${shown(origins)} is no list of rows`);
  const rows = Array.isArray(origins) || ArrayBuffer.isView(origins) ? origins : Array.from(origins);
  for (let at = 0; at < rows.length; at++) checkedRow(rows[at], input, "`origins`", at);
  return Uint32Array.from(rows);
}

/** Goes on with an answer, also one that is to come. */
function after(answer, next) {
  return typeof answer?.then === "function" ? answer.then(next) : next(answer);
}
