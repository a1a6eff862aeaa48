import assert from "node:assert/strict";
import { test } from "node:test";

import { build, column, output, param, Reject, step } from "../src/index.js";
import { open, run } from "../src/testing.js";

const columns = { n: [1, 2, 3] };
const made = (more) => step({ name: "made", columns: { n: column("int64") }, outputs: { m: "int64" }, ...more });
const globally = (finish, more) => made({ kind: "global", rows: "any", process() {}, finish, ...more });

/** A `finish` that answers so many pieces. */
function pieces(...answers) {
  return globally(undefined, { open: () => ({ finish: (context) => answers.shift()?.(context) }) });
}

test("`finish` is refused where it is never called", () => {
  for (const kind of ["transform", "ordered"]) {
    const message = `step \`made\` is of kind "${kind}" and has \`finish\`, which is called of global steps alone`;
    const returned = made({ kind, open: () => ({ process() {}, finish() {} }) });
    assert.throws(() => open(returned, { types: { n: "int64" } }), { name: "TypeError", message });
    assert.throws(() => open(made({ kind, process() {}, finish() {} }), { types: { n: "int64" } }), { name: "TypeError", message });
  }
});

test("a global step that only rejects is heard", () => {
  const rejects = pieces(({ reject }) => reject(1, "no"));
  const answer = run(rejects, { columns });
  assert.deepEqual([answer.length, answer.values("m"), answer.origins, answer.rejected], [0, [], [], [{ row: 1, reason: "no" }]]);
  const same = globally(undefined, { rows: "same", open: () => ({ finish: once(({ reject }) => reject(0, "no")) }) });
  assert.deepEqual(run(same, { columns }).rejected, [{ row: 0, reason: "no" }]);
  assert.equal(run(pieces(), { columns }), undefined);
});

function once(answer) {
  let answered = false;
  return (context) => (answered ? undefined : ((answered = true), answer(context)));
}

test("`run` asks a global step until it answers nothing", async () => {
  const first = () => output({ m: [1, null] }, { origins: [0, 0] });
  const second = () => output({ m: [3n] }, { origins: [2], rejected: [{ row: 1, reason: "no" }] });
  for (const answer of [run(pieces(first, second), { columns }), await run(pieces(async () => first(), second), { columns })]) {
    assert.deepEqual([answer.values("m"), answer.origins, answer.rejected], [[1n, null, 3n], [0, 0, 2], [{ row: 1, reason: "no" }]]);
  }
  assert.throws(() => run(globally(first), { columns }), /`finish` answered 1001 times/);
  const rejects = ({ reject }) => reject(0, "no");
  assert.throws(() => run(pieces(first, rejects), { columns }), /row 0 is rejected, and was answered for or rejected before/);
  assert.throws(() => run(pieces(rejects, rejects), { columns }), /row 0 is rejected, and was/);
});

test("a row that is wrong is no row of nulls", () => {
  const answering = (answer, more) => () => run(made({ row: ({ n }) => (n === 2n ? answer : { m: n }), ...more }), { columns });
  for (const [answer, message] of [
    [{}, /`row`, row 1: column `m` was declared and not made/],
    [{ M: 1 }, /`row`, row 1: column `m` was declared and not made/],
    [{ m: 1, k: 1 }, /`row`, row 1: column `k` was made and not declared/],
    [5, /`row`, row 1: 5 is no object of `m`/],
    ["m", /`row`, row 1: "m" is no object of `m`/],
  ]) {
    assert.throws(answering(answer), { name: "TypeError", message });
    assert.throws(answering(answer, { rows: "any" }), { name: "TypeError", message });
    assert.throws(answering([answer], { rows: "any" }), { name: "TypeError", message });
  }
  assert.throws(answering([null], { rows: "any" }), /row 1: null is no object/);
  assert.throws(answering([[{ m: 1 }]], { rows: "any" }), /row 1: \[\{"m":1\}\] is no object/);
  assert.throws(answering(undefined), { name: "TypeError", message: /`row`, row 1: undefined is no object of `m`/ });
  assert.throws(answering([{ m: 1 }]), { name: "TypeError", message: /`row`, row 1: it answers a list/ });
  assert.deepEqual(answering({ n: 7n, m: null })().values("m"), [1n, null, 3n]);
  assert.deepEqual(answering({ m: undefined })().values("m"), [1n, null, 3n]);
  assert.deepEqual(answering(null, { rows: "any" })().origins, [0, 2]);
});

