// Columns: what a step gets, and what it makes.

import { bit, toBooleans } from "./bits.js";
import { fromFloat16 } from "./float16.js";
import { decode, decodeRows, encode, joinRows } from "./text.js";
import { parseType } from "./type.js";

const EMPTY = new Uint8Array(0);

/**
 * One column: Arrow buffers, and ways to look at them, by cost. The buffers (`data`, `offsets`, `bytes`, `validity`) cost
 * nothing, `values()` makes an array of JavaScript values once and keeps it.
 */
export class Column {
  #values;
  #text;

  /**
   * @param {import("./type.js").Type} type
   * @param {number} length
   * @param {number} nullCount
   * @param {Uint8Array[]} buffers In the columnar format's order.
   * @param {Column[]} [children]
   */
  constructor(type, length, nullCount, buffers, children = []) {
    this.dataType = type;
    this.length = length;
    this.nullCount = nullCount;
    this.buffers = buffers;
    this.children = children;
  }

  /** The type, in the contract's words. */
  get type() {
    return this.dataType.text;
  }

  /** The validity bitmap, least significant bit first; empty where no row is null. */
  get validity() {
    return this.nullCount > 0 ? this.buffers[0] : EMPTY;
  }

  /** @param {number} row */
  isNull(row) {
    return this.dataType.kind === "null" || (this.nullCount > 0 && !bit(this.buffers[0], row));
  }

  /** The numbers of a column of fixed width as a typed array, a dictionary's keys, the bits of a `bool`. */
  get data() {
    const { kind, Data } = this.dataType;
    if (kind === "bool" || kind === "wide") return this.buffers[1];
    if (!Data) throw new TypeError(`a ${this.type} has no numbers`);
    return view(Data, this.buffers[1], this.length);
  }

  /** Where the values of text, binary or lists begin, and the last one ends. */
  get offsets() {
    const { kind, width } = this.dataType;
    if (kind !== "bytes" && kind !== "list") throw new TypeError(`a ${this.type} has no offsets`);
    if (width === 4) return view(Int32Array, this.buffers[1], this.length + 1);
    return Float64Array.from(view(BigInt64Array, this.buffers[1], this.length + 1), Number);
  }

  /** The bytes of text and binary, all rows one after the other. */
  get bytes() {
    if (this.dataType.kind !== "bytes") throw new TypeError(`a ${this.type} has no bytes in one piece`);
    return this.buffers[2];
  }

  /** A list's items, of all rows one after the other; a dictionary's values. */
  get items() {
    if (this.children.length !== 1 || this.dataType.kind === "struct") throw new TypeError(`a ${this.type} has no items`);
    return this.children[0];
  }

  /** A struct's member. @param {string} name */
  member(name) {
    const index = this.dataType.names?.indexOf(name) ?? -1;
    if (index < 0) throw new TypeError(`a ${this.type} has no member \`${name}\``);
    return this.children[index];
  }

  /**
   * Text in one piece: all rows one after the other, and where each begins, counted in characters as JavaScript counts them.
   * The way to let one built-in work on a whole column.
   * @returns {{ text: string, offsets: ArrayLike<number> }}
   */
  text() {
    if (!this.dataType.utf8 || this.dataType.kind !== "bytes") throw new TypeError(`a ${this.type} is no text in one piece`);
    return (this.#text ??= this.#wholeText());
  }

  /** Whether text is ASCII throughout: then bytes are characters, and a built-in may work on the whole column at once. */
  get isAscii() {
    return this.text().text.length === this.bytes.length;
  }

  /**
   * All rows in one text with something between them, nulls as nothing: `Array.join`, but no row becomes a string of its own
   * where the column is ASCII.
   * @param {string} separator
   */
  join(separator) {
    if (!this.isAscii) return this.values().join(separator);
    return decode(joinRows(this.bytes, this.offsets, encode(separator)));
  }

  #wholeText() {
    const bytes = this.bytes;
    const text = decode(bytes);
    if (text.length === bytes.length) return { text, offsets: this.offsets };
    const rows = decodeRows(bytes, this.offsets);
    const offsets = new Int32Array(rows.length + 1);
    for (let row = 0, end = 0; row < rows.length; row++) offsets[row + 1] = end += rows[row].length;
    return { text, offsets };
  }

  /** What a function makes of each value; null stays null. @template T @param {(value: any, row: number) => T} make */
  map(make) {
    return this.values().map((value, row) => (value === null ? null : make(value, row)));
  }

  /** The same values, but null where another column of as many rows is. @param {Column} other */
  withNullsOf(other) {
    if (other.length !== this.length) throw new RangeError(`${other.length} rows beside ${this.length}`);
    if (other.nullCount === 0) return this;
    if (this.nullCount > 0 || this.buffers.length === 0) throw new TypeError("a column that has nulls of its own");
    return new Column(this.dataType, this.length, other.nullCount, [other.buffers[0], ...this.buffers.slice(1)], this.children);
  }

