// What the host checks of an answer before it believes it, so that native tests catch the same lies.

import { bit, countBits } from "./bits.js";
import { arraysOf } from "./type.js";

/**
 * Checks an answer as it crosses.
 * @param {import("./plugin.js").Opened} opened
 * @param {{ columns: { length: number, arrays: object[] }, rows?: Uint8Array, rejected: { row: number }[] }} answer
 * @param {number} input Rows that its row numbers are of.
 * @throws {Error} that says what breaks the contract.
 */
export function checkAnswer(opened, answer, input) {
  const { length, arrays } = answer.columns;
  const each = arrays[Symbol.iterator]();
  const { outputs } = opened.types;
  for (const [name, type] of outputs) checkArray(type, each, length, `column \`${name}\``);
  const expected = [...outputs.values()].reduce((sum, type) => sum + arraysOf(type), 0);
  if (arrays.length !== expected) lie(`${arrays.length} arrays where ${expected} are declared`);
  const origins = checkRows(opened, answer, length, input);
  checkRejected(answer.rejected, origins, input);
}

/** @returns {never} */
function lie(what) {
  throw new Error(`the answer breaks the contract: ${what}`);
}

function checkRows(opened, { rows }, length, input) {
  const any = opened.signature.rowCount === "any" || opened.kind === "global";
  if (opened.kind === "source") {
    if (length > input) lie(`${length} rows where ${input} were wanted`);
    return undefined;
  }
  if (rows && !any) lie('it says where its rows come from, and `rows` is not "any"');
  if (!rows) {
    if (length !== input && length > 0) lie(`${length} rows out of ${input}, without saying which (\`origins\`)`);
    if (length !== input && !any) lie(`${length} rows out of ${input}, and \`rows\` is not "any"`);
    return undefined;
  }
  const origins = new Uint32Array(rows.slice().buffer);
  if (origins.length !== length) lie(`${origins.length} origins of ${length} rows`);
  if (origins.some((row) => row >= input)) lie(`a row comes from where no row is (there are ${input})`);
  return origins;
}

function checkRejected(rejected, origins, input) {
  const rows = new Set();
  for (const { row } of rejected) {
    if (!Number.isInteger(row) || row < 0 || row >= input) lie(`row ${row} is rejected where there are ${input}`);
    if (rows.has(row)) lie(`row ${row} is rejected twice`);
    rows.add(row);
  }
  const both = origins?.find((row) => rows.has(row));
  if (both !== undefined) lie(`row ${both} is both answered for and rejected`);
}

function checkArray(type, each, length, where) {
  const { value: array, done } = each.next();
  if (done) lie(`${where} has no array`);
  if (array.length !== length) lie(`${where} has ${array.length} rows of ${length}`);
  checkNulls(type, array, where);
  const { buffers } = array;
  const least = (index, bytes) => {
    if (!(buffers[index]?.length >= bytes)) lie(`${where}: buffer ${index} has ${buffers[index]?.length} bytes of ${bytes}`);
  };
  switch (type.kind) {
    case "bool":
      return least(1, (length + 7) >> 3);
    case "fixed":
      return least(1, length * type.Data.BYTES_PER_ELEMENT);
    case "wide":
      return least(1, length * type.width);
    case "view":
      return least(1, length * 16);
    case "bytes": {
      const ends = checkOffsets(type, array, where, least);
      least(2, ends[length]);
      if (type.utf8) checkText(buffers[2], ends, where);
      return undefined;
    }
    case "list":
      return checkArray(type.children[0], each, checkOffsets(type, array, where, least)[length], `${where}, its items`);
    case "fixed-list":
      return checkArray(type.children[0], each, length * type.size, `${where}, its items`);
    case "struct":
      return type.children.forEach((child, index) => checkArray(child, each, length, `${where}, \`${type.names[index]}\``));
    case "dictionary": {
      least(1, length * type.Data.BYTES_PER_ELEMENT);
      const keys = new type.Data(buffers[1].slice().buffer, 0, length);
      const { value: values } = each.next();
      if (keys.some((key, row) => valid(array, row) && !(key >= 0 && key < values.length))) lie(`${where}: a key has no value`);
      return checkArray(type.children[0], [values][Symbol.iterator](), values.length, `${where}, its values`);
    }
  }
}

function valid(array, row) {
  return array.nullCount === 0 || bit(array.buffers[0], row);
}

function checkNulls(type, { length, nullCount, buffers }, where) {
  if (type.kind === "null") {
    if (buffers.length > 0 || nullCount !== length) lie(`${where}: a column of nulls has no buffers`);
    return;
  }
  if (nullCount > 0 && buffers[0].length < (length + 7) >> 3) lie(`${where}: its validity has ${buffers[0].length} bytes`);
  const counted = nullCount > 0 ? length - countBits(buffers[0], length) : 0;
  if (counted !== nullCount) lie(`${where}: ${nullCount} nulls are told and ${counted} are there`);
}

function checkOffsets(type, { length, buffers }, where, least) {
  least(1, (length + 1) * type.width);
  const Data = type.width === 4 ? Int32Array : BigInt64Array;
  const offsets = Array.from(new Data(buffers[1].slice().buffer, 0, length + 1), Number);
  if (offsets[0] !== 0 || offsets.some((offset, row) => row > 0 && offset < offsets[row - 1])) {
    lie(`${where}: its offsets do not begin at 0 and grow`);
  }
  return offsets;
}

function checkText(bytes, offsets, where) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let row = 0; row + 1 < offsets.length; row++) {
    try {
      decoder.decode(bytes.subarray(offsets[row], offsets[row + 1]));
    } catch {
      lie(`${where}, row ${row}: it is no UTF-8`);
    }
  }
}
