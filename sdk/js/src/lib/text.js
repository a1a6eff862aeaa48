// Text in and out of UTF-8: a whole column at once where it is ASCII, which is what makes it fast. A step runs in an
// interpreter, so one call of a built-in over a column beats any loop over its rows.

// Byte order marks are text like any other: without `ignoreBOM` the first one would be lost.
const decoder = globalThis.TextDecoder && new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = globalThis.TextEncoder && new TextEncoder();

/** Rows that are decoded together where a column is not ASCII throughout. */
const BLOCK = 64;

/** @param {Uint8Array} bytes UTF-8. */
export const decode = decoder ? (bytes) => decoder.decode(bytes) : decodeSlowly;

/** @param {string} text @param {Uint8Array} bytes @returns {{ read: number, written: number }} */
const encodeInto = encoder ? (text, bytes) => encoder.encodeInto(text, bytes) : encodeSlowly;

/** Text as bytes, or nothing where it is not ASCII. @param {string} text */
export function encodeAscii(text) {
  const bytes = new Uint8Array(text.length);
  return encodeInto(text, bytes).read === text.length ? bytes : undefined;
}

/** @param {string} text */
export function encode(text) {
  const ascii = encodeAscii(text);
  if (ascii) return ascii;
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, encodeInto(text, bytes).written);
}

/**
 * The rows of a column of text.
 * @param {Uint8Array} bytes
 * @param {Int32Array | number[]} offsets One more than there are rows.
 * @returns {string[]}
 */
export function decodeRows(bytes, offsets) {
  const rows = offsets.length - 1;
  const end = offsets[rows];
  const strings = new Array(rows);
  const whole = decode(bytes.subarray(0, end));
  if (whole.length === end) {
    cut(whole, offsets, 0, rows, strings);
    return strings;
  }
  for (let from = 0; from < rows; from += BLOCK) {
    const to = Math.min(from + BLOCK, rows);
    const text = decode(bytes.subarray(offsets[from], offsets[to]));
    if (text.length === offsets[to] - offsets[from]) {
      cut(text, offsets, from, to, strings);
    } else {
      for (let row = from; row < to; row++) strings[row] = decode(bytes.subarray(offsets[row], offsets[row + 1]));
    }
  }
  return strings;
}

/** Cuts ASCII text, where bytes are characters. */
function cut(text, offsets, from, to, strings) {
  const first = offsets[from];
  let start = 0;
  for (let row = from; row < to; row++) {
    const end = offsets[row + 1] - first;
    strings[row] = text.slice(start, end);
    start = end;
  }
}

/**
 * Rows of bytes one after the other with something between them.
 * @param {Uint8Array} bytes
 * @param {Int32Array | Float64Array} offsets
 * @param {Uint8Array} separator
 */
export function joinRows(bytes, offsets, separator) {
  const [rows, gap] = [offsets.length - 1, separator.length];
  if (rows <= 0) return new Uint8Array(0);
  const end = offsets[rows];
  // The rows lie at the end, and each moves to its place: no view is made for one.
  const shift = (rows - 1) * gap;
  const joined = new Uint8Array(end + shift);
  joined.set(bytes.subarray(0, end), shift);
  for (let row = 0, at = 0; row < rows; row++) {
    const from = shift + offsets[row];
    const to = shift + offsets[row + 1];
    joined.copyWithin(at, from, to);
    at += to - from;
    if (row + 1 < rows) joined.set(separator, at);
    at += gap;
  }
  return joined;
}

/**
 * A column's bytes and offsets. Nulls are empty.
 * @param {ReadonlyArray<string | null | undefined>} rows
 * @param {string} where For the error.
 * @returns {{ bytes: Uint8Array, offsets: Int32Array }}
 */
export function encodeRows(rows, where) {
  const offsets = new Int32Array(rows.length + 1);
  let end = 0;
  for (let row = 0; row < rows.length; row++) {
    const text = rows[row];
    if (typeof text === "string") end += text.length;
    else if (text !== null && text !== undefined) throw new TypeError(`${where}, row ${row}: ${shown(text)} is no string`);
    offsets[row + 1] = end;
  }
  const bytes = new Uint8Array(end);
  // Array.join makes nothing of null and undefined.
  if (encodeInto(rows.join(""), bytes).read === end) return { bytes, offsets };
  return encodeEach(rows, new Uint8Array(end * 3), offsets, where);
}

function encodeEach(rows, bytes, offsets, where) {
  let end = 0;
  for (let row = 0; row < rows.length; row++) {
    const text = rows[row];
    if (text) {
      checkText(text, where, row);
      end += encodeInto(text, bytes.subarray(end)).written;
    }
    offsets[row + 1] = end;
  }
  if (end > 0x7fffffff) throw new RangeError(`${where}: more than 2 GiB of text; \`large-utf8\` holds more`);
  return { bytes: bytes.slice(0, end), offsets };
}

/** Refuses what UTF-8 cannot say. @param {string} text @param {string} where For the error. @param {number} row */
export function checkText(text, where, row) {
  if (!text.isWellFormed()) throw new TypeError(`${where}, row ${row}: half of a surrogate pair is no text`);
}

/** A value for an error message. @param {unknown} value */
export function shown(value) {
  if (typeof value === "bigint") return `${value}n`;
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  } catch {
    return String(value);
  }
}

// QuickJS has neither TextDecoder nor TextEncoder.

const CHUNK = 4096;

function decodeSlowly(bytes) {
  let text = "";
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + CHUNK, bytes.length);
    let chunk = String.fromCharCode.apply(null, bytes.subarray(from, to));
    if (/[^\0-\x7f]/.test(chunk)) {
      // Not within a character.
      while (to > from && to < bytes.length && (bytes[to] & 0xc0) === 0x80) to -= 1;
      chunk = decodeChunk(bytes.subarray(from, to));
    }
    text += chunk;
    from = to;
  }
  return text;
}

function decodeChunk(bytes) {
  const units = [];
  for (let at = 0; at < bytes.length; ) {
    let code = bytes[at++];
    if (code >= 0xf0) {
      code = ((code & 7) << 18) | ((bytes[at++] & 63) << 12) | ((bytes[at++] & 63) << 6) | (bytes[at++] & 63);
      units.push(0xd800 + ((code - 0x10000) >> 10));
      code = 0xdc00 + (code & 1023);
    } else if (code >= 0xe0) {
      code = ((code & 15) << 12) | ((bytes[at++] & 63) << 6) | (bytes[at++] & 63);
    } else if (code >= 0x80) {
      code = ((code & 31) << 6) | (bytes[at++] & 63);
    }
    units.push(code);
  }
  return String.fromCharCode.apply(null, units);
}

function encodeSlowly(text, bytes) {
  let written = 0;
  const [length, room] = [text.length, bytes.length];
  for (let read = 0; read < length; read++) {
    const unit = text.charCodeAt(read);
    if (unit < 0x80 && written < room) {
      bytes[written++] = unit;
      continue;
    }
    const code = text.codePointAt(read);
    const width = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (written + width > room) return { read, written };
    for (let byte = width - 1; byte > 0; byte--) bytes[written + byte] = 0x80 | ((code >> (6 * (width - 1 - byte))) & 63);
    bytes[written] = ((0xf00 >> width) & 0xff) | (code >> (6 * (width - 1)));
    written += width;
    if (width === 4) read++;
  }
  return { read: length, written };
}

export { decodeSlowly, encodeSlowly };
