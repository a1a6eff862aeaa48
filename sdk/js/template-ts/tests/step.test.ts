import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "stillroom/testing";

import {{ident}} from "../src/step.ts";

test("shouts", () => {
  const made = run({{ident}}, { columns: { text: ["straße", null] } });
  assert.deepEqual(made.values("text"), ["STRASSE!", null]);
});

test("takes another mark", () => {
  const made = run({{ident}}, { params: { mark: "?" }, columns: { text: ["really"] } });
  assert.deepEqual(made.values("text"), ["REALLY?"]);
});
