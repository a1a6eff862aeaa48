// JavaScript values into Arrow columns. Nothing is rounded: a value that its column's type cannot hold is an error that
// names the row.

import { toBits, validityOf } from "./bits.js";
import { Column } from "./column.js";
import { toFloat16 } from "./float16.js";
import { checkText, encode, encodeAscii, encodeRows, shown } from "./text.js";
import { parseType } from "./type.js";

const EMPTY = new Uint8Array(0);

/**
 * Makes a column of values: an array with null (or undefined) for no value, or a typed array.
 * @param {string | import("./type.js").Type} type
 * @param {ArrayLike<unknown>} values
 * @param {string} [where] For errors.
 * @returns {Column}
 */
export function build(type, values, where = "a column") {
  if (typeof type === "string") type = parseType(type);
  if (values instanceof Column) return handedOn(type, values, where);
  if (type.kind === "fixed" && values.constructor === type.Data) return ofNumbers(type, values);
  if (type.word === "int64" && values instanceof Int32Array) return ofNumbers(type, widened(values));
  if (!Array.isArray(values)) {
    if (!ArrayBuffer.isView(values)) throw new TypeError(`${where}: ${shown(values)} is no array of values`);
    values = Array.from(/** @type {any} */ (values));
  }
  return BUILD[type.kind](type, values, where);
}

function handedOn(type, column, where) {
  if (column.type !== type.text) throw new TypeError(`${where} was declared ${type.text} and made ${column.type}`);
  return column;
}

/**
 * Makes a column of text that is in one piece: all rows one after the other, and where each begins. It is what
 * {@link Column.text} gives, and after a built-in has worked on it, the fastest way back.
 * @param {string} text
 * @param {ArrayLike<number>} offsets In characters as JavaScript counts them; one more than there are rows.
 * @returns {Column}
 */
export function buildText(text, offsets) {
  const type = parseType("utf8");
  const rows = offsets.length - 1;
  if (offsets[rows] !== text.length) throw new RangeError(`${text.length} characters, and offsets up to ${offsets[rows]}`);
  const bytes = encodeAscii(text);
  if (!bytes) return build(type, Array.from({ length: rows }, (_, row) => text.slice(offsets[row], offsets[row + 1])));
  const starts = offsets instanceof Int32Array ? offsets : Int32Array.from(offsets);
  return new Column(type, rows, 0, [EMPTY, bytesOf(starts), bytes]);
}

/** Whole numbers of 32 bits as such of 64, without a BigInt for each. */
function widened(values) {
  const words = new Int32Array(values.length * 2);
  for (let row = 0; row < values.length; row++) {
    words[row * 2] = values[row];
    words[row * 2 + 1] = values[row] >> 31;
  }
  return new BigInt64Array(words.buffer);
}

function ofNumbers(type, data) {
  return new Column(type, data.length, 0, [EMPTY, bytesOf(data)]);
}

