import assert from "node:assert/strict";
import { test } from "node:test";

import plugin from "../conformance/src/step.js";
import { open, run, takeLines } from "../src/testing.js";

const find = (name) => plugin.find((step) => step.name === name);

test("echo hands on the very bytes", () => {
  const bytes = [new Uint8Array([1, 2]), null];
  const made = run(find("echo"), { columns: { value: bytes } });
  assert.deepEqual(made.values("value"), bytes);
});

test("words lower-cases and counts, ASCII or not", () => {
  const text = ["  The  Quick\tfox ", null, "", " ", "a\nb\0c d", "one two"];
  const ascii = run(find("words"), { columns: { text } });
  assert.deepEqual(ascii.values("text"), ["  the  quick\tfox ", null, "", " ", "a\nb\0c d", "one two"]);
  assert.deepEqual(ascii.values("words"), [3n, null, 0n, 0n, 3n, 2n]);
  const other = run(find("words"), { columns: { text: [...text, "ÄÖ ΟΔΟΣ", "x\u00a0y"] } });
  assert.deepEqual(other.values("text").slice(5), ["one two", "äö οδος", "x\u00a0y"]);
  assert.deepEqual(other.values("words"), [3n, null, 0n, 0n, 3n, 2n, 2n, 1n]);
  assert.deepEqual(run(find("words"), { columns: { text: [] } }).values("words"), []);
});

test("repeat tells origins", () => {
  const made = run(find("repeat"), { columns: { n: [2n, 0n, null, -1n, 1n] } });
  assert.deepEqual(made.values("copy"), [0n, 1n, 0n]);
  assert.deepEqual(made.origins, [0, 0, 4]);
});

test("reject-odd rejects beyond 2^53 too", () => {
  const made = run(find("reject-odd"), { columns: { n: [2n, 9007199254740993n, null, -3n] } });
  assert.deepEqual(made.rejected, [
    { row: 1, reason: "9007199254740993 is odd" },
    { row: 3, reason: "-3 is odd" },
  ]);
});

test("fail fails as it is told", () => {
  const columns = { text: ["a", "boom"] };
  assert.throws(() => run(find("fail"), { columns }), { name: "Error", message: "exploded: boom" });
  assert.throws(() => run(find("fail"), { columns, params: { how: "data" } }), { name: "DataFault", message: "bad row: boom" });
  assert.throws(() => run(find("fail"), { columns, params: { how: "plugin" } }), { name: "PluginFault" });
  assert.deepEqual(run(find("fail"), { columns: { text: ["a", null] } }).values("text"), ["a", null]);
});

test("total does not wrap around", () => {
  const made = run(find("total"), { columns: { n: [1n, null, 9223372036854775806n] } });
  assert.deepEqual([made.values("total"), made.values("rows")], [[9223372036854775807n], [3n]]);
  assert.throws(() => run(find("total"), { columns: { n: [1n, 9223372036854775807n] } }), /does not fit/);
});

test("running goes on over batches", () => {
  const runner = open(find("running"), { types: { n: "int64" } });
  assert.deepEqual(runner.process({ n: [1, null, 2] }).values("sum"), [1n, 1n, 3n]);
  assert.deepEqual(runner.process({ n: [4] }).values("sum"), [7n]);
  assert.throws(() => runner.process({ n: [9223372036854775807n] }), /row 0: 9223372036854775814n is no int64/);
});

test("numbers makes as many as are wanted, and ends", () => {
  const runner = open(find("numbers"), { params: { count: 3 } });
  assert.deepEqual(runner.process(2).values("n"), [0n, 1n]);
  assert.deepEqual(runner.process(2).values("n"), [2n]);
  assert.equal(runner.process(2).length, 0);
});

test("settings", () => {
  const made = run(find("settings"), { params: { name: "x", tags: ["a", "b"] }, columns: { text: ["t"] } });
  assert.deepEqual(made.values("settings"), ["x 3 0.5 false fast a,b"]);
});

test("shout logs, with rows", () => {
  run(find("shout"), { columns: { text: ["a", null] } });
  assert.deepEqual(takeLines(), [
    { level: "info", message: "2 rows", row: undefined },
    { level: "warn", message: "row has no text", row: 1 },
  ]);
});
