// Parameters: read with errors that name them, and described as JSON Schema.

import { ParamsFault } from "./fault.js";
import { shown } from "./text.js";

const INT64 = 1n << 63n;

class Param {
  constructor(schema, options, expected, read) {
    this.options = options;
    this.expected = expected;
    this.read = read;
    this.schema = schema;
  }

  describe() {
    const { default: value } = this.options;
    return value === undefined ? this.schema : { ...this.schema, default: value };
  }
}

const bare = (type, summary) => (summary ? { description: summary, type } : { type });

/** What a step's parameters may be. Each takes a summary and options: `default`, `optional`, and what belongs to its kind. */
export const param = {
  /** Text. */
  string: (summary = "", options = {}) =>
    new Param(bare("string", summary), options, "text", (value) => (typeof value === "string" ? value : undefined)),

  /** A whole number up to 2^53; one beyond is refused and never rounded. */
  integer: (summary = "", options = {}) => {
    const { minimum, maximum } = options;
    return new Param(limited("integer", summary, options), options, within("an integer", options), (value) =>
      Number.isSafeInteger(value) && !(value < minimum) && !(value > maximum) ? value : undefined,
    );
  },

  /** A whole number of 64 bits, as a BigInt, also by default. */
  bigint: (summary = "", given = {}) => {
    const options = given.default === undefined ? given : { ...given, default: BigInt(given.default) };
    const { minimum, maximum } = options;
    return new Param(limited("integer", summary, options), options, within("an integer of 64 bits", options), (value) => {
      if (typeof value !== "bigint" && !Number.isSafeInteger(value)) return undefined;
      const whole = BigInt(value);
      return whole >= -INT64 && whole < INT64 && !(whole < minimum) && !(whole > maximum) ? whole : undefined;
    });
  },

  /** A number. */
  number: (summary = "", options = {}) => {
    const { minimum, maximum } = options;
    return new Param(limited("number", summary, options), options, within("a number", options), (value) => {
      const number = typeof value === "bigint" ? Number(value) : value;
      return Number.isFinite(number) && !(number < minimum) && !(number > maximum) ? number : undefined;
    });
  },

  /** True or false. */
  boolean: (summary = "", options = {}) =>
    new Param(bare("boolean", summary), options, "true or false", (value) =>
      typeof value === "boolean" ? value : undefined,
    ),

  /** One of several words. */
  choice: (choices, summary = "", options = {}) =>
    new Param({ ...bare("string", summary), enum: [...choices] }, options, `one of ${named(choices)}`, (value) =>
      choices.includes(value) ? value : undefined,
    ),

  /** A list. */
  list: (item, summary = "", options = {}) =>
    new Param({ ...bare("array", summary), items: item.describe() }, options, "a list", (value, at) =>
      Array.isArray(value) ? value.map((entry, index) => readOne(item, entry, `${at}[${index}]`)) : undefined,
    ),

  /** Any JSON value, as JavaScript has it; whole numbers beyond 2^53 are BigInts in it. */
  any: (summary = "", options = {}) =>
    new Param(summary ? { description: summary } : {}, options, "a value", (value) => value),
};

function limited(type, summary, { minimum, maximum }) {
  const schema = bare(type, summary);
  if (minimum !== undefined) schema.minimum = minimum;
  if (maximum !== undefined) schema.maximum = maximum;
  return schema;
}

function within(what, { minimum, maximum }) {
  if (minimum !== undefined && maximum !== undefined) return `${what} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${what} of at least ${minimum}`;
  return maximum === undefined ? what : `${what} of at most ${maximum}`;
}

function readOne(param, value, at) {
  const read = param.read(value, at);
  if (read !== undefined) return read;
  const large = typeof value === "bigint" && param.schema.type === "integer" ? ", which JavaScript would round" : "";
  throw new ParamsFault(`parameter \`${at}\` is ${literal(value)}${large}; it must be ${param.expected}`);
}

function literal(value) {
  return typeof value === "bigint" ? String(value) : shown(value);
}

/**
 * Reads parameters from a JSON object.
 * @param {Record<string, Param>} specs By their names in JavaScript; in pipelines `maxLength` is `max-length`.
 * @param {string} json
 */
export function readParams(specs, json) {
  const given = parseJson(json);
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw new ParamsFault("parameters are an object");
  const names = new Map(Object.keys(specs).map((name) => [kebab(name), name]));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) throw new ParamsFault(`unknown parameter \`${name}\`; ${known(names)}`);
  }
  const params = {};
  for (const [outside, name] of names) {
    const spec = specs[name];
    if (Object.hasOwn(given, outside)) params[name] = readOne(spec, given[outside], outside);
    else if (spec.options.default !== undefined) params[name] = structured(spec.options.default);
    else if (!spec.options.optional) throw new ParamsFault(`parameter \`${outside}\` is missing`);
  }
  return params;
}

/** Lists that are defaults are copied, so that no step changes another's. */
function structured(value) {
  return Array.isArray(value) ? value.map(structured) : value;
}

function known(names) {
  return names.size === 0 ? "this step has none" : `there are ${named([...names.keys()])}`;
}

/** Names in backticks for an error. @param {Iterable<string>} names */
export function named(names) {
  return [...names].map((name) => `\`${name}\``).join(", ") || "none";
}

/** The JSON Schema of parameters. @param {Record<string, Param>} specs */
export function describeParams(specs) {
  const entries = Object.entries(specs);
  const properties = Object.fromEntries(entries.map(([name, spec]) => [kebab(name), spec.describe()]));
  const required = entries
    .filter(([, spec]) => spec.options.default === undefined && !spec.options.optional)
    .map(([name]) => kebab(name));
  return toJson({ type: "object", properties, required, additionalProperties: false });
}

function kebab(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** JSON with BigInts as numbers. @param {unknown} value @returns {string} */
export function toJson(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`).join(",")}}`;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * `JSON.parse`, but whole numbers that a number cannot hold become BigInts.
 * @param {string} text
 */
export function parseJson(text) {
  const plain = JSON.parse(text);
  const isLarge = (token) => /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
  if (!text.match(TOKENS)?.some(isLarge)) return plain;
  // A mark that no string of the text begins with.
  let mark = "int:";
  while (JSON.stringify(plain).includes(mark)) mark = `+${mark}`;
  const marked = text.replace(TOKENS, (token) => (isLarge(token) ? `"${mark}${token}"` : token));
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}
