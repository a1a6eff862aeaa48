import { column, param, step } from "stillroom";

export default step({
  name: "{{name}}",
  summary: "Upper-case a text column and add a mark.",
  params: { mark: param.string("What stands at the end.", { default: "!" }) },
  columns: { text: column("utf8", "The text.") },
  outputs: { text: "utf8" },
  process(batch, { params }) {
    return { text: batch.column("text").map((text) => text.toUpperCase() + params.mark) };
  },
});
