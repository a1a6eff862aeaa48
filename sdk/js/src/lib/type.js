// Arrow types in the contract's words, and how their buffers are laid out.

import { ParamsFault } from "./fault.js";

/**
 * @typedef {object} Type
 * @property {string} text The contract's words.
 * @property {string} word The word before `<`.
 * @property {string} kind How its values are laid out: `null`, `bool`, `fixed`, `wide`, `bytes`, `view`, `list`,
 *   `fixed-list`, `struct` or `dictionary`.
 * @property {Function} [Data] `fixed`: the typed array of its values.
 * @property {number} [width] `wide`: bytes of a value. `bytes`, `list`: bytes of an offset.
 * @property {boolean} [utf8] `bytes`, `view`: whether it is text.
 * @property {number} [size] `fixed-list`: items of a value.
 * @property {string[]} [names] `struct`: its members.
 * @property {Type[]} children The types of the arrays that follow its own.
 */

const FIXED = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float16: Uint16Array, float32: Float32Array, float64: Float64Array,
  date32: Int32Array, date64: BigInt64Array,
};

const BYTES = {
  utf8: { width: 4, utf8: true },
  binary: { width: 4, utf8: false },
  "large-utf8": { width: 8, utf8: true },
  "large-binary": { width: 8, utf8: false },
};

const TIMES = { time32: Int32Array, time64: BigInt64Array, timestamp: BigInt64Array, duration: BigInt64Array };

const DEPTH = 64;

/** @type {Map<string, Type>} */
const known = new Map();

/**
 * Reads the contract's words for a type.
 * @param {string} text
 * @returns {Type}
 * @throws {ParamsFault} naming the type, where it is none that is known here.
 */
export function parseType(text) {
  let type = known.get(text);
  if (!type) {
    const parser = new Parser(text);
    type = parser.type(0);
    parser.end();
    known.set(text, type);
  }
  return type;
}

/** How many arrays a column of the type is. @param {Type} type */
export function arraysOf(type) {
  return type.children.reduce((sum, child) => sum + arraysOf(child), 1);
}

/**
 * Whether a column's declaration takes a type: by all of it, by its word alone, or by saying nothing.
 * @param {readonly string[]} words
 * @param {Type} type
 */
export function accepts(words, type) {
  return words.length === 0 || words.some((word) => word === type.word || parseWord(word) === type.text);
}

function parseWord(word) {
  return word.includes("<") ? parseType(word).text : word;
}

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  type(depth) {
    const word = this.word();
    if (word in FIXED) return { text: word, word, kind: "fixed", Data: FIXED[word], children: [] };
    if (word in BYTES) return { text: word, word, kind: "bytes", ...BYTES[word], children: [] };
    switch (word) {
      case "null":
      case "bool":
        return { text: word, word, kind: word, children: [] };
      case "utf8-view":
      case "binary-view":
        return { text: word, word, kind: "view", utf8: word === "utf8-view", children: [] };
    }
    if (depth >= DEPTH || !this.mark("<")) this.fail();
    const type = this.parts(word, depth + 1);
    if (!this.mark(">")) this.fail();
    return { word, ...type };
  }

  /** What stands between `<` and `>`. */
  parts(word, depth) {
    switch (word) {
      case "time32":
      case "time64":
      case "duration": {
        const unit = this.word();
        return { text: `${word}<${unit}>`, kind: "fixed", Data: TIMES[word], children: [] };
      }
      case "timestamp": {
        const unit = this.word();
        const zone = this.mark(",") ? this.until(">").trim() : "";
        return { text: `${word}<${unit}${zone && `, ${zone}`}>`, kind: "fixed", Data: TIMES[word], children: [] };
      }
      case "fixed-size-binary": {
        const width = this.number();
        return { text: `${word}<${width}>`, kind: "wide", width, children: [] };
      }
      case "decimal128": {
        const [precision, scale] = [this.number(), this.after(() => this.number())];
        return { text: `${word}<${precision}, ${scale}>`, kind: "wide", width: 16, decimal: true, children: [] };
      }
      case "list":
      case "large-list": {
        const item = this.type(depth);
        return { text: `${word}<${item.text}>`, kind: "list", width: word === "list" ? 4 : 8, children: [item] };
      }
      case "fixed-size-list": {
        const [item, size] = [this.type(depth), this.after(() => this.number())];
        return { text: `${word}<${item.text}, ${size}>`, kind: "fixed-list", size, children: [item] };
      }
      case "dictionary": {
        const [key, values] = [this.type(depth), this.after(() => this.type(depth))];
        if (!/^u?int/.test(key.word)) this.fail();
        return { text: `${word}<${key.text}, ${values.text}>`, kind: "dictionary", Data: key.Data, children: [values] };
      }
      case "struct":
        return this.members(depth);
    }
    return this.fail();
  }

  members(depth) {
    const [names, children] = [[], []];
    while (this.peek() !== ">") {
      if (names.length > 0 && !this.mark(",")) this.fail();
      names.push(this.peek() === '"' ? this.quoted() : this.word());
      if (!this.mark(":")) this.fail();
      children.push(this.type(depth));
    }
    const text = names.map((name, index) => `${quote(name)}: ${children[index].text}`).join(", ");
    return { text: `struct<${text}>`, kind: "struct", names, children };
  }

  quoted() {
    const [found] = /^"(?:[^"\\]|\\.)*"/s.exec(this.text.slice(this.at)) ?? this.fail();
    this.at += found.length;
    return JSON.parse(found);
  }

  number() {
    const number = Number(this.word());
    return Number.isInteger(number) ? number : this.fail();
  }

  after(part) {
    return this.mark(",") ? part() : this.fail();
  }

  peek() {
    while (this.text[this.at] === " ") this.at += 1;
    return this.text[this.at];
  }

  mark(mark) {
    if (this.peek() !== mark) return false;
    this.at += 1;
    return true;
  }

  word() {
    this.peek();
    const [found] = /^[^<>,:"\s]+/.exec(this.text.slice(this.at)) ?? this.fail();
    this.at += found.length;
    return found;
  }

  until(mark) {
    const end = this.text.indexOf(mark, this.at);
    if (end < 0) this.fail();
    const found = this.text.slice(this.at, end);
    this.at = end;
    return found;
  }

  end() {
    if (this.peek() !== undefined) this.fail();
  }

  fail() {
    throw new ParamsFault(`\`${this.text}\` is no type that this SDK knows (read up to \`${this.text.slice(this.at)}\`)`);
  }
}

function quote(name) {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}
