// Where an exception came from, in the author's own files: the build leaves the bundle's source map (positions alone, not
// the sources) in `globalThis.stillroomSources`.

/** Frames that are shown. */
const FRAMES = 8;

/** What was thrown, and from where. @param {unknown} error */
export function explain(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const frames = framesOf(error.stack ?? "").slice(0, FRAMES);
  return [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
}

/** The author's frames of a stack, as SpiderMonkey (`name@file:1:2`) or QuickJS (`at name (file:1:2)`) writes it. */
function framesOf(stack) {
  const sources = globalThis.stillroomSources;
  if (!sources) return [];
  const frames = [];
  for (const line of stack.split("\n")) {
    const found = /^\s*(?:at )?(.*?)\s*[@(]?([^@(\s]*):(\d+):(\d+)\)?$/.exec(line);
    if (!found || !found[2].endsWith(sources.file)) continue;
    const place = placeOf(sources, Number(found[3]) - 1, Number(found[4]) - 1);
    if (!place || place.own) continue;
    const name = found[1].replace(/^async\*/, "").replace(/[/<]+$/, "");
    frames.push(name && name !== "<anonymous>" ? `${name} (${place.text})` : place.text);
  }
  return frames;
}

/** The source's line and column of one of the bundle's. */
function placeOf(sources, line, column) {
  const lines = (sources.lines ??= sources.mappings.split(";"));
  // The source's number, line and column are told as differences from the segment before, whatever line that is in.
  let [source, row, start] = [0, 0, 0];
  let place;
  for (let at = 0; at <= line && at < lines.length; at++) {
    let generated = 0;
    for (const segment of lines[at] ? lines[at].split(",") : []) {
      const numbers = vlq(segment);
      generated += numbers[0];
      if (numbers.length < 4) continue;
      source += numbers[1];
      row += numbers[2];
      start += numbers[3];
      if (at === line && (generated <= column || !place)) place = { source, row, start };
    }
  }
  if (!place) return undefined;
  const file = sources.files[place.source];
  return { text: `${file}:${place.row + 1}:${place.start + 1}`, own: file === "" };
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function vlq(segment) {
  const numbers = [];
  let [value, shift] = [0, 0];
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}
