import assert from "node:assert/strict";
import { test } from "node:test";

import { build, buildText, column, DataFault, output, param, Reject, step } from "../src/index.js";
import { parseJson } from "../src/lib/params.js";
import { open, run } from "../src/testing.js";

const cases = {
  null: [null, null],
  bool: [true, null, false],
  int8: [-128, null, 127],
  uint16: [0, 65535],
  uint32: [4294967295, null],
  int64: [-9223372036854775808n, null, 9223372036854775807n, 9007199254740993n],
  uint64: [18446744073709551615n, 0n],
  float16: [0.5, -65504, 2 ** -24, Infinity, null],
  float32: [1.5, null],
  float64: [Number.NaN, -0, 1e300, null],
  utf8: ["", null, "ä😀", "\ufeffx"],
  "large-utf8": ["a", null, "ß"],
  "utf8-view": ["short", "longer than twelve bytes", null, "and another that is long"],
  binary: [new Uint8Array([0, 255]), null, new Uint8Array()],
  "fixed-size-binary<2>": [new Uint8Array([1, 2]), null],
  date32: [19000, null],
  "timestamp<us, Europe/Berlin>": [1n, null],
  "decimal128<38, 2>": [-1n, null, 170141183460469231731687303715884105727n],
  "list<utf8>": [["a", null], null, []],
  "large-list<int64>": [[1n], null],
  "fixed-size-list<float32, 2>": [[1, 2], null],
  'struct<a: int64, "b c": list<utf8>>': [{ a: 1n, "b c": ["x"] }, null, { a: null, "b c": null }],
  "dictionary<int32, utf8>": ["a", "b", null, "a"],
};

const rebuild = step({
  name: "rebuild",
  open({ schema }) {
    const { type } = schema.input("value");
    schema.output("value", type);
    return { process: (batch) => ({ value: batch.column("value").values() }) };
  },
});

for (const [type, values] of Object.entries(cases)) {
  test(`${type} comes back as it was, also without rows`, () => {
    assert.deepEqual(run(rebuild, { columns: { value: values }, types: { value: type } }).values("value"), values);
    assert.deepEqual(run(rebuild, { columns: { value: [] }, types: { value: type } }).values("value"), []);
  });
}

test("an unknown type is named", () => {
  assert.throws(() => open(rebuild, { types: { value: "interval<day>" } }), /column `value`: `interval<day>` is no type/);
});

test("nothing is rounded", () => {
  assert.throws(() => build("int64", [2 ** 53]), /row 0: 9007199254740992 is no int64/);
  assert.throws(() => build("int64", [1.5]), /1.5 is no int64/);
  assert.throws(() => build("int8", [null, 128]), /row 1: 128 is no int8/);
  assert.throws(() => build("int64", [1n << 63n]), /is no int64/);
  assert.throws(() => build("uint64", [-1]), /is no uint64/);
  assert.throws(() => build("int32", [2n ** 60n]), /is no int32/);
  assert.deepEqual(build("int64", [-1, 2 ** 52]).values(), [-1n, 4503599627370496n]);
  assert.deepEqual(build("int64", Int32Array.of(-1, 7)).values(), [-1n, 7n]);
});

test("text in one piece, in and out", () => {
  const text = build("utf8", ["é", "", "😀b"]);
  assert.deepEqual({ ...text.text(), offsets: [...text.text().offsets] }, { text: "é😀b", offsets: [0, 1, 1, 4] });
  assert.deepEqual(buildText("É😀B", text.text().offsets).values(), ["É", "", "😀B"]);
  assert.equal(text.join("-"), "é--😀b");
});

test("rows: one, several, none, rejected", () => {
  const each = step({
    name: "each",
    columns: { n: column("int64") },
    outputs: { m: "int64" },
    rows: "any",
    row({ n }) {
      if (n === 3n) throw new Reject("three");
      if (n === 0n) return null;
      return n === 2n ? [{ m: 1 }, { m: 2 }] : { m: n };
    },
  });
  const made = run(each, { columns: { n: [1, 2, 3, 0] } });
  assert.deepEqual([made.values("m"), made.origins, made.rejected], [[1n, 1n, 2n], [0, 1, 1], [{ row: 2, reason: "three" }]]);
});