test("an async row that is wrong is one too", async () => {
  await assert.rejects(run(made({ row: async () => ({}) }), { columns }), /`row`, row 0: column `m` was declared and not made/);
});

test("a step without columns of its own may answer nothing", () => {
  const guard = made({
    outputs: {},
    row({ n }) {
      if (n === 2n) throw new Reject("two");
    },
  });
  assert.deepEqual(run(guard, { columns }).rejected, [{ row: 1, reason: "two" }]);
});

test("a source's row that is wrong is no row of nulls", () => {
  const source = (value) =>
    step({
      name: "source",
      kind: "source",
      outputs: { m: "int64" },
      *generate() {
        yield { m: 1 };
        yield value;
      },
    });
  assert.throws(() => run(source({}), { rows: 2 }), { name: "TypeError", message: /`generate`, row 1: column `m` was declared/ });
  assert.throws(() => run(source({ m: 1, k: 2 }), { rows: 2 }), /`generate`, row 1: column `k` was made and not declared/);
  assert.throws(() => run(source(undefined), { rows: 2 }), /`generate`, row 1: undefined is no object of `m`/);
  assert.throws(() => run(source([1]), { rows: 2 }), /`generate`, row 1: \[1\] is no object of `m`/);
  assert.deepEqual(run(source({ m: null }), { rows: 5 }).values("m"), [1n, null]);
});

test("a struct has no members that its type has not", () => {
  assert.throws(() => build("struct<a: int64>", [{ a: 1 }, { a: 1, b: 2 }]), {
    name: "TypeError",
    message: "a column, row 1: a struct<a: int64> has no member `b`",
  });
  assert.deepEqual(build("struct<a: int64>", [{}, null]).values(), [{ a: null }, null]);
  // The type of a test's column is of all its rows.
  const rebuild = step({
    name: "rebuild",
    open: ({ schema }) => {
      schema.output("v", schema.input("v").type);
      return { row: ({ v }) => ({ v }) };
    },
  });
  assert.deepEqual(run(rebuild, { columns: { v: [{ a: "x" }, { b: 1 }] } }).values("v"), [{ a: "x", b: null }, { a: null, b: 1n }]);
});

test("numbers of rows are not coerced", () => {
  const answering = (origins) => () => run(made({ rows: "any", process: () => output({ m: [1] }, { origins }) }), { columns });
  for (const row of [1.5, -1, 3, "1", 1n, null, undefined, true, Number.NaN, 2 ** 32]) {
    assert.throws(answering([row]), { name: "TypeError", message: /`origins`, row 0: .* is where no row is \(there are 3\)/ });
    const rejecting = made({ process: (batch) => batch.reject(row, "no") });
    assert.throws(() => run(rejecting, { columns }), { name: "TypeError", message: /`reject`: .* is where no row is/ });
    assert.throws(() => run(pieces(({ reject }) => reject(row, "no")), { columns }), { name: "TypeError", message: /`reject`: / });
    const told = made({ rows: "any", process: () => output({}, { rejected: [{ row, reason: "no" }] }) });
    assert.throws(() => run(told, { columns }), { name: "TypeError", message: /`rejected`: / });
  }
  assert.throws(answering(BigInt64Array.of(1n)), { name: "TypeError", message: /`origins`, row 0: 1n is where no row is/ });
  assert.throws(answering(5), { name: "TypeError", message: /`origins`: 5 is no list of rows/ });
  for (const origins of [[2], Int32Array.of(2), Float64Array.of(2), new Set([2])]) assert.deepEqual(answering(origins)().origins, [2]);
});

test("a default is a BigInt where the parameter is one", () => {
  const able = step({
    name: "able",
    kind: "source",
    params: { big: param.bigint("b", { default: 5 }) },
    outputs: { v: "int64" },
    *generate({ params }) {
      yield { v: params.big + 1n };
    },
  });
  assert.deepEqual(run(able, { rows: 1 }).values("v"), [6n]);
  assert.equal(able.params.big.describe().default, 5n);
});

test("half of a surrogate pair is no text, whatever the layout", () => {
  for (const type of ["utf8", "large-utf8", "utf8-view", "list<utf8-view>", "dictionary<int32, utf8>"]) {
    const values = ["a", "\ud800"].map((text) => (type.startsWith("list") ? [text] : text));
    assert.throws(() => build(type, values), { name: "TypeError", message: /row 1: half of a surrogate pair is no text/ });
  }
});