function bytesOf(data) {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The items of rows that are typed arrays of the items' own type, as vectors are: a number of its own for each would cost 15 µs. */
function inOnePiece({ kind, Data }, rows) {
  const there = rows.filter((row) => row !== null && row !== undefined);
  if (kind !== "fixed" || !there.every((row) => row.constructor === Data)) return undefined;
  const items = new Data(there.reduce((length, row) => length + row.length, 0));
  there.reduce((end, row) => (items.set(row, end), end + row.length), 0);
  return items;
}

/** @type {Record<string, (type: any, values: any[], where: string) => Column>} */
const BUILD = {
  null(type, values, where) {
    const row = values.findIndex((value) => value !== null && value !== undefined);
    if (row >= 0) throw refused(type, values[row], where, row);
    return new Column(type, values.length, values.length, []);
  },
  bool(type, values, where) {
    const { validity, nulls } = validityOf(values);
    check(type, values, where, (value) => typeof value === "boolean");
    return new Column(type, values.length, nulls, [validity, toBits(values, (value) => value === true)]);
  },
  fixed(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const data = new type.Data(values.length);
    if (type.word.startsWith("float")) floats(type, values, data, where);
    else if (data.BYTES_PER_ELEMENT === 8) longs(type, values, data, where);
    else integers(type, values, data, where);
    return new Column(type, values.length, nulls, [validity, bytesOf(data)]);
  },
  wide(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const bytes = new Uint8Array(values.length * type.width);
    const fits = type.decimal
      ? (value) => typeof value === "bigint" && BigInt.asIntN(128, value) === value
      : (value) => isBytes(value) && value.length === type.width;
    check(type, values, where, fits);
    values.forEach((value, row) => {
      if (value !== null && value !== undefined) bytes.set(type.decimal ? ofBigInt(value) : value, row * type.width);
    });
    return new Column(type, values.length, nulls, [validity, bytes]);
  },
  bytes(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const { bytes, offsets } = type.utf8 ? encodeRows(values, where) : joined(type, values, where);
    return new Column(type, values.length, nulls, [validity, offsetsOf(type, offsets), bytes]);
  },
  view(type, values, where) {
    const { validity, nulls } = validityOf(values);
    check(type, values, where, (value) => (type.utf8 ? typeof value === "string" : isBytes(value)));
    const views = new Uint8Array(values.length * 16);
    const numbers = new DataView(views.buffer);
    const rest = [];
    let end = 0;
    values.forEach((value, row) => {
      const isNull = value === null || value === undefined;
      if (type.utf8 && !isNull) checkText(value, where, row);
      const bytes = isNull ? EMPTY : type.utf8 ? encode(value) : value;
      numbers.setUint32(row * 16, bytes.length, true);
      views.set(bytes.subarray(0, bytes.length <= 12 ? 12 : 4), row * 16 + 4);
      if (bytes.length > 12) {
        numbers.setUint32(row * 16 + 12, end, true);
        rest.push(bytes);
        end += bytes.length;
      }
    });
    return new Column(type, values.length, nulls, [validity, views, ...(end > 0 ? [concat(rest, end)] : [])]);
  },
  list(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const offsets = new Int32Array(values.length + 1);
    const whole = inOnePiece(type.children[0], values);
    const items = [];
    values.forEach((value, row) => {
      if (!whole && value !== null && value !== undefined) pushAll(type, items, value, where, row);
      offsets[row + 1] = whole ? offsets[row] + (value?.length ?? 0) : items.length;
    });
    const child = build(type.children[0], whole ?? items, `${where}, its items`);
    return new Column(type, values.length, nulls, [validity, offsetsOf(type, offsets)], [child]);
  },
  "fixed-list"(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const items = [];
    values.forEach((value, row) => {
      const before = items.length;
      if (value === null || value === undefined) items.push(...new Array(type.size).fill(null));
      else pushAll(type, items, value, where, row);
      if (items.length - before !== type.size) throw refused(type, value, where, row);
    });
    return new Column(type, values.length, nulls, [validity], [build(type.children[0], items, `${where}, its items`)]);
  },
  struct(type, values, where) {
    const { validity, nulls } = validityOf(values);
    check(type, values, where, (value) => typeof value === "object" && !Array.isArray(value));
    const names = new Set(type.names);
    values.forEach((value, row) => {
      for (const name in value) {
        if (!names.has(name)) throw new TypeError(`${where}, row ${row}: a ${type.text} has no member \`${name}\``);
      }
    });
    const children = type.names.map((name, index) => {
      const members = values.map((value) => value?.[name] ?? null);
      return build(type.children[index], members, `${where}, its member \`${name}\``);
    });
    return new Column(type, values.length, nulls, [validity], children);
  },
  dictionary(type, values, where) {
    const { validity, nulls } = validityOf(values);
    const keys = new Map();
    for (const value of values) {
      if (value !== null && value !== undefined && !keys.has(value)) keys.set(value, keys.size);
    }
    const numbers = values.map((value) => keys.get(value) ?? 0);
    const key = { text: type.text, word: "int32", kind: "fixed", Data: type.Data, children: [] };
    const [, data] = build(key, numbers, where).buffers;
    const child = build(type.children[0], [...keys.keys()], `${where}, its values`);
    return new Column(type, values.length, nulls, [validity, data], [child]);
  },
};

function floats(type, values, data, where) {
  check(type, values, where, (value) => typeof value === "number");
  const convert = type.word === "float16" ? toFloat16 : (value) => value;
  for (let row = 0; row < values.length; row++) data[row] = convert(values[row] ?? 0);
}

/** Whole numbers of up to 32 bits: what the array does not give back was not whole, or did not fit. */
function integers(type, values, data, where) {
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === null || value === undefined) continue;
    data[row] = typeof value === "bigint" ? Number(BigInt.asIntN(53, value)) : value;
    if (typeof value === "bigint" ? BigInt(data[row]) !== value : data[row] !== value) throw refused(type, value, where, row);
  }
}

/** Whole numbers of 64 bits, from BigInts or from numbers up to 2^53, beyond which a number may have been another one. */
function longs(type, values, data, where) {
  const words = new Int32Array(data.buffer);
  const unsigned = data instanceof BigUint64Array;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value) || (unsigned && value < 0)) throw refused(type, value, where, row);
      words[row * 2] = value;
      words[row * 2 + 1] = Math.floor(value / 4294967296);
    } else if (typeof value === "bigint") {
      data[row] = value;
      if (data[row] !== value) throw refused(type, value, where, row);
    } else if (value !== null && value !== undefined) {
      throw refused(type, value, where, row);
    }
  }
}

function joined(type, values, where) {
  check(type, values, where, (value) => isBytes(value));
  const offsets = new Int32Array(values.length + 1);
  let end = 0;
  for (let row = 0; row < values.length; row++) offsets[row + 1] = end += values[row]?.length ?? 0;
  return { bytes: concat(values, end), offsets };
}

function concat(parts, length) {
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    if (!part) continue;
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

function offsetsOf(type, offsets) {
  return bytesOf(type.width === 4 ? offsets : BigInt64Array.from(offsets, BigInt));
}

function pushAll(type, items, value, where, row) {
  if (typeof value === "string" || typeof value[Symbol.iterator] !== "function") throw refused(type, value, where, row);
  for (const item of value) items.push(item);
}

function ofBigInt(value) {
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setBigUint64(0, BigInt.asUintN(64, value), true);
  numbers.setBigInt64(8, value >> 64n, true);
  return new Uint8Array(numbers.buffer);
}

function check(type, values, where, fits) {
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== null && value !== undefined && !fits(value)) throw refused(type, value, where, row);
  }
}

function refused(type, value, where, row) {
  return new TypeError(`${where}, row ${row}: ${shown(value)} is no ${type.text}`);
}

/** Bytes, of whichever realm: the engine's glue makes those of a batch in another one than the step's. */
function isBytes(value) {
  return ArrayBuffer.isView(value) && value.BYTES_PER_ELEMENT === 1;
}
