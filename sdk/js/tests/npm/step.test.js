import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "stillroom/testing";

import slug from "./src/step.js";

test("slugs", () => {
  assert.deepEqual(run(slug, { columns: { title: ["Unicode ♥ is", null] } }).values("slug"), ["unicode-love-is", null]);
});
