// Clock and random numbers in the sandbox. An engine that is built without them answers with what they were when the
// component was built, the same for ever, and says nothing of it. So they are replaced here by what the host gives a plugin
// without a grant: a clock that counts how often it was asked, from 2000-01-01 on, and numbers that come of the batch. A
// step stays a function of its input, and asks for nothing.
//
// With `"imports": ["clock"]` or `["random"]` in package.json the host's are used. Then only `Math.random` is replaced: the
// engine would seed it once an instance, so its numbers would hang on which batches the instance had before.

const START = Date.UTC(2000, 0, 1);

/* global STILLROOM_CLOCK, STILLROOM_RANDOM */

let asked = 0;
let state;
let arrays = [];
let position = 0;

/**
 * At the beginning of each call of the host.
 * @param {{ buffers: Uint8Array[] }[]} batch What random numbers hang on,
 * @param {number} place and the number of the call where one instance sees them all, in order.
 */
export function beginCall(batch, place) {
  asked = 0;
  state = undefined;
  arrays = batch;
  position = place;
}

Math.random = () => draw() / 4294967296;
if (!STILLROOM_RANDOM) replaceCrypto();
if (!STILLROOM_CLOCK) replaceClock();

function draw() {
  state ??= STILLROOM_RANDOM ? crypto.getRandomValues(new Uint32Array(4)) : digest();
  return next(state);
}

/** Xoshiro128**: 32 bits. */
function next(state) {
  const product = Math.imul(state[1], 5);
  const answer = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return answer;
}

/** Four words of all bytes of the batch. */
function digest() {
  const state = Uint32Array.of(0x9e3779b9, 0x243f6a88 ^ position, 0xb7e15162, 0xdeadbeef);
  let hash = position;
  const mix = (word) => {
    hash = Math.imul(hash ^ word, 0x5bd1e995);
    hash ^= hash >>> 15;
  };
  for (const { length, buffers } of arrays) {
    mix(length);
    for (const buffer of buffers) {
      mix(buffer.length);
      const words = buffer.byteOffset % 4 === 0 ? new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2) : [];
      for (let at = 0; at < words.length; at++) mix(words[at]);
      for (let at = words.length * 4; at < buffer.length; at++) mix(buffer[at]);
    }
  }
  state[0] ^= hash;
  mix(1);
  state[2] ^= hash;
  for (let round = 0; round < 8; round++) next(state);
  return state;
}

function replaceCrypto() {
  const getRandomValues = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = draw() >>> 24;
    return array;
  };
  const randomUUID = () => {
    const bytes = getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  replace("crypto", { getRandomValues, randomUUID });
}

function replaceClock() {
  /** Milliseconds, of which a question takes a thousandth. */
  const elapsed = () => (asked += 1) / 1000;
  const Real = Date;
  Real.now = () => START + Math.floor(elapsed());
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, as) => Reflect.construct(target, given.length > 0 ? given : [Real.now()], as),
    apply: () => new Real(Real.now()).toString(),
  });
  Object.defineProperty(Real.prototype, "constructor", { value: Date, configurable: true, writable: true });
  replace("performance", { now: elapsed });
}

/** Puts functions into a global object, or another object into its place where that cannot be changed. */
function replace(global, functions) {
  try {
    for (const [name, value] of Object.entries(functions)) {
      Object.defineProperty(globalThis[global], name, { value, configurable: true });
    }
  } catch {
    Object.defineProperty(globalThis, global, { value: functions, configurable: true, writable: true });
  }
}
