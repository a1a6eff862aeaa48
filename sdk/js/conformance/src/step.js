// The conformance plugin: the same steps in every language.

import { build, buildText, column, DataFault, output, param, PluginFault, step } from "stillroom";
import { log } from "stillroom/log";

const value = { column: param.string("The column.", { default: "value" }) };

const echo = step({
  name: "echo",
  summary: "Hands a column on without looking.",
  params: value,
  open({ params, schema }) {
    const { name, type } = schema.input(params.column);
    schema.output(name, type);
    return { process: (batch) => ({ [name]: batch.column(name) }) };
  },
});

const rebuild = step({
  name: "rebuild",
  summary: "Reads every value, and makes the column anew.",
  params: value,
  open({ params, schema }) {
    const { name, type } = schema.input(params.column);
    schema.output(name, type);
    return { process: (batch) => ({ [name]: batch.column(name).values() }) };
  },
});

const words = step({
  name: "words",
  summary: "Lower-cases text and counts its words.",
  columns: { text: column("utf8", "The text.") },
  outputs: { text: "utf8", words: "int64" },
  process(batch) {
    const text = batch.column("text");
    const whole = text.isAscii ? wholeColumn(text) : rowByRow(text);
    return { text: whole.text, words: build("int64", whole.words).withNullsOf(text) };
  },
});

/** ASCII: a few built-ins over the whole column. The engine interprets, so a loop over characters would be the dearest way. */
function wholeColumn(column) {
  const { text, offsets } = column.text();
  return { text: buildText(text.toLowerCase(), offsets).withNullsOf(column), words: countWords(column) };
}

/** With one space before and after each word and no more, a row has one space more than it has words. */
function countWords(column) {
  let text = ` ${column.join(" \0 ")} `;
  if (/[\t-\r\0]/.test(column.text().text)) text = spaced(column);
  const before = text.length;
  while (text.includes("  ")) text = text.replaceAll("  ", " ");
  const { offsets } = column.text();
  const rows = text.length === before ? undefined : text.split("\0");
  const bare = text.replaceAll(" ", "").split("\0");
  const words = new Int32Array(column.length);
  for (let row = 0; row < words.length; row++) {
    const length = rows ? rows[row].length - 1 : offsets[row + 1] - offsets[row] + 1;
    words[row] = length - bare[row].length;
  }
  return words;
}

/** The same where a row may have a separator, or white space that is no space. */
function spaced(column) {
  const rows = column.map((text) => text.replaceAll("\0", "x").replace(/[\t-\r]/g, " "));
  return ` ${rows.join(" \0 ")} `;
}

/** Other text: its letters may change their number of bytes, and a sigma at a row's end is another one. */
function rowByRow(column) {
  const values = column.values();
  const words = values.map((text) => text?.match(/[^ \t\n\r\v\f]+/g)?.length ?? 0);
  return { text: column.map((text) => text.toLowerCase()), words: Int32Array.from(words) };
}

const repeat = step({
  name: "repeat",
  summary: "Every row as often as it says.",
  columns: { n: column("int64", "How often.") },
  outputs: { copy: "int64" },
  rows: "any",
  process(batch) {
    const [copy, origins] = [[], []];
    batch.column("n").values().forEach((n, row) => {
      for (let k = 0; k < (n ?? 0); k++) {
        copy.push(k);
        origins.push(row);
      }
    });
    return output({ copy }, { origins });
  },
});

const rejectOdd = step({
  name: "reject-odd",
  summary: "Rejects odd numbers.",
  columns: { n: column("int64", "The number.") },
  outputs: { n: "int64" },
  process(batch) {
    const n = batch.column("n");
    n.values().forEach((value, row) => {
      if (value !== null && value % 2n !== 0n) batch.reject(row, `${value} is odd`);
    });
    return { n };
  },
});

const fail = step({
  name: "fail",
  summary: "Fails at a row whose text is `boom`.",
  params: { how: param.choice(["data", "plugin", "exception"], "In which way.", { default: "exception" }) },
  columns: { text: column("utf8", "The text.") },
  outputs: { text: "utf8" },
  process(batch, { params }) {
    const text = batch.column("text");
    for (const one of text) {
      if (one === "boom") explode(one, params.how);
    }
    return { text };
  },
});

function explode(text, how) {
  if (how === "data") throw new DataFault(`bad row: ${text}`);
  if (how === "plugin") throw new PluginFault(`broken: ${text}`);
  throw new Error(`exploded: ${text}`);
}

const total = step({
  name: "total",
  kind: "global",
  summary: "The sum of all rows.",
  columns: { n: column("int64", "The number.") },
  outputs: { total: "int64", rows: "int64" },
  rows: "any",
  open() {
    let sum = 0n;
    let answered = false;
    return {
      process(batch) {
        for (const n of batch.column("n")) sum += n ?? 0n;
      },
      finish({ consumed }) {
        // Without a row there is none that the answer could come from.
        if (answered || consumed === 0) return undefined;
        answered = true;
        if (BigInt.asIntN(64, sum) !== sum) throw new DataFault(`the total ${sum} does not fit into 64 bits`);
        return output({ total: [sum], rows: [consumed] }, { origins: [0] });
      },
    };
  },
});

const running = step({
  name: "running",
  kind: "ordered",
  summary: "The running sum.",
  columns: { n: column("int64", "The number.") },
  outputs: { sum: "int64" },
  open() {
    let sum = 0n;
    return { row: ({ n }) => ({ sum: (sum += n ?? 0n) }) };
  },
});

const numbers = step({
  name: "numbers",
  kind: "source",
  summary: "Counts.",
  params: { count: param.integer("How far.", { default: 5, minimum: 0 }) },
  outputs: { n: "int64" },
  *generate({ params }) {
    for (let n = 0; n < params.count; n++) yield { n };
  },
});

const settings = step({
  name: "settings",
  summary: "Writes its parameters into every row.",
  params: {
    name: param.string("A name."),
    count: param.integer("A count.", { default: 3, minimum: 0 }),
    ratio: param.number("A ratio.", { default: 0.5 }),
    flag: param.boolean("A flag.", { default: false }),
    mode: param.choice(["fast", "careful"], "A mode.", { default: "fast" }),
    tags: param.list(param.string(), "Tags.", { default: [] }),
  },
  columns: { text: column("utf8", "The text.") },
  outputs: { settings: "utf8" },
  process(batch, { params: { name, count, ratio, flag, mode, tags } }) {
    const settings = `${name} ${count} ${ratio} ${flag} ${mode} ${tags.join(",")}`;
    return { settings: new Array(batch.length).fill(settings) };
  },
});

const shout = step({
  name: "shout",
  summary: "Says what it sees in the log.",
  columns: { text: column("utf8", "The text.") },
  outputs: { text: "utf8" },
  process(batch) {
    const text = batch.column("text");
    log.info(`${batch.length} rows`);
    text.values().forEach((one, row) => {
      if (one === null) log.warn("row has no text", row);
    });
    return { text };
  },
});

export default [echo, rebuild, words, repeat, rejectOdd, fail, total, running, numbers, settings, shout];
