// The plugin in the sandbox: the contract's functions over a plugin, and faults in the contract's words.

// First, so that nothing of the author's has met the engine's own clock.
import { beginCall } from "./sandbox.js";
import { DataFault, ParamsFault, PluginFault, Reject } from "./fault.js";
import { Plugin } from "./plugin.js";
import { explain } from "./trace.js";

/**
 * The interface `step` for a plugin's steps.
 * @param {import("./step.js").Step | import("./step.js").Step[]} steps
 */
export function component(steps) {
  const plugin = new Plugin(steps);
  let opened;
  let calls = 0;
  // A transform may get any batch at any time, so nothing may hang on how many there were.
  const place = () => (opened?.kind === "transform" ? 0 : (calls += 1));
  return {
    describe: () => plugin.describe(),
    open: (name, params, fields) =>
      guarded("params", [], 0, () => {
        opened = plugin.open(name, params, fields);
        return opened.signature;
      }),
    process: (batch) => guarded("data", batch.arrays, place(), () => opened.process(batch.length, batch.arrays)),
    finish: () => guarded("data", [], place(), () => opened.finish()),
  };
}

/** Runs a call; what it throws becomes a fault. `open` has faults of parameters alone, and other calls have none. */
function guarded(moment, arrays, place, call) {
  beginCall(arrays, place);
  try {
    const answer = call();
    return typeof answer?.then === "function" ? answer.catch((error) => raise(error, moment)) : answer;
  } catch (error) {
    return raise(error, moment);
  }
}

/** Throws what the engine's bindings take for the contract's `fault`. */
function raise(error, moment) {
  if (error instanceof ParamsFault && moment === "params") throw { tag: "params", val: error.message };
  if (error instanceof DataFault || error instanceof Reject) throw { tag: "data", val: error.message };
  if (error instanceof PluginFault) throw { tag: "plugin", val: error.message };
  throw { tag: "plugin", val: explain(error) };
}