  /** The value of a row, or null. @param {number} row */
  get(row) {
    return this.values()[row];
  }

  /** All values, null where there is none. */
  values() {
    return (this.#values ??= this.#read());
  }

  [Symbol.iterator]() {
    return this.values()[Symbol.iterator]();
  }

  #read() {
    const values = READ[this.dataType.kind](this);
    if (this.nullCount > 0 && this.dataType.kind !== "null") {
      const validity = this.buffers[0];
      for (let row = 0; row < this.length; row++) {
        if (((validity[row >> 3] >> (row & 7)) & 1) === 0) values[row] = null;
      }
    }
    return values;
  }

  /** The arrays of the column as they cross. @param {object[]} arrays */
  lower(arrays) {
    const buffers = this.nullCount === 0 && this.buffers.length > 0 ? [EMPTY, ...this.buffers.slice(1)] : this.buffers;
    arrays.push({ length: this.length, nullCount: this.nullCount, buffers });
    for (const child of this.children) child.lower(arrays);
  }
}

/**
 * A column from arrays as they cross.
 * @param {import("./type.js").Type} type
 * @param {Iterator<{ length: number, nullCount: number, buffers: Uint8Array[] }>} arrays
 * @returns {Column}
 */
export function lift(type, arrays) {
  const { value: array, done } = arrays.next();
  if (done) throw new RangeError(`an array of a ${type.text} is missing`);
  const children = type.children.map((child) => lift(child, arrays));
  return new Column(type, array.length, array.nullCount, array.buffers, children);
}

/** A column without a row. @param {string | import("./type.js").Type} type */
export function emptyColumn(type) {
  if (typeof type === "string") type = parseType(type);
  const children = type.children.map(emptyColumn);
  const offsets = type.width && new Uint8Array(type.width);
  switch (type.kind) {
    case "null":
      return new Column(type, 0, 0, []);
    case "bytes":
      return new Column(type, 0, 0, [EMPTY, offsets, EMPTY]);
    case "list":
      return new Column(type, 0, 0, [EMPTY, offsets], children);
    case "struct":
    case "fixed-list":
      return new Column(type, 0, 0, [EMPTY], children);
    default:
      return new Column(type, 0, 0, [EMPTY, EMPTY], children);
  }
}

/** A typed array over bytes; a copy only where they do not lie where it could begin. */
function view(Data, bytes, length) {
  const size = Data.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % size === 0) return new Data(bytes.buffer, bytes.byteOffset, length);
  return new Data(bytes.slice(0, length * size).buffer);
}

/** @type {Record<string, (column: Column) => any[]>} */
const READ = {
  null: (column) => new Array(column.length).fill(null),
  bool: (column) => toBooleans(column.data, column.length),
  fixed: (column) => (column.type === "float16" ? Array.from(column.data, fromFloat16) : Array.from(column.data)),
  wide(column) {
    const { width, decimal } = column.dataType;
    const read = decimal ? toBigInt : (bytes) => bytes;
    return Array.from({ length: column.length }, (_, row) => read(column.data.subarray(row * width, (row + 1) * width)));
  },
  bytes(column) {
    const { bytes, offsets } = column;
    if (column.dataType.utf8) return decodeRows(bytes, offsets);
    return Array.from({ length: column.length }, (_, row) => bytes.subarray(offsets[row], offsets[row + 1]));
  },
  view(column) {
    const [, views, ...buffers] = column.buffers;
    const numbers = new DataView(views.buffer, views.byteOffset, views.byteLength);
    return Array.from({ length: column.length }, (_, row) => {
      const at = row * 16;
      const length = numbers.getUint32(at, true);
      const start = numbers.getUint32(at + 12, true);
      const bytes =
        length <= 12
          ? views.subarray(at + 4, at + 4 + length)
          : buffers[numbers.getUint32(at + 8, true)].subarray(start, start + length);
      return column.dataType.utf8 ? decode(bytes) : bytes;
    });
  },
  list(column) {
    const { offsets, items } = column;
    const values = items.values();
    return Array.from({ length: column.length }, (_, row) => values.slice(offsets[row], offsets[row + 1]));
  },
  "fixed-list"(column) {
    const { size } = column.dataType;
    const values = column.items.values();
    return Array.from({ length: column.length }, (_, row) => values.slice(row * size, (row + 1) * size));
  },
  struct(column) {
    const { names } = column.dataType;
    const members = column.children.map((child) => child.values());
    return Array.from({ length: column.length }, (_, row) =>
      Object.fromEntries(names.map((name, index) => [name, members[index][row]])),
    );
  },
  dictionary(column) {
    const values = column.items.values();
    const keys = column.data;
    return Array.from({ length: column.length }, (_, row) => values[Number(keys[row])] ?? null);
  },
};

/** The unscaled value of a decimal. */
function toBigInt(bytes) {
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return (numbers.getBigInt64(8, true) << 64n) | numbers.getBigUint64(0, true);
}
