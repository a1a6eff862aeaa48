// A step that uses a package from npm (CommonJS, as most are). It normalises Unicode, so its engine is QuickJS.

import slugify from "slugify";
import { column, step } from "stillroom";

export default step({
  name: "slug",
  summary: "Makes a slug of a title.",
  columns: { title: column("utf8", "The title.") },
  outputs: { slug: "utf8" },
  row: ({ title }) => ({ slug: title === null ? null : slugify(title, { lower: true }) }),
});
