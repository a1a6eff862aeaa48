// The work of the step `words` in plain Node: texts of 200 bytes, lower-cased and their words counted, in batches of 8192.
// node bench/words.mjs [ROWS]

const WORDS = ["The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy", "Dog", "and", "Then", "runs", "Away", "from", "Every", "Hound"];
const ROWS = Number(process.argv[2] ?? 1_000_000);
const BATCH = 8192;

function text(row) {
  let made = "";
  for (let k = 0; made.length < 200; k++) made += (k > 0 ? " " : "") + WORDS[(row * 7 + k * 13) % 16];
  return made.slice(0, 200);
}

/** Bytes in, bytes out, as a step has it. */
function work(bytes, offsets) {
  const whole = new TextDecoder().decode(bytes);
  const lowered = whole.toLowerCase();
  const words = new BigInt64Array(offsets.length - 1);
  const made = new TextEncoder().encode(lowered);
  for (let row = 0; row < words.length; row++) words[row] = BigInt(count(made, offsets[row], offsets[row + 1]));
  return { bytes: made, words };
}

/** Runs of what is not white space: a loop over bytes, which Node compiles. */
function count(bytes, from, to) {
  let [words, inside] = [0, false];
  for (let at = from; at < to; at++) {
    const space = bytes[at] === 32 || (bytes[at] >= 9 && bytes[at] <= 13);
    if (!space && !inside) words += 1;
    inside = !space;
  }
  return words;
}

let [seconds, sum] = [0, 0n];
for (let first = 0; first < ROWS; first += BATCH) {
  const rows = Array.from({ length: Math.min(BATCH, ROWS - first) }, (_, row) => text(first + row));
  const offsets = Int32Array.from({ length: rows.length + 1 }, (_, row) => row * 200);
  const bytes = new TextEncoder().encode(rows.join(""));
  const start = performance.now();
  const made = work(bytes, offsets);
  seconds += (performance.now() - start) / 1000;
  sum += made.words[0];
}
if (sum <= 0n) throw new Error("no words");
console.log(`${Math.round(ROWS / seconds)} rows/s`);
