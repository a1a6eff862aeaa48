// Bitmaps: least significant bit first.

/** Whether a bit is set. @param {Uint8Array} bytes @param {number} index */
export function bit(bytes, index) {
  return ((bytes[index >> 3] >> (index & 7)) & 1) === 1;
}

/** So many bits as booleans. @param {Uint8Array} bytes @param {number} length */
export function toBooleans(bytes, length) {
  const values = new Array(length);
  for (let row = 0; row < length; row++) values[row] = ((bytes[row >> 3] >> (row & 7)) & 1) === 1;
  return values;
}

/** The bitmap of where a test holds. @param {ArrayLike<unknown>} values @param {(value: any) => boolean} test */
export function toBits(values, test) {
  const bytes = new Uint8Array((values.length + 7) >> 3);
  for (let row = 0; row < values.length; row++) {
    if (test(values[row])) bytes[row >> 3] |= 1 << (row & 7);
  }
  return bytes;
}

/** How many of so many bits are set. @param {Uint8Array} bytes @param {number} length */
export function countBits(bytes, length) {
  let count = 0;
  for (let row = 0; row < length; row++) count += (bytes[row >> 3] >> (row & 7)) & 1;
  return count;
}

/**
 * The validity of values: empty where none is null.
 * @param {readonly unknown[]} values
 * @returns {{ validity: Uint8Array, nulls: number }}
 */
export function validityOf(values) {
  if (!values.includes(null) && !values.includes(undefined)) return { validity: new Uint8Array(0), nulls: 0 };
  const validity = toBits(values, (value) => value !== null && value !== undefined);
  return { validity, nulls: values.length - countBits(validity, values.length) };
}