test("async rows stay in order", async () => {
  const later = step({
    name: "later",
    columns: { t: column("utf8") },
    outputs: { t: "utf8" },
    async row({ t }) {
      if (t === "bad") throw new Reject("bad");
      return { t: await Promise.resolve(`${t}!`) };
    },
  });
  const made = await run(later, { columns: { t: ["a", "bad", "b"] } });
  assert.deepEqual([made.values("t"), made.rejected], [["a!", null, "b!"], [{ row: 1, reason: "bad" }]]);
});

test("lies are found as the host finds them", () => {
  const lying = (process, more = {}) => step({ name: "lying", columns: { t: column("utf8") }, outputs: { n: "int64" }, process, ...more });
  const columns = { t: ["a", "b"] };
  assert.throws(() => run(lying(() => ({ n: [1] })), { columns }), /1 rows out of 2/);
  assert.throws(() => run(lying(() => output({ n: [1] }, { origins: [2] }), { rows: "any" }), { columns }), /where no row is/);
  assert.throws(() => run(lying(() => ({ m: [1, 2] })), { columns }), /made and not declared/);
  assert.throws(() => run(lying((batch) => (batch.reject(0, "x"), batch.reject(0, "y"), { n: [1, 2] })), { columns }), /rejected twice/);
  assert.throws(() => run(lying(() => ({ n: batchless() })), { columns }), DataFault);
});

function batchless() {
  throw new DataFault("no batch");
}

test("a column that was not declared is not there", () => {
  const nosy = step({ name: "nosy", columns: { t: column("utf8") }, outputs: { t: "utf8" }, process: (batch) => ({ t: batch.column("secret") }) });
  assert.throws(() => run(nosy, { columns: { t: ["a"], secret: ["b"] } }), /column `secret` was not taken/);
});

test("parameters are read with errors that name them", () => {
  const able = step({
    name: "able",
    params: { maxLength: param.integer("m", { minimum: 1, maximum: 9 }), big: param.bigint("b", { optional: true }), list: param.list(param.number(), "l", { default: [] }) },
    outputs: { v: "utf8" },
    kind: "source",
    *generate({ params }) {
      yield { v: String(params.big) };
    },
  });
  const made = (params) => run(able, { params, rows: 1 }).values("v");
  assert.deepEqual(made({ "max-length": 3, big: 9007199254740993n }), ["9007199254740993"]);
  assert.throws(() => made({}), /parameter `max-length` is missing/);
  assert.throws(() => made({ "max-length": 10 }), /it must be an integer from 1 to 9/);
  assert.throws(() => made('{"max-length": 9007199254740993}'), /9007199254740993, which JavaScript would round/);
  assert.throws(() => made({ "max-length": 3, list: [1, "x"] }), /parameter `list\[1\]` is "x"; it must be a number/);
  assert.throws(() => made({ "max-length": 3, other: 1 }), /unknown parameter `other`; there are `max-length`, `big`, `list`/);
});

test("JSON keeps large integers", () => {
  assert.deepEqual(parseJson('{"a": [9007199254740993, "9007199254740993", 1.5], "int:1": -9007199254740993}'), {
    a: [9007199254740993n, "9007199254740993", 1.5],
    "int:1": -9007199254740993n,
  });
});

test("rows of typed arrays are lists", () => {
  const vectors = build("list<float32>", [Float32Array.of(0.5, 1), null, Float32Array.of(), Float32Array.of(2)]);
  assert.deepEqual(vectors.values(), [[0.5, 1], null, [], [2]]);
  // Of another type they are looked at number by number, and nothing is rounded.
  assert.deepEqual(build("list<float32>", [Float64Array.of(0.5), [1]]).values(), [[0.5], [1]]);
  assert.deepEqual(build("list<int8>", [null]).values(), [null]);
  assert.throws(() => build("list<int8>", [Int16Array.of(300)]), { name: "TypeError" });
});
