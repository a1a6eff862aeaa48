import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeRows, decodeSlowly, encodeRows, encodeSlowly, joinRows } from "../src/lib/text.js";

const TEXTS = ["", "plain", "é", "한글", "😀 x", "\ufeffmark", "a\0b", "x".repeat(5000) + "ß😀".repeat(2000)];

test("the slow ways agree with the engine's", () => {
  for (const text of TEXTS) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(decodeSlowly(bytes), text);
    const made = new Uint8Array(text.length * 3);
    const { read, written } = encodeSlowly(text, made);
    assert.equal(read, text.length);
    assert.deepEqual(made.slice(0, written), bytes);
  }
  assert.deepEqual(encodeSlowly("aé", new Uint8Array(2)), { read: 1, written: 1 });
});

test("rows come back as they were, byte order marks too", () => {
  const rows = Array.from({ length: 300 }, (_, row) => TEXTS[(row * 5) % 7]);
  const { bytes, offsets } = encodeRows(rows, "a column");
  assert.deepEqual(decodeRows(bytes, offsets), rows);
  const ascii = ["a", "", "bcd"];
  const made = encodeRows(ascii, "a column");
  assert.equal(new TextDecoder().decode(joinRows(made.bytes, made.offsets, new Uint8Array([44, 32]))), "a, , bcd");
});

test("what is no text is refused, and the row is named", () => {
  assert.throws(() => encodeRows(["a", 5], "column `t`"), /column `t`, row 1: 5 is no string/);
  assert.throws(() => encodeRows(["a", "\ud800"], "column `t`"), /row 1: half of a surrogate pair/);
  // Two halves that meet between rows are not one character.
  assert.throws(() => encodeRows(["\ud83d", "\ude00"], "column `t`"), /row 0: half/);
});
