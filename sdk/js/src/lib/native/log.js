// In plain Node: lines are kept for tests to read.

/** @type {{ level: string, message: string, row?: number }[]} */
let lines = [];

export function write(level, message, row) {
  lines.push({ level, message, row });
}

/** The lines since it was last asked. */
export function takeLines() {
  const taken = lines;
  lines = [];
  return taken;
}
